"""The steps that put a campaign and all its recipients into the ledger: begun, filled, let run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, insert

from ledger import campaigns, clock, dialects, outbox, restores
from ledger.bulk import insert_rows
from ledger.campaigns import Campaign, State, find
from ledger.errors import CampaignConflict
from ledger.schema import campaign, campaign_change, message
from ledger.statuses import Stage, Status
from ledger.transitions import add_to_tally

# Who changes the states on the way.
_BY = "send"


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What is stored of a campaign before its first recipient."""

    name: str
    definition: Mapping[str, Any]
    list_digest: str
    template_digest: str
    seed: int
    list_summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A recipient: `position` is the place in the seeded shuffle, `source_row` the 1-based row of the list.

    `refused` says why SES can never take this address; the message is then REJECTED from the start.
    """

    address: str
    address_key: str
    domain: str
    fields: Mapping[str, str]
    source_row: int
    position: int
    refused: str | None = None


def already_enqueued(connection: Connection, new: NewCampaign) -> Campaign | None:
    """Return the campaign of this name where it holds the same list and content, or None where there is none.

    Raises CampaignConflict in one sentence where the name was used with another list or other content.
    """
    found = find(connection, new.name)
    if found is None:
        return None
    for digest, what in (("list_digest", "list"), ("template_digest", "content")):
        if getattr(found, digest) != getattr(new, digest):
            raise CampaignConflict(
                f"the name {new.name} was already used with another {what}: "
                f"give this campaign another name, or bring back the {what} it began with."
            )
    return found


def enqueue(connection: Connection, new: NewCampaign, messages: Iterable[Sequence[NewMessage]]) -> Campaign:
    """Store a small campaign and its messages in the caller's transaction, as RUNNING; return it.

    A second call with the same name, list and content returns the campaign as it is and stores nothing. Large
    ones would keep everybody else from writing: see ledger.batch_enqueue.
    """
    found = already_enqueued(connection, new)
    if found is None:
        found = begin(connection, new)
        if found is None:
            return _stored(connection, new)
        for batch in messages:
            add(connection, campaigns.lock(connection, found.id), batch)
        return let_run(connection, campaigns.lock(connection, found.id))
    return found


def begin(connection: Connection, new: NewCampaign) -> Campaign | None:
    """Store the campaign without its messages, as ENQUEUING; None where another has just stored its name."""
    at = clock.now(connection)
    own_id = restores.next_campaign_id(connection)
    campaign_id = connection.execute(
        dialects.insert(connection, campaign)
        .values(
            **({} if own_id is None else {"id": own_id}),
            name=new.name,
            state=State.ENQUEUING,
            epoch=1,
            definition=dict(new.definition),
            list_digest=new.list_digest,
            template_digest=new.template_digest,
            seed=new.seed,
            recipients=0,
            list_summary=dict(new.list_summary),
            created_at=at,
            changed_at=at,
            changed_by=_BY,
            change_reason="its recipients are being stored",
        )
        # On PostgreSQL another starter may be at it: this waits for the end of its transaction.
        .on_conflict_do_nothing()
        .returning(campaign.c.id)
    ).scalar_one_or_none()
    if campaign_id is None:
        return None
    begun = campaigns.lock(connection, campaign_id)
    connection.execute(
        insert(campaign_change).values(
            campaign_id=campaign_id,
            at=at,
            from_state=State.DRAFT,
            to_state=begun.state,
            by=begun.changed_by,
            reason=begun.change_reason,
            epoch=begun.epoch,
        )
    )
    return begun


def add(connection: Connection, locked: Campaign, batch: Sequence[NewMessage]) -> None:
    """Store some of the messages of a locked campaign that is ENQUEUING."""
    # The receivers may have been changed since the last batch.
    owner = locked.definition.get("owner") or outbox.NO_OWNER
    group_id = outbox.group(connection, locked.callbacks, owner)
    statuses = _insert(connection, batch, locked.id, clock.now(connection), group_id)
    add_to_tally(connection, locked.id, 1, statuses)
    recipients = campaign.c.recipients + statuses.total()
    connection.execute(campaign.update().where(campaign.c.id == locked.id).values(recipients=recipients))


def let_run(connection: Connection, locked: Campaign) -> Campaign:
    """Let all messages of a locked campaign be claimed from now on, or none where it was halted meanwhile."""
    if locked.callbacks:
        refused = and_(message.c.campaign_id == locked.id, message.c.status == Status.REJECTED)
        outbox.note_all(connection, refused, Status.QUEUED, Status.REJECTED, message.c.detail)
    halt = locked.halt
    if halt is None:
        campaigns.change_state(connection, locked, State.RUNNING, by=_BY, reason="enqueued")
    else:
        by, reason = str(halt["by"]), str(halt["reason"])
        campaigns.change_state(connection, locked, State.HALTED, by=by, reason=reason, halt=halt)
    return campaigns.lock(connection, locked.id)


def _stored(connection: Connection, new: NewCampaign) -> Campaign:
    stored = already_enqueued(connection, new)
    if stored is None:
        raise CampaignConflict(f"campaign {new.name} vanished while it was enqueued: run it again.")
    return stored


def _insert(
    connection: Connection, batch: Sequence[NewMessage], campaign_id: int, at: float, group_id: int | None
) -> Counter[Status]:
    """Store a batch: those who wait, and those whom SES can never take."""
    same = {
        "campaign_id": campaign_id,
        "epoch": 1,
        "stage": Stage.QUEUED,
        "stage_at": at,
        "attempts": 0,
        "failures": 0,
        "callback_group_id": group_id,
    }
    waiting = [_values(item) for item in batch if item.refused is None]
    refused = [(*_values(item), item.refused) for item in batch if item.refused is not None]
    insert_rows(connection, message, _COLUMNS, waiting, same | {"status": Status.QUEUED})
    if refused:
        rejected = {"stage": Stage.REJECTED, "status": Status.REJECTED}
        insert_rows(connection, message, (*_COLUMNS, "detail"), refused, same | rejected)
    return Counter({Status.QUEUED: len(waiting), Status.REJECTED: len(refused)})


_COLUMNS = ("address", "address_key", "domain", "fields", "source_row", "position")


def _values(item: NewMessage) -> tuple[object, ...]:
    return (item.address, item.address_key, item.domain, dict(item.fields), item.source_row, item.position)
