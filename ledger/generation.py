"""How far the ledger has come: a generation, noted outside of the database a block of claims at a time.

A block begins when its generation is known to be noted, and lets claims through for some seconds. Why a copy
of the database can never be inside a block that still sends: docs/backup.md.
"""

from dataclasses import dataclass
from math import inf

from sqlalchemy import Connection, insert, select, update

from ledger import clock
from ledger.schema import attempt, identity, queue_adoption

# A block covers no more of the sending than this.
BLOCK_SECONDS = 10.0
# Longer than a note can take: two calls to the queue with the time-outs of `mail.queue`.
NOTING_SECONDS = 15.0
_FORGOTTEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """The ledger's generation at the moment `at`.

    noted, noted_at: the newest generation that is known to be noted outside, and since when.
    noting_until: until when nobody else is to try, because one is at it or has just failed.
    failing_since: since when no note could be made; 0 where the last one was.
    claims, claims_before: claims that were let through, ever and before the generation last grew.
    """

    at: float
    generation: int
    noted: int
    noted_at: float
    noting_until: float
    failing_since: float
    claims: int
    claims_before: int

    @property
    def progress(self) -> tuple[int, int]:
        """What never falls in a database that is not an older copy of itself."""
        return self.generation, self.claims

    @property
    def age_seconds(self) -> float:
        """How long ago the newest block began; endless where the clock was set back since then."""
        age_seconds = self.at - self.noted_at
        return age_seconds if age_seconds >= -clock.TOLERANCE_SECONDS else inf

    @property
    def is_noting(self) -> bool:
        """Whether nobody else is to try, because one is at it or has just failed."""
        return clock.left(self.noting_until, self.at, NOTING_SECONDS) > 0

    @property
    def failing_seconds(self) -> float:
        """For how long no note could be made."""
        return max(0.0, self.at - self.failing_since) if self.failing_since else 0.0

    @property
    def is_open(self) -> bool:
        """Whether something went out that a copy of just before it could not be told by."""
        return self.claims > self.claims_before or self.noted < self.generation


@dataclass(frozen=True, slots=True)
class Adoption:
    """A person's word that this ledger may use a queue that another one sends over."""

    at: float
    by: str
    reason: str


def read(connection: Connection) -> Standing:
    """Return where the ledger stands, nothing locked."""
    return _standing(connection, lock=False)


def lock(connection: Connection) -> Standing:
    """Return where the ledger stands, its own row locked until the transaction ends."""
    return _standing(connection, lock=True)


def count_claim(connection: Connection) -> None:
    """Count a claim that is let through."""
    connection.execute(update(identity).values(claims=identity.c.claims + 1))


def raise_by_one(connection: Connection) -> int:
    """Begin the next generation of the locked ledger and return it; it is not noted yet."""
    values = {"generation": identity.c.generation + 1, "claims_before": identity.c.claims}
    statement = update(identity).values(values).returning(identity.c.generation)
    return int(connection.execute(statement).scalar_one())


def begin_note(connection: Connection, standing: Standing) -> bool:
    """Take the turn to note the locked ledger's generation outside; False where another one is at it."""
    if standing.is_noting:
        return False
    # A failure of long ago says nothing about now.
    goes_on = standing.at - standing.noting_until < _FORGOTTEN_SECONDS
    values = {
        "noting_until": standing.at + NOTING_SECONDS,
        # Not in times to come, where the clock was set back.
        "failing_since": min(standing.failing_since, standing.at) if goes_on else 0.0,
    }
    connection.execute(update(identity).values(values))
    return True


def end_note(connection: Connection, noted: int) -> Standing | None:
    """Keep that a generation is noted outside: its block begins. None where the ledger is further by now."""
    standing = lock(connection)
    if standing.generation != noted:
        connection.execute(update(identity).values(noting_until=0.0))
        return None
    values = {"noted": noted, "noted_at": standing.at, "noting_until": 0.0, "failing_since": 0.0}
    connection.execute(update(identity).values(values))
    return lock(connection)


def give_up_note(connection: Connection) -> None:
    """Let whoever is next try to note the generation: nothing hindered this one."""
    connection.execute(update(identity).values(noting_until=0.0))


def fail_note(connection: Connection, wait_seconds: float) -> None:
    """Keep that a note could not be made; nobody is to try again for so many seconds."""
    standing = lock(connection)
    since = standing.failing_since or standing.at
    values = {"noting_until": standing.at + wait_seconds, "failing_since": since}
    connection.execute(update(identity).values(values))


def end_block(connection: Connection) -> None:
    """Let no block of before go on, as after a restore that a person accepted."""
    connection.execute(update(identity).values(noted_at=0.0))


def has_sent(connection: Connection) -> bool:
    """Return whether anything was ever sent, or about to be, with this ledger."""
    if read(connection).generation:
        return True
    return connection.execute(select(attempt.c.id).limit(1)).first() is not None


def adoption(connection: Connection) -> Adoption | None:
    """Return the latest word about the event queue, None where nobody gave one."""
    columns = (queue_adoption.c.at, queue_adoption.c.by, queue_adoption.c.reason)
    row = connection.execute(select(*columns).order_by(queue_adoption.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Adoption(*row)


def adopt(connection: Connection, *, by: str, reason: str) -> None:
    """Keep a person's word that this ledger may use its event queue."""
    row = {"at": clock.now(connection), "by": by, "reason": reason}
    connection.execute(insert(queue_adoption).values(row))


def _standing(connection: Connection, *, lock: bool) -> Standing:
    query = select(
        identity.c.generation,
        identity.c.noted,
        identity.c.noted_at,
        identity.c.noting_until,
        identity.c.failing_since,
        identity.c.claims,
        identity.c.claims_before,
    )
    row = connection.execute(query.with_for_update() if lock else query).one()
    # Read after the lock was waited for.
    return Standing(clock.now(connection), *row)
