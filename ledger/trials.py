"""Test mails of campaigns: messages that belong to no campaign and stand in nobody's figures.

One is stored before anything is sent, as CANCELLED, so that no sender ever takes it; its intent makes it
SENDING, in the transaction that is the last thing before the call. Killed before that, it was never sent;
killed after it, it is in doubt like any message, and no second one goes out unless a person asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, insert, select, update

from ledger import attempts, clock, owners
from ledger.attempts import Result
from ledger.claims import LEASE_SECONDS, Claim
from ledger.schema import TRIAL_EPOCH, attempt, claim, message, trial
from ledger.statuses import Stage, Status
from ledger.suppressions import EVERYWHERE
from ledger.transitions import read_states, save

_NEVER_SENT = "A test mail that was not sent."


@dataclass(frozen=True, slots=True)
class NewTrial:
    """A test mail that is to be sent once. `request` is the same where the same wish is made again.

    `sender`, `owner`, `list_name` and `leaves_list` say what its unsubscribe link leads out of, as in the
    campaign's own mail.
    """

    campaign: str
    list_row: int
    request: str
    address: str
    address_key: str
    domain: str
    sender: str
    owner: str
    list_name: str
    leaves_list: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A test mail that may have been sent, and where it stands."""

    message_id: int
    request: str
    status: Status
    detail: str
    created_at: float

    @property
    def is_in_doubt(self) -> bool:
        return self.status in (Status.SENDING, Status.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class LeavingTrial:
    """What the link of a test mail leads out of: what the campaign's own links do, for whoever got it."""

    address_key: str
    campaign: str
    sender: str
    everything: str
    list_name: str
    leaves_list: bool


def add(connection: Connection, new: NewTrial) -> int:
    """Store a test mail that is not sent yet, and return its message's id."""
    at = clock.now(connection)
    message_id: int = connection.execute(
        insert(message)
        .values(
            address=new.address,
            address_key=new.address_key,
            domain=new.domain,
            fields={},
            position=0,
            epoch=TRIAL_EPOCH,
            stage=Stage.CANCELLED,
            stage_at=at,
            status=Status.CANCELLED,
            attempts=0,
            failures=0,
            detail=_NEVER_SENT,
        )
        .returning(message.c.id)
    ).scalar_one()
    connection.execute(
        insert(trial).values(
            message_id=message_id,
            campaign=new.campaign,
            list_row=new.list_row,
            request=new.request,
            sender=new.sender,
            owner=new.owner,
            list_name=new.list_name,
            leaves_list=new.leaves_list,
            created_at=at,
        )
    )
    return message_id


def begun(connection: Connection, campaign: str, address_key: str) -> Sequence[Trial]:
    """Return the campaign's test mails to an address that were sent, or may have been, the newest first."""
    query = (
        select(trial.c.message_id, trial.c.request, message.c.status, message.c.detail, trial.c.created_at)
        .join(message, message.c.id == trial.c.message_id)
        .where(
            # By the index of the addresses.
            message.c.address_key == address_key,
            trial.c.campaign == campaign,
            message.c.attempts > 0,
        )
        .order_by(trial.c.message_id.desc())
    )
    return [
        Trial(message_id, request, Status(status), detail or "", at)
        for message_id, request, status, detail, at in connection.execute(query)
    ]


def open_claim(connection: Connection, worker: str) -> Claim:
    """Open the lease under which one test mail is sent; what ends it puts what it left in doubt."""
    at = clock.now(connection)
    claim_id = connection.execute(
        insert(claim)
        .values(campaign_id=None, owner=worker, claimed_at=at, leased_until=at + LEASE_SECONDS)
        .returning(claim.c.id)
    ).scalar_one()
    return Claim(claim_id, 0, TRIAL_EPOCH, worker, (), at, told=False)


def intend(connection: Connection, held: Claim, message_id: int, call_id: str, send_id: str) -> None:
    """Write that the call for a test mail is about to be made; single messages are locked."""
    before = read_states(connection, [message_id])[message_id]
    connection.execute(update(message).where(message.c.id == message_id).values(attempts=1))
    at = clock.now(connection)
    connection.execute(
        insert(attempt).values(
            message_id=message_id,
            number=1,
            send_id=send_id,
            call_id=call_id,
            claim_id=held.id,
            started_at=at,
        )
    )
    after = replace(before, stage=Stage.SENDING, stage_at=at, claim_id=held.id, detail=None)
    save(connection, [(before, after)])


def record(connection: Connection, held: Claim, message_id: int, result: Result) -> Status:
    """Write the answer, and return where the test mail stands by it. Single messages are locked.

    What was surely not sent FAILED, and is not queued: whoever wants it asks again.
    """
    attempts.record(connection, [result])
    attempts.fail(connection, message_id, result.text or _NEVER_SENT)
    connection.execute(delete(claim).where(claim.c.id == held.id))
    return read_states(connection, [message_id])[message_id].status


def leaving(connection: Connection, message_id: int) -> LeavingTrial | None:
    """Return what the link of a test mail leads out of, or None where the message is none."""
    query = (
        select(
            message.c.address_key,
            trial.c.campaign,
            trial.c.sender,
            trial.c.owner,
            trial.c.list_name,
            trial.c.leaves_list,
        )
        .join(trial, trial.c.message_id == message.c.id)
        .where(message.c.id == message_id)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    return LeavingTrial(
        address_key=found.address_key,
        campaign=found.campaign,
        sender=found.sender,
        everything=owners.scope_of(found.owner) if found.owner else EVERYWHERE,
        list_name=found.list_name,
        leaves_list=found.leaves_list,
    )
