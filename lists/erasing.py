"""Removing a person: out of the ledger, with the files named that still hold the address."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger import erasing, file_traces, mentions
from ledger.engine import Ledger
from ledger.erasing import Erased
from ledger.file_traces import Traces
from ledger.spellings import Person
from lists.addresses import Address, address_key, parse
from lists.suppressing import named

_TEXTS = (".csv", ".json", ".html", ".txt")
_BYTES_A_READ = 1 << 20


# What others wrote of the person while a search went on is found by the next one.
_SEARCHES = 3


@dataclass(frozen=True, slots=True)
class Removed:
    """What was erased, and where the address still stands.

    `files` lie under the output folder, `copies` of the ledger beside it. `kept` are the columns in which the
    address names something of the operator's, `traces` what can be read of removed rows.
    """

    erased: Erased
    files: tuple[Path, ...]
    copies: tuple[Path, ...]
    kept: tuple[str, ...]
    traces: Traces


def erase(ledger: Ledger, address: str, output: Path, *, by: str, reason: str) -> Removed:
    """Erase the owner of an address. Files are named and left: they may be somebody's evidence.

    Others use the ledger meanwhile: it is searched without locking anybody out. Raises ListError for what is
    no address, BeingSent while a message to it is on its way out.
    """
    key, who = address_key(address), named(by)
    person = Person(key)
    with ledger.reading() as connection:
        found = mentions.find(connection, person)
    with ledger.writing() as connection:
        erased = erasing.erase(connection, key, by=who, reason=reason, found=found)
    for _ in range(_SEARCHES):
        with ledger.reading() as connection:
            found = mentions.find(connection, person)
            kept = mentions.kept(connection, person)
        if not found:
            break
        with ledger.writing() as connection:
            mentions.take_out(connection, person, found)
    traces = file_traces.clear(ledger, person)
    copies = file_traces.copies_with(ledger, person)
    return Removed(erased, tuple(files_with(output, address)), tuple(copies), kept, traces)


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
