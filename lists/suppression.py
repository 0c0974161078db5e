"""What the ledger knows against writing to an address, in the words of the hygiene rules."""

from collections.abc import Callable, Mapping, Sequence
from typing import assert_never

from sqlalchemy import Connection

from ledger import subscribers, suppression_history, suppressions
from ledger.suppression_history import gravest
from ledger.suppression_scopes import of_list, of_owner
from ledger.suppressions import EVERYWHERE, SuppressionReason
from lists.reasons import Reason

SuppressionLookup = Callable[[Sequence[str]], Mapping[str, str]]
"""Address keys in; those that must not be written to out, each with its reason as in `Reason`."""

ConfirmedLookup = Callable[[Sequence[str]], set[str]]
"""Address keys in; those whose owner has confirmed out."""

LastEngagedLookup = Callable[[Sequence[str]], Mapping[str, float]]
"""Address keys in; out since when each owner has been silent (epoch seconds), where that is known."""


def scopes_of(list_scope: str, owner: str = "") -> list[str]:
    """Return the scopes whose entries hold for a list: everywhere, its own, and its campaign's owner's."""
    scopes = (EVERYWHERE, of_list(list_scope), *([of_owner(owner)] if owner else []))
    return list(dict.fromkeys(scopes))


def lookup(connection: Connection, list_scope: str = EVERYWHERE) -> SuppressionLookup:
    """Return a look-up of what is suppressed everywhere or for the list `list_scope`."""
    scopes = scopes_of(list_scope)
    return lambda keys: in_words(suppressions.reasons(connection, keys, scopes))


def lookup_as_of(
    connection: Connection, until: float, list_scope: str = EVERYWHERE, owner: str = ""
) -> SuppressionLookup:
    """Return a look-up of what was suppressed at `until` (epoch seconds), by the ledger's history."""
    scopes = scopes_of(list_scope, owner)

    def suppressed(keys: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, SuppressionReason] = {}
        standing = suppression_history.standing(connection, keys, scopes, until)
        for (key, _), grounds in standing.items():
            found[key] = gravest([*grounds, *([found[key]] if key in found else [])])
        return in_words(found)

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


def nobody_engaged(keys: Sequence[str]) -> Mapping[str, float]:
    """Look up nothing: without a ledger only a list's own column can say who is active."""
    return {}


def in_words(found: Mapping[str, SuppressionReason]) -> dict[str, str]:
    """Return what the ledger found in the words of the rules."""
    return {key: _reason(reason) for key, reason in found.items()}


def _reason(reason: SuppressionReason) -> str:
    match reason:
        case SuppressionReason.HARD_BOUNCE:
            return Reason.HARD_BOUNCE
        case SuppressionReason.COMPLAINT:
            return Reason.COMPLAINT
        case SuppressionReason.UNSUBSCRIBE:
            return Reason.UNSUBSCRIBED
        case SuppressionReason.MANUAL | SuppressionReason.SOFT_BOUNCE | SuppressionReason.EXPIRED:
            return Reason.SUPPRESSED
        case SuppressionReason.INACTIVE:
            return Reason.INACTIVE
        case _ as never:
            assert_never(never)
