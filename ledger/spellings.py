"""Whether a text names a person in any spelling of their address: what is to be erased is found by it."""

import re
import unicodedata
from collections.abc import Iterator

import idna

from ledger.json_text import decoded

# What can stand before or behind an address in a sentence or a header, and what in a link or in quotes: that
# can be a part of an address as well.
_AROUND = re.compile(r"""[\s<>()\[\]{},;:"`|]+""")
_IN_LINKS = "'=/?&"
_BEHIND = re.compile(f"[{_IN_LINKS}].*")


def names(text: str, key: str) -> bool:
    """Tell whether an address of this key stands in the text, in any case, form (NFC, NFD) or labels."""
    if "@" not in text:
        return False
    text = _folded(text)
    local_part, _, domain = key.rpartition("@")
    return key in text or any(_is(each, local_part, domain) for each in _AROUND.split(text) if "@" in each)


def is_of(address: str, key: str) -> bool:
    """Tell whether an address, as mail servers and SES write it, is the one of this key."""
    if address == key:
        return True
    text = _folded(address.strip()).removeprefix("rfc822;").strip(" <>").rstrip(".")
    local_part, _, domain = text.rpartition("@")
    own_part, _, own_domain = key.rpartition("@")
    return local_part.strip('"') == own_part.strip('"') and _is_domain(domain, own_domain)


def json_names(text: str, key: str) -> bool:
    """Tell the same of JSON, in which any letter can be written as an escape."""
    try:
        content = decoded(text)
    except (ValueError, RecursionError):
        return names(text, key)
    return any(names(each, key) for each in _texts(content))


def _texts(content: object) -> Iterator[str]:
    match content:
        case str():
            yield content
        case list():
            for each in content:
                yield from _texts(each)
        case dict():
            for name, value in content.items():
                yield name
                yield from _texts(value)


def _is(token: str, local_part: str, domain: str) -> bool:
    before, _, behind = token.strip(".").rpartition("@")
    rest = before.removesuffix(local_part)
    if rest == before or (rest and rest[-1] not in _IN_LINKS):
        return False
    return _is_domain(_BEHIND.sub("", behind), domain)


def _is_domain(other: str, domain: str) -> bool:
    if other == domain:
        return True
    try:
        # What a person types: UTS 46 maps case, width and the dots of other scripts.
        return idna.encode(other, uts46=True).decode("ascii").lower().rstrip(".") == domain
    except idna.IDNAError:
        return False


def _folded(text: str) -> str:
    # Lower-casing can undo the composed form.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
