"""The files that a cleaning leaves: each appears whole or not at all, the summary last."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as pacsv
from pyarrow import parquet

from lists.cleaning import CleanResult
from lists.errors import ListError
from lists.spreadsheets import escaped
from lists.summary import Summary

ACCEPTED_PARQUET = "accepted.parquet"
ACCEPTED_CSV = "accepted.csv"
REJECTED_CSV = "rejected.csv"
SUMMARY_JSON = "summary.json"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the files of one cleaning are."""

    directory: Path
    accepted_parquet: Path
    accepted_csv: Path
    rejected_csv: Path
    summary_json: Path


def in_directory(directory: Path) -> Outputs:
    """Return the paths that `write` uses."""
    return Outputs(
        directory,
        directory / ACCEPTED_PARQUET,
        directory / ACCEPTED_CSV,
        directory / REJECTED_CSV,
        directory / SUMMARY_JSON,
    )


def write(result: CleanResult, directory: Path) -> Outputs:
    """Write accepted.parquet, accepted.csv, rejected.csv and summary.json, replacing older ones.

    Formulas are escaped in the CSV files, never in Parquet. Raises ListError where the folder cannot be
    written; what stood there before stays then, file by file.
    """
    outputs = in_directory(directory)
    accepted = _table(result.accepted)
    rejected = _table(result.rejected.reset_index())
    summary = json.dumps(result.summary.as_json(), ensure_ascii=False, indent=2) + "\n"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _replacing() as place:
            place(outputs.accepted_parquet, lambda path: parquet.write_table(accepted, path))
            place(outputs.accepted_csv, lambda path: pacsv.write_csv(escaped(accepted), path))
            place(outputs.rejected_csv, lambda path: pacsv.write_csv(escaped(rejected), path))
            place(outputs.summary_json, lambda path: path.write_text(summary, encoding="utf-8"))
    except OSError as err:
        raise ListError(
            f"{directory} cannot be written ({err.strerror or err}): check permissions and free space."
        ) from err
    return outputs


def read_accepted(path: Path) -> pd.DataFrame:
    """Return what `CleanResult.accepted` held, index `row` included; rejected.csv is read from beside it.

    Raises ListError where a file is missing or the two do not belong together.
    """
    rejected_csv = path.with_name(REJECTED_CSV)
    for needed in (path, rejected_csv):
        if not needed.exists():
            raise ListError(f"{needed} is missing: clean the list again.")
    try:
        table = parquet.read_table(path)
        rejected = pacsv.read_csv(
            rejected_csv,
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(include_columns=["row"], column_types={"row": pa.int64()}),
        )
    except (pa.ArrowException, OSError) as err:
        raise ListError(f"{path} or its rejected.csv is damaged: clean the list again.") from err
    taken = set(rejected.column("row").to_pylist())
    total = table.num_rows + len(taken)
    rows = [row for row in range(1, total + 1) if row not in taken]
    if len(rows) != table.num_rows:
        raise ListError(f"{path} and {rejected_csv.name} are of two cleanings: clean the list again.")
    frame: pd.DataFrame = table.to_pandas()
    frame.index = pd.Index(rows, dtype="int64", name="row")
    return frame


def read_summary(path: Path) -> Summary:
    """Return the summary in a summary.json; raises ListError where there is none."""
    try:
        return Summary.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as err:
        raise ListError(f"{path} is missing: clean the list again.") from err
    except (ValueError, KeyError, TypeError) as err:
        raise ListError(f"{path} is no summary of a cleaning: clean the list again.") from err


def _table(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Plain strings and no pandas metadata: every reader of Parquet sees the same file.
    schema = pa.schema(
        [
            pa.field(field.name, pa.string() if pa.types.is_large_string(field.type) else field.type)
            for field in table.schema
        ]
    )
    return table.cast(schema).replace_schema_metadata(None)


@contextmanager
def _replacing() -> Iterator[Callable[[Path, Callable[[Path], object]], None]]:
    """Collect files under temporary names; they get their own names together, once all are written."""
    written: list[tuple[Path, Path]] = []

    def place(final: Path, write_to: Callable[[Path], object]) -> None:
        temporary = final.with_name(f".{final.name}.{os.getpid()}.part")
        written.append((temporary, final))
        write_to(temporary)

    try:
        yield place
        for temporary, final in written:
            os.replace(temporary, final)
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
