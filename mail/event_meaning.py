"""What an event of SES means: the fact that it adds, and whether its address is suppressed for it."""

from collections.abc import Mapping
from typing import Any

from ledger.statuses import Fact
from ledger.suppressions import SuppressionReason

_FACTS = {
    "Delivery": Fact.DELIVERED,
    "Complaint": Fact.COMPLAINED,
    "Reject": Fact.REJECTED,
    "DeliveryDelay": Fact.DELAYED,
    "Rendering Failure": Fact.FAILED,
    "Open": Fact.OPENED,
    "Click": Fact.CLICKED,
    "Subscription": Fact.UNSUBSCRIBED,
}
# SES reports an unknown domain as Transient with this status; it never recovers.
UNKNOWN_DOMAIN_STATUS = "5.4.4"
# "Message expired": SES tried for hours (RFC 3463, X.4.7).
EXPIRED_STATUS = "4.4.7"


def fact_of(kind: str, detail: Mapping[str, Any], status: str | None) -> Fact | None:
    """Return what the event says became of the message; `status` is the enhanced status of a bounce.

    None where it says no more than that SES took it.
    """
    if kind == "Bounce":
        return _bounce_fact(detail, status)
    # "SES accepted the message, but didn't attempt to send it": nobody complained about this one.
    if kind == "Complaint" and detail.get("complaintSubType") == "OnAccountSuppressionList":
        return Fact.ACCOUNT_SUPPRESSED
    return _FACTS.get(kind)


def _bounce_fact(bounce: Mapping[str, Any], status: str | None) -> Fact:
    match bounce.get("bounceType"), bounce.get("bounceSubType"):
        case _, "OnAccountSuppressionList":
            return Fact.ACCOUNT_SUPPRESSED
        case "Permanent", _:
            return Fact.HARD_BOUNCED
        case "Transient", _ if status == UNKNOWN_DOMAIN_STATUS:
            return Fact.HARD_BOUNCED
        case "Transient", "General":
            return Fact.TRANSIENT_GENERAL
        case _:
            return Fact.SOFT_BOUNCED


def suppression_of(
    facts: Mapping[Fact, float], detail: Mapping[str, Any], status: str | None
) -> SuppressionReason | None:
    """Return the reason for which the message's address must not be written to again, or None."""
    if Fact.COMPLAINED in facts:
        return SuppressionReason.COMPLAINT
    # A Transient one is an unknown domain, and a failure of DNS looks the same: the MX check decides that.
    if Fact.HARD_BOUNCED in facts and detail.get("bounceType") == "Permanent":
        return SuppressionReason.HARD_BOUNCE
    if detail.get("bounceType") == "Transient" and status == EXPIRED_STATUS:
        return SuppressionReason.EXPIRED
    if Fact.UNSUBSCRIBED in facts and _leaves_all(detail):
        return SuppressionReason.UNSUBSCRIBE
    return None


def _leaves_all(subscription: Mapping[str, Any]) -> bool:
    """Whether somebody used an unsubscribe link of SES's own list management for everything."""
    wanted = subscription.get("newTopicPreferences")
    return isinstance(wanted, dict) and wanted.get("unsubscribeAll") is True
