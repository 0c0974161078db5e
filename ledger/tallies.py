"""What a campaign amounts to, read from its tallies and, to hold them to account, counted anew."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, case, func, select

from ledger.schema import (
    COHORT_SECONDS,
    COUNT_COLUMNS,
    FACT_COLUMNS,
    STATUS_COLUMNS,
    cohort,
    message,
    tally,
)
from ledger.statuses import Count, Fact, Status, counts_of

# Messages in these statuses may still be sent, or have been without our knowing.
MAY_STILL_GO = (Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Totals:
    """Messages by status and by what is counted of their facts; every key is there, zeros too."""

    by_status: Mapping[Status, int]
    counts: Mapping[Count, int]

    @property
    def recipients(self) -> int:
        return sum(self.by_status.values())

    @property
    def may_still_go(self) -> int:
        return sum(self.by_status[status] for status in MAY_STILL_GO)

    @property
    def accepted(self) -> int:
        """Messages that SES took to send, without those that it withheld: what every rate is a share of."""
        return self.counts[Count.ACCEPTED] - self.counts[Count.WITHHELD]

    @property
    def withheld_share(self) -> float:
        """Messages that SES withheld over all that it took; 0 where it took none."""
        taken = self.counts[Count.ACCEPTED]
        return self.counts[Count.WITHHELD] / taken if taken else 0.0

    @property
    def bounce_rate(self) -> float:
        """Hard bounces over accepted messages; 0 where none was accepted."""
        return self.counts[Count.HARD_BOUNCED] / self.accepted if self.accepted else 0.0

    @property
    def complaint_rate(self) -> float:
        """Complaints over accepted messages; 0 where none was accepted."""
        return self.counts[Count.COMPLAINED] / self.accepted if self.accepted else 0.0


@dataclass(frozen=True, slots=True)
class Cohort:
    """Messages that SES took in the ten seconds from `since` on: of how many the outcome is known, and bad.

    `delayed` ones are late and have no outcome yet.
    """

    since: float
    accepted: int
    known: int
    delayed: int
    hard_bounced: int


def read(connection: Connection, campaign_id: int, epoch: int | None = None) -> Totals:
    """Return the totals of one epoch, or of the whole campaign."""
    query = _WHOLE if epoch is None else _EPOCH
    found = connection.execute(query, {"campaign": campaign_id, "of_epoch": epoch}).one()
    amounts = [int(amount) for amount in found]
    return Totals(
        by_status=dict(zip(STATUS_COLUMNS, amounts, strict=False)),
        counts=dict(zip(COUNT_COLUMNS, amounts[len(STATUS_COLUMNS) :], strict=True)),
    )


def every(connection: Connection) -> dict[int, Totals]:
    """Return the totals of all campaigns by their ids; one without any row is missing."""
    query = select(
        tally.c.campaign_id, *(func.coalesce(func.sum(tally.c[name]), 0) for name in _COLUMNS)
    ).group_by(tally.c.campaign_id)
    found = {}
    for campaign_id, *amounts in connection.execute(query):
        whole = [int(amount) for amount in amounts]
        found[campaign_id] = Totals(
            by_status=dict(zip(STATUS_COLUMNS, whole, strict=False)),
            counts=dict(zip(COUNT_COLUMNS, whole[len(STATUS_COLUMNS) :], strict=True)),
        )
    return found


NOTHING = Totals(by_status=dict.fromkeys(Status, 0), counts=dict.fromkeys(Count, 0))

# Made once: every claim asks them several times.
_COLUMNS = (*STATUS_COLUMNS.values(), *COUNT_COLUMNS.values())
_WHOLE = select(*(func.coalesce(func.sum(tally.c[name]), 0) for name in _COLUMNS)).where(
    tally.c.campaign_id == bindparam("campaign")
)
_EPOCH = _WHOLE.where(tally.c.epoch == bindparam("of_epoch"))


def cohorts(connection: Connection, campaign_id: int, epoch: int, since: float) -> list[Cohort]:
    """Return the cohorts of an epoch in the order of time; all from before `since` are one, the first."""
    named = {"campaign": campaign_id, "of_epoch": epoch, "first_bucket": int(since // COHORT_SECONDS)}
    return [
        Cohort(float(first * COHORT_SECONDS), *(int(amount) for amount in amounts))
        for first, *amounts in connection.execute(_COHORTS, named)
    ]


_BUCKET = case((cohort.c.bucket < bindparam("first_bucket", type_=BigInteger), None), else_=cohort.c.bucket)
_COHORTS = (
    select(
        func.min(cohort.c.bucket),
        *(func.sum(cohort.c[name]) for name in ("accepted", "known", "delayed", "hard_bounced")),
    )
    .where(cohort.c.campaign_id == bindparam("campaign"), cohort.c.epoch == bindparam("of_epoch"))
    .group_by(_BUCKET)
    .order_by(func.min(cohort.c.bucket))
)


def cohort_columns(counts: Collection[Count]) -> list[str]:
    """Return the columns of the cohort in which a message with these counts is one more."""
    if Count.ACCEPTED not in counts or Count.WITHHELD in counts:
        return []
    columns = ["accepted"]
    if Count.KNOWN in counts:
        columns.append("known")
    elif Count.DELAYED in counts:
        columns.append("delayed")
    if Count.HARD_BOUNCED in counts:
        columns.append("hard_bounced")
    return columns


def timeline(connection: Connection, campaign_id: int) -> list[tuple[float, int, int, int]]:
    """Return (time, accepted, known, hard bounced) for every ten seconds in which SES took mail."""
    query = (
        select(
            cohort.c.bucket,
            func.sum(cohort.c.accepted),
            func.sum(cohort.c.known),
            func.sum(cohort.c.hard_bounced),
        )
        .where(cohort.c.campaign_id == campaign_id)
        .group_by(cohort.c.bucket)
        .order_by(cohort.c.bucket)
    )
    return [
        (float(bucket * COHORT_SECONDS), int(accepted), int(known), int(hard_bounced))
        for bucket, accepted, known, hard_bounced in connection.execute(query)
    ]


def recount(connection: Connection, campaign_id: int) -> Totals:
    """Return the totals counted from the messages themselves: slow, and what `read` must equal."""
    facts = [FACT_COLUMNS[fact] for fact in Fact]
    known: list[ColumnElement[int]] = [
        case((message.c[name].is_not(None), 1), else_=0).label(name) for name in facts
    ]
    query = (
        select(message.c.status, *known, func.count().label("messages"))
        .where(message.c.campaign_id == campaign_id)
        .group_by(message.c.status, *known)
    )
    by_status = dict.fromkeys(Status, 0)
    counts = dict.fromkeys(Count, 0)
    for row in connection.execute(query).mappings():
        by_status[Status(row["status"])] += row["messages"]
        for count in counts_of([fact for fact in Fact if row[FACT_COLUMNS[fact]]]):
            counts[count] += row["messages"]
    return Totals(by_status=by_status, counts=counts)
