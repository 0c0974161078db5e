"""What is known of an epoch of a campaign: the counts that the gate decides over, by age."""

from dataclasses import dataclass

from ledger.schema import COHORT_SECONDS
from ledger.tallies import Cohort


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one epoch; what may still go is that of all epochs.

    accepted: taken by SES, without what it withheld; known: of those, with an outcome;
    delayed: of those, late and without an outcome so far.
    may_still_go: queued, claimed, being sent or in doubt; to_claim: of those, still queued or claimed.
    rejected: not taken by SES, in its answer or afterwards, of all the `answers` that it gave.
    underway: claimed, being sent, or in doubt for less than a soak: SES may take them or have taken them.
    rung: how many messages the pace has let out so far; rate_per_second: 0 where the caller sends nothing.
    cohorts: the accepted ones by when SES took them, oldest first; the first may hold all that are very old.
    """

    accepted: int
    known: int
    hard_bounced: int
    complained: int
    may_still_go: int
    to_claim: int
    delayed: int = 0
    underway: int = 0
    rejected: int = 0
    answers: int = 0
    rung: int = 0
    rate_per_second: float = 0.0
    cohorts: tuple[Cohort, ...] = ()

    @property
    def total(self) -> int:
        """T: accepted, and what may still be."""
        return self.accepted + self.may_still_go

    @property
    def out(self) -> int:
        """Messages that are out, or on their way out."""
        return self.accepted + self.underway

    def matured(self, now: float, soak_seconds: float) -> Cohort:
        """Return as one the cohorts that are as old as an outcome takes."""
        return merged([each for each in self.cohorts if is_mature(each, now, soak_seconds)])

    def unknown(self, matured: Cohort) -> int:
        """Return how many that are out may still turn out anything: u, and those on their way.

        Delayed ones are apart, for their outcome so far is known; mature ones have no outcome.
        """
        young = self.accepted - self.known - self.delayed - without_outcome(matured)
        return young + self.underway


def is_mature(cohort: Cohort, now: float, soak_seconds: float) -> bool:
    """Return whether all of a cohort is older than the soak."""
    return cohort.since + COHORT_SECONDS <= now - soak_seconds


def without_outcome(cohort: Cohort) -> int:
    """Return how many of a cohort nothing was heard of."""
    return cohort.accepted - cohort.known - cohort.delayed


def merged(cohorts: list[Cohort]) -> Cohort:
    """Return cohorts as one, as old as the first of them."""
    return Cohort(
        since=cohorts[0].since if cohorts else 0.0,
        accepted=sum(each.accepted for each in cohorts),
        known=sum(each.known for each in cohorts),
        delayed=sum(each.delayed for each in cohorts),
        hard_bounced=sum(each.hard_bounced for each in cohorts),
    )
