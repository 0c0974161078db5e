"""Where the account that everything is sent from stands with us, and the rate of its hard bounces.

Everyone locks the account before campaigns, and campaigns before messages. No row stands for the account;
PostgreSQL locks a number, whose queue is fair: many senders who share it cannot keep a suspension waiting.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from ledger import clock
from ledger.schema import COHORT_SECONDS, account_change, cohort

# Any constant serves; it only has to be the same for everybody.
_LOCK = 5024514
# PostgreSQL's expression for `share`, for whoever locks more in the same statement.
SHARE = f"pg_advisory_xact_lock_shared({_LOCK})"


class Action(StrEnum):
    """What happened to the account."""

    SUSPENDED = "suspended"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: when, by whom and why, and the hard bounces and accepted messages that it rested on."""

    at: float
    action: Action
    by: str
    reason: str
    hard_bounced: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Rolling:
    """Messages that SES took since `since` (epoch seconds), and how many of them bounced hard."""

    since: float
    accepted: int
    hard_bounced: int

    @property
    def bounce_rate(self) -> float:
        """Hard bounces over accepted messages; 0 where none was accepted."""
        return self.hard_bounced / self.accepted if self.accepted else 0.0


def suspension(connection: Connection) -> Change | None:
    """Return why nothing may go out, or None where mail may.

    Ask it in the transaction that commits an intent to send, before any campaign is locked: the answer holds
    until that transaction ends, for whoever suspends the account waits for it.
    """
    share(connection)
    last = last_change(connection)
    return last if last is not None and last.action is Action.SUSPENDED else None


def share(connection: Connection) -> None:
    """Keep the account as it is until the transaction ends; others may do the same at once."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT {SHARE}")


def lock(connection: Connection) -> Change | None:
    """Lock the account until the transaction ends, so that it can change; return its last change."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    return last_change(connection)


def last_change(connection: Connection) -> Change | None:
    """Return the last change as this transaction sees it, without a lock."""
    return next(_changes(connection, _NEWEST), None)


def history(connection: Connection) -> list[Change]:
    """Return the changes, the newest first."""
    return list(_changes(connection, _NEWEST_FIRST))


_NEWEST_FIRST = select(account_change).order_by(account_change.c.id.desc())
_NEWEST = _NEWEST_FIRST.limit(1)


def _changes(connection: Connection, query: Select[Any]) -> Iterator[Change]:
    for row in connection.execute(query):
        yield Change(row.at, Action(row.action), row.by, row.reason, row.hard_bounced, row.accepted)


def change(connection: Connection, action: Action, found: Rolling, *, by: str, reason: str) -> Change:
    """Suspend the locked account or lift its suspension, and keep who did it and why."""
    made = Change(clock.now(connection), action, by, reason, found.hard_bounced, found.accepted)
    connection.execute(
        insert(account_change).values(
            at=made.at,
            action=made.action,
            by=by,
            reason=reason,
            hard_bounced=made.hard_bounced,
            accepted=made.accepted,
        )
    )
    return made


def rolling(connection: Connection, since: float) -> Rolling:
    """Return the counts over everything that SES took since `since`, in whole steps of ten seconds."""
    query = select(
        func.coalesce(func.sum(cohort.c.accepted), 0), func.coalesce(func.sum(cohort.c.hard_bounced), 0)
    ).where(cohort.c.bucket >= -int(-since // COHORT_SECONDS))
    accepted, hard_bounced = connection.execute(query).one()
    return Rolling(since, int(accepted), int(hard_bounced))
