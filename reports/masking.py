"""Addresses as a page may show them, and texts of mail servers without the addresses in them."""

import re

# A domain that ends in a label of letters: `weekly@2026-11-22` is the name of a campaign, not an address.
_ADDRESS = re.compile(
    r"""([^\s<>()\[\]{},;:"'`=]+)@((?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+))""", re.IGNORECASE
)
_IP_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
# Queue and transaction ids: long words that mix letters and digits.
_ID = re.compile(r"(?<![\w.-])(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{10,}(?:\.\d+)*(?![\w-])", re.IGNORECASE)
_LONGEST_TEXT = 200

# What stands in a text where an address stood.
ADDRESS = "<address>"


def mask(address: str) -> str:
    """Return the address with all but the first character of its local part hidden: `j***@shop.example`."""
    local_part, at, domain = address.rpartition("@")
    if not at:
        return "***"
    first = local_part[0] if len(local_part) > 1 else ""
    return f"{first}***@{domain}"


def mask_text(text: str) -> str:
    """Return the text with every address in it masked."""
    return _ADDRESS.sub(lambda found: mask(found.group()), text)


def pattern_of(text: str) -> str:
    """Return a mail server's text without what differs from message to message, so that equal ones add up.

    Addresses, IP addresses and ids give way to words in angle brackets; at most 200 characters stay.
    """
    text = _ADDRESS.sub(ADDRESS, " ".join(text.split())).replace(f"<{ADDRESS}>", ADDRESS)
    text = _ID.sub("<id>", _IP_ADDRESS.sub("<ip>", text))
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1].rstrip() + "…"


def excerpt(text: str) -> str:
    """Return the beginning of any text as one line in which nothing that looks like an address is left."""
    begin = text[:_LONGEST_EXCERPT]
    if len(text) > len(begin):
        # The cut may go through an address, whose first half would not be known as one.
        begin = _LAST_WORD.sub("…", begin, count=1)
    return _NEARLY_ADDRESS.sub(ADDRESS, pattern_of("".join(c if c.isprintable() else " " for c in begin)))


_LONGEST_EXCERPT = 1_000
_LAST_WORD = re.compile(r"""[^\s",;:{}\[\]]*\Z""")
# Addresses in quotes, in URLs, without a dot behind the sign, or with the sign written in another way.
_NEARLY_ADDRESS = re.compile(r"[^\s,;<>{}]*(?:@|%40|\\u0040|&#64;|&#x40;)[^\s,;<>{}]*", re.IGNORECASE)
