"""A ledger that was restored from an older copy: people may have been written to of whom it does not know.

Two things outside of the database tell it. Its generation grows with every block of claims and is noted
outside (ledger.generation), so that a database behind the note is older than what was sent. And an event that
bears the ledger's own tag with a send id that it never wrote comes of a send that it has forgotten. From then
on nothing goes out until a person has said so, and whatever was still to be sent is in doubt.

Whoever changes this locks the ledger's own row first, before any campaign.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select, update

from ledger import campaigns, cancelling, clock, doubts, generation, singles
from ledger.campaigns import State
from ledger.errors import CampaignConflict
from ledger.generation import Standing
from ledger.schema import campaign, identity, restore

# More campaigns than can have been enqueued in the time that a restore loses.
_IDS_LEFT_FREE = 1_000_000
WHY_PAUSED = (
    "this ledger is an older copy of itself and may not know whom it has written to: "
    "see `campaign db restored`."
)
WHY_CANCELLED = (
    "this ledger is an older copy of itself, made while this campaign was enqueued; it may have been sent "
    "since: where it was not, send it under another name."
)
NOBODY = ""


class FoundBy(StrEnum):
    """What showed that the database is an older copy."""

    # It was made by `campaign db backup`, and locked there.
    BACKUP = "backup"
    COMMAND = "command"
    # The generation that is noted outside of the database is newer.
    GENERATION = "generation"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Restore:
    """One restore: when and how it showed, and the person's word where there is one.

    `events` came of sends that this ledger does not know, `strangers` of them about no message of it.
    """

    id: int
    at: float
    found_by: FoundBy
    by: str
    note: str
    events: int
    strangers: int
    accepted_at: float | None
    accepted_by: str | None
    accepted_reason: str | None


def every(connection: Connection) -> list[Restore]:
    """Return all restores, the oldest first."""
    rows = connection.execute(select(*_COLUMNS).order_by(restore.c.id)).mappings()
    return [Restore(**(dict(row) | {"found_by": FoundBy(row["found_by"])})) for row in rows]


def is_open(connection: Connection) -> bool:
    """Return whether nothing may go out until a person has said so."""
    query = select(restore.c.id).where(restore.c.accepted_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def refuse_open(connection: Connection) -> None:
    """Raise CampaignConflict where nothing may go out until a person has said so."""
    if is_open(connection):
        raise CampaignConflict(WHY_PAUSED)


def own_id(connection: Connection) -> str:
    """Return the id that this ledger's messages carry as their `ledger` tag."""
    return str(connection.execute(select(identity.c.ledger_id)).scalar_one())


def lock(connection: Connection) -> int:
    """Lock the ledger's own row until the transaction ends; return its generation."""
    return int(connection.execute(select(identity.c.generation).with_for_update()).scalar_one())


def advance(connection: Connection, noted_outside: int) -> int | None:
    """Return the next generation, which is to be noted outside before anything is sent; None: send nothing.

    `noted_outside` was read before this transaction began. Where it is newer than the database, that is an
    older copy of itself.
    """
    reached = lock(connection)
    if noted_outside > reached:
        begin(connection, FoundBy.GENERATION, f"it is at {reached}; {noted_outside} was reached before", ())
    if is_open(connection):
        enforce(connection)
        return None
    return generation.raise_by_one(connection)


def let_go_on(connection: Connection, standing: Standing, seen: tuple[int, int]) -> bool:
    """Return whether a process that saw the locked ledger at `seen` (its progress) may send of it.

    Where the database is behind that, it was put back under the running process.
    """
    if standing.progress < seen:
        reached = f"{seen[0]} with {seen[1]} claims was reached before"
        note = f"it is at {standing.generation} with {standing.claims}; {reached}"
        begin(connection, FoundBy.GENERATION, note, ())
    if is_open(connection):
        enforce(connection)
        return False
    return True


def begin(
    connection: Connection, found_by: FoundBy, note: str, also_locked: Sequence[int], *, by: str = NOBODY
) -> None:
    """Let nothing go out from here on, unless that is so already.

    `also_locked` are campaigns that the caller is going to lock, so that all are locked in one order.
    """
    lock(connection)
    if not is_open(connection):
        write(connection, found_by, note, by=by)
    enforce(connection, also_locked)


def write(connection: Connection, found_by: FoundBy, note: str, *, by: str = NOBODY) -> None:
    """Keep that the database is an older copy, and nothing more; `enforce` follows where it is used."""
    newest = connection.execute(select(func.coalesce(func.max(campaign.c.id), 0))).scalar_one()
    row = {"at": clock.now(connection), "found_by": found_by, "by": by, "note": note}
    connection.execute(insert(restore).values(row | {"next_campaign_id": newest + _IDS_LEFT_FREE}))


def enforce(connection: Connection, also_locked: Sequence[int] = ()) -> None:
    """Pause what runs, and put in doubt what was still to be sent when the copy was made or found out.

    Doing it again changes nothing but what has begun to run since.
    """
    since = connection.execute(
        select(func.max(restore.c.at)).where(restore.c.accepted_at.is_(None))
    ).scalar_one()
    open_states = [State.ENQUEUING, State.RUNNING, State.PAUSED, State.HALTED]
    unfinished = select(campaign.c.id).where(
        campaign.c.state.in_(open_states) | campaign.c.id.in_(also_locked)
    )
    singles.lock(connection)
    doubts.begin_singles(connection, until=since)
    for campaign_id in connection.execute(unfinished.order_by(campaign.c.id)).scalars().all():
        locked = campaigns.lock(connection, campaign_id)
        if locked.state is State.ENQUEUING:
            # Half of its messages are here, and it may have gone out whole since: its ids meet another's.
            campaigns.change_state(connection, locked, State.CANCELLED, by="restore", reason=WHY_CANCELLED)
            cancelling.cancel_queued(connection, locked)
            continue
        if locked.state is State.RUNNING:
            campaigns.change_state(connection, locked, State.PAUSED, by="restore", reason=WHY_PAUSED)
        doubts.begin(connection, locked, until=since)


def note_events(connection: Connection, events: int, strangers: int) -> None:
    """Count events of sends that this ledger does not know, with the newest restore."""
    newest = select(func.max(restore.c.id)).scalar_subquery()
    connection.execute(
        update(restore)
        .where(restore.c.id == newest)
        .values(events=restore.c.events + events, strangers=restore.c.strangers + strangers)
    )


def accepted_until(connection: Connection) -> float:
    """Return up to when a person knows that sends were forgotten; 0 where none was."""
    found = connection.execute(select(func.max(restore.c.accepted_at))).scalar_one()
    return float(found) if found is not None else 0.0


def known_until(connection: Connection) -> float:
    """Return when a restore last showed or was accepted; 0 where none ever did."""
    newest = select(func.max(restore.c.at), func.max(restore.c.accepted_at))
    return max((float(at) for at in connection.execute(newest).one() if at is not None), default=0.0)


def accept(connection: Connection, noted_outside: int, *, by: str, reason: str) -> int:
    """Let campaigns be resumed again, on a person's word; return the generation to be noted outside.

    Raises CampaignConflict where nothing waits for it.
    """
    reached = max(lock(connection), noted_outside) + 1
    if not is_open(connection):
        raise CampaignConflict("this ledger does not wait for anybody's word about a restore.")
    # What was found out and not yet carried out, as in a copy that nobody has sent from.
    enforce(connection)
    connection.execute(
        update(restore)
        .where(restore.c.accepted_at.is_(None))
        .values(accepted_at=clock.now(connection), accepted_by=by, accepted_reason=reason)
    )
    connection.execute(update(identity).values(generation=reached))
    generation.end_block(connection)
    return reached


def next_campaign_id(connection: Connection) -> int | None:
    """Return the id for a new campaign, or None where the database may choose it.

    An id that a forgotten campaign had would let its unsubscribe links and events meet another's people.
    """
    floor = connection.execute(select(func.max(restore.c.next_campaign_id))).scalar_one()
    if floor is None:
        return None
    newest = connection.execute(select(func.coalesce(func.max(campaign.c.id), 0))).scalar_one()
    return int(max(floor, newest + 1))


_COLUMNS = [column for column in restore.c if column.name != "next_campaign_id"]
