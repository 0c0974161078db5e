"""Events of sends that this ledger made and does not know: it was restored from an older copy.

A send id is committed before its call, so an event with the ledger's own tag and a send id that is not there
proves that commits were lost, where it is verified to be SES's. What it says still holds for the person it
was sent to. One that nobody can verify proves nothing and may be made up: it pauses the campaign that it
names, until a person has looked. Where a restore is known anyhow, it counts like the others.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from ledger import campaigns, restores
from ledger.incoming import Event
from ledger.key_batches import among as among_keys
from ledger.schema import campaign, campaign_change, message
from ledger.statuses import Fact

log = logging.getLogger(__name__)

WHY_PAUSED = (
    "an event that cannot be verified to be of SES names this campaign and a send that this ledger does not "
    "know: if the ledger is an older copy of itself, say so with `campaign db restored --mark`; if not, "
    "somebody made the event up: see who may write to the event queue, and resume the campaign."
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Keys of such events, the messages found for them, and what they prove ("" where nothing new).

    `doubtful`: by the campaign that unverified ones name, when the newest of its sends was.
    """

    keys: frozenset[str] = frozenset()
    message_ids: Mapping[str, int] = field(default_factory=dict)
    proof: str = ""
    doubtful: Mapping[int, float] = field(default_factory=dict)


def among(connection: Connection, events: Sequence[Event], known: Collection[str]) -> Forgotten:
    """Return those of `events` that belong to forgotten sends; `known` belong to others.

    A person's word covers what was sent before it: only later sends prove anything anew.
    """
    tagged = [item for item in events if item.ledger_id and item.send_id and item.dedupe_key not in known]
    if not tagged:
        return Forgotten()
    own = restores.own_id(connection)
    found = [item for item in tagged if item.ledger_id == own]
    if not found:
        return Forgotten()
    known_until = restores.known_until(connection)
    believed = [item for item in found if item.verified or _sent_at(item) <= known_until]
    accepted_until = restores.accepted_until(connection)
    new = [item for item in believed if item.verified and _sent_at(item) > accepted_until]
    doubtful: dict[int, float] = {}
    for item in found:
        if item.verified or _sent_at(item) <= known_until:
            continue
        if item.campaign_id is None:
            # One of a single message names nothing that could be paused.
            log.warning("an event that cannot be verified names a send that the ledger does not know")
        else:
            doubtful[item.campaign_id] = max(_sent_at(item), doubtful.get(item.campaign_id, 0.0))
    return Forgotten(
        frozenset(item.dedupe_key for item in believed),
        _messages(connection, believed),
        _proof(new) if new else "",
        doubtful,
    )


def to_pause(connection: Connection, forgotten: Forgotten) -> list[int]:
    """Return the running campaigns that doubtful events name and that nobody has resumed since."""
    if not forgotten.doubtful:
        return []
    query = select(campaign.c.id).where(
        campaign.c.id.in_(forgotten.doubtful), campaign.c.state == campaigns.State.RUNNING
    )
    return [
        campaign_id
        for campaign_id in connection.execute(query).scalars()
        if forgotten.doubtful[campaign_id] > _resumed_at(connection, campaign_id)
    ]


def pause(connection: Connection, locked: campaigns.Campaign, to_pause: Collection[int]) -> None:
    """Pause a locked campaign, if it is among those, for what an event says that nobody can verify."""
    if locked.id in to_pause and locked.state is campaigns.State.RUNNING:
        campaigns.change_state(connection, locked, campaigns.State.PAUSED, by="events", reason=WHY_PAUSED)
        log.warning("an event that cannot be verified names a send that the ledger does not know: paused")


def count(connection: Connection, forgotten: Forgotten, fresh: Sequence[Event]) -> None:
    """Count those of the events that were new with the restore they belong to."""
    keys = {item.dedupe_key for item in fresh} & forgotten.keys
    if keys:
        restores.note_events(connection, len(keys), len(keys - forgotten.message_ids.keys()))


def _messages(connection: Connection, events: Sequence[Event]) -> dict[str, int]:
    """Return the message by dedupe key: the one to this person in the campaign, which was there already."""
    by_campaign: dict[int, list[Event]] = defaultdict(list)
    for item in events:
        if item.campaign_id is not None and item.destination_key:
            by_campaign[item.campaign_id].append(item)
    found: dict[str, int] = {}
    for campaign_id, items in sorted(by_campaign.items()):
        keys = sorted({item.destination_key for item in items if item.destination_key})
        query = (
            select(message.c.address_key, message.c.id, campaign.c.created_at)
            .join(campaign, campaign.c.id == message.c.campaign_id)
            .where(campaign.c.id == campaign_id, among_keys(connection, message.c.address_key, keys))
        )
        by_key = {row.address_key: row for row in connection.execute(query)}
        for item in items:
            row = by_key.get(item.destination_key)
            # An id can have been given to a forgotten campaign before it was given to this one.
            if row is not None and _sent_at(item) >= row.created_at:
                found[item.dedupe_key] = row.id
    return found


def _resumed_at(connection: Connection, campaign_id: int) -> float:
    query = select(func.max(campaign_change.c.at)).where(
        campaign_change.c.campaign_id == campaign_id,
        campaign_change.c.from_state == campaigns.State.PAUSED,
        campaign_change.c.to_state == campaigns.State.RUNNING,
    )
    return float(connection.execute(query).scalar_one() or 0.0)


def _sent_at(item: Event) -> float:
    return item.facts.get(Fact.ACCEPTED, item.at or 0.0)


def _proof(events: Sequence[Event]) -> str:
    return f"{len(events)} events came of sends that it does not know"
