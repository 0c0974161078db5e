"""Where callbacks may go: a public https address, and nowhere inside the network that they leave from."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urlsplit

from mail.addresses import CONTROL

MAX_URL_LENGTH = 2_000

# IPv6 addresses that stand for an IPv4 one behind a translator (RFC 6052, RFC 8215).
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


class BadCallbackUrl(ValueError):
    """An address that callbacks cannot go to; the message ends a sentence that begins with the key."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver's address taken apart. `path` holds the query, `host` is in ASCII form."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


def parse(url: str, *, allow_private: bool) -> Target:
    """Take an address apart. Raises BadCallbackUrl for what is none, or may not be told.

    With `allow_private` plain http and private addresses pass as well. What a name resolves to is checked
    when it is connected to, for that can change.
    """
    if CONTROL.search(url) or " " in url or len(url) > MAX_URL_LENGTH:
        raise BadCallbackUrl(f"must be an https:// address of at most {MAX_URL_LENGTH} characters")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    # A port that is no number, or a label that is too long.
    except (ValueError, UnicodeError) as err:
        raise BadCallbackUrl("must be an https:// address") from err
    if parts.scheme not in ("https", "http") or not host:
        raise BadCallbackUrl("must be an https:// address")
    if parts.username is not None or parts.password is not None:
        raise BadCallbackUrl("must not hold a user name or password: callbacks are signed")
    if not allow_private:
        if parts.scheme == "http":
            raise BadCallbackUrl("must be an https:// address, for it is sent people's addresses")
        name = host.rstrip(".")
        if name == "localhost" or name.endswith(".localhost") or not _may_be_public(name):
            raise BadCallbackUrl("must not be a private or loopback address")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    secure = parts.scheme == "https"
    return Target(secure, host, port or (443 if secure else 80), path + query)


def is_public(address: str) -> bool:
    """Tell whether an IP address lies in the public internet, whatever it is wrapped in."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = _inside(found)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _inside(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED) or int(address) < 1 << 32:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _may_be_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        return True
