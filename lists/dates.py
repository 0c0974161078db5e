"""Dates as exports write them: which days a whole cell can mean, and which of these can have been.

A cell that holds anything beside a date is none: "2021-05-01 revoked" says more than a day.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

# Systems write a zero date for "never": 0000-00-00, 0001-01-01, 1899-12-30, 1970-01-01. Nobody opened a mail
# or agreed to any by a form before this day.
FIRST_DAY = date(1990, 1, 1)
# At the western end of the world's time zones it is tomorrow already in the east.
AHEAD = timedelta(days=1)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio janeiro ene",
            "feb february februar fevrier febrero febbraio fevereiro fev",
            "mar march marz maerz mars marzo marco mrz maart",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio maio mei",
            "jun june juni juin junio giugno junho giu",
            "jul july juli juillet julio luglio julho lug",
            "aug august aout agosto augustus ago",
            "sep sept september septembre septiembre settembre setembro set",
            "oct october oktober okt octobre octubre ottobre outubro ott",
            "nov november novembre noviembre novembro",
            "dec december dezember dez decembre diciembre dicembre dezembro dic",
        ),
        start=1,
    )
    for name in names.split()
}

_WEEKDAYS = frozenset(
    word
    for words in (
        "mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday",
        "sat saturday sun sunday",
        "mo montag di dienstag mi mittwoch do donnerstag fr freitag sa samstag so sonntag",
        "lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche",
        "lunes martes mie miercoles jue jueves vie viernes sab sabado dom domingo",
        "lunedi martedi mercoledi gio giovedi venerdi sabato domenica",
    )
    for word in words.split()
)

# Abbreviations of zones mean several each, but none of them more than a day.
_ZONE = (
    r"(?P<zone>Z|z|(?:UTC|GMT)?[+-]\d\d:?(?:\d\d)?|UTC|GMT|"
    r"C?EE?S?T|WES?T|BST|IST|MSK|[ECMP][SD]T|AE[SD]T|JST|Uhr)"
)
_TIME = (
    r"(?:T|,?\s+(?:at\s+)?)(?P<hour>\d\d?)[:h.]?(?P<minute>\d\d)(?:[:.]?(?P<second>\d\d)(?:[.,](?P<part>\d+))?)?"
    rf"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s?{_ZONE}(?:\s\([^)\d]*(?:[Tt]ime|[Zz]eit)\)|\[[A-Za-z_]+/[A-Za-z_]+\])?)?"
)
_WEEKDAY = r"(?:(?P<weekday>[^\W\d]{2,10})\.?,?\s)?"
_ORDINAL = r"(?:st|nd|rd|th|er|º|\.)?"
_MONTH = r"(?P<month>[^\W\d]{3,10})\.?"

# The forms that are read, each with an example; all may end with a time and a zone.
FORMS = {
    "2026-01-31": r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)",
    "20260131": r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
    "2026/01/31": r"(?P<y>\d{4})/(?P<m>\d\d?)/(?P<d>\d\d?)",
    "2026.01.31": r"(?P<y>\d{4})\.(?P<m>\d\d?)\.(?P<d>\d\d?)",
    "31.01.2026": r"(?P<d>\d\d?)\.\s?(?P<m>\d\d?)\.\s?(?P<y>\d{4})",
    "Sat, 31 Jan 2026": (
        rf"{_WEEKDAY}(?P<d>\d\d?){_ORDINAL}[\s-](?:de\s)?{_MONTH},?[\s-](?:de\s)?(?P<y>\d{{4}})"
    ),
    "January 31, 2026": rf"{_WEEKDAY}{_MONTH}\s(?P<d>\d\d?){_ORDINAL},?\s(?P<y>\d{{4}})",
    # Of these nobody can tell the day from the month, unless one of them is past twelve.
    "31/01/2026": r"(?P<a>\d\d?)/(?P<b>\d\d?)/(?P<y>\d{4})",
    "31-01-2026": r"(?P<a>\d\d?)-(?P<b>\d\d?)-(?P<y>\d{4})",
}
_PATTERNS = [re.compile(rf"{form}(?:{_TIME})?") for form in FORMS.values()]
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?")
# What may stand for a date inside a longer text.
INSIDE = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:[T\s]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?)?\s?(?:Z\b|UTC|[+-]\d\d:?\d\d)?"
    r"|\d{4}/\d\d?/\d\d?|\d\d?[./-]\d\d?[./-]\d{4}|\d\d?:\d\d(?::\d\d)?"
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a cell that is wholly a date means: one moment, two where day and month may be either, or none.

    None is a date that is not in the calendar, such as 0000-00-00: somebody's way to say never.
    """

    moments: tuple[datetime, ...]

    @property
    def moment(self) -> datetime | None:
        """The moment, in UTC where the cell names its zone and as it stands otherwise; None in doubt."""
        return self.moments[0] if len(self.moments) == 1 else None

    def possible(self, today: date) -> bool:
        """Tell whether any reading can have been: not before FIRST_DAY, and not in the future."""
        return any(is_possible(moment.date(), today) for moment in self.moments)


def is_possible(day: date, today: date) -> bool:
    """Tell whether something can have happened on a day."""
    return FIRST_DAY <= day <= today + AHEAD


def read(cell: str) -> Written | None:
    """Read a cell that is a date, with or without a time, from end to end; None for anything else."""
    text = cell.strip()
    if not any("0" <= sign <= "9" for sign in text[:16]):
        return None
    if _ISO.fullmatch(text):
        # Nearly all dates that systems write, and ten times as fast as the patterns.
        try:
            moment = datetime.fromisoformat(text)
            return Written((moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC),))
        except (ValueError, OverflowError):
            return Written(())
    for pattern in _PATTERNS:
        if match := pattern.fullmatch(text):
            return _of(match)
    return None


def _of(match: re.Match[str]) -> Written | None:
    parts = match.groupdict()
    days: Sequence[tuple[str, str, str]]
    if "a" in parts:
        days = [(parts["y"], parts["b"], parts["a"]), (parts["y"], parts["a"], parts["b"])]
    elif "month" in parts:
        number = _MONTHS.get(_plain(parts["month"]))
        weekday = parts["weekday"]
        if number is None or (weekday and _plain(weekday) not in _WEEKDAYS):
            return None
        days = [(parts["y"], str(number), parts["d"])]
    else:
        days = [(parts["y"], parts["m"], parts["d"])]
    if parts["hour"] is None:
        return _written(days, timedelta(), None)
    hour, minute, second = int(parts["hour"]), int(parts["minute"]), int(parts["second"] or 0)
    if half := parts["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half in "pP")
    if hour > 24 or minute > 59 or second > 60:
        return None
    part = int((parts["part"] or "0").ljust(6, "0")[:6])
    passed = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=part)
    return _written(days, passed, _zone(parts["zone"]))


def _written(days: Sequence[tuple[str, str, str]], passed: timedelta, zone: timezone | None) -> Written:
    moments = []
    for year, month, day in dict.fromkeys(days):
        try:
            moment = datetime(int(year), int(month), int(day), tzinfo=zone or UTC) + passed
            moments.append(moment.astimezone(UTC) if zone else moment)
        except (ValueError, OverflowError):
            continue
    return Written(tuple(dict.fromkeys(moments)))


def _zone(text: str | None) -> timezone | None:
    digits = re.sub(r"\D", "", text or "")
    if not text or not digits:
        return None
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if "-" in text else offset)


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in letters if not unicodedata.combining(sign))
