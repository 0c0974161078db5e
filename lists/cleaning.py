"""List hygiene: every row of a list ends accepted or rejected with the first reason that holds."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from lists.batch_rules import SUPPRESSION_DETAILS
from lists.mx import MxLookup
from lists.policy import HygienePolicy, ListSource
from lists.risk import RiskLookups
from lists.rulings import OWN_COLUMNS, ROW, accepted_table
from lists.sources import OpenList
from lists.stream import Cleaning, Progress
from lists.summary import Summary
from lists.suppression import ConfirmedLookup, LastEngagedLookup, SuppressionLookup, nobody_engaged

__all__ = ["OWN_COLUMNS", "SUPPRESSION_DETAILS", "CleanResult", "Cleaning", "MxLookup", "Progress", "clean"]


@dataclass(frozen=True, slots=True)
class CleanResult:
    """The two parts of a list, and the figures.

    accepted: every source column as text, then `address` (normalised), `domain` (A-labels) and `flags`
              (joined by ";"); a source column of such a name is renamed, see `summary.renamed`.
    rejected: `address` (as given, trimmed), `reason`, `detail`, `suggestion`.
    Both are indexed by `row`, the 1-based data row of the source, in its order.
    """

    accepted: pd.DataFrame
    rejected: pd.DataFrame
    summary: Summary


def clean(
    source: ListSource,
    policy: HygienePolicy,
    *,
    suppressed: SuppressionLookup,
    confirmed: ConfirmedLookup,
    resolver: MxLookup | None,
    today: date,
    last_engaged: LastEngagedLookup = nobody_engaged,
    risks: RiskLookups | None = None,
    on_progress: Progress | None = None,
    opened: Callable[[], AbstractContextManager[OpenList]] | None = None,
) -> CleanResult:
    """Read a list, or what `opened` opens, and judge every row of it, all in memory.

    The DNS is asked only where `policy.mx` says so and a `resolver` is given. Raises ListError where the list
    cannot be used at all.
    """
    cleaning = Cleaning(
        source,
        policy,
        suppressed=suppressed,
        confirmed=confirmed,
        last_engaged=last_engaged,
        risks=risks,
        resolver=resolver,
        today=today,
        on_progress=on_progress,
        opened=opened,
    )
    with tempfile.TemporaryDirectory() as folder:
        parts = list(cleaning.parts(Path(folder)))
    accepted = pa.concat_tables([part.kept for part in parts])
    rejected = pa.concat_tables([part.dropped for part in parts]).drop_columns(["domain"])
    return CleanResult(
        _by_row(accepted_table(accepted), accepted.column(ROW)),
        _by_row(rejected.drop_columns(["row"]), rejected.column("row")),
        cleaning.summary(),
    )


def _by_row(table: pa.Table, rows: pa.ChunkedArray) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.Index(rows.to_numpy(), dtype="int64", name="row")
    return frame
