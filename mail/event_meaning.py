"""What an event of SES means: the fact that it adds, and whether its address is suppressed for it.

One table of bounce types and subtypes, one of complaints. What is in neither is taken on the safe side, and
gets a note with its name, so that a person hears of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.statuses import Fact
from ledger.suppressions import SuppressionReason
from ledger.withheld import WITHHELD_SUBTYPES, WithheldReason

# SES reports an unknown domain as Transient with this status; it never recovers.
UNKNOWN_DOMAIN_STATUS = "5.4.4"
# "Message expired": SES tried for hours (RFC 3463, X.4.7).
EXPIRED_STATUS = "4.4.7"
# The beginning of SES's own words in place of a mail server's, where it sent nothing.
_NOT_SENT = "amazon ses did not send"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event says of its message; all None where it says no more than that SES took it.

    `note` names what a person should hear of beside the figures.
    """

    fact: Fact | None = None
    suppress: SuppressionReason | None = None
    withheld: WithheldReason | None = None
    note: str | None = None


_SIMPLE = {
    "Send": Meaning(),
    "Delivery": Meaning(Fact.DELIVERED),
    "Reject": Meaning(Fact.REJECTED),
    "DeliveryDelay": Meaning(Fact.DELAYED),
    "Rendering Failure": Meaning(Fact.FAILED),
    "Open": Meaning(Fact.OPENED),
    "Click": Meaning(Fact.CLICKED),
}
_HARD = Meaning(Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE)
_SOFT = Meaning(Fact.SOFT_BOUNCED)
_COMPLAINT = Meaning(Fact.COMPLAINED, SuppressionReason.COMPLAINT)

# https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html, "Bounce types"; in small letters.
BOUNCES: Mapping[tuple[str, str], Meaning] = {
    ("undetermined", "undetermined"): _SOFT,
    ("permanent", "general"): _HARD,
    ("permanent", "noemail"): _HARD,
    # SES's global list: this one counts in AWS's own rate.
    ("permanent", "suppressed"): _HARD,
    # A reply of the mailbox, or a server that has trouble.
    ("transient", "general"): Meaning(Fact.TRANSIENT_GENERAL),
    ("transient", "mailboxfull"): _SOFT,
    ("transient", "messagetoolarge"): _SOFT,
    ("transient", "customtimeoutexceeded"): _SOFT,
    ("transient", "contentrejected"): _SOFT,
    ("transient", "attachmentrejected"): _SOFT,
}
# Whatever else a type brings. Permanent is hard until somebody looks: a bounce rate must not run away unseen.
_BOUNCE_TYPES = {"permanent": _HARD, "transient": _SOFT, "undetermined": _SOFT}

# `complaintFeedbackType`: RFC 5965, section 7.3, RFC 6430 (not-spam), RFC 6591 (auth-failure). Providers may
# leave it out.
COMPLAINTS: Mapping[str, Meaning] = {
    "": _COMPLAINT,
    "abuse": _COMPLAINT,
    "fraud": _COMPLAINT,
    "virus": _COMPLAINT,
    "other": _COMPLAINT,
    # Somebody took the mail out of the spam folder: the opposite of a complaint.
    "not-spam": Meaning(note="Complaint/not-spam"),
    # A report of a mail server about SPF, DKIM or DMARC; no person complained.
    "auth-failure": Meaning(note="Complaint/auth-failure"),
}


def meaning_of(kind: str, detail: Mapping[str, Any], status: str | None, diagnostic: str | None) -> Meaning:
    """Return what an event means, whichever it is.

    `status` is the enhanced status of a bounced recipient, `diagnostic` what was said with it.
    """
    match kind:
        case "Bounce":
            return _bounce(detail, status, diagnostic)
        case "Complaint":
            return _complaint(detail)
        case "Subscription":
            return _subscription(detail)
    known = _SIMPLE.get(kind)
    return Meaning(note=_name("Event", kind)) if known is None else known


def _bounce(bounce: Mapping[str, Any], status: str | None, diagnostic: str | None) -> Meaning:
    type_, subtype = _word(bounce.get("bounceType")), _word(bounce.get("bounceSubType"))
    withheld = WITHHELD_SUBTYPES.get(subtype)
    if withheld is not None:
        return Meaning(Fact.WITHHELD, withheld=withheld)
    known = BOUNCES.get((type_, subtype))
    note = None
    if known is None:
        note = _name("Bounce", bounce.get("bounceType"), bounce.get("bounceSubType"))
        if (diagnostic or "").lower().startswith(_NOT_SENT):
            return Meaning(Fact.WITHHELD, withheld=WithheldReason.OTHER, note=note)
        known = _BOUNCE_TYPES.get(type_, _SOFT)
    fact, suppress = known.fact, known.suppress
    if type_ == "transient" and status == UNKNOWN_DOMAIN_STATUS:
        # A failure of DNS looks the same: the MX check decides whether the address is suppressed.
        fact = Fact.HARD_BOUNCED
    elif type_ == "transient" and status == EXPIRED_STATUS:
        suppress = SuppressionReason.EXPIRED
    return Meaning(fact, suppress, note=note)


def _complaint(complaint: Mapping[str, Any]) -> Meaning:
    subtype, feedback = complaint.get("complaintSubType"), complaint.get("complaintFeedbackType")
    # "SES accepted the message, but didn't attempt to send it": nobody complained about this one.
    withheld = WITHHELD_SUBTYPES.get(_word(subtype))
    if withheld is not None:
        return Meaning(Fact.WITHHELD, withheld=withheld)
    known = COMPLAINTS.get(_word(feedback))
    if known is None or (_word(subtype) and known.note is None):
        return Meaning(_COMPLAINT.fact, _COMPLAINT.suppress, note=_name("Complaint", subtype, feedback))
    return known


def _subscription(subscription: Mapping[str, Any]) -> Meaning:
    """Return what a change of SES's own contact list means: its event comes for joining and for leaving."""
    new, old = (_preferences(subscription.get(f"{name}TopicPreferences")) for name in ("new", "old"))
    if new.leaves_all:
        return Meaning(Fact.UNSUBSCRIBED, SuppressionReason.UNSUBSCRIBE)
    # Leaving one topic of several suppresses nobody.
    if new.left - old.left:
        return Meaning(Fact.UNSUBSCRIBED)
    if new.joined - old.joined or old.leaves_all:
        return Meaning(note="Subscription/OptIn")
    return Meaning(note="Subscription/unchanged")


@dataclass(frozen=True, slots=True)
class _Preferences:
    leaves_all: bool
    joined: frozenset[str]
    left: frozenset[str]


def _preferences(found: object) -> _Preferences:
    if not isinstance(found, dict):
        return _Preferences(False, frozenset(), frozenset())
    listed = found.get("topicSubscriptionStatus")
    topics = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    joined, left = (
        frozenset(
            str(each.get("topicName")) for each in topics if _word(each.get("subscriptionStatus")) == way
        )
        for way in ("optin", "optout")
    )
    return _Preferences(found.get("unsubscribeAll") is True, joined, left)


def _word(value: object) -> str:
    """Return a word of SES's as the tables have it; empty for what is none."""
    return value.strip().lower() if isinstance(value, str) else ""


def _name(*words: object) -> str:
    """Return names as a note holds them: short, and without anything that could be an address."""
    return "/".join(re.sub(r"[^A-Za-z0-9 _.-]", "?", str(word or "none"))[:36] for word in words)
