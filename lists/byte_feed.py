"""Blocks of bytes as a file that pyarrow can read."""

import io
from collections.abc import Iterable


class ByteFeed(io.RawIOBase):
    """Blocks of bytes as a file; `error` is what giving out the blocks raised, if anything."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.error: Exception | None = None
        self._blocks = iter(blocks)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        taken: list[memoryview] = []
        missing = size
        while missing > 0 and self._fill():
            part = self._left[:missing]
            self._left = self._left[len(part) :]
            missing -= len(part)
            taken.append(part)
        return b"".join(taken)

    def _fill(self) -> bool:
        while not self._left:
            try:
                block = next(self._blocks, None)
            except Exception as err:
                self.error = err
                raise
            if block is None:
                return False
            self._left = memoryview(block)
        return True
