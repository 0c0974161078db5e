"""What SES still takes in these 24 hours: a campaign that is larger is refused, or split over days."""

from ledger import limits
from ledger.engine import Ledger
from mail.policy import SendPolicy
from mail.readiness import Account, NotReady

# SES counts the last 24 hours at every moment, so a used-up quota comes back little by little.
LOOK_AGAIN_SECONDS = 300.0
# The limit that is taken while nothing is left of it: so everybody knows when it is asked about again.
QUOTA = "quota of the account"


def check(account: Account, recipients: int, policy: SendPolicy, name: str) -> None:
    """Raise NotReady where a campaign that is to be refused for it is larger than what is left."""
    left = account.left_for_the_day
    if policy.over_quota == "refuse" and left is not None and recipients > left:
        raise NotReady(
            f"campaign {name} goes to {recipients:,} recipients, and SES takes only {left:,.0f} more of this "
            "account in these 24 hours: set `send.over_quota: split`, or begin it later."
        )


def note_used_up(ledger: Ledger) -> None:
    """Note that SES takes no more for now, and that it is asked again in LOOK_AGAIN_SECONDS."""
    with ledger.writing() as connection:
        limits.hold(connection, QUOTA, LOOK_AGAIN_SECONDS)


def share(account: Account, policy: SendPolicy) -> int | None:
    """Return how many recipients one worker may send to before it asks again; None where there is no limit.

    Nothing is left to share where each would get less than one.
    """
    if policy.over_quota == "refuse" or account.left_for_the_day is None:
        return None
    return int(account.left_for_the_day) // (policy.workers * policy.runs)
