"""What the ledger knows against writing to an address, in the words of the hygiene rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from sqlalchemy import Connection

from ledger import subscribers, suppressions
from ledger.suppressions import EVERYWHERE, SuppressionReason
from lists.reasons import Reason

SuppressionLookup = Callable[[Sequence[str]], Mapping[str, str]]
"""Address keys in; those that must not be written to out, each with its reason as in `Reason`."""

ConfirmedLookup = Callable[[Sequence[str]], set[str]]
"""Address keys in; those whose owner has confirmed out."""


def lookup(connection: Connection, list_scope: str = EVERYWHERE) -> SuppressionLookup:
    """Return a look-up of what is suppressed everywhere or for the list `list_scope`."""
    scopes = list(dict.fromkeys((EVERYWHERE, list_scope)))

    def suppressed(keys: Sequence[str]) -> Mapping[str, str]:
        found = suppressions.reasons(connection, keys, scopes)
        return {key: _reason(reason) for key, reason in found.items()}

    return suppressed


def confirmed_lookup(connection: Connection) -> ConfirmedLookup:
    """Return a look-up of whose consent the ledger holds."""
    return lambda keys: subscribers.confirmed(connection, keys)


def nobody_suppressed(keys: Sequence[str]) -> Mapping[str, str]:
    """Look up nothing: for cleaning a list without a ledger."""
    return {}


def nobody_confirmed(keys: Sequence[str]) -> set[str]:
    """Look up nothing: without a ledger only a list's own column can say who consents."""
    return set()


def _reason(reason: SuppressionReason) -> str:
    match reason:
        case SuppressionReason.HARD_BOUNCE:
            return Reason.HARD_BOUNCE
        case SuppressionReason.COMPLAINT:
            return Reason.COMPLAINT
        case SuppressionReason.UNSUBSCRIBE:
            return Reason.UNSUBSCRIBED
        case SuppressionReason.MANUAL:
            return Reason.SUPPRESSED
        case _ as never:
            assert_never(never)
