"""Removing a person: out of the ledger, with the files named that still hold the address."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger import erasing
from ledger.engine import Ledger
from ledger.erasing import Erased
from lists.addresses import Address, address_key, parse
from lists.suppressing import named

_TEXTS = (".csv", ".json", ".html", ".txt")
_BYTES_A_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Removed:
    """What was erased, and the files under the output folder in which the address still stands."""

    erased: Erased
    files: tuple[Path, ...]


def erase(ledger: Ledger, address: str, output: Path, *, by: str, reason: str) -> Removed:
    """Erase the owner of an address. Files are named and left: they may be somebody's evidence.

    Raises ListError for what is no address, BeingSent while a message to it is on its way out.
    """
    key = address_key(address)
    with ledger.writing() as connection:
        erased = erasing.erase(connection, key, by=named(by), reason=reason)
    return Removed(erased, tuple(files_with(output, address)))


def files_with(folder: Path, address: str) -> Iterator[Path]:
    """Yield the lists and reports in a folder that hold an address, in whichever spelling of its domain."""
    found = parse(address)
    assert isinstance(found, Address)
    spellings = [_folded(text) for text in dict.fromkeys((address.strip(), found.address, found.key))]
    for path in sorted(folder.rglob("*")):
        if path.suffix in _TEXTS and path.is_file():
            holds = _text_holds(path, [text.encode() for text in spellings])
        elif path.suffix == ".parquet" and path.is_file():
            holds = _parquet_holds(path, spellings)
        else:
            continue
        if holds:
            yield path


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def _text_holds(path: Path, spellings: list[bytes]) -> bool:
    longest = max(map(len, spellings))
    before = b""
    with path.open("rb") as file:
        while part := file.read(_BYTES_A_READ):
            text = (before + part).decode("utf-8", "ignore").lower().encode()
            if any(each in text for each in spellings):
                return True
            before = part[-longest:]
    return False


def _parquet_holds(path: Path, spellings: list[str]) -> bool:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                texts = (column for column in batch.columns if pa.types.is_string(column.type))
                if any(_column_holds(column, spellings) for column in texts):
                    return True
    # A file that is being written, or is none.
    except (pa.ArrowInvalid, OSError):
        return False
    return False


def _column_holds(column: pa.Array, spellings: list[str]) -> bool:
    lowered = pc.utf8_lower(column)
    return any(pc.any(pc.match_substring(lowered, each)).as_py() for each in spellings)
