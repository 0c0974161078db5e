"""An HTML mail as Outlook on Windows takes it: conditional comments for it opened, those for others left out.

https://learn.microsoft.com/previous-versions/windows/internet-explorer/ie-developer/compatibility/ms537512(v=vs.85)
"""

import re

_HIDDEN = re.compile(r"<!--\[if ([^\]]*+)\]>(?!<!-->)")
_REVEALED = re.compile(r"<!--\[if ([^\]]*+)\]>(?:<!)?-->|<!--\[if ([^\]]*+)\]><!-->|<!\[if ([^\]]*+)\]>")
_END = re.compile(r"(?:<!--)?<!\[endif\](?:--)?>")


def is_read_otherwise(page: str) -> bool:
    """Return whether Outlook may show anything else of a page than others do."""
    return "[if " in page or "mso-hide" in page


def as_outlook(page: str) -> str:
    """Return the page that Outlook shows."""
    parts, at = [], 0
    while (sign := page.find("<!", at)) >= 0:
        parts.append(page[at:sign])
        begin = _REVEALED.match(page, sign) or _HIDDEN.match(page, sign)
        if begin is None:
            parts.append("<!")
            at = sign + 2
            continue
        end = _END.search(page, begin.end())
        if end is None:
            return "".join([*parts, page[sign:]])
        if _holds(next(condition for condition in begin.groups() if condition is not None)):
            parts.append(page[begin.end() : end.start()])
        at = end.end()
    return "".join([*parts, page[at:]])


def _holds(condition: str) -> bool:
    """Return whether a condition is for Outlook: `mso`, `gte mso 9`, `(mso)|(IE)`, and not `!mso`."""
    said = condition.lower().replace(" ", "")
    return "mso" in said and not said.startswith(("!", "(!"))
