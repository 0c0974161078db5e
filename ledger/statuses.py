"""The status of a message as a pure function of what is known about it.

Facts only ever get added, so the status is the same for every order and every duplication of the events
that brought them.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import assert_never


class Status(StrEnum):
    """Where a message stands, as every report and the command line show it."""

    QUEUED = "QUEUED"
    CLAIMED = "CLAIMED"
    SENDING = "SENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    DELAYED = "DELAYED"
    SOFT_BOUNCED = "SOFT_BOUNCED"
    HARD_BOUNCED = "HARD_BOUNCED"
    COMPLAINED = "COMPLAINED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    CANCELLED = "CANCELLED"
    IN_DOUBT = "IN_DOUBT"
    UNCONFIRMED = "UNCONFIRMED"


class Stage(StrEnum):
    """How far our own side has come with a message, before any answer about it."""

    QUEUED = "QUEUED"
    CLAIMED = "CLAIMED"
    SENDING = "SENDING"
    IN_DOUBT = "IN_DOUBT"
    UNCONFIRMED = "UNCONFIRMED"
    SUPPRESSED = "SUPPRESSED"
    CANCELLED = "CANCELLED"
    # Refused by ourselves: an address that SES can never take is not even offered to it.
    REJECTED = "REJECTED"


class Fact(StrEnum):
    """Something that was learnt about a message and stays true."""

    ACCEPTED = "accepted"
    # Nobody knows, and a person has said that it is to be taken as sent.
    ASSUMED = "assumed"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    SOFT_BOUNCED = "soft_bounced"
    # A Transient/General bounce: an out-of-office reply where the message was delivered, else a soft bounce.
    TRANSIENT_GENERAL = "transient_general"
    HARD_BOUNCED = "hard_bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"
    FAILED = "failed"
    # SES took it and did not send it (ledger.withheld has the reasons).
    WITHHELD = "withheld"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"


class Count(StrEnum):
    """What is counted of a message's facts: the columns of the tally beside the statuses."""

    # SES has said whether it takes the message.
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    ASSUMED = "assumed"
    KNOWN = "known"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    SOFT_BOUNCED = "soft_bounced"
    HARD_BOUNCED = "hard_bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"
    FAILED = "failed"
    WITHHELD = "withheld"
    AUTO_REPLY = "auto_reply"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"


# Strongest first. A bounce after a delivery counts; a delivery outweighs SES's later second thoughts.
_STATUS_OF: Mapping[Fact, Status] = {
    Fact.COMPLAINED: Status.COMPLAINED,
    Fact.HARD_BOUNCED: Status.HARD_BOUNCED,
    Fact.SOFT_BOUNCED: Status.SOFT_BOUNCED,
    Fact.DELIVERED: Status.DELIVERED,
    Fact.TRANSIENT_GENERAL: Status.SOFT_BOUNCED,
    # Below every proof that an attempt did go out: one of several may have been withheld.
    Fact.WITHHELD: Status.SUPPRESSED,
    Fact.REJECTED: Status.REJECTED,
    Fact.FAILED: Status.FAILED,
    Fact.DELAYED: Status.DELAYED,
    # Opens and clicks stand beside the status, but only mail that SES took can be opened.
    Fact.ACCEPTED: Status.SENT,
    Fact.ASSUMED: Status.SENT,
}

# What settles a message: after one of these nothing more is waited for.
_OUTCOMES = frozenset(
    {
        Fact.DELIVERED,
        Fact.SOFT_BOUNCED,
        Fact.TRANSIENT_GENERAL,
        Fact.HARD_BOUNCED,
        Fact.COMPLAINED,
        Fact.REJECTED,
        Fact.FAILED,
        Fact.WITHHELD,
    }
)


def status_of(stage: Stage, facts: Collection[Fact]) -> Status:
    """Return the status that follows from `facts`, or from our own `stage` while no fact decides."""
    fact = deciding(facts)
    if fact is not None:
        return _STATUS_OF[fact]
    match stage:
        case Stage.QUEUED:
            return Status.QUEUED
        case Stage.CLAIMED:
            return Status.CLAIMED
        case Stage.SENDING:
            return Status.SENDING
        case Stage.IN_DOUBT:
            return Status.IN_DOUBT
        case Stage.UNCONFIRMED:
            return Status.UNCONFIRMED
        case Stage.SUPPRESSED:
            return Status.SUPPRESSED
        case Stage.CANCELLED:
            return Status.CANCELLED
        case Stage.REJECTED:
            return Status.REJECTED
        case _:
            assert_never(stage)


def deciding(facts: Collection[Fact]) -> Fact | None:
    """Return the fact that the status follows from, or None while none decides."""
    return next((fact for fact in _STATUS_OF if fact in facts), None)


def counts_of(facts: Collection[Fact]) -> frozenset[Count]:
    """Return what `facts` add to the tally.

    Facts are counted, not statuses: a complaint after a hard bounce does not lower the bounces. A
    Transient/General bounce is an automatic reply on a delivered message and a soft bounce on any other. A
    message counts as withheld where nothing says that it was sent after all, so that what is accepted and not
    withheld is what every rate is a share of.
    """
    counted = {Count(fact) for fact in facts if fact not in (Fact.TRANSIENT_GENERAL, Fact.WITHHELD)}
    if deciding(facts) is Fact.WITHHELD:
        counted.add(Count.WITHHELD)
    if Fact.TRANSIENT_GENERAL in facts:
        counted.add(Count.AUTO_REPLY if Fact.DELIVERED in facts else Count.SOFT_BOUNCED)
    if Fact.ACCEPTED in facts or Fact.REJECTED in facts:
        counted.add(Count.ANSWERED)
    if Fact.ACCEPTED in facts and not _OUTCOMES.isdisjoint(facts):
        counted.add(Count.KNOWN)
    return frozenset(counted)
