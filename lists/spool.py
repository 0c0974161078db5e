"""Parts of a list that wait on disk for what can be known only once all of them were seen."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from ledger import private_files
from lists.output_files import in_one_sentence
from lists.rulings import Part


class Spool:
    """Takes parts in the order in which they come; a context manager.

    Raises ListError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, pa.NativeFile] = {}
        self._writers: dict[str, pa.RecordBatchStreamWriter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            with in_one_sentence(self._folder):
                self._close()
        else:
            # Whatever went wrong first is what a person should hear of.
            with suppress(OSError, pa.ArrowException):
                self._close()

    def write(self, part: Part) -> None:
        """Add a part."""
        with in_one_sentence(self._folder):
            self._write("kept", part.kept)
            self._write("dropped", part.dropped)

    def _write(self, name: str, table: pa.Table) -> None:
        if name not in self._writers:
            self._files[name] = pa.OSFile(private_files.created(self._folder / name), "wb")
            self._writers[name] = pa.ipc.new_stream(self._files[name], table.schema)
        # One batch for each part, so that the two files can be read side by side.
        batches = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
        self._writers[name].write_batch(batches[0])

    def _close(self) -> None:
        try:
            for writer in self._writers.values():
                writer.close()
        finally:
            for file in self._files.values():
                file.close()


def drop(folder: Path) -> None:
    """Make room: the parts that a spool took into a folder are not wanted any more."""
    for name in ("kept", "dropped"):
        (folder / name).unlink(missing_ok=True)


def read(folder: Path, count: int) -> Iterator[Part]:
    """Yield the parts that a spool took into a folder."""
    with pa.OSFile(str(folder / "kept")) as kept, pa.OSFile(str(folder / "dropped")) as dropped:
        readers = pa.ipc.open_stream(kept), pa.ipc.open_stream(dropped)
        for _ in range(count):
            yield Part(*(pa.Table.from_batches([reader.read_next_batch()]) for reader in readers))
