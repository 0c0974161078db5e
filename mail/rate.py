"""How fast a campaign may send: the account's rate, shared by all workers, and the campaign's own."""

from dataclasses import dataclass

from ledger import limits
from ledger.engine import Ledger
from mail.ses import MAX_ENTRIES

ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Rate:
    """Recipients per second that the account allows, and that the campaign asks for (0: as the account)."""

    account_per_second: float
    campaign_per_second: float
    campaign: str

    @property
    def per_second(self) -> float:
        """The slower of the two."""
        if self.campaign_per_second <= 0:
            return self.account_per_second
        return min(self.account_per_second, self.campaign_per_second)

    @property
    def call_size(self) -> int:
        """Recipients a call holds: a tenth of the rate, so that no second grants over 1.1 times of it."""
        return min(MAX_ENTRIES, max(1, int(self.per_second / 10)))

    @property
    def single(self) -> bool:
        """Whether calls hold one recipient each, for which SendEmail does."""
        return self.call_size == 1

    def limits(self) -> tuple[tuple[str, float], ...]:
        """Name and rate of each limit that a call passes."""
        limits_of = [(ACCOUNT, self.account_per_second)]
        if self.campaign_per_second > 0:
            limits_of.append((f"campaign {self.campaign}", self.campaign_per_second))
        return tuple(limits_of)


def take(ledger: Ledger, rate: Rate, recipients: int) -> float:
    """Book a place under every limit and return the seconds to wait before the call."""
    with ledger.writing() as connection:
        return max(limits.take(connection, name, recipients, each) for name, each in rate.limits())


def give_back(ledger: Ledger, rate: Rate, recipients: int) -> None:
    """Return a place that was not used."""
    with ledger.writing() as connection:
        for name, each in rate.limits():
            limits.give_back(connection, name, recipients, each)


def hold(ledger: Ledger, rate: Rate, seconds: float) -> None:
    """Let nobody send for `seconds`: SES wants it slower."""
    with ledger.writing() as connection:
        for name, _ in rate.limits():
            limits.hold(connection, name, seconds)
