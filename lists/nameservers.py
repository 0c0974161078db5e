"""Which DNS servers are asked: those that somebody named, or the system's own."""

from pathlib import Path

import dns.asyncresolver
import dns.exception
import dns.inet
import dns.nameserver
import dns.resolver

from lists.errors import ListError

DNS_PORT = 53
# What dnspython reads on Unix.
RESOLV_CONF = Path("/etc/resolv.conf")


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
    try:
        found = dns.asyncresolver.Resolver()
    except (ValueError, dns.exception.DNSException) as err:
        if isinstance(err, dns.resolver.NoResolverConfiguration):
            raise
        # One line that dnspython cannot read, and it takes none of the others.
        return _readable(RESOLV_CONF)
    return [
        (server.address, server.port)
        for each in found.nameservers
        if isinstance(server := _as_server(each, found.port), dns.nameserver.Do53Nameserver)
    ]


def _readable(file: Path) -> list[tuple[str, int]]:
    """Return the servers of a resolv.conf that can be read, as the C library takes them (resolv.conf(5))."""
    servers, wrong = [], ""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        keyword, *rest = line.split("#")[0].split(";")[0].split() or [""]
        if keyword != "nameserver":
            continue
        if rest and dns.inet.is_address(rest[0]):
            servers.append((rest[0], DNS_PORT))
        else:
            wrong = wrong or " ".join(rest)
    if not servers and wrong:
        raise ListError(
            f"{file} names no nameserver that can be asked: {wrong[:80]!r} is no IP address; correct it "
            "there, or name one in CAMPAIGN_NAMESERVERS or --nameserver."
        )
    if not servers:
        raise dns.resolver.NoResolverConfiguration
    return servers


def _as_server(server: str | dns.nameserver.Nameserver, port: int) -> dns.nameserver.Nameserver:
    return dns.nameserver.Do53Nameserver(server, port) if isinstance(server, str) else server
