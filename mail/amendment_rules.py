"""What may change of a campaign file once its campaign is enqueued: one table over every key of the file."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Rule(StrEnum):
    """What becomes of a key that differs from the one that the campaign was enqueued with."""

    TAKEN = "taken over"
    # Taken over where it halts no later than before; otherwise a person has to say so.
    STRICTER = "taken over where it is no looser"
    # A path: what lies there counts, and is held by the digests of list and content.
    MOVED = "may lie elsewhere"
    # The name that suppressions for this list are filed under, given or the file's own.
    SAME_SCOPE = "must mean the same list"
    # Any and left out: the list was cleaned alike, and nobody is left out later.
    SAME_CONSENT = "must mean the same consent"
    # It only says which day the name stands for, and for a name in the ledger that is settled.
    KEPT = "stays as it was"
    # Part of what a recipient gets to read: another content under the same name.
    CONTENT = "refused as another content"
    FIXED = "refused"


RULES: Mapping[str, Rule] = {
    "name": Rule.FIXED,
    "timezone": Rule.KEPT,
    "list.source": Rule.SAME_SCOPE,
    "list.name": Rule.SAME_SCOPE,
    "list.unsubscribe": Rule.FIXED,
    "list.address_column": Rule.FIXED,
    "list.encoding": Rule.FIXED,
    "list.delimiter": Rule.FIXED,
    "list.quote": Rule.FIXED,
    "list.header": Rule.FIXED,
    "list.consent": Rule.SAME_CONSENT,
    "list.consent_column": Rule.FIXED,
    "list.last_engaged_column": Rule.FIXED,
    "list.inactive_after_days": Rule.FIXED,
    "from": Rule.CONTENT,
    "reply_to": Rule.CONTENT,
    "subject": Rule.CONTENT,
    "html": Rule.MOVED,
    "text": Rule.MOVED,
    "unsubscribe_text": Rule.CONTENT,
    "language": Rule.TAKEN,
    "postal_address": Rule.CONTENT,
    "allow": Rule.TAKEN,
    "callbacks": Rule.TAKEN,
    "owner": Rule.FIXED,
    "send.rate_per_second": Rule.TAKEN,
    "send.workers": Rule.TAKEN,
    "send.runs": Rule.TAKEN,
    "send.allowed_lateness_seconds": Rule.TAKEN,
    "send.over_quota": Rule.TAKEN,
    "send.settle_seconds": Rule.TAKEN,
    "send.warm_up.start": Rule.TAKEN,
    "send.warm_up.factor": Rule.TAKEN,
    "send.warm_up.days": Rule.TAKEN,
    "halt.preset": Rule.STRICTER,
    "halt.bounce_rate": Rule.STRICTER,
    "halt.minimum_sample": Rule.STRICTER,
    "halt.minimum_bounces": Rule.STRICTER,
    "halt.complaint_warning": Rule.STRICTER,
    "halt.complaint_rate": Rule.STRICTER,
    "halt.ladder": Rule.STRICTER,
    "halt.soak_seconds": Rule.STRICTER,
    "halt.unknown_at_most": Rule.STRICTER,
    "halt.unknown_seconds": Rule.STRICTER,
    "halt.on_halt": Rule.TAKEN,
    "halt.answer_hours": Rule.TAKEN,
    "brakes.enabled": Rule.TAKEN,
    "brakes.share": Rule.TAKEN,
    "brakes.minimum_sample": Rule.TAKEN,
    "brakes.window_seconds": Rule.TAKEN,
    "brakes.pause_seconds": Rule.TAKEN,
    "hygiene.role_alias": Rule.FIXED,
    "hygiene.disposable": Rule.FIXED,
    "hygiene.free_mail": Rule.FIXED,
    "hygiene.typo": Rule.FIXED,
    "hygiene.keep": Rule.FIXED,
    "hygiene.role_names_file": Rule.MOVED,
    "hygiene.disposable_domains_file": Rule.MOVED,
    "hygiene.mx": Rule.FIXED,
    "hygiene.repair": Rule.FIXED,
}


def _is_more(before: float, after: float) -> bool:
    return after > before


def _is_less(before: float, after: float) -> bool:
    return after < before


def _stops_later(before: Sequence[int], after: Sequence[int]) -> bool:
    return len(after) < len(before) or any(new > old for old, new in zip(before, after, strict=False))


# When a figure of the halt policy is looser than it was; who is asked, and how long, loosens nothing.
LOOSER: Mapping[str, Callable[[Any, Any], bool]] = {
    "bounce_rate": _is_more,
    "minimum_sample": _is_more,
    "minimum_bounces": _is_more,
    "complaint_warning": _is_more,
    "complaint_rate": _is_more,
    "ladder": _stops_later,
    # A stop that waits for less passes with fewer of its outcomes.
    "soak_seconds": _is_less,
    "unknown_at_most": _is_more,
    "unknown_seconds": _is_more,
}
