"""What a report shows of the rejected rows, gathered while a list of any length passes by."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ledger import private_files
from lists.accepting import MENDABLE
from lists.cleaning import CleanResult
from lists.reasons import Reason
from lists.rulings import Part

SAMPLES_A_REASON = 5
# The first rejected rows, for a table on a screen; past a few hundred rows such a page crawls.
FIRST_ROWS = 200
_COUNTS = "findings.json"
_FIRST = "first"


class Findings:
    """Counts, samples and first rows; the same however the rows come in parts.

    accepted, rejected: how many rows passed by, the latter by reason.
    suggested:          how many rejected rows would come back with the address that was probably meant.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected: Counter[str] = Counter()
        self.suggested = 0
        self.first = pd.DataFrame()
        self._any: dict[str, pd.DataFrame] = {}
        self._different: dict[str, pd.DataFrame] = {}

    @classmethod
    def of(cls, result: CleanResult) -> "Findings":
        """Gather from a result in memory."""
        findings = cls()
        findings.add(len(result.accepted), result.rejected)
        return findings

    def add_part(self, part: Part) -> None:
        """Take in a part of a stream."""
        dropped: pd.DataFrame = part.dropped.drop_columns(["domain"]).to_pandas()
        self.add(part.kept.num_rows, dropped.set_index("row"))

    def add(self, accepted: int, rejected: pd.DataFrame) -> None:
        """Take in rows; `rejected` is as in `CleanResult`."""
        self.accepted += accepted
        self.rejected.update({str(reason): int(n) for reason, n in rejected["reason"].value_counts().items()})
        mendable = (rejected["suggestion"] != "") & rejected["reason"].isin(MENDABLE)
        self.suggested += int(mendable.sum())
        if len(self.first) < FIRST_ROWS:
            self.first = pd.concat([self.first, rejected.head(FIRST_ROWS - len(self.first))])
        drawn = rejected.assign(lot=_lots(rejected.index.to_numpy()))
        for reason, rows in drawn.groupby("reason", sort=False):
            name = str(reason)
            self._any[name] = _lowest([self._any.get(name), rows], of_each_detail=False)
            self._different[name] = _lowest([self._different.get(name), rows], of_each_detail=True)

    def merge(self, later: "Findings") -> None:
        """Take in what was gathered from rows further down in the list."""
        self.accepted += later.accepted
        self.rejected.update(later.rejected)
        self.suggested += later.suggested
        self.first = pd.concat([self.first, later.first]).head(FIRST_ROWS)
        for name, rows in later._any.items():
            self._any[name] = _lowest([self._any.get(name), rows], of_each_detail=False)
        for name, rows in later._different.items():
            self._different[name] = _lowest([self._different.get(name), rows], of_each_detail=True)

    def write(self, folder: Path) -> None:
        """Leave the findings in a folder for `read`."""
        counts = {"accepted": self.accepted, "rejected": self.rejected, "suggested": self.suggested}
        private_files.write_text(folder / _COUNTS, json.dumps(counts))
        for name, rows in self._tables():
            rows.to_parquet(private_files.created(folder / f"{name}.parquet"))

    @classmethod
    def read(cls, folder: Path) -> "Findings":
        """Return what `write` left."""
        counts = json.loads((folder / _COUNTS).read_text(encoding="utf-8"))
        findings = cls()
        findings.accepted, findings.suggested = counts["accepted"], counts["suggested"]
        findings.rejected.update(counts["rejected"])
        findings.first = pd.read_parquet(folder / f"{_FIRST}.parquet")
        for kind, by_reason in (("any", findings._any), ("different", findings._different)):
            for path in folder.glob(f"{kind}-*.parquet"):
                by_reason[path.stem.removeprefix(f"{kind}-")] = pd.read_parquet(path)
        return findings

    def _tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        yield _FIRST, self.first
        for kind, by_reason in (("any", self._any), ("different", self._different)):
            for reason, rows in by_reason.items():
                yield f"{kind}-{reason}", rows

    def sample(self, reason: Reason) -> pd.DataFrame:
        """Return some rows of a reason in their order, from all over the list.

        Different faults say more than the same one five times: where there are enough, each is another one.
        """
        different = self._different.get(reason.value, pd.DataFrame())
        rows = different if len(different) >= SAMPLES_A_REASON else self._any.get(reason.value, different)
        return rows.sort_index()

    def agree_with(self, by_reason: Mapping[str, int], accepted: int) -> bool:
        """Tell whether a summary counts the rows that passed by here."""
        return self.accepted == accepted and dict(self.rejected) == {r: n for r, n in by_reason.items() if n}


def _lots(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Draw a lot for every row number, the same whenever the list is cleaned (the mixer of SplitMix64)."""
    lots = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        lots = (lots ^ (lots >> np.uint64(shift))) * np.uint64(factor)
    return lots ^ (lots >> np.uint64(31))


def _lowest(tables: list[pd.DataFrame | None], *, of_each_detail: bool) -> pd.DataFrame:
    """Return the rows with the lowest lots, of each detail one at most if so wanted."""
    rows = pd.concat([table for table in tables if table is not None]).sort_values("lot")
    if of_each_detail:
        rows = rows.drop_duplicates("detail")
    return rows.head(SAMPLES_A_REASON)
