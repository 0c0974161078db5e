"""Reading back what a cleaning left, in parts that fit into memory."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as pacsv
from pyarrow import parquet

from lists.errors import ListError
from lists.output_files import REJECTED_CSV
from lists.summary import Summary
from lists.text_columns import Places

ROWS_AT_A_TIME = 20_000


def read_accepted(path: Path) -> pd.DataFrame:
    """Return what `CleanResult.accepted` held, index `row` included; rejected.csv is read from beside it.

    Raises ListError where a file is missing or the two do not belong together.
    """
    return pd.concat(batches(path))


def batches(path: Path, rows_at_a_time: int = ROWS_AT_A_TIME) -> Iterator[pd.DataFrame]:
    """Yield the same in parts; at least one, which has no rows where nothing was accepted."""
    rejected_csv = path.with_name(REJECTED_CSV)
    for needed in (path, rejected_csv):
        if not needed.exists():
            raise ListError(f"{needed} is missing: clean the list again.")
    try:
        with parquet.ParquetFile(path) as file:
            count = file.metadata.num_rows
            rows = _row_numbers(rejected_csv, count)
            if len(rows) != count:
                raise ListError(f"{path} and {rejected_csv.name} are of two cleanings: clean the list again.")
            if not count:
                yield _frame(file.schema_arrow.empty_table(), rows)
            done = 0
            for batch in file.iter_batches(batch_size=rows_at_a_time):
                yield _frame(pa.Table.from_batches([batch]), rows[done : done + batch.num_rows])
                done += batch.num_rows
    except (pa.ArrowException, OSError) as err:
        raise ListError(f"{path} or its rejected.csv is damaged: clean the list again.") from err


def read_summary(path: Path) -> Summary:
    """Return the summary in a summary.json; raises ListError where there is none."""
    try:
        return Summary.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as err:
        raise ListError(f"{path} is missing: clean the list again.") from err
    except (ValueError, KeyError, TypeError) as err:
        raise ListError(f"{path} is no summary of a cleaning: clean the list again.") from err


def _row_numbers(rejected_csv: Path, accepted: int) -> Places:
    """Return the numbers of the rows that were not rejected."""
    # A cell can hold line breaks, and one cell is as long as people make it.
    rejected = pacsv.read_csv(
        rejected_csv,
        read_options=pacsv.ReadOptions(block_size=64 << 20),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(include_columns=["row"], column_types={"row": pa.int64()}),
    )
    taken = np.unique(rejected.column("row").to_numpy())
    free = np.ones(accepted + len(taken) + 1, dtype=np.bool_)
    free[0] = False
    free[taken[taken < len(free)]] = False
    return np.flatnonzero(free)


def _frame(table: pa.Table, rows: Places) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.Index(rows, dtype="int64", name="row")
    return frame
