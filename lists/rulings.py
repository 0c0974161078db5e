"""The rows of a list under judgement: the first rule that rejects a row is the one that counts."""

from collections.abc import Callable, Sequence
from typing import Self

import pandas as pd

from lists import syntax
from lists.csv_rows import RaggedRow
from lists.reasons import FLAG_SEPARATOR, Flag, Reason
from lists.sources import SourceTable
from lists.text_columns import one_array

Progress = Callable[[int, int], None]


class Rulings:
    """One row for each data row of the source, in its order, indexed by the 1-based row number.

    Columns, all text: cell (the address as given, trimmed), address, key, domain, flags, reason, detail,
    suggestion. `reason` is "" as long as no rule has rejected the row.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    @classmethod
    def begin(cls, source: SourceTable, *, repair: bool, on_progress: Progress | None) -> Self:
        """Judge the syntax of every address; rows with too few or too many cells are malformed too."""
        checked = syntax.check(one_array(source.table.column(source.address_column)), repair=repair)
        frame = _frame(checked)
        if on_progress:
            on_progress(len(frame), len(frame))
        frame.index = pd.Index(source.rows, dtype="int64")
        if source.ragged:
            position = source.table.column_names.index(source.address_column)
            frame = pd.concat([frame, _malformed(source.ragged, position)]).sort_index()
        frame.insert(5, "reason", pd.Series("", index=frame.index, dtype="str"))
        frame.loc[frame["key"] == "", "reason"] = Reason.MALFORMED.value
        frame.index.name = "row"
        return cls(frame)

    @property
    def open(self) -> pd.DataFrame:
        """The rows that no rule has rejected yet."""
        return self.frame[self.frame["reason"] == ""]

    def reject(self, rows: pd.Index, reason: Reason | pd.Series, detail: str | pd.Series) -> None:
        """Reject rows by their numbers; `reason` and `detail` may differ by row."""
        self.frame.loc[rows, "reason"] = reason.value if isinstance(reason, Reason) else reason
        self.frame.loc[rows, "detail"] = detail

    def flag(self, rows: pd.Index, flag: str) -> None:
        """Mark rows by their numbers without rejecting them."""
        flags = self.frame.loc[rows, "flags"]
        self.frame.loc[rows, "flags"] = flags.where(flags == "", flags + FLAG_SEPARATOR) + flag

    def by_domain(self, judge: Callable[[str], bool]) -> pd.DataFrame:
        """Return the open rows whose domain `judge` holds true of; it is asked once a domain."""
        rows = self.open
        hits = [domain for domain in rows["domain"].unique() if judge(domain)]
        return rows[rows["domain"].isin(hits)]

    def reject_duplicates(self) -> None:
        """Reject every row whose key an earlier well-formed row has, whatever became of that one."""
        well_formed = self.frame[self.frame["key"] != ""]
        repeats = well_formed[well_formed["key"].duplicated()]
        first = well_formed["key"].drop_duplicates()
        row_of = pd.Series(first.index, index=first.array)
        self.reject(
            repeats.index, Reason.DUPLICATE, "repeats row " + repeats["key"].map(row_of).astype("str")
        )

    def flag_counts(self) -> dict[str, int]:
        """Count the flags of the rows that no rule has rejected, in the order of `Flag`."""
        counts = self.open["flags"].value_counts()
        totals: dict[str, int] = {}
        for flag in Flag:
            total = sum(int(n) for flags, n in counts.items() if flag in str(flags).split(FLAG_SEPARATOR))
            if total:
                totals[flag.value] = total
        return totals


def _frame(checked: syntax.Checked) -> pd.DataFrame:
    names = ("cells", "address", "key", "domain", "detail", "suggestion")
    frame = pd.DataFrame({name: getattr(checked, name).to_pandas() for name in names}, dtype="str")
    flags = pd.Series("", index=frame.index, dtype="str")
    for flag in (Flag.REPAIRED, Flag.SMTPUTF8, Flag.ONE_LETTER_TLD):
        rows = getattr(checked, flag.value)
        flags = flags.where(~rows | (flags == ""), flags + FLAG_SEPARATOR).where(
            ~rows, lambda old, flag=flag: old + flag.value
        )
    frame.insert(4, "flags", flags)
    return frame.rename(columns={"cells": "cell"})


def _malformed(ragged: Sequence[RaggedRow], position: int) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "cell": [_address_like(row.cells, position) for row in ragged],
            **dict.fromkeys(("address", "key", "domain", "flags"), ""),
            "detail": [f"has {len(row.cells)} cells where the header has {row.expected}" for row in ragged],
            "suggestion": "",
        },
        index=[row.row for row in ragged],
        dtype="str",
    )
    return frame


def _address_like(cells: Sequence[str], position: int) -> str:
    # Which cell is the address cannot be known in a broken row; this only helps a person to find it.
    likely = [*cells[position : position + 1], *cells]
    return next((cell.strip() for cell in likely if "@" in cell), "")
