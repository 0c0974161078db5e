"""The files that a cleaning leaves: each appears whole or not at all, the summary last."""

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import pandas as pd
import pyarrow as pa

from ledger import private_files
from lists.accepted import read_accepted, read_summary
from lists.cleaning import CleanResult
from lists.output_files import (
    ACCEPTED_CSV,
    ACCEPTED_PARQUET,
    REJECTED_CSV,
    REJECTED_PARQUET,
    SUMMARY_JSON,
    WORK_PREFIX,
    Outputs,
    in_directory,
    in_one_sentence,
    refuse_address,
)
from lists.row_files import ROW_FILES, RowFiles
from lists.rulings import Part
from lists.summary import Summary

__all__ = [
    "ACCEPTED_CSV",
    "ACCEPTED_PARQUET",
    "REJECTED_CSV",
    "REJECTED_PARQUET",
    "SUMMARY_JSON",
    "Outputs",
    "Writer",
    "in_directory",
    "read_accepted",
    "read_summary",
    "write",
]


class Writer:
    """Writes the accepted and the rejected rows as Parquet and CSV, and summary.json; a context manager.

    Until `finish` all of it lies in `work`, a hidden folder beside them, which goes away at the end whatever
    happens; one that a killed run left goes too. Files placed beside by then appear with the others. Raises
    ListError where the folder cannot be written; what stood there before stays then.
    """

    def __init__(self, directory: Path) -> None:
        self.work = directory
        self._outputs = in_directory(directory)
        self._lock: IO[str] | None = None
        self._rows = RowFiles(directory)
        self._extra: list[str] = []
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        directory = self._outputs.directory
        refuse_address(directory)
        with in_one_sentence(directory):
            self._made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
            private_files.make_folder(directory)
            _remove_leftovers(directory)
            self.work = Path(tempfile.mkdtemp(prefix=WORK_PREFIX, dir=directory))
            private_files.share_folder(self.work)
            self._lock = _locked(self.work)
        self._rows = RowFiles(self.work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.drop()
        shutil.rmtree(self.work, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
        # A cleaning that failed leaves no empty folders behind either.
        with suppress(OSError):
            for folder in self._made:
                folder.rmdir()

    def write(self, part: Part) -> None:
        """Add rows whose verdicts are final."""
        self._rows.write(part)

    def write_tables(self, accepted: pa.Table, rejected: pa.Table) -> None:
        """Add rows as they stand in the files."""
        self._rows.write_tables(accepted, rejected)

    def place_beside(self, name: str) -> Path:
        """Return a path in `work` for a file that appears with the others under this name."""
        self._extra.append(name)
        return self.work / name

    def close_rows(self) -> None:
        """Bring the files of rows to their end; after this `write` is over."""
        self._rows.finish()

    def finish(self, summary: Summary) -> Outputs:
        """Let all files appear, replacing older ones; a folder with a summary.json is complete."""
        self.close_rows()
        text = json.dumps(summary.as_json(), ensure_ascii=False, indent=2) + "\n"
        with in_one_sentence(self._outputs.directory):
            private_files.write_text(self.work / SUMMARY_JSON, text)
            names = [*ROW_FILES, *self._extra]
            # Were this to stop between two files, no summary would vouch for files of two cleanings.
            self._outputs.summary_json.unlink(missing_ok=True)
            for name in (*names, SUMMARY_JSON):
                os.replace(self.work / name, self._outputs.directory / name)
        return self._outputs


def write(result: CleanResult, directory: Path) -> Outputs:
    """Write the result of a cleaning in memory. Raises ListError where the folder cannot be written."""
    with Writer(directory) as writer:
        writer.write_tables(_table(result.accepted), _table(result.rejected.reset_index()))
        return writer.finish(result.summary)


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


def _locked(work: Path) -> IO[str]:
    """Hold a lock for as long as this run lives: the system frees it however a run ends."""
    lock = private_files.opened(work / "lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _remove_leftovers(directory: Path) -> None:
    for work in directory.glob(f"{WORK_PREFIX}*"):
        try:
            with (work / "lock").open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Another run is at it, into the same folder; the one that ends last has its files there.
            continue
        except OSError:
            pass
        shutil.rmtree(work, ignore_errors=True)
