"""A breaker that all workers share: while SES gives no answers, nobody claims, and single messages probe.

Whoever changes it locks its row before any campaign's. All times are by the database's clock.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, select, update

from ledger import clock
from ledger.claims import LEASE_SECONDS
from ledger.dialects import insert
from ledger.schema import breaker

# So many calls in a row without an answer open it.
OPENS_AFTER = 3
FIRST_PROBE_SECONDS = 5.0
LAST_PROBE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Closed:
    """SES answers: claim as usual."""


@dataclass(frozen=True, slots=True)
class Open:
    """No claim may be taken; the next probe is due in `wait_seconds`."""

    wait_seconds: float


@dataclass(frozen=True, slots=True)
class ProbeDue:
    """One message may be claimed, and its claim is to be booked as the probe."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The call opened the breaker, or its probe failed: since when it is open, and when it probes next."""

    since: float
    probes: int
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """A probe was answered: the breaker is closed again."""


Standing = Closed | Open | ProbeDue


def ask(connection: Connection, name: str) -> Standing:
    """Return whether claims may be taken, its row locked where the breaker is open."""
    if (found := _read(connection, name)) is None or found.opened_at is None:
        return Closed()
    found = _lock(connection, name)
    if found.opened_at is None:
        return Closed()
    wait_seconds = _wait_seconds(found, clock.now(connection))
    return Open(wait_seconds) if wait_seconds > 0 else ProbeDue()


def look(connection: Connection, name: str) -> Opened | None:
    """Return since when it is open and when it probes next, without a lock; None where it is closed."""
    found = _read(connection, name)
    if found is None or found.opened_at is None or found.probe_at is None:
        return None
    return Opened(found.opened_at, found.probes, _wait_seconds(found, clock.now(connection)))


def book_probe(connection: Connection, name: str, claim_id: int) -> None:
    """Let this claim be the probe, after `ask` said that one is due in this same transaction.

    The next one is due when this one failed, or when the lease of a dead prober would be over.
    """
    next_at = clock.now(connection) + LEASE_SECONDS
    connection.execute(
        update(breaker)
        .where(breaker.c.name == name)
        .values(probe_claim_id=claim_id, probe_at=next_at, probes=breaker.c.probes + 1)
    )


def lets_through(connection: Connection, name: str, claim_id: int) -> bool:
    """Return whether a call of this claim may go out: the breaker is closed, or this is its newest probe."""
    found = _read(connection, name)
    return found is None or found.opened_at is None or found.probe_claim_id == claim_id


def note_answer(connection: Connection, name: str, claim_id: int) -> Recovered | None:
    """Take in that a call was answered; an open breaker listens to its newest probe alone."""
    found = _read(connection, name)
    # Nearly always: nothing is locked then.
    if found is None or (found.opened_at is None and found.failures == 0):
        return None
    found = _lock(connection, name)
    if found.opened_at is not None and found.probe_claim_id != claim_id:
        return None
    values = {"failures": 0, "opened_at": None, "probes": 0, "probe_at": None, "probe_claim_id": None}
    connection.execute(update(breaker).where(breaker.c.name == name).values(values))
    return None if found.opened_at is None else Recovered()


def note_silence(connection: Connection, name: str, claim_id: int, in_a_row: int) -> Opened | None:
    """Take in that a call had no answer, the worker's `in_a_row`-th; return Opened where claims stop.

    Calls are counted over all workers, and by each worker: one whose own network is gone must not be kept
    going by the answers that others get.
    """
    at = clock.now(connection)
    connection.execute(
        insert(connection, breaker).values(name=name, failures=0, probes=0).on_conflict_do_nothing()
    )
    found = _lock(connection, name)
    if found.opened_at is not None:
        if found.probe_claim_id != claim_id:
            return None
        opened = Opened(found.opened_at, found.probes, _pause_seconds(found.probes))
    else:
        failures = found.failures + 1
        connection.execute(update(breaker).where(breaker.c.name == name).values(failures=failures))
        if max(failures, in_a_row) < OPENS_AFTER:
            return None
        opened = Opened(at, 0, FIRST_PROBE_SECONDS)
    connection.execute(
        update(breaker)
        .where(breaker.c.name == name)
        .values(opened_at=opened.since, probe_at=at + opened.wait_seconds, probe_claim_id=None)
    )
    return opened


def _wait_seconds(found: Row[float | None, float | None, int, int, int], at: float) -> float:
    """Return the seconds until the next probe; none where the clock was set back since that was written."""
    probing = found.probe_claim_id is not None
    return clock.left(found.probe_at or 0.0, at, LEASE_SECONDS if probing else _pause_seconds(found.probes))


def _pause_seconds(probes: int) -> float:
    return min(FIRST_PROBE_SECONDS * float(2**probes), LAST_PROBE_SECONDS)


def _read(connection: Connection, name: str) -> Row[float | None, float | None, int, int, int] | None:
    return connection.execute(_ROW, {"of": name}).one_or_none()


def _lock(connection: Connection, name: str) -> Row[float | None, float | None, int, int, int]:
    return connection.execute(_LOCKED_ROW, {"of": name}).one()


_ROW = select(
    breaker.c.opened_at,
    breaker.c.probe_at,
    breaker.c.failures,
    breaker.c.probes,
    breaker.c.probe_claim_id,
).where(breaker.c.name == bindparam("of"))
_LOCKED_ROW = _ROW.with_for_update()
