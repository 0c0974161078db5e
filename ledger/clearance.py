"""Whether a call of a claim may go out at all, read at one moment: the account, the breaker, the lease."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.accounts import Action
from ledger.claims import Claim


@dataclass(frozen=True, slots=True)
class Clearance:
    """What stands for or against the next call of a claim.

    leased_until: None where the owner does not hold the claim any more.
    troubled: SES has left calls without an answer of late, or the breaker is open.
    calls_limited: another way to make calls is tried or kept than the rate's own.
    """

    suspended: bool
    leased_until: float | None
    troubled: bool
    calls_limited: bool

    def lets_go(self, at: float) -> bool:
        """Return whether nothing stands against the call, and nothing else is to be looked at before it."""
        return (
            not (self.suspended or self.troubled or self.calls_limited)
            and self.leased_until is not None
            and self.leased_until > at
        )


def read(connection: Connection, held: Claim, account: str) -> Clearance:
    """Return how the claim stands under the limits of `account`.

    Ask it after `campaigns.lock_state`, so that nothing is older than what that waited for.
    """
    named = {"claim": held.id, "owner": held.owner, "account": account}
    row = connection.exec_driver_sql(_SQL[connection.dialect.name], named).one()
    action, leased_until, troubled, calls_limited = row
    return Clearance(action == Action.SUSPENDED, leased_until, bool(troubled), bool(calls_limited))


_SQL = {
    "sqlite": (
        "SELECT (SELECT action FROM account_change ORDER BY id DESC LIMIT 1), "
        "(SELECT leased_until FROM claim WHERE id = :claim AND owner = :owner), "
        "EXISTS (SELECT 1 FROM breaker WHERE name = :account AND (opened_at IS NOT NULL OR failures > 0)), "
        "EXISTS (SELECT 1 FROM call_limit WHERE name = :account AND (measuring OR mode <> 'tenths'))"
    ),
    "postgresql": (
        "SELECT (SELECT action FROM account_change ORDER BY id DESC LIMIT 1), "
        "(SELECT leased_until FROM claim WHERE id = %(claim)s AND owner = %(owner)s), "
        "EXISTS (SELECT 1 FROM breaker WHERE name = %(account)s "
        "AND (opened_at IS NOT NULL OR failures > 0)), "
        "EXISTS (SELECT 1 FROM call_limit WHERE name = %(account)s AND (measuring OR mode <> 'tenths'))"
    ),
}
