"""How many messages may go out now: a ladder of stops, and after it a bound on unknown outcomes.

Bounces come minutes after the mail. Whoever goes on meanwhile finds out too late, so the ladder lets out a
few first, and passes a rung at once where the list would pass even if every unknown outcome were a bounce.
Otherwise it waits for the outcomes, a soak at most; what has none then counts at the upper bound of the rate
seen. It never passes on silence.
"""

from dataclasses import replace
from fractions import Fraction
from math import log, log1p

from ledger.tallies import Cohort
from mail.counts import Counts, is_mature, merged, without_outcome
from mail.gate_answers import Continue, Pause, Wait, Waiting
from mail.policy import HaltRules

# Above every number of messages: where the ladder has no rung any more.
OFF_LADDER = 2**31 - 1
FIRST_RUNG_AT_LEAST = 10
# Of the newest messages that should have had an outcome, so many tell whether outcomes come at all.
_SILENCE_OF = 100
_WHOLE_SILENCE_OF = 10
# The rate of those with no outcome is believed to be below its bound in nineteen of twenty cases.
_CHARGE_ERROR = 0.05
# A bound that is nearly reached lets go a twentieth of itself at a time, so that calls stay whole.
_PARTS = 20


def pace(counts: Counts, rules: HaltRules, now: float) -> Continue | Wait | Pause:
    """Return how many messages may go out now, or why they must wait."""
    matured = counts.matured(now, rules.soak_seconds)
    unknown = counts.unknown(matured)
    if not counts.to_claim:
        return Continue(budget=0, rung=counts.rung)
    if _is_silent(counts, rules, now, unknown):
        return _no_outcomes(counts, rules)
    gone = without_outcome(matured)
    charge = gone * _upper_rate(counts.hard_bounced, counts.known) if gone else 0.0
    rung = counts.rung or first_rung(counts, rules)
    while counts.out >= rung and rung < OFF_LADDER:
        if not _passes(counts, rules, unknown, charge):
            return Wait(Waiting.SOAK, _soaking(counts, rung, unknown), rung)
        rung = _next_rung(rung, counts, rules)
    bound = unknown_bound(counts, rules, charge)
    room = bound - unknown
    if unknown > 0 and room < max(1, min(bound // _PARTS, counts.to_claim)) and room < rung - counts.out:
        reason = f"{unknown:,} messages have no outcome yet, and {bound:,} may be out at once"
        return Wait(Waiting.PACE, reason, rung)
    return Continue(max(0, min(room, rung - counts.out)), rung)


def first_rung(counts: Counts, rules: HaltRules) -> int:
    """Return where the ladder begins: on small lists at a tenth of the list, but not below ten."""
    if not rules.ladder:
        return OFF_LADDER
    return min(rules.ladder[0], max(FIRST_RUNG_AT_LEAST, counts.total // 10))


def unknown_bound(counts: Counts, rules: HaltRules, charge: float = 0.0) -> int:
    """Return how many messages may be without an outcome.

    Where so many are known to be good that all unknown ones could bounce, that many may be unknown.
    """
    harmless = int(
        Fraction(str(rules.bounce_rate)) * counts.accepted - counts.hard_bounced - Fraction(charge)
    )
    return max(rules.unknown_at_most, harmless, int(rules.unknown_seconds * counts.rate_per_second))


def _passes(counts: Counts, rules: HaltRules, unknown: int, charge: float) -> bool:
    """Return whether a full rung is passed: no outcome that is still to come could change the verdict."""
    if unknown == 0:
        return True
    limit = Fraction(str(rules.bounce_rate))
    return counts.hard_bounced + unknown + Fraction(charge) < limit * counts.out


def _next_rung(rung: int, counts: Counts, rules: HaltRules) -> int:
    """Return the rung after this one.

    Where as many bounced as halt a campaign, and only the sample is too small to say so, the sample is next.
    """
    following = next((each for each in rules.ladder if each > rung), OFF_LADDER)
    doubtful = counts.hard_bounced >= Fraction(str(rules.bounce_rate)) * counts.accepted
    if doubtful and rung < rules.minimum_sample < following:
        return rules.minimum_sample
    return following


def _is_silent(counts: Counts, rules: HaltRules, now: float, unknown: int) -> bool:
    """Return whether so few outcomes come that nobody can tell a good list from a bad one."""
    heard = counts.known + counts.delayed
    if (
        unknown == 0
        and counts.out >= (counts.rung or first_rung(counts, rules))
        and 2 * heard < counts.accepted
    ):
        return True
    newest = _newest_mature(counts, rules, now)
    if newest.accepted >= _SILENCE_OF:
        return 2 * without_outcome(newest) > newest.accepted
    return newest.accepted >= _WHOLE_SILENCE_OF and without_outcome(newest) == newest.accepted


def _newest_mature(counts: Counts, rules: HaltRules, now: float) -> Cohort:
    """Return the youngest of the mature messages, none of them older than two soaks."""
    found: list[Cohort] = []
    for each in reversed(counts.cohorts):
        if is_mature(each, now, 2 * rules.soak_seconds) or sum(one.accepted for one in found) >= _SILENCE_OF:
            break
        if is_mature(each, now, rules.soak_seconds):
            found.append(each)
    return merged(found)


def _upper_rate(k: int, n: int) -> float:
    """Return an upper bound of the rate at which k of n bounced, by Chernoff; 1 where nothing is known.

    It is never below Clopper and Pearson's, and needs no more than a few logarithms.
    """
    if n == 0 or k >= n:
        return 1.0
    seen, most = k / n, log(1 / _CHARGE_ERROR) / n
    low, high = seen, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        divergence = (seen * log(seen / middle) if seen else 0.0) + (1 - seen) * (
            log1p(-seen) - log1p(-middle)
        )
        low, high = (middle, high) if divergence <= most else (low, middle)
    return high


def _soaking(counts: Counts, rung: int, unknown: int) -> str:
    return (
        f"{counts.out:,} messages are out, the step of {rung:,} is full, and {unknown:,} have no outcome yet"
    )


def _no_outcomes(counts: Counts, rules: HaltRules) -> Pause:
    reason = (
        f"No outcomes: after {rules.soak_seconds:g} seconds fewer than half of the messages have one "
        f"({counts.known:,} of {counts.accepted:,} in all). Look at the event queue and its subscription."
    )
    return Pause("no_outcomes", counts.hard_bounced, counts.accepted, counts.known, reason)


def warned(decision: Continue | Wait | Pause, warning: str) -> Continue | Wait | Pause:
    """Return the decision with a sentence for the operator."""
    return decision if isinstance(decision, Pause) or not warning else replace(decision, warning=warning)
