"""Cleaning a list that is a pandas frame already, as in a notebook."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lists import address_column, cleaning, columns
from lists.cleaning import CleanResult, MxLookup, Progress
from lists.csv_rows import Rows
from lists.errors import ListError
from lists.policy import HygienePolicy, ListSource
from lists.sources import OpenList
from lists.suppression import (
    ConfirmedLookup,
    LastEngagedLookup,
    SuppressionLookup,
    nobody_confirmed,
    nobody_engaged,
    nobody_suppressed,
)

SOURCE = "frame"
ROWS_AT_A_TIME = 100_000
_NO_LEDGER = "No ledger was asked: whoever bounced, complained or unsubscribed is not known here."
_NO_DNS = "No DNS was asked: which domains take mail is not known here."


def clean(
    frame: pd.DataFrame,
    *,
    address_column: str = "",
    keep: str = "",
    policy: HygienePolicy | None = None,
    source: ListSource | None = None,
    suppressed: SuppressionLookup = nobody_suppressed,
    confirmed: ConfirmedLookup = nobody_confirmed,
    last_engaged: LastEngagedLookup = nobody_engaged,
    resolver: MxLookup | None = None,
    today: date | None = None,
    on_progress: Progress | None = None,
) -> CleanResult:
    """Judge every row of a frame; its rows are numbered from 1, whatever its index.

    Cells become the text that a person would write for them, missing ones "". Without a `resolver` (such as
    `lists.mx.lookup("")`) the DNS is not asked, and without `suppressed` no ledger: the summary's warnings
    say so. `source` says whose consent counts and which columns hold it. `keep` says which of several rows
    with one address stays: first, last or newest:COLUMN.
    Raises ListError where the frame cannot be used.
    """
    asked = source or ListSource(source=SOURCE, address_column=address_column)
    result = cleaning.clean(
        asked,
        _policy(policy or HygienePolicy(), keep),
        suppressed=suppressed,
        confirmed=confirmed,
        last_engaged=last_engaged,
        resolver=resolver,
        today=today or datetime.now(UTC).date(),
        on_progress=on_progress,
        opened=_opening(frame, asked),
    )
    unasked = (
        _NO_LEDGER if suppressed is nobody_suppressed else "",
        _NO_DNS if resolver is None or not (policy or HygienePolicy()).mx else "",
    )
    warnings = (*filter(None, unasked), *result.summary.warnings)
    return replace(result, summary=replace(result.summary, warnings=warnings))


def _policy(policy: HygienePolicy, keep: str) -> HygienePolicy:
    if not keep:
        return policy
    try:
        return HygienePolicy(**policy.model_dump() | {"keep": keep})
    except ValueError as err:
        raise ListError(f"keep={keep!r} is none: write first, last or newest:COLUMN.") from err


def _opening(frame: pd.DataFrame, source: ListSource) -> Callable[[], AbstractContextManager[OpenList]]:
    """Return what opens the frame as a list, from its first row each time."""
    if frame.empty:
        raise ListError("the frame has no rows: give a list with at least one recipient.")
    names = columns.checked_names([str(name) for name in frame.columns], SOURCE)
    table = pa.table([_as_text(frame.iloc[:, place], name) for place, name in enumerate(names)], names=names)
    address = address_column.choose(names, source.address_column, lambda count: table, SOURCE)

    def rows() -> Iterator[Rows]:
        for start in range(0, table.num_rows, ROWS_AT_A_TIME):
            part = table.slice(start, ROWS_AT_A_TIME)
            yield Rows(part, np.arange(start + 1, start + 1 + part.num_rows))

    return lambda: nullcontext(OpenList(SOURCE, names, address, "", "", _rows=rows()))


def _as_text(column: "pd.Series[Any]", name: str) -> pa.Array:
    try:
        values = pa.array(column, from_pandas=True)
    except pa.ArrowException:
        # Cells of several kinds, such as numbers among text.
        values = pa.array([None if pd.isna(cell) else str(cell) for cell in column.tolist()], pa.string())
    try:
        return pc.fill_null(values.cast(pa.string()), "")
    except pa.ArrowException as err:
        raise ListError(f"the column {name!r} holds {values.type}, which is no text: leave it out.") from err
