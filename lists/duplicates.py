"""What all rows of one address say together: which of them stays, who said no, and the newest engagement.

It is known only once every row was read, so it is gathered in a pass of its own before the rows are judged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lists import columns, consent_columns, dates, engagement
from lists.consent import Say
from lists.key_hashes import Words
from lists.policy import HygienePolicy, Keep, ListSource
from lists.rulings import Rulings
from lists.text_columns import Places

Records: TypeAlias = npt.NDArray[np.void]

# One well-formed row: the hash of its key, its number, what it says of consent, the ordinal of its day of
# engagement, and the microseconds that `--keep newest` goes by.
RECORD = np.dtype(
    [("low", "<u8"), ("high", "<u8"), ("row", "<i8"), ("say", "i1"), ("engaged", "<i4"), ("order", "<i8")]
)
# A row that makes way for another one of the same address.
REPEAT = np.dtype([("row", "<i8"), ("stays", "<i8")])
# What the rows of an address say together, under the one that stays; `no` is the first that says no, or 0.
TOGETHER = np.dtype([("row", "<i8"), ("say", "i1"), ("no", "<i8"), ("engaged", "<i4")])
_NO_DATE = np.iinfo(np.int64).min
_LAST_ROW = np.iinfo(np.int64).max
_FIRST_ROOM = 1 << 16
_LARGEST_STEP = 1 << 20
_SETTLED_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every row: the columns that count, "" for those that do not."""

    keep: Keep
    order_column: str
    consent_column: str
    engaged_column: str
    today: date

    @classmethod
    def of(
        cls, names: Sequence[str], label: str, source: ListSource, policy: HygienePolicy, today: date
    ) -> "Question":
        """Return what is asked of a list with these columns. Raises ListError for one that is not there."""

        def column(wanted: str, key: str) -> str:
            return columns.find(names, wanted, label, key) if wanted else ""

        keep, order = policy.kept_row
        consent_column = source.consent_column if source.needs_consent else ""
        engaged_column = source.last_engaged_column if source.inactive_after_days else ""
        return cls(
            keep,
            column(order, "hygiene.keep"),
            column(consent_column, "list.consent_column"),
            column(engaged_column, "list.last_engaged_column"),
            today,
        )


def is_asked(source: ListSource, policy: HygienePolicy) -> bool:
    """Tell whether it takes more than the first row of each address to judge a list."""
    return (
        policy.keep != Keep.FIRST
        or (source.needs_consent and bool(source.consent_column))
        or (source.inactive_after_days is not None and bool(source.last_engaged_column))
    )


@dataclass(slots=True)
class DateCells:
    """How many cells of a column are filled, and how many of these hold no date; `example` is one."""

    filled: int = 0
    unreadable: int = 0
    example: str = ""

    def count(self, cell: str, times: int) -> None:
        """Count a cell that stands so many times in the column."""
        if text := cell.strip():
            self.filled += times
            if not engagement.is_date(text):
                self.unreadable += times
                self.example = self.example or text


@dataclass(slots=True)
class Reader:
    """Turns rows into records, part by part in their order; `order_cells` are those of the order column."""

    question: Question
    order_cells: DateCells = field(default_factory=DateCells)

    def records(self, rulings: Rulings) -> Records:
        """Return what the well-formed rows say."""
        question = self.question
        found = np.zeros(int(rulings.open.sum()), RECORD)
        found["low"], found["high"] = rulings.hashes.T
        found["row"] = rulings.rows.numbers[rulings.open]
        if question.consent_column:
            cells = rulings.open_cells(question.consent_column)
            said = consent_columns.reader(question.consent_column, question.today)
            found["say"] = by_cell(cells, said, np.int8)
        if question.engaged_column:
            cells = rulings.open_cells(question.engaged_column)
            found["engaged"] = by_cell(cells, lambda cell: engagement.day_of(cell, question.today), np.int32)
        if question.order_column:
            cells = rulings.open_cells(question.order_column)
            counts = pc.value_counts(cells)
            for each in counts.to_pylist():
                self.order_cells.count(each["values"], each["counts"])
            found["order"] = by_cell(cells, lambda cell: _order(cell, question.today), np.int64)
        return found

    def refuse_unreadable(self) -> None:
        """Raise ListError where most cells of the order column hold no date, once all rows were read."""
        refuse_unreadable(self.question, self.order_cells)


def refuse_unreadable(question: Question, cells: DateCells) -> None:
    """Raise ListError where most cells of the order column hold no date."""
    if question.order_column:
        engagement.refuse_unreadable(
            cells.unreadable, cells.filled, cells.example, question.order_column, "--keep, hygiene.keep"
        )


class Gathered:
    """Records in the order in which they come, in one piece."""

    def __init__(self) -> None:
        self._count = 0
        self._records = np.empty(_FIRST_ROOM, RECORD)

    def add(self, records: Records) -> None:
        """Take the next records."""
        end = self._count + len(records)
        if end > len(self._records):
            # In place, and by no more than is soon filled: a copy would double the memory for a moment.
            self._records.resize(end + min(end, _LARGEST_STEP), refcheck=False)
        self._records[self._count : end] = records
        self._count = end

    def settled(self, keep: Keep) -> "Duplicates":
        """Return what they come to."""
        records = self._records[: self._count]
        # Part by part, parted by the hash: sorting all at once takes three times their memory.
        count = self._count // _SETTLED_AT_ONCE + 1
        of = (records["high"] % np.uint64(count)).astype(np.uint16)
        parts = [settle(records[of == part], keep) for part in range(count)]
        return Duplicates(by_row([part[0] for part in parts]), by_row([part[1] for part in parts]))


def settle(records: Records, keep: Keep) -> tuple[Records, Records]:
    """Return the rows that make way (REPEAT) and what those that stay say (TOGETHER), each by row.

    `records` are in the order of the rows. Rows whose address stands nowhere else are in neither.
    """
    by_key = np.lexsort((records["high"], records["low"]))
    low, high = records["low"][by_key], records["high"][by_key]
    fresh = np.ones(len(by_key), np.bool_)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    again = ~fresh
    # The first of several, and all after it; the sort leaves rows of one key in their order.
    several = again | np.append(again[1:], np.zeros(min(1, len(again)), np.bool_))
    found = records[by_key[several]]
    starts = np.flatnonzero(fresh[several])
    if not len(starts):
        return np.empty(0, REPEAT), np.empty(0, TOGETHER)
    sizes = np.diff(np.append(starts, len(found)))
    stays = _staying(found, starts, sizes, keep)
    says_no = found["say"] == Say.NO
    first_no = np.minimum.reduceat(np.where(says_no, found["row"], _LAST_ROW), starts)
    together = np.empty(len(starts), TOGETHER)
    together["row"] = stays
    together["no"] = np.where(first_no == _LAST_ROW, 0, first_no)
    together["say"] = np.where(together["no"], int(Say.NO), np.maximum.reduceat(found["say"], starts))
    together["engaged"] = np.maximum.reduceat(found["engaged"], starts)
    of_each = np.repeat(stays, sizes)
    others = found["row"] != of_each
    repeats = np.empty(int(others.sum()), REPEAT)
    repeats["row"], repeats["stays"] = found["row"][others], of_each[others]
    return by_row([repeats]), by_row([together])


def by_row(parts: Sequence[Records]) -> Records:
    """Return records of a kind in one piece, in the order of their rows."""
    found = np.concatenate(parts)
    ordered: Records = found[np.argsort(found["row"], kind="stable")]
    return ordered


def _staying(found: Records, starts: Places, sizes: Places, keep: Keep) -> Places:
    rows: Places = found["row"]
    if keep is Keep.FIRST:
        return rows[starts]
    if keep is Keep.LAST:
        last: Places = rows[starts + sizes - 1]
        return last
    newest = np.repeat(np.maximum.reduceat(found["order"], starts), sizes)
    # Of several that are as new as each other, the first.
    first: Places = np.minimum.reduceat(np.where(found["order"] == newest, rows, _LAST_ROW), starts)
    return first


class Duplicates:
    """What the rows of addresses that stand more than once come to; asked part by part, in order."""

    def __init__(self, repeats: Records, together: Records) -> None:
        self._repeats = repeats
        self._together = together

    def staying_rows(self, hashed: Words, rows: Places) -> Places:
        """Return for each well-formed row the one of its address that stays: itself, or another."""
        found = rows.copy()
        known = _within(self._repeats, rows)
        found[np.searchsorted(rows, known["row"])] = known["stays"]
        return found

    def say(self, rows: Places, own: npt.NDArray[np.int8]) -> tuple[npt.NDArray[np.int8], Places]:
        """Return what is said of consent for rows that stay, who know their `own`.

        Also the first row that says no for each of them, 0 where none does or the address stands once.
        """
        found, no_rows = own.copy(), np.zeros(len(rows), np.int64)
        places, known = self._of(rows)
        found[places], no_rows[places] = known["say"], known["no"]
        return found, no_rows

    def engaged(self, rows: Places, own: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the newest day of engagement for rows that stay, who know their own."""
        found = own.copy()
        places, known = self._of(rows)
        found[places] = known["engaged"]
        return found

    def _of(self, rows: Places) -> tuple[Places, Records]:
        known = _within(self._together, rows)
        if not len(known):
            return np.zeros(0, np.int64), known
        places = np.minimum(np.searchsorted(rows, known["row"]), len(rows) - 1)
        there = rows[places] == known["row"]
        return places[there], known[there]


def by_cell(cells: pa.Array, told: Callable[[str], int], kind: Any) -> npt.NDArray[Any]:
    """Return a number for each cell, found once for each text."""
    encoded = pc.dictionary_encode(cells)
    found = np.array([told(cell) for cell in encoded.dictionary.to_pylist()], dtype=kind)
    numbers: npt.NDArray[Any] = found[np.asarray(encoded.indices)]
    return numbers


def _within(records: Records, rows: Places) -> Records:
    if not len(rows):
        return records[:0]
    start, end = np.searchsorted(records["row"], (rows[0], rows[-1] + 1))
    return records[start:end]


def _order(cell: str, today: date) -> int:
    written = dates.read(cell)
    if written is None or written.moment is None or not dates.is_possible(written.moment.date(), today):
        return int(_NO_DATE)
    since = written.moment - datetime.fromordinal(1).replace(tzinfo=written.moment.tzinfo)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
