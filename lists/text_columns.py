"""Whole columns of text as numpy and pyarrow see them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask: TypeAlias = npt.NDArray[np.bool_]
Places: TypeAlias = npt.NDArray[np.int64]
Letters: TypeAlias = npt.NDArray[np.uint8]

# Everything that str.strip() takes off.
BLANKS = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())


def mask_of(column: Any) -> Mask:
    """Return a boolean column as numpy sees it."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)


def one_array(column: Any) -> pa.Array:
    """Return a column of text as one array of plain strings, whatever its chunks and width of offsets."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column if column.type == pa.string() else column.cast(pa.string())


def stripped(column: pa.Array) -> pa.Array:
    """Return every text as `str.strip()` leaves it."""
    return pc.utf8_trim(column, BLANKS)


def around_at(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Split texts that have exactly one @-sign into what is before and after it."""
    halves = pc.list_flatten(pc.split_pattern(column, "@"))
    even = np.arange(0, len(halves), 2)
    return halves.take(pa.array(even)), halves.take(pa.array(even + 1))


def bytes_of(column: pa.Array) -> tuple[npt.NDArray[np.uint8], Places]:
    """Return the UTF-8 of all texts in one piece, and where each begins in it; one more place is the end."""
    _, offsets, data = column.buffers()
    if offsets is None or not len(column):
        return np.zeros(0, np.uint8), np.zeros(len(column) + 1, np.int64)
    places = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data or b"", np.uint8), places.astype(np.int64)


def filled(length: int, text: str = "") -> pa.Array:
    """Return `length` times the same text."""
    return pa.repeat(pa.scalar(text, pa.string()), length)


def replaced(column: pa.Array, mask: Mask, values: pa.Array) -> pa.Array:
    """Return the column with `values`, in order, where the mask is true."""
    return pc.replace_with_mask(column, pa.array(mask), values)


def texts(values: Sequence[str]) -> pa.Array:
    """Return Python strings as a column."""
    return pa.array(values, pa.string())
