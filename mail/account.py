"""The account as a whole: suspended by our own rule before Amazon SES does it, until a person lifts it.

Amazon SES counts over a "representative volume" that it chooses; here it is everything of 30 days.
"""

from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection

from ledger import accounts, clock
from ledger.accounts import Action, Change, Rolling
from ledger.engine import Ledger
from ledger.errors import CampaignConflict
from mail.gate import percent
from mail.policy import MAX_BOUNCE_RATE

ACCOUNT = "account"
ROLLING_SECONDS = 30 * 86_400.0
# A small campaign that halted says little about an account.
ACCEPTED_AT_LEAST = 1_000


def is_breached(found: Rolling) -> bool:
    """Return whether the account has to be suspended for what its messages came to."""
    return found.accepted >= ACCEPTED_AT_LEAST and found.bounce_rate >= MAX_BOUNCE_RATE


def review(connection: Connection) -> None:
    """Suspend the locked account where its rate has reached the limit."""
    last = accounts.last_change(connection)
    if last is not None and last.action is Action.SUSPENDED:
        return
    found = counted(connection, last)
    if is_breached(found):
        rate, limit = Fraction(found.hard_bounced, found.accepted), Fraction(str(MAX_BOUNCE_RATE))
        reason = (
            f"{found.hard_bounced:,} of {found.accepted:,} messages of the account bounced hard "
            f"({percent(rate)}); the limit is {percent(limit)}."
        )
        accounts.change(connection, Action.SUSPENDED, found, by=ACCOUNT, reason=reason)


def counted(connection: Connection, last: Change | None) -> Rolling:
    """Return the counts that the rule goes by: of 30 days, or since the suspension was last lifted."""
    since = clock.now(connection) - ROLLING_SECONDS
    if last is not None and last.action is Action.LIFTED:
        since = max(since, last.at)
    return accounts.rolling(connection, since)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the account stands with us: suspended or not, the counts the rule goes by, and its history."""

    suspended: Change | None
    counted: Rolling
    history: tuple[Change, ...]


def standing(connection: Connection) -> Standing:
    """Return where the account stands, without a lock."""
    history = accounts.history(connection)
    last = history[0] if history else None
    suspended = last if last is not None and last.action is Action.SUSPENDED else None
    return Standing(suspended, counted(connection, last), tuple(history))


def lift(ledger: Ledger, *, by: str, reason: str) -> None:
    """Let mail go out again on a person's word; the rate is counted anew from now.

    Campaigns that it paused are resumed one by one. Raises CampaignConflict where nothing is suspended.
    """
    with ledger.writing() as connection:
        last = accounts.lock(connection)
        if last is None or last.action is not Action.SUSPENDED:
            raise CampaignConflict("the account is not suspended: there is nothing to lift.")
        accounts.change(connection, Action.LIFTED, counted(connection, last), by=by, reason=reason)


def sentence(suspended: Change) -> str:
    """Return why nothing goes out, and the mend."""
    return (
        f"The account is suspended: {suspended.reason} When its cause is mended: "
        "campaign account lift --by WHO --reason WHY"
    )
