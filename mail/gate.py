"""Whether a campaign may go on: one pure function over counts.

The rules, with k hard bounces, n messages that SES accepted and T = n plus what may still be sent, all of one
epoch:

- literal: k/n has reached the limit, once n >= min(minimum sample, T) or nothing is left to claim;
- literal_known: the same over messages old enough to have had an outcome;
- certain: k >= the limit of T, so that the campaign ends at the limit or above it whatever comes;
- early: k >= 3 below the minimum sample, and chance does not explain them at 99.9 %;
- complaints: at least 3, and their rate has reached its limit over at least 1,000 messages.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, lgamma, log, log1p

from mail.policy import HaltRules

EARLY_BOUNCES = 3
# One-sided: at a true rate of 5 %, a halt by this rule is a mistake in at most one decision of a thousand.
EARLY_ERROR = 0.001
COMPLAINTS_AT_LEAST = 3
COMPLAINTS_OUT_OF_AT_LEAST = 1_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known of an epoch of a campaign.

    accepted: taken by SES, without what its own suppression list stopped; known: of those, with an outcome;
    may_still_go: queued, claimed, being sent or in doubt; to_claim: of those, still queued or claimed.
    The `matured` ones are as old as an outcome takes.
    """

    accepted: int
    known: int
    hard_bounced: int
    complained: int
    may_still_go: int
    to_claim: int
    matured_known: int = 0
    matured_hard_bounced: int = 0


@dataclass(frozen=True, slots=True)
class Continue:
    """The campaign may go on. `warning` is a sentence for the operator, or empty."""

    warning: str = ""


@dataclass(frozen=True, slots=True)
class Halt:
    """The campaign must stop: the rule that fired, its figures, and a sentence that says so."""

    rule: str
    k: int
    n: int
    known: int
    reason: str


def decide(counts: Counts, policy: HaltRules) -> Continue | Halt:
    """Return whether the campaign goes on; of several rules the first in the order of the module's list."""
    limit = Fraction(str(policy.bounce_rate))
    total = counts.accepted + counts.may_still_go
    sample = min(policy.minimum_sample, total)
    k, n = counts.hard_bounced, counts.accepted

    if k >= policy.minimum_bounces:
        if n > 0 and k >= limit * n and (n >= sample or counts.to_claim == 0):
            return _halt("literal", counts, f"{_share(k, n)} accepted", limit)
        matured_k, matured = counts.matured_hard_bounced, counts.matured_known
        if matured >= max(sample, 1) and matured_k >= limit * matured and matured_k >= policy.minimum_bounces:
            return _halt("literal_known", counts, f"{_share(matured_k, matured)} with a known outcome", limit)
        if k >= ceil(limit * total):
            sentence = f"{k} hard bounced of {total} in all, so it cannot end below the limit"
            return _halt("certain", counts, sentence, limit)
        if EARLY_BOUNCES <= k <= n < sample and _chance(k, n, float(limit)) < EARLY_ERROR:
            sentence = f"{_share(k, n)} accepted, too many so early to be chance"
            return _halt("early", counts, sentence, limit)
    return _complaints(counts, policy)


def _complaints(counts: Counts, policy: HaltRules) -> Continue | Halt:
    of = max(counts.accepted, COMPLAINTS_OUT_OF_AT_LEAST)
    if counts.complained < COMPLAINTS_AT_LEAST:
        return Continue()
    rate = Fraction(counts.complained, of)
    sentence = f"{counts.complained} complaints of {counts.accepted} accepted"
    if rate >= Fraction(str(policy.complaint_rate)):
        reason = f"{sentence}: the limit is {_percent(Fraction(str(policy.complaint_rate)))}."
        return Halt("complaints", counts.hard_bounced, counts.accepted, counts.known, reason)
    if rate >= Fraction(str(policy.complaint_warning)):
        return Continue(
            f"{sentence}: more than {_percent(Fraction(str(policy.complaint_warning)))} complain."
        )
    return Continue()


def _chance(k: int, n: int, rate: float) -> float:
    """Return the chance of k or more in n at `rate`.

    Below 0.001 exactly where the one-sided Clopper-Pearson 99.9 % lower bound of k/n exceeds `rate`.
    """
    # By logarithms: with a large minimum sample the binomial coefficients themselves are beyond any float.
    all_ways = lgamma(n + 1)
    return 1.0 - sum(
        exp(all_ways - lgamma(i + 1) - lgamma(n - i + 1) + i * log(rate) + (n - i) * log1p(-rate))
        for i in range(k)
    )


def _halt(rule: str, counts: Counts, found: str, limit: Fraction) -> Halt:
    return Halt(
        rule=rule,
        k=counts.hard_bounced,
        n=counts.accepted,
        known=counts.known,
        reason=f"Hard bounces: {found}; the limit is {_percent(limit)}.",
    )


def _share(k: int, n: int) -> str:
    return f"{k} of {n} ({_percent(Fraction(k, n))})"


def _percent(share: Fraction) -> str:
    return f"{float(share) * 100:.2f}".rstrip("0").rstrip(".") + " %"
