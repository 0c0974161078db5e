"""How deep a JSON body is and how many members it holds, counted before anything is made of it.

A parser makes an object of every bracket and every member, and pydantic an error of every member that it
does not know: seconds for a few megabytes. Counting makes nothing, and stops at the limit.
"""

import re

from api.errors import Code, Refusal

# A list of e-mails with lists of callbacks is three deep; what nobody knows yet may be a little deeper.
MAX_DEPTH = 16

# A text as a whole, closed or not, or a sign outside of texts. Possessive: it reads every byte once.
_SIGN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},]', re.DOTALL)


def refusal(body: bytes, most_members: int) -> Refusal | None:
    """Return why a body is not to be parsed, or None. Whether it is JSON is for the parser to say."""
    opened = body.count(b"[") + body.count(b"{")
    # Commas and brackets in texts count as well here, so that most bodies need no closer look.
    if opened <= MAX_DEPTH and opened + body.count(b",") <= most_members:
        return None
    depth = members = 0
    for found in _SIGN.finditer(body):
        match body[found.start()]:
            case 0x22:  # a text
                continue
            case 0x2C:  # a comma
                members += 1
            case 0x5B | 0x7B:  # a bracket that opens, and with it a first member
                depth += 1
                members += 1
            case _:
                depth -= 1
        if depth > MAX_DEPTH:
            return Refusal(
                422, Code.INVALID, f"The body is nested more than {MAX_DEPTH} deep: make it flat.", "body"
            )
        if members > most_members:
            return Refusal(
                422,
                Code.TOO_MANY_ITEMS,
                f"The body holds more than {most_members:,} members: send less in one request.",
                "body",
            )
    return None
