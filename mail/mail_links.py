"""Addresses in a template's HTML that lead nowhere from a mailbox: relative, empty, or on this machine.

A mail has no address of its own that a relative one could be taken from (RFC 2557 is hardly read by anybody).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from mail.foreign_tags import BLANK
from mail.html_tokens import Kind, Token

# Pictures and whatever else is loaded when the mail is shown.
_LOADED = {"src", "background", "poster"}
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_BARE_HOST = re.compile(
    r"(?:www\.|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|io|co|de|fr|es|it|nl|pl|eu|uk)(?:[/?#]|$))", re.I
)
_STYLE_URL = re.compile(r"""url\(\s*(["']?)([^"')]*)\1\s*\)""")


class Fault(StrEnum):
    """What is wrong with an address."""

    RELATIVE = "relative"
    EMPTY_PICTURE = "empty picture"
    EMPTY_LINK = "empty link"
    NO_SCHEME = "no scheme"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class BadLink:
    """An address as it is written, where (`src`, `href`, ...), and what is wrong with it."""

    start: int
    attribute: str
    written: str
    fault: Fault


def bad_links(token: Token, own: Collection[str]) -> Iterator[BadLink]:
    """Yield what is wrong with the addresses of a tag; `own` are origins on this machine that are meant."""
    if token.kind is not Kind.TAG:
        return
    for name, value in token.attributes.items():
        if name in _LOADED or (name == "href" and token.name in ("a", "area", "link")):
            values = [value]
        elif name == "srcset":
            values = [part.split()[0] for part in re.split(r",\s+", value.strip()) if part.split()]
        elif name == "style":
            values = [match.group(2) for match in _STYLE_URL.finditer(value)]
        else:
            continue
        for each in values:
            if (fault := _fault(each.strip(), name, own)) is not None:
                yield BadLink(token.start, name, each.strip(), fault)


def local_links(text: str, own: Collection[str]) -> Iterator[BadLink]:
    """Yield the addresses of a plain text that are on this machine."""
    for match in re.finditer(r"https?://[^\s<>\"')\]]+", text):
        if _is_local(match.group(), own):
            yield BadLink(match.start(), "text", match.group(), Fault.LOCAL)


def origins(*urls: str) -> frozenset[str]:
    """Return scheme, host and port of the addresses that are given."""
    return frozenset(_origin(url) for url in urls if url)


def _fault(address: str, attribute: str, own: Collection[str]) -> Fault | None:
    if not address or address == "#":
        if attribute == "style":
            return None
        return Fault.EMPTY_LINK if attribute == "href" else Fault.EMPTY_PICTURE
    # What Jinja writes there, nobody knows yet; `#top` is a place in the same mail.
    if address.startswith((BLANK, "#")):
        return None
    if address.startswith("//"):
        return Fault.NO_SCHEME if BLANK not in address[:3] else None
    if re.match(r"[a-zA-Z]:[\\/]", address) or address.lower().startswith("file:"):
        return Fault.LOCAL
    if _SCHEME.match(address):
        head = _SCHEME.match(address)
        # `localhost:3000/x` and `www.shop.example:80` have no scheme, whatever stands before the colon.
        if head and "." not in head.group() and head.group().lower() != "localhost:":
            return Fault.LOCAL if _is_local(address, own) else None
    if BLANK in address.partition("/")[0] and not address.startswith("/"):
        return None
    if address.lower().startswith(("localhost", "127.")):
        return Fault.LOCAL
    return Fault.NO_SCHEME if _BARE_HOST.match(address) else Fault.RELATIVE


def _is_local(address: str, own: Collection[str]) -> bool:
    try:
        parts = urlsplit(address.replace(BLANK, "x"))
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if parts.scheme.lower() not in ("http", "https") or not host or _origin(address) in own:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        number = ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{parts.port or ''}"
    except ValueError:
        return ""
