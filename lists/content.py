"""The bytes of a list, from a path or an S3 object, unpacked where they are gzip, block by block."""

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from lists import s3
from lists.errors import ListError

UTF_8_MARK = b"\xef\xbb\xbf"
BLOCK_BYTES = 1 << 22
START_BYTES = 1 << 16
_GZIP_MARK = b"\x1f\x8b"
AS_CSV = "save it as CSV (UTF-8)"
WHAT_A_LIST_IS = "a list is a CSV or Parquet file"


class Content:
    """One list as it lies there, open for reading any number of times.

    start:       its first bytes, unpacked; at least one is no blank.
    fingerprint: SHA-256 of the unpacked content, hexadecimal, once `blocks` has come to its end.
    """

    def __init__(self, source: str, file: BinaryIO, path: Path | None) -> None:
        self.source = source
        self.fingerprint = ""
        self.size = os.fstat(file.fileno()).st_size
        self._file = file
        self._unpacked_bytes = 0
        self._path = path
        self._as_opened = _state(os.fstat(file.fileno()))
        self._packed = file.read(2) == _GZIP_MARK
        self.start = self.beginning(START_BYTES)

    def share_of(self, given_bytes: int) -> float:
        """Return which share of the whole so many unpacked bytes are, as far as is known."""
        packed = self._file.tell() / self.size if self.size else 1.0
        whole = self._unpacked_bytes / packed if packed else 0.0
        return min(1.0, given_bytes / whole) if whole else 1.0

    def blocks(self) -> Iterator[bytes]:
        """Yield the content from its beginning. Raises ListError where it is damaged or changes meanwhile."""
        digest = hashlib.sha256()
        self._unpacked_bytes = 0
        for block in self._unpacked() if self._packed else self._plain():
            digest.update(block)
            self._unpacked_bytes += len(block)
            yield block
        self.refuse_change()
        self.fingerprint = digest.hexdigest()

    def refuse_change(self) -> None:
        """Raise ListError where the file is no longer what was opened: its rows would be of two lists."""
        try:
            now = os.stat(self._path) if self._path else os.fstat(self._file.fileno())
            same = _state(now) == self._as_opened
        except OSError:
            same = False
        if not same:
            raise ListError(f"{self.source} changed while it was read: wait until it is complete, try again.")

    @contextmanager
    def seekable(self) -> Iterator[BinaryIO]:
        """Give the unpacked content as a file that can be read in any order, as Parquet needs it."""
        if not self._packed:
            self._file.seek(0)
            yield self._file
            return
        with tempfile.TemporaryFile() as unpacked:
            _copy(self.blocks(), unpacked, self.source)
            yield unpacked

    def beginning(self, size: int) -> bytes:
        """Return at least so many first bytes, or all there are. Raises ListError where all are blank."""
        start = b""
        for block in self._unpacked(START_BYTES) if self._packed else self._plain(START_BYTES):
            start += block
            if len(start) >= size and start.removeprefix(UTF_8_MARK).strip():
                break
        if not start.removeprefix(UTF_8_MARK).strip():
            raise ListError(
                f"{self.source} is empty: give a list with a header row and at least one recipient."
            )
        return start

    def _plain(self, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        try:
            self._file.seek(0)
            while block := self._file.read(block_bytes):
                yield block
        except OSError as err:
            raise ListError(
                f"{self.source} cannot be read to its end ({err.strerror}): copy it again."
            ) from err

    def _unpacked(self, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        """Yield what the gzip members, one after the other, hold (RFC 1952 section 2.2)."""
        unpacker = zlib.decompressobj(wbits=31)
        try:
            for packed in self._plain(block_bytes):
                while packed:
                    if unpacker.eof:
                        # Zeros may fill the file up to a block's end, as tapes and some tools leave them.
                        packed = packed.lstrip(b"\0")
                        if not packed:
                            break
                        unpacker = zlib.decompressobj(wbits=31)
                    block = unpacker.decompress(packed, block_bytes)
                    packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                    if block:
                        yield block
        except zlib.error as err:
            raise ListError(f"{self.source} is a damaged gzip file: pack or copy it again.") from err
        if not unpacker.eof:
            raise ListError(f"{self.source} is a damaged gzip file: pack or copy it again.")


@contextmanager
def opened(source: str) -> Iterator[Content]:
    """Open a path or `s3://bucket/key`.

    Raises ListError where it cannot be had, is empty, or is something else than text or Parquet.
    """
    if source.startswith("s3://"):
        # A copy of its own: Parquet is read in any order, and an object may be replaced at any time.
        with tempfile.TemporaryFile() as copy:
            with s3.opened(source) as body:
                _copy(iter(lambda: body.read(BLOCK_BYTES), b""), copy, source)
            yield _checked(Content(source, copy, None), copy)
        return
    if "://" in source:
        raise ListError(f"{source}: a list is read from a path or s3://bucket/key: copy it there.")
    path = Path(source)
    with _file(path) as file:
        yield _checked(Content(source, file, path), file)


def _copy(blocks: Iterator[bytes], copy: IO[bytes], source: str) -> None:
    try:
        for block in blocks:
            copy.write(block)
        copy.seek(0)
    except OSError as err:
        where = tempfile.gettempdir()
        raise ListError(
            f"{source} cannot be copied to {where} ({err.strerror}): make room there, or set TMPDIR."
        ) from err


def is_parquet(content: Content) -> bool:
    """Tell by its magic bytes whether the content is a Parquet file."""
    return content.start.startswith(b"PAR1")


def _file(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise ListError(f"{path} is a folder: name the file inside it.")
        return path.open("rb")
    except FileNotFoundError as err:
        raise ListError(f"{path} does not exist: check the path of the list.") from err
    except OSError as err:
        raise ListError(f"{path} cannot be read ({err.strerror}): check its permissions.") from err


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _checked(content: Content, file: BinaryIO) -> Content:
    start = content.start[:512].lstrip().lower()
    if content.start.startswith(b"PK\x03\x04"):
        what = "an Excel workbook" if _holds_workbook(file) else "a ZIP archive"
        mend = AS_CSV if what.endswith("workbook") else "unpack it and name the list inside"
    elif content.start.startswith(b"\xd0\xcf\x11\xe0"):
        what, mend = "an Excel workbook", AS_CSV
    elif start.startswith(b"%pdf"):
        what, mend = "a PDF", f"{WHAT_A_LIST_IS}; ask for the table behind it"
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")):
        what, mend = "a web page or XML", WHAT_A_LIST_IS
    elif start.startswith((b"{", b"[")):
        what, mend = "JSON", AS_CSV
    else:
        return content
    raise ListError(f"{content.source} is {what}, not a list: {mend}.")


def _holds_workbook(file: BinaryIO) -> bool:
    try:
        return "xl/workbook.xml" in zipfile.ZipFile(file).namelist()
    except zipfile.BadZipFile:
        return False
