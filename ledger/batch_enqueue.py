"""A campaign enqueued a batch at a time: others write between the batches, and all or nobody can be claimed.

The campaign is ENQUEUING until its last recipient is stored; then one switch makes it RUNNING. Whoever
enqueues holds a lease: a claim without messages, whose id is the fence. What a dead process left is deleted
and stored anew, for the list may have been cleaned to other rows since.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import NoResultFound, SQLAlchemyError

from ledger import campaigns, clock, enqueueing
from ledger.campaigns import Campaign, State
from ledger.engine import Ledger
from ledger.enqueueing import NewCampaign, NewMessage
from ledger.schema import campaign, campaign_change, claim, message, tally
from ledger.statuses import Status
from ledger.transitions import add_to_tally

log = logging.getLogger(__name__)

# One transaction: some hundredths of a second, which is what others wait at the most for an SQLite file.
BATCH_MESSAGES = 2_000
# Far longer than a batch takes. One that takes longer all the same loses its place to whoever waits for it,
# and nothing else: the fence holds.
LEASE_SECONDS = 15.0
# SQLite's waiting writers look every 25 ms at first, so a pause of that length lets each of them in
# (sqlite3.c, sqliteDefaultBusyCallback).
_SHORTEST_PAUSE_SECONDS = 0.025
_POLL_SECONDS = 0.2
# Owners of claims that hold messages, and of presences, are named otherwise.
_OWNER = "enqueue"

Batches = Callable[[], Iterable[Sequence[NewMessage]]]
"""Reads the list: called once for each try."""


class _LeaseLost(Exception):
    """Another process enqueues the campaign now, or it was cancelled."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The campaign that this process alone enqueues, by the id of its lease."""

    campaign_id: int
    lease_id: int


def enqueue(
    ledger: Ledger, new: NewCampaign, batches: Batches, sleep: Callable[[float], None] = time.sleep
) -> Campaign:
    """Store the campaign and all its messages, and return it; one that is enqueued is returned as it is.

    Killed at any moment, nobody of it can be claimed, and the next call stores all of them. An exception
    leaves nothing behind. Where another process enqueues it, this waits for its end. Raises CampaignConflict
    where the name was used with another list or other content.
    """
    while True:
        with ledger.writing() as connection:
            found = _take_place(connection, new)
        match found:
            case Campaign():
                return found
            case None:
                sleep(_POLL_SECONDS)
            case _Place():
                try:
                    return _store(ledger, found, batches, sleep)
                except _LeaseLost:
                    continue
                except BaseException:
                    _discard(ledger, found, sleep)
                    raise


def _take_place(connection: Connection, new: NewCampaign) -> Campaign | _Place | None:
    """Return the place to enqueue from, the campaign where nothing is to be done, or None to wait."""
    found = enqueueing.already_enqueued(connection, new)
    if found is None:
        begun = enqueueing.begin(connection, new)
        return None if begun is None else _lease(connection, begun.id)
    if found.state is not State.ENQUEUING:
        return found
    try:
        locked = campaigns.lock(connection, found.id)
    except NoResultFound:
        return None
    if locked.state is not State.ENQUEUING or _is_attended(connection, locked):
        return None
    connection.execute(delete(claim).where(claim.c.campaign_id == locked.id, claim.c.owner == _OWNER))
    row = update(campaign).where(campaign.c.id == locked.id)
    connection.execute(row.values(list_summary=dict(new.list_summary)))
    return _lease(connection, locked.id)


def _is_attended(connection: Connection, locked: Campaign) -> bool:
    """Return whether a process is alive that enqueues the locked campaign."""
    until = connection.execute(
        select(claim.c.leased_until).where(claim.c.campaign_id == locked.id, claim.c.owner == _OWNER)
    ).scalar()
    at = clock.now(connection)
    # Further ahead than any lease: the clock was wrong when it was written, and says nothing.
    return until is not None and at < until <= at + LEASE_SECONDS


def _lease(connection: Connection, campaign_id: int) -> _Place:
    at = clock.now(connection)
    row = insert(claim).values(
        campaign_id=campaign_id, owner=_OWNER, claimed_at=at, leased_until=at + LEASE_SECONDS
    )
    return _Place(campaign_id, connection.execute(row.returning(claim.c.id)).scalar_one())


def _store(ledger: Ledger, place: _Place, batches: Batches, sleep: Callable[[float], None]) -> Campaign:
    """Store every message and let the campaign run. Raises _LeaseLost."""
    _clear(ledger, place, sleep)
    for batch in batches():
        for first in range(0, len(batch), BATCH_MESSAGES):
            began = time.monotonic()
            with ledger.writing() as connection:
                enqueueing.add(connection, _held(connection, place), batch[first : first + BATCH_MESSAGES])
            _let_others_in(ledger, time.monotonic() - began, sleep)
    with ledger.writing() as connection:
        stored = enqueueing.let_run(connection, _held(connection, place))
        connection.execute(delete(claim).where(claim.c.id == place.lease_id))
        return stored


def _held(connection: Connection, place: _Place) -> Campaign:
    """Return the locked campaign with the lease renewed. Raises _LeaseLost where it is another's by now."""
    try:
        locked = campaigns.lock(connection, place.campaign_id)
    except NoResultFound as err:
        raise _LeaseLost from err
    renewed = connection.execute(
        update(claim)
        .where(claim.c.id == place.lease_id, claim.c.owner == _OWNER)
        .values(leased_until=clock.now(connection) + LEASE_SECONDS)
    )
    if renewed.rowcount != 1 or locked.state is not State.ENQUEUING:
        raise _LeaseLost
    return locked


def _let_others_in(ledger: Ledger, seconds: float, sleep: Callable[[float], None]) -> None:
    """Leave the one write lock of an SQLite file free for a moment; PostgreSQL has none."""
    if ledger.engine.dialect.name == "sqlite":
        sleep(max(seconds / 2, _SHORTEST_PAUSE_SECONDS))


def _clear(ledger: Ledger, place: _Place, sleep: Callable[[float], None]) -> None:
    """Delete the messages that were stored before. Raises _LeaseLost."""
    some = (
        select(message.c.id, message.c.epoch, message.c.status)
        .where(message.c.campaign_id == place.campaign_id)
        .limit(BATCH_MESSAGES)
    )
    while True:
        began = time.monotonic()
        with ledger.writing() as connection:
            locked = _held(connection, place)
            rows = connection.execute(some).all()
            if not rows:
                return
            connection.execute(delete(message).where(message.c.id.in_([row.id for row in rows])))
            for epoch, status in sorted({(row.epoch, row.status) for row in rows}):
                gone = Counter((row.epoch, row.status) for row in rows)[epoch, status]
                add_to_tally(connection, locked.id, epoch, {Status(status): -gone})
            left = update(campaign).where(campaign.c.id == locked.id)
            connection.execute(left.values(recipients=campaign.c.recipients - len(rows)))
        _let_others_in(ledger, time.monotonic() - began, sleep)


def _discard(ledger: Ledger, place: _Place, sleep: Callable[[float], None]) -> None:
    """After a fault, delete what was stored, and the campaign unless a person has halted it."""
    try:
        _clear(ledger, place, sleep)
        with ledger.writing() as connection:
            locked = _held(connection, place)
            connection.execute(delete(claim).where(claim.c.id == place.lease_id))
            if locked.halt is None:
                for table in (tally, campaign_change):
                    connection.execute(delete(table).where(table.c.campaign_id == locked.id))
                connection.execute(delete(campaign).where(campaign.c.id == locked.id))
    except (SQLAlchemyError, _LeaseLost) as err:
        # The next run cleans up; the error that brought us here is the one to be told.
        log.warning("a campaign stays half enqueued until it is sent again: %s", type(err).__name__)
