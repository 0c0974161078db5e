"""What lies on the event queue, sorted: events, what is none, and what is proved not to be of SES."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger import event_matches, event_sources
from ledger.engine import Ledger
from ledger.incoming import Event
from mail.event_origin import Judge
from mail.events import NotAnEvent, parse
from mail.sns_signature import KeyOf

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Bodies of the queue, sorted.

    `aside`: bodies that a person is to look at, each with why; `forged`: those of them that are proved not to
    be of SES. `not_events` counts all bodies from which nothing is taken in.
    """

    events: Sequence[Event]
    aside: Mapping[str, str]
    forged: frozenset[str]
    not_events: int


def sort(ledger: Ledger, bodies: Sequence[str], received_at: float, key_of: KeyOf | None) -> Sorted:
    """Sort the bodies of the queue; without `key_of` nothing is asked of where they come from."""
    judge = None if key_of is None else _judge(ledger, key_of)
    events: dict[str, list[Event]] = {}
    aside: dict[str, str] = {}
    forged: set[str] = set()
    for body in bodies:
        parsed = parse(body, received_at, judge)
        if not isinstance(parsed, NotAnEvent):
            events[body] = parsed
            continue
        if parsed.keep:
            aside[body] = parsed.why
        if parsed.forged:
            forged.add(body)
    impostors = _impostors(ledger, events)
    aside |= impostors
    forged |= impostors.keys()
    if forged:
        log.warning("%d messages of the event queue are not of SES and are put aside", len(forged))
    taken = [body for body in bodies if body in events and body not in impostors]
    return Sorted(
        [each for body in taken for each in events[body]],
        aside,
        frozenset(forged),
        len(bodies) - len(taken),
    )


def _judge(ledger: Ledger, key_of: KeyOf) -> Judge:
    with ledger.reading() as connection:
        return Judge(event_sources.read(connection), key_of)


def _impostors(ledger: Ledger, events: Mapping[str, Sequence[Event]]) -> dict[str, str]:
    """Return the bodies that say to be about our mail and come from elsewhere, each with how that shows.

    What comes from elsewhere and says nothing of ours is another installation's on the same queue.
    """
    foreign = {body: found for body, found in events.items() if found and found[0].foreign}
    if not foreign:
        return {}
    with ledger.reading() as connection:
        ours = event_matches.claiming(connection, [each for found in foreign.values() for each in found])
    return {
        body: f"{found[0].foreign}, though it says to be about our mail"
        for body, found in foreign.items()
        if any(each.dedupe_key in ours for each in found)
    }
