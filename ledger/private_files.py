"""Files that hold people's addresses: whatever this program writes is opened here, and is private.

A file gets 0600 and a folder 0700, or what CAMPAIGN_FILE_MODE says, whatever the umask is. What is there
already keeps its mode: somebody may have chosen it. A folder's group and its setgid bit are the system's to
pass on.
"""

import os
import stat
from pathlib import Path
from typing import IO, BinaryIO, Literal, TextIO, overload

from settings import file_mode


@overload
def opened(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO: ...
@overload
def opened(path: Path, mode: Literal["w"]) -> TextIO: ...
def opened(path: Path, mode: Literal["wb", "ab", "w"]) -> IO[bytes] | IO[str]:
    """Open a file for writing, in UTF-8 where it holds text. Raises OSError."""
    encoding = None if "b" in mode else "utf-8"
    return open(path, mode, encoding=encoding, opener=_opener)


def created(path: Path) -> str:
    """Make a file where there is none; return its absolute path, for a library that opens files by itself.

    Absolute, for pyarrow takes a path such as "run:1" for an address on the network. Raises OSError.
    """
    os.close(_opener(os.fspath(path), os.O_WRONLY | os.O_CREAT))
    return str(path.absolute())


def created_new(path: Path) -> int:
    """Make a file and return its descriptor, open for writing. Raises FileExistsError, and OSError."""
    mode = file_mode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    # The umask may have taken from it.
    _set(descriptor, mode)
    return descriptor


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8. Raises OSError."""
    with opened(path, "w") as file:
        file.write(text)


def make_folder(folder: Path, *, is_there: bool = True) -> None:
    """Make a folder and what is missing above it. Raises OSError, also where `is_there` says no and it is."""
    missing = [folder, *folder.parents]
    missing = [each for each in missing if not each.exists()]
    for each in reversed(missing):
        try:
            each.mkdir(mode=0o700)
        except FileExistsError:
            # Another process made it meanwhile.
            if each != folder or is_there:
                continue
            raise
        share_folder(each)
    if not missing and not (is_there and folder.is_dir()):
        # Says the same as the system would.
        folder.mkdir()


def share_folder(folder: Path) -> None:
    """Give a folder that was made just now the mode that belongs to the files in it."""
    # Who may read a file may look into its folder. The setgid bit comes from the folder above.
    files = file_mode()
    mode = files | ((files & 0o444) >> 2)
    now = folder.stat().st_mode
    if stat.S_IMODE(now) & 0o777 != mode:
        folder.chmod((now & stat.S_ISGID) | mode)


def _opener(path: str, flags: int) -> int:
    try:
        descriptor = created_new(Path(path))
    except FileExistsError:
        return os.open(path, flags | os.O_CLOEXEC, file_mode())
    if flags & os.O_APPEND:
        os.close(descriptor)
        return os.open(path, flags | os.O_CLOEXEC)
    return descriptor


def _set(descriptor: int, mode: int) -> None:
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)
