"""Which DNS servers are asked: those that somebody named, or the system's own."""

import dns.asyncresolver
import dns.inet
import dns.nameserver

from lists.errors import ListError

DNS_PORT = 53


def parse_nameservers(text: str) -> list[tuple[str, int]]:
    """Return (address, port) of comma-separated `IP`, `IP:PORT` or `[IPv6]:PORT`, or raise ListError."""
    servers = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        host, port = item, str(DNS_PORT)
        if item.startswith("["):
            host, closed, rest = item[1:].partition("]")
            port = rest.removeprefix(":") or port if closed else ""
        elif item.count(":") == 1:
            host, port = item.split(":")
        if not dns.inet.is_address(host) or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ListError(
                f"{item!r} is no nameserver: write IP or IP:PORT, several separated by commas, "
                "in CAMPAIGN_NAMESERVERS or --nameserver."
            )
        servers.append((host, int(port)))
    return servers


def servers_of(text: str) -> list[tuple[str, int]]:
    """Return the named servers, or the system's where none is named.

    Raises ListError for what is no nameserver, and dns.resolver.NoResolverConfiguration where the system has
    none either.
    """
    if named := parse_nameservers(text):
        return named
    found = dns.asyncresolver.Resolver()
    return [
        (server.address, server.port)
        for each in found.nameservers
        if isinstance(server := _as_server(each, found.port), dns.nameserver.Do53Nameserver)
    ]


def _as_server(server: str | dns.nameserver.Nameserver, port: int) -> dns.nameserver.Nameserver:
    return dns.nameserver.Do53Nameserver(server, port) if isinstance(server, str) else server
