"""Blocks of claims: the ledger's generation noted outside ahead of what is sent, and never in its way.

A block is shared by all workers of a ledger and lasts some seconds; before it is over one of them notes the
next. Whoever begins to send waits for a block that began after that, so that a ledger which was put back from
a copy meets the note before it sends. Why no copy can be inside a block that still sends: docs/backup.md.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from ledger import generation, restores
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerError
from ledger.generation import BLOCK_SECONDS, Standing
from mail.queue import QueueBusy, QueueError
from mail.restoring import GenerationStore, QueueOfAnother, queue_of_another

# The next block is begun while the old one still has some seconds, so that nobody waits for it.
RENEW_AFTER_SECONDS = 5.0
# For so long sending goes on without a note once there was one; the campaign then pauses.
SILENCE_SECONDS = 600.0
# After a note that failed, for all workers.
RETRY_SECONDS = 5.0
# While another worker is at it.
_LOOK_AGAIN_SECONDS = 0.2
_WARNING = (
    "How far the ledger has come is not noted there for now: sending goes on, for "
    f"{SILENCE_SECONDS / 60:.0f} minutes at the most."
)
_UNNOTED = (
    f"for {SILENCE_SECONDS / 60:.0f} minutes it could not be noted on the event queue how far the ledger has "
    "come, and a restored copy of it would not show: see that the sender may read and write the queue's tags."
)


class Leave(StrEnum):
    """Whether a claim that was just taken may be sent."""

    GRANTED = "granted"
    # Not yet: the block is still to be noted.
    LATER = "later"
    # Never by itself: nothing could be noted for too long.
    UNNOTED = "unnoted"
    # Never by itself: the ledger is an older copy of itself, and everything is paused.
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a claim may be sent, after how many seconds to ask again, and why it may not."""

    leave: Leave
    wait_seconds: float = 0.0
    reason: str = ""


class GenerationBlocks:
    """What one process knows of the ledger's blocks. Safe to share between its threads.

    tell: told what an operator should know, in a sentence.
    ahead: begin the next block in a thread of its own; else whoever is due waits for it.
    """

    def __init__(
        self,
        store: GenerationStore,
        tell: Callable[[str], None] = lambda sentence: None,
        *,
        ahead: bool = False,
    ) -> None:
        self.store = store
        self.tell = tell
        self._ahead = ahead
        self._noting = threading.Lock()
        # The newest block when this process first asked, by its generation, and which one it began itself.
        self._first: int | None = None
        self._own: int | None = None
        # The furthest that this process saw the ledger at.
        self._seen = (0, 0)
        self._has_warned = False
        self._renewal: threading.Thread | None = None

    def ask(self, ledger: Ledger) -> Answer:
        """Return whether a claim that was just taken may be sent.

        Raises QueueError where the first note of this process cannot be made, for a reason that stays, and
        QueueOfAnother.
        """
        granted, standing = self._pass(ledger)
        if granted is None:
            with self._noting:
                # Another thread may have begun a block meanwhile.
                granted, standing = self._pass(ledger)
                if granted is None:
                    return self._begin_block(ledger, standing)
        is_due = standing.age_seconds >= RENEW_AFTER_SECONDS and not standing.is_noting
        if granted is Leave.GRANTED and is_due:
            self._renew(ledger)
        return Answer(granted)

    def end(self, ledger: Ledger) -> None:
        """End the block where anything went out in it: a copy taken during it is behind from then on.

        Where that fails, whoever next looks for blocks that are over does it.
        """
        with self._noting:
            self._end(ledger, 0.0)

    def end_what_is_over(self, ledger: Ledger) -> None:
        """End a block whose time is over and in which anything went out, as that of a worker that died."""
        with self._noting:
            self._end(ledger, BLOCK_SECONDS)

    def _end(self, ledger: Ledger, age_seconds: float) -> None:
        with ledger.reading() as connection:
            standing = generation.read(connection)
            restored = restores.is_open(connection)
        if standing.is_open and standing.age_seconds >= age_seconds and not restored:
            # What fails here is for the next one that looks.
            with suppress(QueueError):
                self._note(ledger, for_claim=False)

    def _pass(self, ledger: Ledger) -> tuple[Leave | None, Standing]:
        """Let a claim through in a block that holds; None: this process needs a new one first."""
        seen = self._seen
        with ledger.writing() as connection:
            standing = generation.lock(connection)
            if self._first is None:
                self._first = standing.noted
            if not restores.let_go_on(connection, standing, seen):
                return Leave.RESTORED, standing
            if not self._holds(standing):
                return None, standing
            generation.count_claim(connection)
        self._saw(standing.generation, standing.claims + 1)
        return Leave.GRANTED, standing

    def _holds(self, standing: Standing) -> bool:
        if not self._takes_part(standing):
            return False
        # Where notes fail, one worker tries again now and then, and the others go on meanwhile.
        is_waiting = standing.failing_since > 0 and standing.is_noting
        return standing.age_seconds < (SILENCE_SECONDS if is_waiting else BLOCK_SECONDS)

    def _takes_part(self, standing: Standing) -> bool:
        """Return whether the newest block began after this process did, or is its own.

        Told by the generation, and not by a clock that may have been set meanwhile.
        """
        return self._own is not None or (self._first is not None and standing.noted > self._first)

    def _begin_block(self, ledger: Ledger, standing: Standing) -> Answer:
        """Begin a block, or say what becomes of the claim where that cannot be done just now."""
        takes_part = self._takes_part(standing)
        try:
            if (noted := self._note(ledger, for_claim=True)) is not None:
                return Answer(noted)
        except QueueError as err:
            # Before there was any note of this process, a fault that stays is for a person to see at once.
            if not takes_part and not isinstance(err, QueueBusy):
                raise
            self._warn(err)
        with ledger.writing() as connection:
            standing = generation.lock(connection)
            if standing.failing_seconds >= SILENCE_SECONDS:
                return Answer(Leave.UNNOTED, reason=_UNNOTED)
            if standing.failing_since and takes_part and standing.age_seconds < SILENCE_SECONDS:
                # What goes out without a note of its own is told by the next one.
                generation.count_claim(connection)
                return Answer(Leave.GRANTED)
        return Answer(Leave.LATER, RETRY_SECONDS if standing.failing_since else _LOOK_AGAIN_SECONDS)

    def _note(self, ledger: Ledger, *, for_claim: bool) -> Leave | None:
        """Raise the generation and note it outside; None where another worker is at it, or was faster.

        The claim that waits for it is counted with it. Raises QueueError and QueueOfAnother.
        """
        with ledger.writing() as connection:
            if not generation.begin_note(connection, generation.lock(connection)):
                return None
        try:
            outside = self.store.look()
            with ledger.writing() as connection:
                shared = outside.others and not outside.is_sandbox
                if shared and not generation.has_sent(connection) and not generation.adoption(connection):
                    raise queue_of_another(ledger)
                reached = restores.advance(connection, outside.generation)
            if reached is None:
                with ledger.writing() as connection:
                    generation.give_up_note(connection)
                return Leave.RESTORED
            self.store.write(reached)
        except QueueError:
            with ledger.writing() as connection:
                generation.fail_note(connection, RETRY_SECONDS)
            raise
        except QueueOfAnother:
            with ledger.writing() as connection:
                generation.give_up_note(connection)
            raise
        with ledger.writing() as connection:
            standing = generation.end_note(connection, reached)
            if restores.is_open(connection):
                return Leave.RESTORED
            if standing is None:
                return None
            if for_claim:
                generation.count_claim(connection)
        self._own, self._has_warned = reached, False
        self._saw(standing.generation, standing.claims + for_claim)
        return Leave.GRANTED

    def _renew(self, ledger: Ledger) -> None:
        """Begin the next block while this one lasts; a failure there is told, and tried again."""
        if not self._noting.acquire(blocking=False):
            return
        try:
            if not self._ahead:
                self._renew_now(ledger)
            elif self._renewal is None or not self._renewal.is_alive():
                # An engine of its own: the caller's may be closed before the queue has answered.
                url = ledger.engine.url.render_as_string(hide_password=False)
                self._renewal = threading.Thread(target=self._renew_apart, args=(url,), daemon=True)
                self._renewal.start()
        finally:
            self._noting.release()

    def _renew_now(self, ledger: Ledger) -> None:
        with ledger.reading() as connection:
            standing = generation.read(connection)
        if standing.age_seconds < RENEW_AFTER_SECONDS:
            return
        try:
            self._note(ledger, for_claim=False)
        except QueueError as err:
            self._warn(err)

    def _renew_apart(self, url: str) -> None:
        # The ledger's own troubles show to whoever sends.
        with suppress(LedgerError), open_ledger(url) as ledger:
            self._renew_now(ledger)

    def _warn(self, err: QueueError) -> None:
        if not self._has_warned:
            self._has_warned = True
            self.tell(f"{str(err).rstrip('.')}. {_WARNING}")

    def _saw(self, reached: int, claims: int) -> None:
        self._seen = max(self._seen, (reached, claims))
