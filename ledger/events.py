"""Every event once, and what it teaches about its message."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, bindparam, select, update

from ledger import (
    clock,
    erasures,
    event_matches,
    event_rows,
    event_texts,
    forgotten_sends,
    links,
    restores,
    singles,
    soft_bounces,
)
from ledger.campaigns import lock
from ledger.incoming import Event
from ledger.restores import FoundBy
from ledger.schema import attempt, message
from ledger.statuses import Fact, deciding
from ledger.suppressions import Suppression, SuppressionReason, add
from ledger.transitions import MessageState, read_states, save


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch of events did. `campaigns` are the ids of those whose facts changed, ascending."""

    new: int
    repeated: int
    unmatched: int
    campaigns: tuple[int, ...] = field(default=())
    # Every message that learnt something, as it was before and as it is now.
    changes: tuple[tuple[MessageState, MessageState], ...] = field(default=(), repr=False, compare=False)


def apply(
    connection: Connection, events: Sequence[Event], soft_bounces_in_a_row: int = soft_bounces.IN_A_ROW
) -> Applied:
    """Store the events that are new and add their facts to their messages, in this transaction.

    The order and any repetition of the events make no difference to what the messages come to, nor to who is
    suppressed. With `soft_bounces_in_a_row` 0 bounces that might pass suppress nobody.
    """
    unique = {item.dedupe_key: item for item in events}
    if not unique:
        return Applied(0, 0, 0)
    matches = event_matches.match(connection, list(unique.values()))
    known = matches.known | matches.message_ids.keys()
    forgotten = forgotten_sends.among(connection, list(unique.values()), known)
    message_ids = {**matches.message_ids, **forgotten.message_ids}
    own = matches.own | forgotten.message_ids.keys()
    unique = event_matches.apart(unique, message_ids.keys() | forgotten.keys)
    unique = _without_erased(connection, unique, message_ids)
    campaign_ids = _campaigns_of(connection, set(message_ids.values()))
    if forgotten.proof:
        restores.begin(connection, FoundBy.EVENT, forgotten.proof, [each for each in campaign_ids if each])
    to_pause = forgotten_sends.to_pause(connection, forgotten)
    # Everyone locks campaigns before messages, both by id, and single messages like one more campaign.
    for campaign_id in sorted({*campaign_ids, *to_pause}, key=lambda each: each or 0):
        if campaign_id is None:
            singles.lock(connection)
        else:
            locked = lock(connection, campaign_id)
            forgotten_sends.pause(connection, locked, to_pause)
    fresh = _store(connection, list(unique.values()), message_ids)
    forgotten_sends.count(connection, forgotten, fresh)
    changes = _learn(connection, fresh, message_ids, own, soft_bounces_in_a_row)
    changed = {after.campaign_id for before, after in changes if before.facts != after.facts}
    return Applied(
        new=len(fresh),
        repeated=len(events) - len(fresh),
        unmatched=sum(item.dedupe_key not in message_ids for item in fresh),
        campaigns=tuple(sorted(found for found in changed if found is not None)),
        changes=tuple(changes),
    )


def _without_erased(
    connection: Connection, events: Mapping[str, Event], message_ids: Mapping[str, int]
) -> dict[str, Event]:
    """Empty what events say of persons who were erased: some come days after the mail."""
    if not erasures.is_anybody(connection):
        return dict(events)
    keys = _keys_of(connection, set(message_ids.values()))
    recipients = {key: (item.recipient or "").lower() for key, item in events.items()}
    named = erasures.known_as(connection, sorted(set(recipients.values())))
    theirs = {
        key
        for key in events
        if erasures.is_hash(keys.get(message_ids.get(key, 0), "")) or recipients[key] in named
    }
    # The text of an event is one for all whom it names.
    naming = {events[key].raw for key in theirs}
    return {
        key: replace(item, recipient=None, diagnostic=None, raw=event_texts.EMPTY)
        if key in theirs
        else replace(item, raw=event_texts.EMPTY)
        if item.raw in naming
        else item
        for key, item in events.items()
    }


def _campaigns_of(connection: Connection, message_ids: set[int]) -> list[int | None]:
    """Return the ids in the order of locking, None first for messages without a campaign."""
    query = select(message.c.campaign_id).where(message.c.id.in_(message_ids)).distinct()
    return sorted(connection.execute(query).scalars(), key=lambda campaign_id: campaign_id or 0)


def _store(connection: Connection, events: Sequence[Event], message_ids: Mapping[str, int]) -> list[Event]:
    received_at = clock.now(connection)
    link_ids = links.of_events(connection, events, message_ids)
    rows = [
        {
            "dedupe_key": item.dedupe_key,
            "kind": item.kind,
            "message_id": message_ids.get(item.dedupe_key),
            "send_id": item.send_id,
            "ses_message_id": item.ses_message_id,
            "recipient": item.recipient,
            "at": item.at,
            "received_at": received_at,
            "bounce_type": item.bounce_type,
            "bounce_subtype": item.bounce_subtype,
            "diagnostic": item.diagnostic,
            "raw_digest": event_texts.digest_of(item.raw),
            "note": item.note,
            "verified": item.verified,
            "link_id": link_ids.get(item.dedupe_key),
        }
        for item in events
    ]
    keys = event_rows.add(connection, rows)
    fresh = [item for item in events if item.dedupe_key in keys]
    # Of new events alone: the text of a known one may have been erased since.
    event_texts.add(connection, {item.raw for item in fresh})
    return fresh


def _learn(
    connection: Connection,
    events: Sequence[Event],
    message_ids: Mapping[str, int],
    may_suppress: Collection[str],
    in_a_row: int,
) -> list[tuple[MessageState, MessageState]]:
    by_message: dict[int, list[Event]] = defaultdict(list)
    for item in events:
        if item.dedupe_key in message_ids:
            by_message[message_ids[item.dedupe_key]].append(item)
    if not by_message:
        return []
    states = read_states(connection, by_message)
    changes = []
    for message_id, items in by_message.items():
        after = states[message_id]
        for item in items:
            after = _explained(after, item)
        changes.append((states[message_id], after))
    save(connection, changes)
    _note_ses_ids(connection, [item for item in events if item.dedupe_key in message_ids])
    soft_bounces.lock(connection)
    believed = {
        message_id: [item for item in items if item.dedupe_key in may_suppress]
        for message_id, items in by_message.items()
    }
    _suppress(connection, believed, in_a_row)
    if in_a_row:
        _review_soft_bounces(connection, changes, in_a_row)
    return changes


def _explained(before: MessageState, item: Event) -> MessageState:
    """Return the state with the event's facts, and with its diagnostic where it decides the status.

    The earliest event of the deciding fact explains it, of two at once the greater text, so that the order
    does not matter here either.
    """
    after = before
    if item.withheld is not None:
        after = after.with_withheld(item.withheld, item.facts[Fact.WITHHELD])
    after = after.with_facts(item.facts)
    fact = deciding(after.facts)
    if fact is None or item.facts.get(fact) != after.facts[fact]:
        return after
    told = item.diagnostic
    if deciding(before.facts) is fact and before.facts[fact] == after.facts[fact]:
        told = max(before.detail or "", told or "") or None
    return replace(after, detail=told)


def _note_ses_ids(connection: Connection, events: Sequence[Event]) -> None:
    """Keep the SES id that an event brings for an attempt whose answer was never seen."""
    rows = [
        {"key": item.send_id, "new_ses_message_id": item.ses_message_id}
        for item in events
        if item.send_id and item.ses_message_id and item.kind == "Send"
    ]
    if rows:
        connection.execute(_NOTE_SES_ID, rows)


_NOTE_SES_ID = (
    update(attempt)
    .where(attempt.c.send_id == bindparam("key"), attempt.c.ses_message_id.is_(None))
    .values(ses_message_id=bindparam("new_ses_message_id"))
)


def _suppress(connection: Connection, by_message: Mapping[int, Sequence[Event]], in_a_row: int) -> None:
    reasons = {
        message_id: found
        for message_id, items in by_message.items()
        if (found := [item.suppress for item in items if item.suppress])
    }
    # The message's own address, not the one that bounced: that can be where the mail was forwarded to.
    keys = _keys_of(connection, reasons)
    add(
        connection,
        [
            Suppression(keys[message_id], reason, source=f"message {message_id}")
            for message_id, found in reasons.items()
            for reason in found
            # A delivery that SES gave up is as passing as a soft bounce.
            if in_a_row or reason is not SuppressionReason.EXPIRED
        ],
    )


_SOFT = frozenset({Fact.SOFT_BOUNCED, Fact.TRANSIENT_GENERAL})
_ARRIVED = frozenset({Fact.DELIVERED, Fact.OPENED, Fact.CLICKED})


def _review_soft_bounces(
    connection: Connection, changes: Sequence[tuple[MessageState, MessageState]], in_a_row: int
) -> None:
    news = {after.id: after.facts.keys() - before.facts.keys() for before, after in changes}
    keys = _keys_of(connection, [id_ for id_, facts in news.items() if facts & (_SOFT | _ARRIVED)])
    bounced = {key for id_, key in keys.items() if news[id_] & _SOFT}
    soft_bounces.review(connection, bounced, set(keys.values()) - bounced, in_a_row)


def _keys_of(connection: Connection, message_ids: Collection[int]) -> dict[int, str]:
    if not message_ids:
        return {}
    query = select(message.c.id, message.c.address_key).where(message.c.id.in_(message_ids))
    return dict(connection.execute(query).all())
