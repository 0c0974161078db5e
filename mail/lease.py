"""A worker's lease on a claim: while it renders or waits for the rate, the lease is renewed on the way."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ledger import claims
from ledger.attempts import ClaimLost
from ledger.claims import RENEW_AFTER_SECONDS, Claim
from ledger.engine import Ledger

_Item = TypeVar("_Item")


@dataclass
class Lease:
    """The lease of a claim that was taken just now; `clock` counts the worker's own seconds."""

    ledger: Ledger
    held: Claim
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        self._renewed_at = self.clock()

    @property
    def is_due(self) -> bool:
        """Whether it is to be renewed before anything else is sent."""
        return self.clock() - self._renewed_at >= RENEW_AFTER_SECONDS

    def wait(self, seconds: float) -> None:
        """Wait for a call's place. Raises ClaimLost where the lease is over."""
        while True:
            self.keep()
            if seconds <= 0:
                return
            step = min(seconds, RENEW_AFTER_SECONDS)
            self.sleep(step)
            seconds -= step

    def during(self, made: Iterable[_Item]) -> Iterator[_Item]:
        """Keep the lease while something is made, one after another. Raises ClaimLost where it is over."""
        for item in made:
            self.keep()
            yield item

    def keep(self) -> None:
        """Renew the lease where it is due. Raises ClaimLost where it is over."""
        if self.is_due:
            self._renew()

    def _renew(self) -> None:
        with self.ledger.writing() as connection:
            renewed = claims.renew(connection, self.held)
        if not renewed:
            raise ClaimLost
        self._renewed_at = self.clock()
