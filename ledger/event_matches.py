"""Which message an event is about, and whether it says so well enough to be believed.

An event whose signature proved it to be SES's needs its send id, or the id that SES gave the attempt. Any
other must fit in every part: the send id or SES's id is ours, the two do not contradict each other, and it is
about the message's own address. A send id is told to SES alone; SES's id stands in the mail's Message-ID too.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from ledger import erasures, restores, spellings
from ledger.incoming import Event
from ledger.key_batches import among
from ledger.schema import attempt, message


@dataclass(frozen=True, slots=True)
class Matches:
    """Message ids by the dedupe key of the events about them; `own` are those that name its own address.

    An event may suppress that address only where it names it: as what SES was asked to write to, or as what
    bounced. A forwarder's target may stand in place of the latter. `known` are the events of sends that the
    ledger knows, believed or not.
    """

    message_ids: Mapping[str, int]
    own: frozenset[str]
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Attempt:
    message_id: int
    ses_message_id: str | None
    address_key: str


def match(connection: Connection, events: Sequence[Event]) -> Matches:
    """Return which of the events are about which message."""
    by_send_id, by_ses_id = _attempts(connection, events)
    erased = erasures.known_as(connection, sorted({key for item in events for key in _keys(item)}))
    found: dict[str, int] = {}
    own: set[str] = set()
    of_known_sends: set[str] = set()
    for item in events:
        by_tag = by_send_id.get(item.send_id or "")
        if by_tag is not None:
            of_known_sends.add(item.dedupe_key)
        known = by_tag or by_ses_id.get(item.ses_message_id or "")
        if known is None:
            continue
        is_own = _names(item, known.address_key, erased)
        # Only the older notifications lack the tag; another one's contradicts SES's id.
        fits = _ids_agree(item, known) if by_tag is not None else item.send_id is None
        if item.verified or (is_own and fits):
            found[item.dedupe_key] = known.message_id
            if is_own:
                own.add(item.dedupe_key)
    return Matches(found, frozenset(own), frozenset(of_known_sends))


def claiming(connection: Connection, events: Sequence[Event]) -> frozenset[str]:
    """Return the dedupe keys of the events that say to be about a send of this ledger, known or not."""
    by_send_id, by_ses_id = _attempts(connection, events)
    own_id = restores.own_id(connection)
    return frozenset(
        item.dedupe_key
        for item in events
        if item.ledger_id == own_id
        or (item.send_id or "") in by_send_id
        or (item.ses_message_id or "") in by_ses_id
    )


def apart(events: Mapping[str, Event], believed: Collection[str]) -> dict[str, Event]:
    """Give what is not believed a key of its own: made up, it must not pass for the real one."""
    apart = {
        key: item
        if item.verified or key in believed
        else replace(item, dedupe_key=hashlib.sha256(f"{key} {item.raw}".encode()).hexdigest())
        for key, item in events.items()
    }
    return {item.dedupe_key: item for item in apart.values()}


def _attempts(
    connection: Connection, events: Sequence[Event]
) -> tuple[Mapping[str, _Attempt], Mapping[str, _Attempt]]:
    """Return the attempts that events name, by send id, and by SES's id where the send id is not known."""
    query = select(
        attempt.c.send_id, attempt.c.message_id, attempt.c.ses_message_id, message.c.address_key
    ).join(message, message.c.id == attempt.c.message_id)
    send_ids = sorted({item.send_id for item in events if item.send_id})
    theirs = query.where(among(connection, attempt.c.send_id, send_ids))
    by_send_id = {row.send_id: _Attempt(*row[1:]) for row in connection.execute(theirs)}
    ses_ids = {
        item.ses_message_id for item in events if item.ses_message_id and item.send_id not in by_send_id
    }
    if not ses_ids:
        return by_send_id, {}
    theirs = query.where(among(connection, attempt.c.ses_message_id, sorted(ses_ids)))
    return by_send_id, {row.ses_message_id: _Attempt(*row[1:]) for row in connection.execute(theirs)}


def _ids_agree(item: Event, known: _Attempt) -> bool:
    # Of an attempt whose answer never came SES's id is not known.
    return known.ses_message_id is None or item.ses_message_id == known.ses_message_id


def _keys(item: Event) -> tuple[str, ...]:
    return tuple(key.lower() for key in (item.destination_key, item.recipient) if key)


def _names(item: Event, address_key: str, erased: Mapping[str, str]) -> bool:
    """Tell whether an event names the message's own address; who was erased is known by a hash alone."""
    if erasures.is_hash(address_key):
        return any(erased.get(key) == address_key for key in _keys(item))
    # A verified one that names nobody at all speaks of its message's recipient.
    named = [text for text in (item.destination, item.destination_key, item.recipient) if text]
    return any(spellings.is_of(text, address_key) for text in named) or (not named and item.verified)
