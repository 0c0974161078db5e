"""How often chance alone halts a list whose true rate is below the limit: exactly, not by trying.

Every outcome is known at once and the gate is asked after each, which is the worst case: outcomes that come
late are fewer to be misled by. The lowest count of bounces that halts is asked of the gate itself for every
number of messages, and the chance of ever reaching it is summed over the counts (dynamic programming).
"""

import numpy as np

from mail.counts import Counts
from mail.gate import bounces
from mail.policy import HaltRules


def chance_of_halt(recipients: int, bounce_rate: float, halting: list[int]) -> float:
    """Return the chance that a list halts in which each message bounces at `bounce_rate` by itself.

    `halting` is what `boundary` returned for so many recipients.
    """
    # The chance of each count of bounces, the campaign still running.
    running = np.zeros(max(halting) + 2)
    running[0] = 1.0
    for n in range(1, recipients + 1):
        running[1:] = running[1:] * (1 - bounce_rate) + running[:-1] * bounce_rate
        running[0] *= 1 - bounce_rate
        running[halting[n] :] = 0.0
    return float(1.0 - running.sum())


def boundary(recipients: int, rules: HaltRules) -> list[int]:
    """Return for every number of messages the lowest count of bounces among them that halts (index 0 unused).

    It is asked by steps from the one before: more bounces never undo a halt, which a test holds.
    """
    found = [1]
    lowest = 1
    for n in range(1, recipients + 1):
        while lowest > 0 and _halts(lowest - 1, n, recipients, rules):
            lowest -= 1
        while lowest <= n and not _halts(lowest, n, recipients, rules):
            lowest += 1
        found.append(lowest)
    return found


def _halts(k: int, n: int, recipients: int, rules: HaltRules) -> bool:
    left = recipients - n
    counts = Counts(accepted=n, known=n, hard_bounced=k, complained=0, may_still_go=left, to_claim=left)
    return bounces(counts, rules, 0.0) is not None
