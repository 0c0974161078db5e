"""messages.csv: one line a recipient, with everything that is known of the message."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Row, select

from ledger.schema import FACT_COLUMNS, attempt, message
from lists import spreadsheets

_ROWS_A_BATCH = 10_000

_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("address", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("attempts", pa.int64()),
        ("ses_message_id", pa.string()),
        *((name, pa.string()) for name in FACT_COLUMNS.values()),
    ]
)


def write(connection: Connection, campaign_id: int, path: Path) -> int:
    """Write the campaign's messages in the order of the list's rows; return how many there are.

    Times are ISO 8601 in UTC, and empty where the fact is not there. The file is for spreadsheets
    (`lists.spreadsheets`). The rows stream: memory does not grow with the campaign.
    """
    # The newest attempt that SES gave an id; older ones are in the ledger.
    ses_message_id = (
        select(attempt.c.ses_message_id)
        .where(attempt.c.message_id == message.c.id, attempt.c.ses_message_id.is_not(None))
        .order_by(attempt.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            message.c.source_row,
            message.c.address,
            message.c.status,
            message.c.detail,
            message.c.attempts,
            ses_message_id,
            *(message.c[name] for name in FACT_COLUMNS.values()),
        )
        .where(message.c.campaign_id == campaign_id)
        .order_by(message.c.source_row, message.c.id)
        .execution_options(yield_per=_ROWS_A_BATCH)
    )
    written = 0
    with spreadsheets.writer(path, _SCHEMA) as file:
        for rows in connection.execute(query).partitions():
            file.write(_table(rows))
            written += len(rows)
    return written


def _table(rows: Sequence[Row[Any]]) -> pa.Table:
    columns = zip(_SCHEMA, zip(*rows, strict=True), strict=True)
    times = frozenset(FACT_COLUMNS.values())
    return pa.table(
        [_iso(values) if field.name in times else pa.array(values, field.type) for field, values in columns],
        schema=_SCHEMA,
    )


def _iso(seconds: Sequence[float | None]) -> pa.Array:
    milliseconds = [None if at is None else round(at * 1000) for at in seconds]
    return pc.strftime(pa.array(milliseconds, pa.timestamp("ms")), format="%Y-%m-%dT%H:%M:%SZ")
