"""What the ledger's vital signs say against being well, in sentences."""

import re
from collections.abc import Sequence

from ledger.vital_signs import VitalSigns

QUEUED_AT_MOST_SECONDS = 300.0
CLOCK_AT_MOST_SECONDS = 60.0
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def reasons_in(signs: VitalSigns) -> list[str]:
    """Return what keeps mail waiting, or wants a person, while requests are served."""
    reasons = []
    if (seconds := signs.oldest_queued_seconds) is not None and seconds > QUEUED_AT_MOST_SECONDS:
        reasons.append(f"the oldest queued e-mail has waited for {seconds:.0f} s.")
    if (seconds := signs.unanswered_seconds) is not None:
        reasons.append(f"SES took mail {seconds:.0f} s ago, and no event has come since.")
    if signs.forged:
        reasons.append(
            f"{signs.forged} message(s) on the event queue are proved not to be of SES and are kept aside: "
            "`campaign events unread` shows them."
        )
    if signs.stopped_owners:
        reasons.append(
            f"{signs.stopped_owners} owner(s) of single mail are stopped for their hard bounces: "
            "`campaign account` shows them."
        )
    if abs(signs.clock_ahead_seconds) > CLOCK_AT_MOST_SECONDS:
        reasons.append(
            f"the ledger's times are {signs.clock_ahead_seconds:+.0f} s from this machine's clock: "
            "one of them was set."
        )
    return reasons


def kinds(reasons: Sequence[str]) -> dict[str, str]:
    """Return the reasons by their kind: figures that grow make no other one."""
    return {_NUMBER.sub("#", reason): reason for reason in reasons}
