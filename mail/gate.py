"""Whether a campaign may go on: one pure function over counts.

The rules, with k hard bounces, n messages that SES accepted and T = n plus what may still be sent, all of one
epoch:

- literal: k/n has reached the limit, once n >= min(minimum sample, T) or nothing is left to claim;
- literal_known: the same over messages old enough to have had an outcome;
- certain: k >= the limit of T, so that the campaign ends at the limit or above it whatever comes;
- early: k >= 3 below the minimum sample, and chance does not explain them at 99.9 %;
- complaints: at least 3, and their rate has reached its limit over at least 1,000 messages;
- rejected: SES does not take at least 3 and at least 1 % of what it answered, or took nothing and nothing is
  left to send.

Where none of them fires, the pace decides how many more may go out (mail.pace).
"""

from fractions import Fraction
from math import ceil, exp, lgamma, log, log1p

from mail.counts import Counts
from mail.gate_answers import Decision, Halt
from mail.pace import pace, warned
from mail.policy import HaltRules

EARLY_BOUNCES = 3
# One-sided: at a true rate of 5 %, a halt by this rule is a mistake in at most one decision of a thousand.
EARLY_ERROR = 0.001
COMPLAINTS_AT_LEAST = 3
COMPLAINTS_OUT_OF_AT_LEAST = 1_000
REJECTED = "rejected"
REJECTIONS_AT_LEAST = 3
# A refusal is the content's or the sender's fault far more often than the recipient's: the next ones follow.
REJECTED_SHARE = Fraction(1, 100)


def decide(counts: Counts, rules: HaltRules, now: float) -> Decision:
    """Return whether the campaign halts, pauses, waits or goes on, and with how many messages.

    Of several rules the first in the order of the module's list decides. `now` is by the cohorts' clock.
    """
    halt = bounces(counts, rules, now)
    if halt is not None:
        return halt
    complaints = _complaints(counts, rules)
    if isinstance(complaints, Halt):
        return complaints
    if (refused := rejections(counts)) is not None:
        return refused
    return warned(pace(counts, rules, now), complaints)


def bounces(counts: Counts, rules: HaltRules, now: float) -> Halt | None:
    """Return the halt that the hard bounces call for, or None."""
    limit = Fraction(str(rules.bounce_rate))
    total = counts.total
    sample = min(rules.minimum_sample, total)
    k, n = counts.hard_bounced, counts.accepted
    if k < rules.minimum_bounces:
        return None
    if n > 0 and k >= limit * n and (n >= sample or counts.to_claim == 0):
        return _halt("literal", counts, f"{_share(k, n)} accepted", limit)
    old = counts.matured(now, rules.soak_seconds)
    enough = old.known >= max(sample, 1) and old.hard_bounced >= rules.minimum_bounces
    if enough and old.hard_bounced >= limit * old.known:
        found = f"{_share(old.hard_bounced, old.known)} with a known outcome"
        return _halt("literal_known", counts, found, limit)
    if k >= ceil(limit * total):
        sentence = f"{k} hard bounced of {total} in all, so it cannot end below the limit"
        return _halt("certain", counts, sentence, limit)
    if n < sample and too_many_to_be_chance(k, n, limit):
        sentence = f"{_share(k, n)} accepted, too many so early to be chance"
        return _halt("early", counts, sentence, limit)
    return None


def too_many_to_be_chance(k: int, n: int, limit: Fraction) -> bool:
    """Return whether k hard bounces of n are more than chance explains at a true rate of `limit`."""
    return EARLY_BOUNCES <= k <= n and _chance(k, n, float(limit)) < EARLY_ERROR


def rejections(counts: Counts) -> Halt | None:
    """Return the halt that the messages call for which SES does not take, or None. Its k and n are these."""
    rejected, answers = counts.rejected, counts.answers
    if rejected >= REJECTIONS_AT_LEAST and rejected >= REJECTED_SHARE * answers:
        limit = f"the limit is {REJECTIONS_AT_LEAST} and {percent(REJECTED_SHARE)}"
        sentence = f"Amazon SES rejected {_share(rejected, answers)} messages; {limit}."
    elif rejected and rejected >= answers and not counts.may_still_go:
        sentence = f"Amazon SES rejected {_all(rejected)} that it was asked to send."
    else:
        return None
    return Halt(REJECTED, rejected, answers, counts.known, sentence)


def _all(messages: int) -> str:
    return "the only message" if messages == 1 else f"all {messages} messages"


def _complaints(counts: Counts, rules: HaltRules) -> Halt | str:
    """Return a halt, or a sentence that warns, which may be empty."""
    of = max(counts.accepted, COMPLAINTS_OUT_OF_AT_LEAST)
    if counts.complained < COMPLAINTS_AT_LEAST:
        return ""
    rate = Fraction(counts.complained, of)
    sentence = f"{counts.complained} complaints of {counts.accepted} accepted"
    if rate >= Fraction(str(rules.complaint_rate)):
        reason = f"{sentence}: the limit is {percent(Fraction(str(rules.complaint_rate)))}."
        return Halt("complaints", counts.hard_bounced, counts.accepted, counts.known, reason)
    if rate >= Fraction(str(rules.complaint_warning)):
        return f"{sentence}: more than {percent(Fraction(str(rules.complaint_warning)))} complain."
    return ""


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
        reason=f"Hard bounces: {found}; the limit is {percent(limit)}.",
    )


def _share(k: int, n: int) -> str:
    return f"{k} of {n} ({percent(Fraction(k, n))})"


def percent(share: Fraction) -> str:
    """Return a share as sentences say it: 5 %, 4.76 %."""
    return f"{float(share) * 100:.2f}".rstrip("0").rstrip(".") + " %"
