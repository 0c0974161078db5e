"""A restored ledger must not send again by itself: its generation is noted on the event queue, and compared.

The queue is outside of the database, shared by all workers, and needed to send; its tags outlive any restore.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger import doubts, restores
from ledger.engine import Ledger
from ledger.restores import FoundBy, Restore
from mail.queue import EventQueue


class Noted(Protocol):
    """Where the ledger's generation is noted, outside of the database."""

    def read(self) -> int: ...

    def write(self, generation: int) -> None: ...


@dataclass(frozen=True, slots=True)
class QueueTag:
    """The note as a tag of the event queue, one for each ledger that uses it."""

    queue: EventQueue
    ledger_id: str

    @property
    def name(self) -> str:
        return f"campaign-ledger-{self.ledger_id}"

    def read(self) -> int:
        """Return the noted generation; 0 where there is no note that can be read as one."""
        value = self.queue.tag(self.name) or ""
        return int(value) if value.isascii() and value.isdigit() else 0

    def write(self, generation: int) -> None:
        self.queue.set_tag(self.name, str(generation))


def may_send(ledger: Ledger, noted: Noted | None) -> bool:
    """Return whether a claim that was just taken may be sent, and note outside that the ledger came this far.

    Where the ledger is older than the note, or a restore waits for a person's word, every campaign is paused
    and False returned. Raises QueueError where the note cannot be read or written.
    """
    outside = noted.read() if noted is not None else 0
    with ledger.writing() as connection:
        generation = restores.advance(connection, outside)
    if generation is None:
        return False
    if noted is not None:
        # Of several workers an older one may write last: the next claim puts that right.
        noted.write(generation)
    return True


def mark(ledger: Ledger, *, by: str, reason: str) -> None:
    """Keep that a person has restored this database from an older copy: nothing goes out from here on."""
    with ledger.writing() as connection:
        restores.begin(connection, FoundBy.COMMAND, reason, (), by=by)


def accept(ledger: Ledger, noted: Noted | None, *, by: str, reason: str) -> None:
    """Let campaigns be resumed again, on a person's word.

    Raises CampaignConflict where nothing waits for it, and QueueError where the note cannot be brought up.
    """
    outside = noted.read() if noted is not None else 0
    with ledger.writing() as connection:
        generation = restores.accept(connection, outside, by=by, reason=reason)
    if noted is not None:
        noted.write(generation)


def in_doubt(ledger: Ledger) -> dict[str, int]:
    """Return the campaigns of which something is in doubt or unconfirmed, and how many messages."""
    with ledger.reading() as connection:
        return doubts.by_campaign(connection)


def listed(ledger: Ledger) -> list[Restore]:
    """Return every restore of this ledger, the oldest first."""
    with ledger.reading() as connection:
        return restores.every(connection)
