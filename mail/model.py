"""A campaign in memory: the counts that the ledger would keep, moved by hand, and the gate asked about them.

The simulator and the proofs of the gate move it; it knows no mail, no time of its own and no chance.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from ledger.schema import COHORT_SECONDS
from ledger.tallies import Cohort
from mail.counts import Counts, merged
from mail.gate import decide
from mail.gate_answers import Continue, Decision, Halt, Pause, Wait
from mail.policy import HaltRules


@dataclass
class Model:
    """An epoch of a campaign to `queued` recipients. A halt and a pause latch, as they do in the ledger."""

    queued: int
    rules: HaltRules
    rate_per_second: float = 0.0
    claimed: int = 0
    sending: int = 0
    accepted: int = 0
    known: int = 0
    delayed: int = 0
    hard_bounced: int = 0
    rejected: int = 0
    withheld: int = 0
    rung: int = 0
    stopped: Halt | Pause | None = None
    # Accepted, known, delayed and hard bounced, by the ten seconds in which SES took them.
    _cohorts: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))

    @property
    def unknown(self) -> int:
        """Messages that are out without an outcome, or on their way out, however old they are."""
        return self.accepted - self.known - self.delayed + self.claimed + self.sending

    def counts(self, now: float) -> Counts:
        """Return what the gate would be told now."""
        old = now - 2 * self.rules.soak_seconds
        cohorts = [
            Cohort(float(bucket * COHORT_SECONDS), *amounts)
            for bucket, amounts in sorted(self._cohorts.items())
        ]
        very_old = [each for each in cohorts if each.since + COHORT_SECONDS <= old]
        if very_old:
            cohorts = [merged(very_old), *cohorts[len(very_old) :]]
        return Counts(
            accepted=self.accepted,
            known=self.known,
            hard_bounced=self.hard_bounced,
            complained=0,
            may_still_go=self.queued + self.claimed + self.sending,
            to_claim=self.queued + self.claimed,
            delayed=self.delayed,
            underway=self.claimed + self.sending,
            rejected=self.rejected,
            answers=self.accepted + self.withheld + self.rejected,
            rung=self.rung,
            rate_per_second=self.rate_per_second,
            cohorts=tuple(cohorts),
        )

    def review(self, now: float) -> Decision:
        """Ask the gate, as claims and collectors do, and latch what it says."""
        if self.stopped is not None:
            return self.stopped
        decision = decide(self.counts(now), self.rules, now)
        match decision:
            case Halt() | Pause():
                self.stopped = decision
            case Continue() | Wait():
                self.rung = decision.rung
        return decision

    def claim(self, limit: int, now: float) -> int:
        """Claim as many as the gate lets go, at most `limit`; return how many those are."""
        decision = self.review(now)
        if not isinstance(decision, Continue):
            return 0
        granted = min(limit, decision.budget, self.queued)
        self.queued -= granted
        self.claimed += granted
        return granted

    def give_back(self, count: int) -> None:
        """Queue claimed messages again: their worker died or gave up."""
        self.claimed -= count
        self.queued += count

    def intend(self, count: int) -> bool:
        """Commit the intent to send claimed messages; return False where the campaign has stopped."""
        if self.stopped is not None:
            return False
        self.claimed -= count
        self.sending += count
        return True

    def accept(self, count: int, now: float) -> int:
        """Take in that SES took messages that were being sent; return their cohort."""
        bucket = int(now // COHORT_SECONDS)
        self.sending -= count
        self.accepted += count
        self._cohorts[bucket][0] += count
        return bucket

    def withhold(self, bucket: int) -> None:
        """Take in that SES took a message of this cohort and did not send it: it is in no rate."""
        self.accepted -= 1
        self.withheld += 1
        self._cohorts[bucket][0] -= 1

    def reject(self, count: int) -> None:
        """Take in that SES refused messages that were being sent."""
        self.sending -= count
        self.rejected += count

    def delay(self, bucket: int) -> None:
        """Take in that a message of this cohort, of which nothing was known, is late."""
        self.delayed += 1
        self._cohorts[bucket][2] += 1

    def settle(self, bucket: int, *, bounced: bool, was_delayed: bool = False) -> None:
        """Take in the first outcome of a message of this cohort."""
        amounts = self._cohorts[bucket]
        if was_delayed:
            self.delayed -= 1
            amounts[2] -= 1
        self.known += 1
        amounts[1] += 1
        if bounced:
            self.hard_bounced += 1
            amounts[3] += 1
