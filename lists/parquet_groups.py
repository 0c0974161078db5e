"""A Parquet file that is the same however its rows come in parts: every row group but the last is as long."""

from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from ledger import private_files

ROWS_A_GROUP = 1 << 17


class ParquetGroups:
    """Writes tables of one schema into a file, in their order; there is no file before the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: parquet.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        self._waiting.append(table)
        if sum(each.num_rows for each in self._waiting) >= ROWS_A_GROUP:
            self._write(whole=False)

    def finish(self) -> None:
        """Write what waits, and bring the file to its end."""
        self._write(whole=True)
        self.close()

    def close(self) -> None:
        """Close the file as it is."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _write(self, *, whole: bool) -> None:
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._writer = parquet.ParquetWriter(private_files.created(self._path), rows.schema)
        while rows.num_rows >= ROWS_A_GROUP or (whole and rows.num_rows):
            self._writer.write_table(rows.slice(0, ROWS_A_GROUP).combine_chunks(), ROWS_A_GROUP)
            rows = rows.slice(ROWS_A_GROUP)
        self._waiting = [] if whole else [rows]
