"""The accepted and the rejected rows as files in a folder, each as Parquet and as CSV."""

from pathlib import Path

import pyarrow as pa

from lists.output_files import (
    ACCEPTED_CSV,
    ACCEPTED_PARQUET,
    REJECTED_CSV,
    REJECTED_PARQUET,
    in_one_sentence,
)
from lists.parquet_groups import ParquetGroups
from lists.rulings import Part, accepted_table
from lists.spreadsheets import CsvFile

ROW_FILES = (ACCEPTED_PARQUET, ACCEPTED_CSV, REJECTED_PARQUET, REJECTED_CSV)


class RowFiles:
    """Takes rows in their order; there are no files before the first of them.

    The CSV files are for spreadsheets (`lists.spreadsheets`); without `header` they hold rows alone.
    Raises ListError where the folder cannot be written.
    """

    def __init__(self, folder: Path, *, header: bool = True) -> None:
        self._folder = folder
        self._header = header
        self._csv: dict[str, CsvFile] = {}
        self._parquet = {name: ParquetGroups(folder / name) for name in (ACCEPTED_PARQUET, REJECTED_PARQUET)}

    def write(self, part: Part) -> None:
        """Add rows whose verdicts are final."""
        self.write_tables(accepted_table(part.kept), part.dropped.drop_columns(["domain"]))

    def write_tables(self, accepted: pa.Table, rejected: pa.Table) -> None:
        """Add rows as they stand in the files."""
        with in_one_sentence(self._folder):
            self._write_csv(ACCEPTED_CSV, accepted)
            self._write_csv(REJECTED_CSV, rejected)
            self._parquet[ACCEPTED_PARQUET].write(accepted)
            self._parquet[REJECTED_PARQUET].write(rejected)

    def finish(self) -> None:
        """Bring the files to their end; after this `write` is over."""
        with in_one_sentence(self._folder):
            for groups in self._parquet.values():
                groups.finish()
            for writer in self._csv.values():
                writer.close()
            self._csv = {}

    def drop(self) -> None:
        """Close what is open; whether that succeeds is of no consequence any more."""
        writers: list[ParquetGroups | CsvFile] = [*self._parquet.values(), *self._csv.values()]
        for writer in writers:
            try:
                writer.close()
            except (pa.ArrowException, OSError):
                continue

    def _write_csv(self, name: str, table: pa.Table) -> None:
        if name not in self._csv:
            self._csv[name] = CsvFile(self._folder / name, table.schema, header=self._header)
        self._csv[name].write(table)
