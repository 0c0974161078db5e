"""What became of test mails, in words without an address."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ledger.statuses import Status


class Outcome(StrEnum):
    """What became of a test mail."""

    SENT = "sent"
    # The same request has been made before, and this mail went out then.
    SENT_BEFORE = "sent_before"
    # SES did not take it, or was not reached: it did not go out.
    NOT_SENT = "not_sent"
    # It may have gone out.
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class TrialSent:
    """What became of the test mail to the recipient at a 1-based place, and what was said if not yes."""

    place: int
    outcome: Outcome
    detail: str = ""

    def sentence(self, campaign: str) -> str:
        """Return it for a person, without an address."""
        whose = f"The test of {campaign} to recipient {self.place}"
        match self.outcome:
            case Outcome.SENT:
                return f"{whose} was taken by SES."
            case Outcome.SENT_BEFORE:
                return f"{whose} went out before, and no second one was sent."
            case Outcome.NOT_SENT:
                return f"{whose} was not sent: {self.detail.rstrip('.') or 'SES did not take it'}."
            case Outcome.IN_DOUBT:
                return (
                    f"{whose} is in doubt ({self.detail or 'no answer'}): look into the mailbox before "
                    "another one is sent with --again."
                )
            case other:
                assert_never(other)


def outcome_of(status: Status) -> Outcome:
    """Return what a test mail has come to by the status of its message."""
    match status:
        case Status.SENDING | Status.IN_DOUBT | Status.UNCONFIRMED:
            return Outcome.IN_DOUBT
        case Status.QUEUED | Status.CLAIMED | Status.CANCELLED | Status.FAILED | Status.REJECTED:
            return Outcome.NOT_SENT
        case (
            Status.SENT
            | Status.DELIVERED
            | Status.DELAYED
            | Status.SOFT_BOUNCED
            | Status.HARD_BOUNCED
            | Status.COMPLAINED
            | Status.SUPPRESSED
        ):
            # SUPPRESSED here: SES took it and withheld it, which an event told.
            return Outcome.SENT
        case other:
            assert_never(other)
