"""Whether the ledger is there and answers, and how old the oldest of what waits in it is."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Select, create_engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledger import clock, owner_standing, write_probe
from ledger.engine import Ledger
from ledger.errors import LedgerLost, LedgerUnreachable
from ledger.ledger_file import LedgerFile, path_of
from ledger.schema import COHORT_SECONDS, cohort, event, identity, message, single, unread_message
from ledger.statuses import Status

# SES reports on most mail within seconds.
EVENTS_AFTER_SECONDS = 900.0
_BUSY_SECONDS = 0.3
_CONNECT_SECONDS = 2
_TRY_AGAIN_SECONDS = 5.0
_SMALLEST_PAGE_BYTES = 512


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """What a look into the ledger shows; None where there is nothing of the kind.

    `unanswered_seconds` is how long ago SES took mail of which no event has come since.
    `clock_ahead_seconds` is how far the ledger's newest times, or its clock, are ahead of this machine's.
    `unwritable` says why nothing can be written, or is "". `forged` is how many events are kept aside as
    proved not to be of SES, `stopped_owners` how many owners' single mail waits for a person.
    """

    oldest_queued_seconds: float | None
    last_event_seconds: float | None
    unanswered_seconds: float | None
    clock_ahead_seconds: float
    unwritable: str = ""
    forged: int = 0
    stopped_owners: int = 0


class VitalSignsReader:
    """Reads the signs over connections of its own, so that nobody's lock or pool stands in the way.

    To be made as soon as the ledger is open: it knows the file by what it was then. `connect` opens the
    file to try writing.
    """

    def __init__(self, ledger: Ledger, connect: write_probe.Connect | None = None) -> None:
        self._ledger_id = ledger.ledger_id
        self._path = path_of(ledger.engine.url)
        self._file = None if self._path is None else LedgerFile(self._path, make=False)
        self._engine = _engine(ledger.engine, self._path)
        self._connect = connect
        self._tried_at = -_TRY_AGAIN_SECONDS
        self._unwritable = ""

    def check_file(self) -> None:
        """Raise LedgerLost where the file is gone, emptied or another one; it takes no time."""
        if self._file is not None:
            self._file.check()
            if self._file.size() < _SMALLEST_PAGE_BYTES:
                raise LedgerLost(f"the ledger's file {self._path} has been emptied.")

    def read(self, clock_of_machine: Callable[[], float] = time.time) -> VitalSigns:
        """Return the signs. Raises LedgerLost, LedgerUnreachable, and SQLAlchemyError where it does not
        answer just now."""
        self.check_file()
        if self._path is not None and _is_overwritten(self._path, self._ledger_id):
            raise LedgerLost(f"the ledger's file {self._path} was overwritten.")
        try:
            with self._engine.connect() as connection:
                if connection.execute(select(identity.c.ledger_id)).scalar_one_or_none() != self._ledger_id:
                    raise LedgerLost("the database holds another ledger than the one that was opened.")
                signs = signs_in(connection, clock_of_machine())
                return replace(signs, unwritable=self._reason_against_writing(connection))
        except DBAPIError as err:
            if self._path is None or err.orig is None:
                raise
            if _is_lost(err):
                raise LedgerLost(f"the ledger's file {self._path} cannot be read: {err.orig}.") from err
            if reason := write_probe.reason_in(err.orig, self._path):
                raise LedgerUnreachable(reason) from err
            raise

    def _reason_against_writing(self, connection: Connection) -> str:
        # What is well is not tried with every question: each try is a commit.
        if self._unwritable or time.monotonic() - self._tried_at >= _TRY_AGAIN_SECONDS:
            if self._path is not None:
                self._unwritable = write_probe.reason_against_file(self._path, self._connect)
            elif connection.dialect.name == "postgresql":
                self._unwritable = write_probe.reason_against_database(connection)
            self._tried_at = time.monotonic()
        return self._unwritable

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()


def signs_in(connection: Connection, now_here: float) -> VitalSigns:
    """Return the signs that any connection to a ledger shows, by this machine's clock."""
    now = clock.now(connection)
    queued_at = connection.execute(_oldest_queued(connection)).scalar_one_or_none()
    event_at = connection.execute(_LAST_EVENT).scalar_one_or_none()
    before = int((now - EVENTS_AFTER_SECONDS) // COHORT_SECONDS)
    taken = connection.execute(_TAKEN.where(cohort.c.bucket < before)).scalar_one_or_none()
    taken_at = None if taken is None else float(taken * COHORT_SECONDS)
    unanswered = taken_at is not None and (event_at is None or event_at < taken_at)
    newest = max(now, queued_at or now, event_at or now)
    return VitalSigns(
        oldest_queued_seconds=None if queued_at is None else max(0.0, now - queued_at),
        last_event_seconds=None if event_at is None else max(0.0, now - event_at),
        unanswered_seconds=now - taken_at if taken_at is not None and unanswered else None,
        clock_ahead_seconds=newest - now_here,
        forged=int(connection.execute(_FORGED).scalar_one()),
        stopped_owners=len(owner_standing.stopped(connection)),
    )


# They go out in turns of their owners, and the ids tell their age. Plus 0: else PostgreSQL would look for the
# smallest from the beginning of time, and not among those that wait.
def _oldest_queued(connection: Connection) -> Select[float]:
    # Whose mail is stopped waits for a person, and nothing is late.
    of_others = owner_standing.not_stopped(connection)
    waiting = (message.c.campaign_id.is_(None), message.c.status == Status.QUEUED, *of_others)
    oldest = select(func.min(message.c.id + 0)).where(*waiting).scalar_subquery()
    return select(single.c.created_at).where(single.c.message_id == oldest)


_LAST_EVENT = select(event.c.received_at).order_by(event.c.id.desc()).limit(1)
_FORGED = select(func.count()).select_from(unread_message).where(unread_message.c.forged)
_TAKEN = select(func.max(cohort.c.bucket)).where(cohort.c.accepted > 0)


def _is_overwritten(path: Path, ledger_id: str) -> bool:
    """Tell whether the file itself holds something else: what SQLite has in its log would hide that."""
    # Immutable: it reads the file and nothing else. What it finds may be older than the log, or half of it.
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True)) as connection:
            found = connection.execute(f"SELECT ledger_id FROM {identity.name}").fetchall()
    except sqlite3.Error as err:
        return err.sqlite_errorcode == sqlite3.SQLITE_NOTADB
    return found not in ([], [(ledger_id,)])


def _engine(engine: Engine, path: Path | None) -> Engine:
    if path is not None:
        uri = f"file:{quote(str(path))}?mode=rw"
        return create_engine(
            "sqlite://",
            poolclass=NullPool,
            creator=lambda: sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS),
        )
    if engine.url.get_backend_name() == "sqlite":
        return engine
    patience = {"connect_timeout": _CONNECT_SECONDS, "options": "-c statement_timeout=5000"}
    return create_engine(engine.url, poolclass=NullPool, connect_args=patience)


def _is_lost(error: DBAPIError) -> bool:
    """Tell whether the file is no ledger any more; a locked, full or read-only one still is."""
    code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
