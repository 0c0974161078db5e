"""Which files of a ledger and of its outputs others on this machine can read."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from ledger.engine import parsed
from ledger.ledger_file import MARK, path_of
from settings import file_mode

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file or folder that more people can read than CAMPAIGN_FILE_MODE says, and its mode."""

    path: Path
    mode: int
    # The mode that a file made today would have.
    closed: int

    def __str__(self) -> str:
        return f"{self.path} ({self.mode:04o})"


def of_ledger(url: str | URL) -> list[OpenFile]:
    """Return those of a ledger's own files and of the copies beside it; none where it is no file."""
    path = path_of(url if isinstance(url, URL) else parsed(url))
    if path is None:
        return []
    beside = (each for each in _entries(path.parent) if each.name.startswith(path.name))
    return list(_open(each for each in beside if each.name != f"{path.name}{MARK}"))


def of_outputs(folder: Path) -> list[OpenFile]:
    """Return those in a folder of lists and reports, at any depth, without what links lead to."""
    return list(_open(_below(folder.absolute())))


def sentence(found: Sequence[OpenFile]) -> str:
    """Return a warning for people, or "" where nothing is open."""
    if not found:
        return ""
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return (
        f"others on this machine can read {', '.join(map(str, found[:_SHOWN]))}{more}, with people's "
        "addresses: `campaign db files` says how to close them, or set CAMPAIGN_FILE_MODE for a team."
    )


def _open(paths: Iterable[Path]) -> Iterator[OpenFile]:
    files = file_mode()
    folders = files | ((files & 0o444) >> 2)
    for path in paths:
        try:
            found = path.lstat()
        except OSError:
            continue
        meant = folders if stat.S_ISDIR(found.st_mode) else files
        read = found.st_mode & 0o044 & ~meant
        if not stat.S_ISLNK(found.st_mode) and read & _who_gets_there(path.parent):
            yield OpenFile(path, stat.S_IMODE(found.st_mode), (found.st_mode & stat.S_ISGID) | meant)


def _who_gets_there(folder: Path) -> int:
    """Return the bits to read of those, group and others, who get into a folder at all."""
    others = group = True
    for each in (folder, *folder.parents):
        try:
            mode = each.stat().st_mode
        except OSError:
            return 0
        others = others and bool(mode & 0o001)
        # Which group it is may differ from folder to folder, so that others' right counts for it as well.
        group = group and bool(mode & 0o011)
    return (0o004 if others else 0) | (0o040 if group else 0)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _below(folder: Path) -> Iterator[Path]:
    yield folder
    for each, folders, files in os.walk(folder):
        yield from (Path(each, name) for name in sorted([*folders, *files]))
