"""Who may send which messages: leased claims, their renewal, their end.

`locked` is a locked campaign, or None for the single messages of the API, which `ledger.singles.lock` locks.

A claim is a row with an owner and the end of its lease; its id is the fence. Messages point at the claim that
holds them, so renewing a lease touches one row however many messages it covers.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, not_, or_, select, update

from ledger import call_rows, clock, outbox, owner_standing
from ledger.campaigns import Campaign
from ledger.key_batches import among
from ledger.schema import claim, message
from ledger.statuses import Stage, Status
from ledger.transitions import STATE_COLUMNS, add_to_tally, save, state_of

LEASE_SECONDS = 60.0
RENEW_AFTER_SECONDS = 20.0
# The owner of a claim that holds no message: a run that attends (ledger.presences). It outlives its lease.
RUN = "run"


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a sender needs of a message that it has claimed."""

    message_id: int
    address: str
    address_key: str
    domain: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease on `recipients`, in the order of the shuffle. `id` is the fence.

    `campaign_id` is 0 for single messages. `told`: callbacks may be waiting for the messages' statuses.
    """

    id: int
    campaign_id: int
    epoch: int
    owner: str
    recipients: Sequence[Recipient]
    claimed_at: float
    told: bool = True


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the ended leases of dead workers left: messages queued again, and messages now in doubt."""

    queued: int
    in_doubt: int


def candidates(
    connection: Connection, locked: Campaign | None, limit: int, not_at: Collection[str] = ()
) -> list[Recipient]:
    """Return the next queued recipients, in the order of the shuffle; those at domains `not_at` wait.

    Single messages come in the order of their turns, without those of owners who are stopped.
    """
    waiting = [in_(locked), message.c.status == Status.QUEUED]
    if locked is None:
        waiting += owner_standing.not_stopped(connection)
    if not_at:
        waiting.append(not_(among(connection, message.c.domain, sorted(not_at))))
    query = (
        select(message.c.id, message.c.address, message.c.address_key, message.c.domain, message.c.fields)
        .where(*waiting)
        .order_by(message.c.position, *([message.c.id] if locked is None else []))
        .limit(limit)
    )
    return [Recipient(*row) for row in connection.execute(query)]


def take(
    connection: Connection, locked: Campaign | None, owner: str, recipients: Sequence[Recipient]
) -> Claim:
    """Claim `recipients`, which `candidates` returned in this same transaction: QUEUED -> CLAIMED."""
    at = clock.now(connection)
    campaign_id, epoch = (None, 1) if locked is None else (locked.id, locked.epoch)
    claim_id = connection.execute(
        insert(claim)
        .values(campaign_id=campaign_id, owner=owner, claimed_at=at, leased_until=at + LEASE_SECONDS)
        .returning(claim.c.id)
    ).scalar_one()
    ids = [recipient.message_id for recipient in recipients]
    epochs = call_rows.claim(connection, ids, claim_id, epoch, at)
    if campaign_id is not None:
        for before, moved in sorted(epochs.items()):
            add_to_tally(connection, campaign_id, before, {Status.QUEUED: -moved})
        add_to_tally(connection, campaign_id, epoch, {Status.CLAIMED: len(ids)})
    told = locked is None or bool(locked.callbacks)
    if told:
        outbox.note_all(connection, message.c.id.in_(ids), Status.QUEUED, Status.CLAIMED)
    return Claim(claim_id, campaign_id or 0, epoch, owner, tuple(recipients), at, told)


def suppress(connection: Connection, locked: Campaign | None, reasons: Mapping[int, str]) -> None:
    """Turn queued messages into SUPPRESSED, each (by message id) with its reason."""
    at = clock.now(connection)
    query = select(*STATE_COLUMNS).where(message.c.id.in_(sorted(reasons)))
    states = [state_of(row) for row in connection.execute(query)]
    save(
        connection,
        [(state, state.moved(Stage.SUPPRESSED, at).with_detail(reasons[state.id])) for state in states],
    )


def renew(connection: Connection, held: Claim) -> bool:
    """Lengthen the lease; return False where it is over or another's, and then it stays so."""
    at = clock.now(connection)
    renewed = connection.execute(
        update(claim)
        .where(claim.c.id == held.id, claim.c.owner == held.owner, claim.c.leased_until > at)
        .values(leased_until=at + LEASE_SECONDS)
    )
    return renewed.rowcount == 1


def is_good(connection: Connection, held: Claim) -> bool:
    """Return whether the owner still holds the claim and its lease has not ended by the database's clock."""
    leased_until = connection.execute(_LEASE, {"held": held.id, "by": held.owner}).scalar_one_or_none()
    return leased_until is not None and leased_until > clock.now(connection)


_LEASE = (
    select(claim.c.leased_until)
    .where(claim.c.id == bindparam("held"), claim.c.owner == bindparam("by"))
    .with_for_update()
)


def release(connection: Connection, locked: Campaign | None, claim_id: int) -> int:
    """Give up a claim: what it still holds unsent is queued again. Return how many those were."""
    at = clock.now(connection)
    query = select(*STATE_COLUMNS).where(
        in_(locked),
        message.c.status == Status.CLAIMED,
        message.c.claim_id == claim_id,
    )
    states = [state_of(row) for row in connection.execute(query)]
    save(connection, [(state, state.moved(Stage.QUEUED, at)) for state in states])
    connection.execute(delete(claim).where(claim.c.id == claim_id))
    return len(states)


def end(connection: Connection, held: Claim) -> bool:
    """Give up a campaign's claim that holds nothing unsent; return False, with nothing done, if it does."""
    return call_rows.end_claim(connection, held.campaign_id, held.id)


def recover(connection: Connection, locked: Campaign | None) -> Recovered:
    """Take over what ended leases held, and what a given-up claim left in the air.

    CLAIMED -> QUEUED, for nothing was sent. SENDING -> IN_DOUBT, for SES may have taken it: it is never sent
    again by itself.
    """
    at = clock.now(connection)
    theirs = claim.c.campaign_id.is_(None) if locked is None else claim.c.campaign_id == locked.id
    _shorten(connection, theirs, at)
    ended = select(claim.c.id).where(theirs, claim.c.leased_until <= at, claim.c.owner != RUN)
    claim_ids = connection.execute(ended).scalars().all()
    query = select(*STATE_COLUMNS).where(
        in_(locked),
        message.c.status.in_([Status.CLAIMED, Status.SENDING]),
        # A worker that is interrupted in the middle of a call gives its claim up: such rows have none.
        or_(message.c.claim_id.in_(claim_ids), message.c.claim_id.not_in(select(claim.c.id))),
    )
    changes = []
    for row in connection.execute(query):
        state = state_of(row)
        stage = Stage.QUEUED if state.status is Status.CLAIMED else Stage.IN_DOUBT
        changes.append((state, state.moved(stage, at)))
    save(connection, changes)
    if claim_ids:
        connection.execute(delete(claim).where(claim.c.id.in_(claim_ids)))
    found = Counter(after.stage for _, after in changes)
    return Recovered(queued=found[Stage.QUEUED], in_doubt=found[Stage.IN_DOUBT])


def _shorten(connection: Connection, theirs: ColumnElement[bool], at: float) -> None:
    """End leases within their time from now on; the clock may have been ahead when they were written."""
    until = at + LEASE_SECONDS
    # Nearly always there is none, and nothing is written.
    connection.execute(update(claim).where(theirs, claim.c.leased_until > until).values(leased_until=until))


def in_(locked: Campaign | None) -> ColumnElement[bool]:
    """Return the condition for messages of a campaign, or for single ones."""
    return message.c.campaign_id.is_(None) if locked is None else message.c.campaign_id == locked.id
