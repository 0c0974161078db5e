"""A restored ledger must not send again by itself: its generation is noted on the event queue, and compared.

The queue is outside of the database, shared by all workers, and needed to send; its tags outlive any restore.
"""

from dataclasses import dataclass
from typing import Protocol

from ledger import doubts, generation, restores
from ledger.engine import Ledger
from ledger.generation import Adoption
from ledger.ledger_names import shown
from ledger.restores import FoundBy, Restore
from mail.errors import MailError
from mail.queue import EventQueue, QueueBusy

_PREFIX = "campaign-ledger-"
# AWS keeps the tags that begin with `aws:` to itself: no queue of its has this one, by accident or not.
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
SANDBOX_TAG = "aws:campaign-sandbox"


class QueueOfAnother(MailError):
    """The ledger is new and its event queue bears the tag of another one, which has sent."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is noted outside: how far this ledger came, and which other ledgers have sent over the queue.

    is_sandbox: the queue is the sandbox's own, over which ledgers come and go.
    """

    generation: int
    others: tuple[str, ...] = ()
    is_sandbox: bool = False


class GenerationStore(Protocol):
    """Where the ledger's generation is noted, outside of the database."""

    def look(self) -> Outside: ...

    def write(self, generation: int) -> None: ...


@dataclass(frozen=True, slots=True)
class QueueTag:
    """The note as a tag of the event queue, one for each ledger that uses it."""

    queue: EventQueue
    ledger_id: str

    @property
    def name(self) -> str:
        return f"{_PREFIX}{self.ledger_id}"

    def look(self) -> Outside:
        """Return what is noted; a generation is 0 where there is no note that can be read as one."""
        tags = self.queue.tags()
        others = sorted(
            name.removeprefix(_PREFIX)
            for name, value in tags.items()
            if name.startswith(_PREFIX) and name != self.name and _number(value)
        )
        return Outside(_number(tags.get(self.name, "")), tuple(others), SANDBOX_TAG in tags)

    def write(self, generation: int) -> None:
        self.queue.set_tag(self.name, str(generation))


def refuse_queue_of_another(ledger: Ledger, store: GenerationStore) -> None:
    """Raise QueueOfAnother where the ledger has never sent, and another one has, over the same queue.

    That is what a mistyped CAMPAIGN_DATABASE_URL looks like. Nothing outside is asked for a ledger that has
    sent, or of which a person has said that it may. Raises QueueError, but not where the queue is busy: the
    first claim asks again.
    """
    with ledger.reading() as connection:
        if generation.has_sent(connection) or generation.adoption(connection) is not None:
            return
    try:
        outside = store.look()
    except QueueBusy:
        return
    if outside.others and not outside.is_sandbox:
        raise queue_of_another(ledger)


def queue_of_another(ledger: Ledger) -> QueueOfAnother:
    """Return the error for a ledger that has never sent and whose queue another one sends over."""
    return QueueOfAnother(
        f"the ledger {shown(ledger.engine.url)} has never sent, and its event queue bears the tag of another "
        "one that has: check CAMPAIGN_DATABASE_URL, or say that both may share the queue with "
        "`campaign db adopt-queue --by WHO --reason WHY`."
    )


def adopt_queue(ledger: Ledger, *, by: str, reason: str) -> Adoption | None:
    """Let a ledger use a queue that others send over; return the word of before, where there was one."""
    with ledger.writing() as connection:
        before = generation.adoption(connection)
        generation.adopt(connection, by=by, reason=reason)
    return before


def mark(ledger: Ledger, *, by: str, reason: str) -> None:
    """Keep that a person has restored this database from an older copy: nothing goes out from here on."""
    with ledger.writing() as connection:
        restores.begin(connection, FoundBy.COMMAND, reason, (), by=by)


def accept(ledger: Ledger, store: GenerationStore | None, *, by: str, reason: str) -> None:
    """Let campaigns be resumed again, on a person's word.

    Raises CampaignConflict where nothing waits for it, and QueueError where the note cannot be brought up.
    """
    outside = store.look().generation if store is not None else 0
    with ledger.writing() as connection:
        reached = restores.accept(connection, outside, by=by, reason=reason)
    if store is not None:
        store.write(reached)


def in_doubt(ledger: Ledger) -> dict[str, int]:
    """Return the campaigns of which something is in doubt or unconfirmed, and how many messages."""
    with ledger.reading() as connection:
        return doubts.by_campaign(connection)


def listed(ledger: Ledger) -> list[Restore]:
    """Return every restore of this ledger, the oldest first."""
    with ledger.reading() as connection:
        return restores.every(connection)


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() else 0
