"""What was found out about an account that limits calls and not recipients; all workers share it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, bindparam, select, update

from ledger.dialects import insert
from ledger.schema import call_limit


@dataclass(frozen=True, slots=True)
class CallLimit:
    """How calls are made now, and how that goes.

    `seconds`, `accepted` (recipients) and `throttled` (calls) are of the present trial, where `measuring`;
    `last_at` is its latest call. `rates` are the recipients a second of the trials before it. `since` is when
    the mode was chosen.
    """

    mode: str
    measuring: bool = False
    seconds: float = 0.0
    accepted: int = 0
    throttled: int = 0
    last_at: float = 0.0
    since: float = 0.0
    rates: Mapping[str, float] = field(default_factory=dict)


def read(connection: Connection, name: str) -> CallLimit | None:
    """Return what is known, without a lock; None where calls were never limited."""
    row = connection.execute(_ROW, {"of": name}).one_or_none()
    return None if row is None else CallLimit(*row)


def lock(connection: Connection, name: str, beginning: CallLimit) -> CallLimit:
    """Return what is known, the row locked; `beginning` where there is none so far."""
    values = {"name": name, **asdict(beginning)}
    connection.execute(insert(connection, call_limit).values(values).on_conflict_do_nothing())
    return CallLimit(*connection.execute(_ROW.with_for_update(), {"of": name}).one())


def save(connection: Connection, name: str, found: CallLimit) -> None:
    """Store what is known from now on; the row is locked."""
    connection.execute(update(call_limit).where(call_limit.c.name == name).values(asdict(found)))


_ROW = select(
    call_limit.c.mode,
    call_limit.c.measuring,
    call_limit.c.seconds,
    call_limit.c.accepted,
    call_limit.c.throttled,
    call_limit.c.last_at,
    call_limit.c.since,
    call_limit.c.rates,
).where(call_limit.c.name == bindparam("of"))
