"""When a domain that puts our mail off is left alone for a while: one pure rule over counts.

A window opens with the first message that a domain defers or bounces for a passing reason, and closes with
its sample. Where too many of the sample were put off, the domain is braked. Then a trial lets a sample of
messages through, and the same rule decides on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ledger.clock import TOLERANCE_SECONDS
from ledger.domain_brakes import Window
from mail.brake_policy import BrakePolicy

# Each brake in a row lasts twice as long as the one before, up to this many times the first.
LONGEST_FACTOR = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """What was learnt of one message: when SES took it, and whether its first news, or news at all, was bad.

    first: it had no outcome so far; put_off: it is deferred or soft bounced now, and was not before.
    """

    accepted_at: float
    first: bool
    put_off: bool


def judged(
    domain: str, window: Window | None, seen: Sequence[Seen], policy: BrakePolicy, now: float
) -> Window | None:
    """Return the domain's window after what was seen; None where nothing needs to be watched."""
    if not policy.enabled:
        return None
    if window is None or is_over(window, policy, now):
        if not any(each.put_off for each in seen):
            return None
        window = Window(domain, now)
    # What went out before the brake says nothing of how the domain is after it.
    counted = [each for each in seen if window.times == 0 or each.accepted_at >= window.since]
    window = replace(
        window,
        outcomes=window.outcomes + sum(each.first for each in counted),
        put_off=window.put_off + sum(each.put_off for each in counted),
    )
    if window.outcomes < policy.minimum_sample:
        return window
    if window.put_off < Fraction(str(policy.share)) * window.outcomes:
        return None
    until = now + _brake_seconds(policy, window.times + 1)
    return Window(domain, until, times=window.times + 1, braked_until=until)


def _brake_seconds(policy: BrakePolicy, times: int) -> float:
    """Return how long the brake lasts that is the `times`-th in a row; none before the first."""
    return policy.pause_seconds * min(2 ** (times - 1), LONGEST_FACTOR) if times else 0.0


def is_over(window: Window, policy: BrakePolicy, now: float) -> bool:
    """Tell whether the time for the window's sample is over without it; the domain is then free.

    So it is where the window lies further ahead than a brake lasts: the clock was set back since.
    """
    if window.since > now + TOLERANCE_SECONDS + _brake_seconds(policy, window.times):
        return True
    return now >= window.since + policy.window_seconds


def room(window: Window, policy: BrakePolicy, now: float) -> int | None:
    """Return how many messages to the domain may be claimed now; None where it is free."""
    if window.braked_until is None or is_over(window, policy, now):
        return None
    return 0 if now < window.braked_until else max(0, policy.minimum_sample - window.let_through)


def opens_at(window: Window, policy: BrakePolicy, now: float) -> float:
    """Return the moment from which a domain without room has some again, if nothing happens before."""
    if window.braked_until is not None and now < window.braked_until:
        return window.braked_until
    return window.since + policy.window_seconds
