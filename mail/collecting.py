"""Collecting what became of messages: events off the queue, into the ledger, past the gate."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ledger import accounts, bisection, campaigns, drains, events, soft_bounces, tallies, unread
from ledger.campaigns import State
from ledger.engine import Ledger
from ledger.incoming import Event
from ledger.statuses import Count, Fact, Status
from ledger.suppressions import SuppressionReason
from ledger.tallies import Totals
from lists.dns_verdicts import MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import account, braking, event_intake, gatekeeping, owner_gate, warm_up
from mail.queue import EventQueue, Received
from mail.sns_signature import KeyOf

log = logging.getLogger(__name__)

# One transaction takes in about this many events; more would keep senders waiting for the lock.
_EVENTS_A_TRANSACTION = 500
# While a campaign sends, an empty queue is asked again after this long.
_POLL_SECONDS = 1
# Between tries where collecting breaks off: without outcomes nothing may be sent for long.
_PAUSE_SECONDS = (0.5, 1.0, 2.0)

MxLookup = Callable[[Sequence[str]], Mapping[str, MxVerdict]]


@dataclass(frozen=True, slots=True)
class Collected:
    """What came off the queue: bodies, and among the events new ones, repeats, and those of no message.

    `broken` counts bodies besides that could not be taken in: they stay on the queue.
    """

    received: int = 0
    new: int = 0
    repeated: int = 0
    unmatched: int = 0
    not_events: int = 0
    # Of these, how many found no room in the ledger and stay on the queue.
    left: int = 0
    broken: int = 0
    # Ids of the campaigns whose facts changed.
    campaigns: frozenset[int] = frozenset()
    # Events that nobody could verify, and bodies that are proved not to be of SES.
    unverified: int = field(default=0, compare=False)
    forged: int = 0

    def __add__(self, other: "Collected") -> "Collected":
        return Collected(
            self.received + other.received,
            self.new + other.new,
            self.repeated + other.repeated,
            self.unmatched + other.unmatched,
            self.not_events + other.not_events,
            self.left + other.left,
            self.broken + other.broken,
            self.campaigns | other.campaigns,
            self.unverified + other.unverified,
            self.forged + other.forged,
        )


@dataclass(frozen=True, slots=True)
class Collector:
    """Everything that collecting needs."""

    ledger: Ledger
    queue: EventQueue
    mx: MxLookup
    clock: Callable[[], float] = time.time
    # 0: bounces that might pass suppress nobody.
    soft_bounces_in_a_row: int = soft_bounces.IN_A_ROW
    # How to get at the keys that SNS signs with; without it nothing is known of where events come from.
    key_of: KeyOf | None = None
    # Set where nothing more is to be collected.
    ends: threading.Event = field(default_factory=threading.Event)

    def drain(self, wait_seconds: int = 0) -> Collected:
        """Take everything off the queue that is there, waiting up to `wait_seconds` for the first."""
        total = Collected()
        while True:
            found = self._step(wait_seconds if total.received == 0 else 0)
            total += found
            if found.received == 0 and not total.broken:
                # What is left on the queue for its redelivery was not seen.
                self._note_drained()
            if found.received == found.left or self.ends.is_set():
                # Nothing, or nothing but what must stay, which a queue may hand out again at once.
                return total

    def take(self, body: str) -> Collected:
        """Take in a body that a person vouches for, wherever it comes from."""
        collected, _ = replace(self, key_of=None)._take_in([Received(body, "")])
        return collected

    def _step(self, wait_seconds: int) -> Collected:
        batch = self.queue.receive(wait_seconds)
        more = batch
        while more and len(batch) < _EVENTS_A_TRANSACTION:
            more = self.queue.receive()
            batch = batch + more
        if not batch:
            return Collected()
        is_outage = partial(bisection.is_outage, self.ledger)
        parts, broken = bisection.halve(batch, self._take_in, is_outage)
        for each in broken:
            # Its text may hold an address. The queue brings it again, and at last to its dead letters.
            log.warning("an event cannot be processed and stays on the queue: %s", type(each.error).__name__)
        # Only after the commit: what a crash leaves on the queue comes again and is then known.
        self.queue.delete(
            [item.receipt for taken, (_, left) in parts for item in taken if item.body not in left]
        )
        return sum((collected for _, (collected, _) in parts), Collected(broken=len(broken)))

    def _note_drained(self) -> None:
        with self.ledger.writing() as connection:
            drains.note(connection)

    def _take_in(self, batch: Sequence[Received]) -> tuple[Collected, Collection[str]]:
        """Return what came of a batch, and the bodies that must stay on the queue."""
        intake = event_intake.sort(self.ledger, [item.body for item in batch], self.clock(), self.key_of)
        found = self._with_mx(intake.events)
        # What SES withheld leaves the account's accepted messages, and so raises its rate.
        bounced = any(item.facts.keys() & {Fact.HARD_BOUNCED, Fact.WITHHELD} for item in found)
        with self.ledger.writing() as connection:
            if bounced:
                accounts.lock(connection)
            applied = events.apply(connection, found, self.soft_bounces_in_a_row)
            left = unread.keep(connection, intake.aside, intake.forged)
            for campaign_id in applied.campaigns:
                locked = campaigns.lock(connection, campaign_id)
                own = [change for change in applied.changes if change[1].campaign_id == campaign_id]
                braking.watch(connection, locked, own)
                gatekeeping.review(connection, locked)
            if bounced:
                account.review(connection)
                owner_gate.review(connection, applied.changes)
        collected = Collected(
            received=len(batch),
            new=applied.new,
            repeated=applied.repeated,
            unmatched=applied.unmatched,
            not_events=intake.not_events,
            left=sum(item.body in left for item in batch),
            campaigns=frozenset(applied.campaigns),
            unverified=sum(not item.verified for item in found),
            forged=sum(item.body in intake.forged for item in batch),
        )
        return collected, left

    def _with_mx(self, found: Sequence[Event]) -> list[Event]:
        """Let an unknown domain suppress only where the DNS agrees: a failure of DNS looks the same."""
        doubtful = {
            item.dedupe_key: item.destination.rpartition("@")[2].lower()
            for item in found
            if Fact.HARD_BOUNCED in item.facts and item.bounce_type == "Transient" and item.destination
        }
        if not doubtful:
            return list(found)
        verdicts = self.mx(sorted(set(doubtful.values())))
        gone = {key for key, domain in doubtful.items() if verdicts[domain].status is MxStatus.NO_MX}
        return [
            replace(item, suppress=SuppressionReason.HARD_BOUNCE) if item.dedupe_key in gone else item
            for item in found
        ]


def collect_during(
    collector: Collector,
    name: str,
    settle_seconds: float,
    *,
    on_progress: Callable[[Collected], None] = lambda collected: None,
    clock: Callable[[], float] = time.monotonic,
    pause_seconds: Sequence[float] = _PAUSE_SECONDS,
    tell: Callable[[str], None] = log.warning,
) -> Collected:
    """Collect while the campaign sends, and then until its outcomes are in or `settle_seconds` are over.

    Sending is over where the campaign no longer runs, or nothing of it is queued, claimed or being sent; what
    is queued for another day of the sender's warm-up is not waited for. A paused campaign is not waited for.

    What breaks is told, tried again after each of `pause_seconds`, and raised where it still breaks then.
    """
    total = Collected()
    over_since: float | None = None
    faults = 0
    while True:
        try:
            total += collector.drain(wait_seconds=_POLL_SECONDS)
        except Exception as err:
            if faults >= len(pause_seconds):
                raise
            pause = pause_seconds[faults]
            tell(f"collecting breaks off and is tried again in {pause:g} s: {type(err).__name__}")
            time.sleep(pause)
            faults += 1
            continue
        faults = 0
        on_progress(total)
        if collector.ends.is_set():
            return total
        with collector.ledger.reading() as connection:
            campaign = campaigns.get(connection, name)
            totals = tallies.read(connection, campaign.id)
            today = warm_up.today(connection, campaign)
        if campaign.state is State.RUNNING and _underway(
            totals, done_for_today=today is not None and not today.left
        ):
            over_since = None
            continue
        over_since = clock() if over_since is None else over_since
        settled = campaign.state is State.PAUSED or not _outstanding(totals)
        if settled or clock() - over_since >= settle_seconds:
            return total


def _underway(totals: Totals, *, done_for_today: bool) -> int:
    held = totals.by_status[Status.CLAIMED] + totals.by_status[Status.SENDING]
    return held if done_for_today else held + totals.by_status[Status.QUEUED]


def _outstanding(totals: Totals) -> int:
    """Return how many messages SES took, or may have taken, without an outcome so far."""
    doubtful = totals.by_status[Status.SENDING] + totals.by_status[Status.IN_DOUBT]
    return totals.counts[Count.ACCEPTED] - totals.counts[Count.KNOWN] + doubtful
