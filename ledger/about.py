"""What a ledger is and how much it knows, so that figures say whose they are."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from ledger.ledger_names import in_a_page, shown
from ledger.schema import suppression


@dataclass(frozen=True, slots=True)
class About:
    """A ledger: its name, without a password, and how many suppressions it holds.

    place: what pages say in place of the name.
    """

    name: str
    suppressions: int
    place: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def in_a_page(self) -> str:
        return f"{self.place} ({self.holds})"

    @property
    def holds(self) -> str:
        """How much it holds, in words."""
        return f"{self.suppressions:,} suppression{'' if self.suppressions == 1 else 's'}"

    def __str__(self) -> str:
        return f"{self.name} ({self.holds})"


def about(connection: Connection) -> About:
    """Return what the ledger behind a connection is."""
    count = connection.execute(select(func.count()).select_from(suppression)).scalar_one()
    url = connection.engine.url
    return About(shown(url), count, in_a_page(url))
