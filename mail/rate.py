"""How fast a campaign may send: the account's rate, shared by all workers, and the campaign's own."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import limits
from ledger.engine import Ledger
from ledger.limits import Grant, Limit
from mail.ses_requests import MAX_ENTRIES

ACCOUNT = "account"
CALLS = "calls of the account"
_CALLS_A_SECOND = 10
# One claim covers about this much sending, so that its lease is renewed a few times at the most, and no more
# recipients than can be claimed between two calls: a worker that comes late to its next call loses its place.
_CLAIM_SECONDS = 10.0
_CLAIM_RECIPIENTS = 1_000


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
        return _call_size(self.per_second)

    @property
    def claim_size(self) -> int:
        """Recipients a claim holds."""
        return min(_CLAIM_RECIPIENTS, max(self.call_size, int(self.per_second * _CLAIM_SECONDS)))

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


@dataclass(frozen=True, slots=True)
class Place:
    """A place under every limit, and the seconds to wait before the call."""

    wait_seconds: float
    grants: tuple[Grant, ...]


def take(ledger: Ledger, rate: Rate, recipients: int, calls_per_second: float = 0.0) -> Place:
    """Book a place under every limit, and under one of calls as such where that is above 0."""
    with ledger.writing() as connection:
        grants = [
            limits.take(connection, name, recipients, each, _catch_up_seconds(each))
            for name, each in rate.limits()
        ]
        if calls_per_second > 0:
            grants.append(limits.take(connection, CALLS, 1, calls_per_second))
    return Place(max(grant.wait_seconds for grant in grants), tuple(grants))


def lock(connection: Connection, rate: Rate) -> list[Limit]:
    """Lock every limit, after the campaign, and return where each stands, for `book`."""
    return [limits.lock(connection, name) for name, _ in rate.limits()]


def book(connection: Connection, rate: Rate, recipients: int, locked: list[Limit], at: float) -> Place:
    """Book a place under limits that are locked, by the database's time since."""
    grants = [
        limits.book(connection, name, recipients, each, limit, at, _catch_up_seconds(each))
        for (name, each), limit in zip(rate.limits(), locked, strict=True)
    ]
    return Place(max(grant.wait_seconds for grant in grants), tuple(grants))


def give_back(ledger: Ledger, place: Place) -> None:
    """Return a place that was not used."""
    with ledger.writing() as connection:
        for grant in place.grants:
            limits.give_back(connection, grant)


def hold(ledger: Ledger, rate: Rate, seconds: float) -> None:
    """Let nobody send for `seconds`: SES wants it slower."""
    with ledger.writing() as connection:
        for name, _ in rate.limits():
            limits.hold(connection, name, seconds)


def _call_size(per_second: float) -> int:
    return min(MAX_ENTRIES, max(1, int(per_second / _CALLS_A_SECOND)))


def _catch_up_seconds(per_second: float) -> float:
    """Above 500/s a call is less than a tenth: what it leaves of 1.1 times the rate is for late workers."""
    return max(0.0, 1 / _CALLS_A_SECOND - _call_size(per_second) / per_second)
