"""How long a transaction waits for others before it gives up, and what the databases are told of that."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL

from ledger.ledger_names import BUSY_TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds at most; None: as long as it takes.

    lock_seconds:  for a lock that somebody else holds (on SQLite: the one write lock).
    read_seconds:  for one statement of a transaction that reads; PostgreSQL alone knows it, as SQLite's
                   readers wait for nobody.
    write_seconds: the same of one that writes.
    bounded:       whether the pool bounds the connections. Where the threads that use them are few and
                   counted, a second bound would only let a reader wait behind writers.
    """

    lock_seconds: float = BUSY_TIMEOUT_SECONDS
    read_seconds: float | None = None
    write_seconds: float | None = None
    connect_seconds: int | None = None
    bounded: bool = True

    @property
    def tells_reads_apart(self) -> bool:
        """Whether reading and writing need connections of their own on PostgreSQL."""
        return self.read_seconds != self.write_seconds

    def of_sqlite(self, url: URL) -> dict[str, Any]:
        """Return what an engine for SQLite is told."""
        in_file = bool(url.database) and url.database != ":memory:"
        return {"connect_args": {"timeout": self.lock_seconds}, **(self._pool() if in_file else {})}

    def of_postgresql(self, url: URL, *, writing: bool) -> dict[str, Any]:
        """Return what an engine for PostgreSQL is told; what its URL says of the same counts."""
        told: list[str] = []
        if self.lock_seconds != BUSY_TIMEOUT_SECONDS:
            told.append(f"-c lock_timeout={int(self.lock_seconds * 1000)}")
        seconds = self.write_seconds if writing else self.read_seconds
        if seconds is not None:
            told.append(f"-c statement_timeout={int(seconds * 1000)}")
        given = url.query.get("options", "")
        # The server takes the last of two that say the same.
        texts = [*told, *([given] if isinstance(given, str) else given)]
        arguments: dict[str, str | int] = {"options": text} if (text := " ".join(filter(None, texts))) else {}
        if self.connect_seconds is not None and "connect_timeout" not in url.query:
            arguments["connect_timeout"] = self.connect_seconds
        return {"connect_args": arguments, **self._pool()}

    def _pool(self) -> dict[str, int]:
        return {} if self.bounded else {"max_overflow": -1}


USUAL = Patience()
