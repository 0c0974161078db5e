"""What a cleaning asks the ledger: suppressions, consent and activity, for lists of any length.

Every call has a short transaction of its own, for the DNS in between can take minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection

from ledger import engagements, sign_ups, subscribers, suppressions
from ledger.suppression_filter import SuppressionFilter, size
from ledger.suppressions import EVERYWHERE
from lists import suppression
from lists.judging import Known
from lists.reasons import Reason
from lists.risk import RiskLookups

Reading = Callable[[], AbstractContextManager[Connection]]
"""Opens a transaction that reads, such as `Ledger.reading`."""

# Up to this many keys a look-up in the database is quicker than any preparation.
_FEW_KEYS = 50_000
# Reading so many entries into the filter takes about as long as looking one key up.
_ENTRIES_A_KEY = 5


def open_lookups(
    reading: Reading, list_scope: str = EVERYWHERE, as_of: date | None = None, owner: str = ""
) -> Known:
    """Return the answers for the list `list_scope`: as the ledger is, or was when `as_of` ended (UTC).

    `owner` names whose campaign the list is for, where it is an owner's.
    """
    until = None if as_of is None else end_of(as_of)

    def suppressed_then(keys: Sequence[str]) -> Mapping[str, str]:
        assert until is not None
        with reading() as connection:
            return suppression.lookup_as_of(connection, until, list_scope, owner)(keys)

    confirmed = _IfAny(
        reading,
        subscribers.anybody,
        lambda connection, keys: subscribers.confirmed(connection, keys, until, of_owner=owner),
    )
    mailed = _IfAny(
        reading, engagements.any_message, lambda connection, keys: engagements.mailed(connection, keys, until)
    )
    return Known(
        suppressed=_Suppressed(reading, list_scope, owner) if until is None else suppressed_then,
        confirmed=confirmed,
        last_engaged=_LastEngaged(reading, until),
        risks=RiskLookups(mailed, confirmed),
    )


def end_of(day: date) -> float:
    """Return the last moment of a day in UTC, in epoch seconds."""
    return (datetime.combine(day, time(), UTC) + timedelta(days=1, microseconds=-1)).timestamp()


@dataclass(slots=True)
class _Suppressed:
    """Looks up in the database at first; once so many keys were asked for that it pays, filters them before.

    What is suppressed after the filter was read is found when the campaign sends.
    """

    reading: Reading
    list_scope: str
    owner: str
    asked: int = field(default=0, init=False)
    entries: int | None = field(default=None, init=False)
    filter: SuppressionFilter | None = field(default=None, init=False)

    def __call__(self, keys: Sequence[str]) -> Mapping[str, str]:
        scopes = suppression.scopes_of(self.list_scope, self.owner)
        self.asked += len(keys)
        with self.reading() as connection:
            if self.filter is None and self._filter_pays(connection):
                self.filter = SuppressionFilter(connection, scopes)
            possible = keys if self.filter is None else self.filter.possible(keys)
            waiting = sign_ups.unconfirmed_for_campaign(connection, keys, self.owner)
            found = suppression.in_words(suppressions.reasons(connection, possible, scopes))
        return dict.fromkeys(waiting, Reason.UNCONFIRMED.value) | found

    def _filter_pays(self, connection: Connection) -> bool:
        if self.asked <= _FEW_KEYS:
            return False
        if self.entries is None:
            self.entries = size(connection)
        return self.asked * _ENTRIES_A_KEY > self.entries


@dataclass(slots=True)
class _LastEngaged:
    """Asks once since when opens and clicks are known at all."""

    reading: Reading
    until: float | None
    watched: float | None = field(default=None, init=False)
    asked: bool = field(default=False, init=False)

    def __call__(self, keys: Sequence[str]) -> Mapping[str, float]:
        with self.reading() as connection:
            if not self.asked:
                self.watched, self.asked = engagements.watched_since(connection), True
            return engagements.last_engaged(connection, keys, watched=self.watched, until=self.until)


@dataclass(slots=True)
class _IfAny:
    """Asks once whether the ledger knows anybody at all: a new one does not."""

    reading: Reading
    anybody: Callable[[Connection], bool]
    find: Callable[[Connection, Sequence[str]], set[str]]
    found: bool | None = field(default=None, init=False)

    def __call__(self, keys: Sequence[str]) -> set[str]:
        with self.reading() as connection:
            if self.found is None:
                self.found = self.anybody(connection)
            return self.find(connection, keys) if self.found else set()
