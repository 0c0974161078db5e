"""What a cell says of consent: a yes, an explicit no, or nothing that counts as either.

The words stand in consent_words.txt. A word that is not there is no yes, and a date is one only where it is
the whole cell: "2021-05-01 revoked" is a no.
"""

import re
import unicodedata
from datetime import date
from enum import IntEnum
from functools import cache
from importlib import resources

from lists import dates


class Say(IntEnum):
    """What a cell says. Among the rows of one address a NO outweighs a YES, and a YES outweighs NOTHING."""

    NO = -1
    NOTHING = 0
    YES = 1


# Of more than one letter, so that no article of another language is among them; "not" and the like are
# taken for a no in a sentence only as part of a listed phrase.
_WEAK = re.compile(
    r"[\W\d]*|.|no|ne|nu|ei|off|non|nie|nem|nei|nej|nee|never|left|stop|spam|given|checked|si|da"
)
_FILLERS = frozenset(
    word
    for words in (
        "on at since as of by via in the from",
        "am um seit vom per",
        "le au du depuis el al desde il dal",
    )
    for word in words.split()
)


def say(cell: str, today: date) -> Say:
    """Return what a cell says: a listed word, or the day of a yes.

    A zero date (0000-00-00, 1970-01-01, ...) and one in the future are nobody's yes and nobody's no.
    """
    text = cell.strip()
    if not text:
        return Say.NOTHING
    words = plain(text)
    told = _words()
    if words in told:
        return told[words]
    if written := dates.read(text):
        return Say.YES if written.possible(today) else Say.NOTHING
    return _of_sentence(text, today)


def _of_sentence(text: str, today: date) -> Say:
    """Return what a text says that is more than a word or a date: "revoked on 2021-05-01"."""
    told = _words()
    days = dates.INSIDE.findall(text)
    whole = plain(dates.INSIDE.sub(" ", text))
    words = " ".join(word for word in whole.split() if word not in _FILLERS)
    for each in (whole, words):
        if told.get(each, Say.YES) is not Say.YES:
            return told[each]
    if _refusal().search(whole):
        return Say.NO
    # Beside a word that says yes there may be nothing but its day.
    if told.get(words) is Say.YES and not _WEAK.fullmatch(words) and days:
        written = dates.read(days[0].strip())
        if len(days) == 1 and written is not None and written.possible(today):
            return Say.YES
    return Say.NOTHING


@cache
def _words() -> dict[str, Say]:
    found: dict[str, Say] = {}
    section = Say.NOTHING
    text = resources.files("lists").joinpath("consent_words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            section = Say[line.strip("[]").upper()]
        elif line and not line.startswith("#"):
            for word in line.split(", "):
                found[plain(word)] = section
    return found


@cache
def _refusal() -> re.Pattern[str]:
    """Return a pattern of the words for no that are one wherever they stand in a sentence."""
    phrases = (word for word, meant in _words().items() if meant is Say.NO and not _WEAK.fullmatch(word))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)")


def plain(text: str) -> str:
    """Return a text in lower case, without accents and the marks around it, hyphens as blanks."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in letters if not unicodedata.combining(sign))
    words = " ".join(re.sub(r"(?<=\w)[-_](?=\w)", " ", bare).split())
    return words.strip(" .,;:!()[]'\"") or words
