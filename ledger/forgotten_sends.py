"""Events of sends that this ledger made and does not know: it was restored from an older copy.

A send id is committed before its call, so an event with the ledger's own tag and a send id that is not there
proves that commits were lost. What it says still holds for the person it was sent to.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ledger import restores
from ledger.incoming import Event
from ledger.key_batches import among as among_keys
from ledger.schema import campaign, message
from ledger.statuses import Fact


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Keys of such events, the messages found for them, and what they prove ("" where nothing new)."""

    keys: frozenset[str]
    message_ids: Mapping[str, int]
    proof: str


def among(connection: Connection, events: Sequence[Event], matched: Mapping[str, int]) -> Forgotten:
    """Return those of `events` that belong to forgotten sends; `matched` are known by their send id.

    A person's word covers what was sent before it: only later sends prove anything anew.
    """
    tagged = [item for item in events if item.ledger_id and item.send_id and item.dedupe_key not in matched]
    if not tagged:
        return Forgotten(frozenset(), {}, "")
    own = restores.own_id(connection)
    found = [item for item in tagged if item.ledger_id == own]
    if not found:
        return Forgotten(frozenset(), {}, "")
    accepted_until = restores.accepted_until(connection)
    new = [item for item in found if _sent_at(item) > accepted_until]
    return Forgotten(
        frozenset(item.dedupe_key for item in found), _messages(connection, found), _proof(new) if new else ""
    )


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


def _sent_at(item: Event) -> float:
    return item.facts.get(Fact.ACCEPTED, item.at or 0.0)


def _proof(events: Sequence[Event]) -> str:
    return f"{len(events)} events came of sends that it does not know"
