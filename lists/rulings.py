"""The rows of a list under judgement: the first rule that rejects a row is the one that counts."""

from collections.abc import Iterable, Sequence
from typing import Self

import pandas as pd

from lists import syntax
from lists.csv_rows import RaggedRow
from lists.reasons import FLAG_SEPARATOR, Flag, Reason
from lists.sources import SourceTable


class Rulings:
    """One row for each data row of the source, in its order, indexed by the 1-based row number.

    Columns, all text: cell (the address as given, trimmed), address, key, domain, flags, reason, detail,
    suggestion. `reason` is "" as long as no rule has rejected the row.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    @classmethod
    def begin(cls, source: SourceTable, *, repair: bool, on_progress: syntax.Progress | None) -> Self:
        """Judge the syntax of every address; rows with too few or too many cells are malformed too."""
        cells = [cell.strip() for cell in source.table.column(source.address_column).to_pylist()]
        frame = syntax.check(cells, repair=repair, on_progress=on_progress)
        frame.insert(0, "cell", pd.Series(cells, dtype="str"))
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

    @property
    def domains(self) -> list[str]:
        """The domains of the open rows, each once, in the order in which they first appear."""
        return [str(domain) for domain in self.open["domain"].unique()]

    def at(self, domains: Iterable[str]) -> pd.DataFrame:
        """Return the open rows whose domain is one of these."""
        rows = self.open
        return rows[rows["domain"].isin(list(domains))]

    def suggest(self, addresses: pd.Series) -> None:
        """Note by row number which address was probably meant, without changing the row's own."""
        self.frame.loc[addresses.index, "suggestion"] = addresses

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
