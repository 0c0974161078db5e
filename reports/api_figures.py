"""Figures of all mail for an operator's charts: what waits, how fast it goes, what became of it."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ledger import clock
from ledger.schema import FACT_COLUMNS, TRIAL_EPOCH, message
from ledger.statuses import Fact, Status

# The rate is a mean over so long.
RATE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """`by_status` counts messages, single ones and campaigns' apart; zeros are there too."""

    by_status: dict[tuple[str, Status], int]
    sent_per_second: float
    accepted: int
    hard_bounced: int

    @property
    def bounce_rate(self) -> float:
        """Hard bounces over accepted messages; 0 where none was accepted."""
        return self.hard_bounced / self.accepted if self.accepted else 0.0


def read(connection: Connection) -> Figures:
    """Count the messages."""
    accepted = message.c[FACT_COLUMNS[Fact.ACCEPTED]]
    hard_bounced = message.c[FACT_COLUMNS[Fact.HARD_BOUNCED]]
    kind = message.c.campaign_id.is_(None)
    query = (
        select(kind, message.c.status, func.count(), func.count(accepted), func.count(hard_bounced))
        .where(message.c.epoch != TRIAL_EPOCH)
        .group_by(kind, message.c.status)
    )
    by_status = {(name, status): 0 for name in ("single", "campaign") for status in Status}
    total_accepted = total_bounced = 0
    for is_single, status, count, taken, bounced in connection.execute(query):
        by_status["single" if is_single else "campaign", Status(status)] = count
        # Of what SES took, only what it withheld is SUPPRESSED: on neither side of a rate.
        total_accepted += taken if status != Status.SUPPRESSED else 0
        total_bounced += bounced
    lately = select(func.count()).where(accepted > clock.now(connection) - RATE_SECONDS)
    sent = connection.execute(lately).scalar_one()
    return Figures(by_status, sent / RATE_SECONDS, total_accepted, total_bounced)
