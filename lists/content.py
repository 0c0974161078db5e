"""Fetching the bytes of a list from a path or an S3 object, and telling what they are."""

import gzip
import io
import zipfile
import zlib
from pathlib import Path

from lists import s3
from lists.errors import ListError

UTF_8_MARK = b"\xef\xbb\xbf"
_AS_CSV = "save it as CSV (UTF-8)"
_WHAT_A_LIST_IS = "a list is a CSV or Parquet file"


def fetch(source: str) -> bytes:
    """Return what a path or `s3://bucket/key` holds, unpacked where it is gzip.

    Raises ListError where it cannot be had, is empty, or is something else than text or Parquet.
    """
    if source.startswith("s3://"):
        data = s3.read(source)
    elif "://" in source:
        raise ListError(f"{source}: a list is read from a path or s3://bucket/key: copy it there.")
    else:
        data = _read_file(Path(source))
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data, source)
    if not data.removeprefix(UTF_8_MARK).strip():
        raise ListError(f"{source} is empty: give a list with a header row and at least one recipient.")
    _refuse_other_formats(data, source)
    return data


def is_parquet(data: bytes) -> bool:
    """Tell by its magic bytes whether the content is a Parquet file."""
    return data.startswith(b"PAR1")


def as_utf8(data: bytes, source: str) -> bytes:
    """Return text as UTF-8 without a byte order mark; only UTF-8 and UTF-16 with its mark are understood.

    Raises ListError for every other encoding: a guess would garble names without anybody noticing.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16").encode()
        except UnicodeError as err:
            raise ListError(f"{source} begins as UTF-16 but is cut off or damaged: {_AS_CSV} again.") from err
    data = data.removeprefix(UTF_8_MARK)
    head = data[:4096]
    if head.count(0) > len(head) // 10:
        raise ListError(f"{source} looks like UTF-16 without a byte order mark: {_AS_CSV} again.")
    if sum(byte < 9 or 13 < byte < 32 for byte in head) > len(head) // 20:
        raise ListError(f"{source} is not text: {_WHAT_A_LIST_IS}.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        raise ListError(
            f"{source}, line {line}, is not UTF-8; it may be Latin-1 or Windows-1252: {_AS_CSV} again."
        ) from err
    return data


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as err:
        raise ListError(f"{path} does not exist: check the path of the list.") from err
    except IsADirectoryError as err:
        raise ListError(f"{path} is a folder: name the file inside it.") from err
    except OSError as err:
        raise ListError(f"{path} cannot be read ({err.strerror}): check its permissions.") from err


def _unpacked(data: bytes, source: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as err:
        raise ListError(f"{source} is a damaged gzip file: pack or copy it again.") from err


def _refuse_other_formats(data: bytes, source: str) -> None:
    start = data[:512].lstrip().lower()
    if data.startswith(b"PK\x03\x04"):
        what = "an Excel workbook" if _holds_workbook(data) else "a ZIP archive"
        mend = _AS_CSV if what.endswith("workbook") else "unpack it and name the list inside"
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        what, mend = "an Excel workbook", _AS_CSV
    elif start.startswith(b"%pdf"):
        what, mend = "a PDF", f"{_WHAT_A_LIST_IS}; ask for the table behind it"
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")):
        what, mend = "a web page or XML", _WHAT_A_LIST_IS
    elif start.startswith((b"{", b"[")):
        what, mend = "JSON", _AS_CSV
    else:
        return
    raise ListError(f"{source} is {what}, not a list: {mend}.")


def _holds_workbook(data: bytes) -> bool:
    try:
        return "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return False
