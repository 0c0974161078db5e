"""The file of a ledger on SQLite: made once, private, and missed where it has vanished.

SQLite makes a new file wherever there is none, and a new ledger knows of nobody who must not be written to.
So the file is made here and nowhere else, and a mark beside it outlives it.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL

from ledger import private_files
from ledger.errors import LedgerLost, LedgerUnreachable

MARK = ".made"
# What SQLite and our own commands leave beside a ledger, and only beside one.
_LEFT = ("-wal", "-journal", ".before-*", ".replaced-*")


def path_of(url: URL) -> Path | None:
    """Return the file of a ledger on SQLite, or None where it is none."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(url.database).absolute()


@dataclass(slots=True)
class LedgerFile:
    """The file as it was when it was opened, by its device and inode."""

    path: Path
    make: bool = True
    _known: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Make the file where there is none, or raise LedgerLost. Raises LedgerUnreachable."""
        if self.make:
            self._make()
        self._known = self._now()

    def _make(self) -> None:
        folder = self.path.parent
        try:
            private_files.make_folder(folder)
        except OSError as err:
            raise LedgerUnreachable(
                f"the folder {folder} cannot be made for the ledger ({err.strerror}): "
                "set CAMPAIGN_DATABASE_URL to a place that can be written to."
            ) from err
        if not self.path.exists():
            try:
                private_files.created(self.path)
            except OSError as err:
                raise LedgerUnreachable(
                    f"the database {self.path} cannot be reached ({err.strerror}): "
                    "check CAMPAIGN_DATABASE_URL and its folder."
                ) from err

    @property
    def uri(self) -> str:
        """The file for SQLite, which makes none under this name."""
        return f"file:{quote(str(self.path))}?mode=rw"

    def check(self) -> None:
        """Raise LedgerLost where the file is not the one that was opened: what is written to it is lost."""
        if self._now() != self._known:
            raise LedgerLost(
                f"the ledger's file {self.path} is not the one that was opened: it was replaced. "
                "Nothing more is sent; start this again."
            )

    def size(self) -> int:
        """Return its size in bytes. Raises LedgerLost."""
        return self._stat().st_size

    def _now(self) -> tuple[int, int]:
        found = self._stat()
        return found.st_dev, found.st_ino

    def _stat(self) -> os.stat_result:
        try:
            return os.stat(self.path)
        except OSError as err:
            raise LedgerLost(
                f"the ledger's file {self.path} has vanished ({err.strerror}). Nothing more is sent: put it "
                "back, or restore a backup (docs/backup.md), and start this again."
            ) from err


def refuse_vanished(path: Path) -> None:
    """Raise LedgerLost where there was a ledger that is not there now; the first one may be made."""
    if path.exists():
        return
    mark = mark_of(path)
    left = [each for end in _LEFT for each in sorted(path.parent.glob(f"{_literal(path.name)}{end}"))]
    if not mark.exists() and not left:
        return
    # Another process may have made it meanwhile, with all that stands beside it.
    if path.exists():
        return
    witness = mark if mark.exists() else left[0]
    raise LedgerLost(
        f"the ledger {path} has vanished ({witness.name} beside it says that there was one): put it back or "
        "restore a backup (docs/backup.md). Only if a new one is meant, which knows of no bounces and no "
        f"unsubscribes, move {witness} away."
    )


def mark(path: Path, ledger_id: str) -> None:
    """Leave the mark of a ledger beside it, where there is none yet."""
    file = mark_of(path)
    if file.exists():
        return
    text = (
        f"The ledger {path.name} ({ledger_id}) lies beside this file, at the latest since "
        f"{datetime.now(UTC):%Y-%m-%d}.\nWhile this file is here, no new ledger takes its place in silence.\n"
    )
    try:
        private_files.write_text(file, text)
    except OSError:
        # A folder that cannot be written to loses no file either.
        return


def mark_of(path: Path) -> Path:
    """Return where the mark of a ledger is."""
    return path.with_name(path.name + MARK)


def _literal(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
