"""Where callbacks may go: a public https address, and nowhere inside the network that they leave from."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from mail.addresses import CONTROL
from mail.public_addresses import is_public

MAX_URL_LENGTH = 2_000

# A name never ends in a number: such a host is an IPv4 address, and 127.1 and 0x7f000001 spell 127.0.0.1 too
# (https://url.spec.whatwg.org/#ends-in-a-number-checker).
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)", re.DOTALL)


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


def _may_be_public(host: str) -> bool:
    """Tell whether a host in lower case is a public address or a name; what a name resolves to is open."""
    try:
        return is_public(host)
    except ValueError:
        # What is left with a colon or such a number is an address in an unusual spelling.
        return ":" not in host and not _NUMBER.fullmatch(host)
