"""A clicked link as reports show it: which link of the mail it was, and nothing that tells who clicked.

Queries and fragments are left off: mails carry ids of their recipients there. So are names and passwords in
front of the host, and parts of a path that are an address, a UUID or a token, as in the unsubscribe link.
"""

import re
from itertools import pairwise
from urllib.parse import SplitResult, unquote, urlsplit

HIDDEN = "…"
# As long as the ledger's column.
LONGEST = 500
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[0-9a-f]+", re.IGNORECASE)
# Words of a title are shorter, or are letters alone.
_TOKEN_LENGTH = 20


def shown(url: str) -> str:
    """Return the link without what could name a person; "" for what is no link of the web."""
    try:
        parts = urlsplit(url.strip())
        host = _host(parts)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    path = "/".join(HIDDEN if _is_personal(part) else part for part in parts.path.split("/"))
    whole = f"{parts.scheme}://{host}{path or '/'}"
    printable = "".join(sign if sign.isprintable() and not sign.isspace() else HIDDEN for sign in whole)
    return printable if len(printable) <= LONGEST else printable[: LONGEST - 1] + HIDDEN


def _host(parts: SplitResult) -> str:
    name = (parts.hostname or "").rstrip(".")
    return f"{name}:{parts.port}" if parts.port is not None else name


def _is_personal(part: str) -> bool:
    text = unquote(unquote(part))
    if "@" in text or _UUID.search(text):
        return True
    return any(_is_token(word) for word in re.split(r"[-_.,;:=+~!]", text)) or _is_token(
        re.sub(r"[-_]", "", text), least=32
    )


def _is_token(word: str, least: int = _TOKEN_LENGTH) -> bool:
    """Tell whether letters and digits, or both cases of letters, are mixed as no word mixes them."""
    if len(word) < least or not word.isascii():
        return False
    if _HEXADECIMAL.fullmatch(word):
        return True
    turns = sum(_sort(one) != _sort(next_) for one, next_ in pairwise(word))
    return turns * 8 >= len(word)


def _sort(sign: str) -> str:
    if sign.isdigit():
        return "digit"
    return "upper" if sign.isupper() else "lower"
