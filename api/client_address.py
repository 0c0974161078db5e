"""Who a request comes from: whoever opened the connection, or who a proxy that is trusted says it was."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network


class TrustedProxies:
    """Addresses and networks whose `X-Forwarded-For` is believed; anybody else may write what they like."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is neither an address nor a network."""
        self._networks = [ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]
        self._known = lru_cache(maxsize=4_096)(self._holds)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: str) -> bool:
        return bool(self._networks) and self._known(address)

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """Return whose request it is; empty: a proxy's own.

        `forwarded` are the values of the header. Every proxy adds at the end whom it saw, so the last one
        that is no proxy of ours is the client; what stands before it is the client's own word.
        """
        if peer not in self:
            return peer
        for said in reversed(",".join(forwarded).split(",")):
            address = _without_port(said.strip())
            if address and address not in self:
                return address
        return ""

    def _holds(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        found = _v4_of(found) if isinstance(found, IPv6Address) else found
        return any(found in network for network in self._networks)


class Limit:
    """Counts what each client has open."""

    def __init__(self, most: int) -> None:
        """`most` at once for each client; 0: as many as they like."""
        self._most = most
        self._open: Counter[str] = Counter()

    def enter(self, client: str) -> str | None:
        """Count one more and return what `leave` wants; None where the client has as many as it may."""
        who = _counted(client)
        if self._most and self._open[who] >= self._most:
            return None
        self._open[who] += 1
        return who

    def leave(self, who: str) -> None:
        """Count one less."""
        if self._open[who] <= 1:
            del self._open[who]
        else:
            self._open[who] -= 1


@lru_cache(maxsize=4_096)
def _counted(client: str) -> str:
    """Whom a client counts as: with IPv6 a whole /64, of which everybody has one (RFC 6177)."""
    try:
        found = ip_address(client)
    except ValueError:
        # Whatever a trusted proxy calls it, in bounded memory.
        return client[:64]
    if isinstance(found, IPv6Address) and isinstance(found := _v4_of(found), IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)


def _v4_of(address: IPv6Address) -> IPv4Address | IPv6Address:
    return address.ipv4_mapped or address


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, colon, port = text.rpartition(":")
    return host if colon and ":" not in host and port.isdigit() else text
