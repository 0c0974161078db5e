"""What of Python's own library our filters rest on, and whether the Python that runs here does it right.

It is tried, and no version compared, for distributions put corrections into older versions. What is wrong is
warned of and refuses nothing: the tests of the filters pass on an unpatched 3.11.2 as well, but for other
input than theirs nobody can promise it. Other parts of the library that were corrected within a minor version
(`ipaddress.is_global`, `urllib.parse`, `email`) no filter rests on: addresses are held against our own lists,
and control characters are refused before anything is taken apart.
"""

import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, a text, and how much of the text it matches: from its first letter up to `end`."""

    pattern: str
    text: str
    end: int

    def holds(self) -> bool:
        match = re.match(self.pattern, self.text)
        return match is not None and match.span() == (0, self.end)


# A possessive part took more than it may: github.com/python/cpython, issues 100061 and 106052.
PATTERNS = (
    Pattern("(?:ab?c)*+", "aca", 2),
    Pattern("(?:ab?c)++", "aca", 2),
    Pattern("(?:.(?!D))++", "ABCDE", 2),
)


def weaknesses(patterns: Iterable[Pattern] = PATTERNS) -> list[str]:
    """Return a sentence for each thing that this Python does wrong and a filter rests on."""
    if all(each.holds() for each in patterns):
        return []
    return [
        f"Python {platform.python_version()} takes some patterns for matched that are not, and the filters "
        "of HTML and styles in mail rest on patterns: upgrade to Python 3.11.5 or later."
    ]
