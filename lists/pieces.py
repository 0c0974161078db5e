"""Parts split off a list: files that many workers can read at once, with the rows as one reader saw them.

A CSV text cannot be cut at any byte: whether a line break ends a row depends on every quote before it. So one
reader goes through the text once, and what it made of it is what all later readers get.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ledger import private_files
from lists.csv_rows import RaggedRow, Rows
from lists.output_files import in_one_sentence
from lists.rulings import ROW

ROWS_A_PIECE = 1 << 18
_RAGGED = ".ragged.json"
# A quarter of the bytes, at a tenth of the time that reading CSV takes.
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def split(
    parts: Iterable[Rows], folder: Path, rows_a_piece: int = ROWS_A_PIECE
) -> Iterator[tuple[Path, int]]:
    """Write the rows into pieces of so many or a few more, and yield each as it is done, with its count.

    Raises ListError where the folder cannot be written.
    """
    waiting: list[Rows] = []
    count = before = number = 0
    for rows in (some for part in parts for some in _cut(part, rows_a_piece)):
        waiting.append(rows)
        count += rows.count
        if count >= rows_a_piece:
            yield _write(folder / f"{number:06}", waiting, before), count
            waiting, before, count, number = [], before + count, 0, number + 1
    if waiting:
        yield _write(folder / f"{number:06}", waiting, before), count


def read_piece(path: Path) -> Iterator[Rows]:
    """Yield the rows of a piece, numbered from 1."""
    ragged = _ragged(path)
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
        for batch in reader:
            table = pa.Table.from_batches([batch])
            numbers = table.column(ROW).to_numpy()
            past = int(numbers[-1]) if len(numbers) else 0
            within = [row for row in ragged if row.row < past]
            ragged = ragged[len(within) :]
            yield Rows(table.drop_columns([ROW]), numbers, within)
    if ragged:
        yield Rows(table.drop_columns([ROW]).slice(0, 0), np.zeros(0, np.int64), ragged)


def _cut(rows: Rows, most: int) -> Iterator[Rows]:
    """Yield the rows in parts of so many at most."""
    if rows.count <= most:
        yield rows
        return
    # The rows of a part follow one another, the broken ones among the others.
    every = np.concatenate([rows.numbers, np.array([row.row for row in rows.ragged], np.int64)])
    for start in range(int(every.min()), int(every.max()) + 1, most):
        first, end = np.searchsorted(rows.numbers, (start, start + most))
        ragged = [row for row in rows.ragged if start <= row.row < start + most]
        yield Rows(rows.table.slice(first, end - first), rows.numbers[first:end], ragged)


def _write(path: Path, parts: Sequence[Rows], before: int) -> Path:
    with in_one_sentence(path.parent), pa.OSFile(private_files.created(path), "wb") as file:
        writer = None
        for rows in parts:
            table = rows.table.append_column(ROW, pa.array(rows.numbers - before))
            if writer is None:
                writer = pa.ipc.new_stream(file, table.schema, options=_OPTIONS)
            # One batch for each part, empty ones too: a piece may hold broken rows alone.
            batches = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
            writer.write_batch(batches[0])
        if writer is not None:
            writer.close()
        broken = [(row.row - before, row.cells, row.expected) for rows in parts for row in rows.ragged]
        private_files.write_text(path.with_suffix(_RAGGED), json.dumps(broken))
    return path


def _ragged(path: Path) -> list[RaggedRow]:
    found = json.loads(path.with_suffix(_RAGGED).read_text(encoding="utf-8"))
    return [RaggedRow(row, tuple(cells), expected) for row, cells, expected in found]
