"""Where the files of a cleaning are, what they are called, and what is said when they cannot be written."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger import private_files
from lists.errors import ListError

ACCEPTED_PARQUET = "accepted.parquet"
ACCEPTED_CSV = "accepted.csv"
REJECTED_CSV = "rejected.csv"
REJECTED_PARQUET = "rejected.parquet"
SUMMARY_JSON = "summary.json"
WORK_PREFIX = ".cleaning-"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the files of one cleaning are."""

    directory: Path
    accepted_parquet: Path
    accepted_csv: Path
    rejected_csv: Path
    rejected_parquet: Path
    summary_json: Path


def in_directory(directory: Path) -> Outputs:
    """Return the paths that `write` uses."""
    return Outputs(
        directory,
        directory / ACCEPTED_PARQUET,
        directory / ACCEPTED_CSV,
        directory / REJECTED_CSV,
        directory / REJECTED_PARQUET,
        directory / SUMMARY_JSON,
    )


def is_address(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path to write to is an address such as s3://bucket/folder (s3:/bucket as `Path`)."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/", os.fspath(path)) is not None


def refuse_address(path: Path) -> None:
    """Raise ListError where a path to write to is an address on the network."""
    if is_address(path):
        raise ListError(
            f"{path} is not on this machine: name a folder here, and copy what is there afterwards."
        )


@contextmanager
def in_one_sentence(directory: Path) -> Iterator[None]:
    """Turn an error of the disk into a ListError."""
    try:
        yield
    except OSError as err:
        # A cleaning works in a hidden folder inside the one that a person named.
        shown = directory.parent if directory.name.startswith(WORK_PREFIX) else directory
        why = os.strerror(err.errno) if err.errno else str(err)
        raise ListError(f"{shown} cannot be written ({why}): check permissions and free space.") from err


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place to write to that takes the name of `path` at the end: a file is whole or not there.

    Turns an error of the disk into a ListError.
    """
    refuse_address(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        private_files.make_folder(path.parent)
        yield temporary
        os.replace(temporary, path)
    except OSError as err:
        raise ListError(
            f"{path} cannot be written ({err.strerror or err}): check permissions and free space."
        ) from err
    finally:
        if temporary.exists():
            temporary.unlink()
