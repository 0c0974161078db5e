"""The campaign report's questions to the ledger, each answered by one query over the set of messages."""

from collections import Counter

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from ledger.schema import FACT_COLUMNS, message
from ledger.statuses import Fact, Status
from reports.campaign_figures import ATTENTION_STATUSES, Attention, Domain, Point, TextCount
from reports.masking import ADDRESS, mask, mask_text, pattern_of

NOT_STATED = "not stated"

_TIMELINE_POINTS = 100

_OUTCOMES = (
    Fact.DELIVERED,
    Fact.SOFT_BOUNCED,
    Fact.TRANSIENT_GENERAL,
    Fact.HARD_BOUNCED,
    Fact.COMPLAINED,
    Fact.REJECTED,
    Fact.FAILED,
)


def domains(connection: Connection, campaign_id: int) -> tuple[Domain, ...]:
    """Return every domain's figures: the most hard bounces first, then the most recipients."""
    is_soft = _holds(Fact.SOFT_BOUNCED) | (_holds(Fact.TRANSIENT_GENERAL) & ~_holds(Fact.DELIVERED))
    hard_bounced = _count(_holds(Fact.HARD_BOUNCED))
    recipients = func.count()
    query = (
        select(
            message.c.domain,
            recipients,
            _count(_taken()),
            _count(_holds(Fact.DELIVERED)),
            _count(is_soft),
            hard_bounced,
            _count(_holds(Fact.COMPLAINED)),
        )
        .where(message.c.campaign_id == campaign_id)
        .group_by(message.c.domain)
        .order_by(hard_bounced.desc(), recipients.desc(), message.c.domain)
    )
    return tuple(Domain(name, *map(int, counts)) for name, *counts in connection.execute(query))


def timeline(connection: Connection, campaign_id: int) -> tuple[Point, ...]:
    """Return up to 100 points, each after the same number of messages, in the order in which SES took them.

    Points by number stay readable where points by time would not: in a run of a few seconds, and in one that
    was resumed days later.
    """
    known = or_(*(_holds(fact) for fact in _OUTCOMES))
    at = message.c[FACT_COLUMNS[Fact.ACCEPTED]]
    points = (
        select(
            at.label("at"),
            case((known, 1), else_=0).label("known"),
            case((_holds(Fact.HARD_BOUNCED), 1), else_=0).label("hard_bounced"),
            func.ntile(_TIMELINE_POINTS).over(order_by=(at, message.c.id)).label("part"),
        )
        .where(message.c.campaign_id == campaign_id, _taken())
        .subquery()
    )
    query = (
        select(func.max(points.c.at), func.count(), func.sum(points.c.known), func.sum(points.c.hard_bounced))
        .group_by(points.c.part)
        .order_by(points.c.part)
    )
    found = []
    accepted = outcomes = bounces = 0
    for until, more_accepted, more_outcomes, more_bounces in connection.execute(query):
        accepted += int(more_accepted)
        outcomes += int(more_outcomes)
        bounces += int(more_bounces)
        found.append(Point(float(until), accepted, outcomes, bounces))
    return tuple(found)


def accepted_between(connection: Connection, campaign_id: int) -> tuple[float | None, float | None]:
    """Return when SES took the first and the last message so far."""
    at = message.c[FACT_COLUMNS[Fact.ACCEPTED]]
    first, last = connection.execute(
        select(func.min(at), func.max(at)).where(message.c.campaign_id == campaign_id)
    ).one()
    return first, last


def texts(connection: Connection, campaign_id: int) -> tuple[TextCount, ...]:
    """Return the reasons and diagnostics by status, the most frequent first.

    Only SUPPRESSED and REJECTED count messages without a text, as NOT_STATED; the others have many of them.
    """
    # Most diagnostics quote the recipient: without it, the database counts equal ones as one.
    plain = func.replace(message.c.detail, message.c.address, ADDRESS)
    plain = func.replace(plain, message.c.address_key, ADDRESS)
    told = (
        select(
            message.c.status,
            message.c.withheld_reason,
            func.coalesce(plain, "").label("text"),
        )
        .where(
            message.c.campaign_id == campaign_id,
            message.c.detail.is_not(None) | message.c.status.in_([Status.SUPPRESSED, Status.REJECTED]),
        )
        .subquery()
    )
    query = select(told.c.status, told.c.withheld_reason, told.c.text, func.count()).group_by(
        told.c.status, told.c.withheld_reason, told.c.text
    )
    found: Counter[tuple[Status, str]] = Counter()
    for status, withheld, text, messages in connection.execute(query):
        if withheld and status == Status.SUPPRESSED:
            text = withheld
        found[Status(status), pattern_of(text) or NOT_STATED] += messages
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(TextCount(status, text, messages) for (status, text), messages in ordered)


def attention(connection: Connection, campaign_id: int, limit: int) -> tuple[Attention, ...]:
    """Return the messages that somebody should look at, the most pressing first, at most `limit`."""
    urgency = case({status: rank for rank, status in enumerate(ATTENTION_STATUSES)}, value=message.c.status)
    query = (
        select(
            message.c.source_row,
            message.c.address,
            message.c.status,
            message.c.detail,
            message.c.attempts,
        )
        .where(message.c.campaign_id == campaign_id, message.c.status.in_(ATTENTION_STATUSES))
        .order_by(urgency, message.c.source_row, message.c.id)
        .limit(limit)
    )
    return tuple(
        Attention(row, mask(address), Status(status), mask_text(detail or ""), attempts)
        for row, address, status, detail, attempts in connection.execute(query)
    )


def _taken() -> ColumnElement[bool]:
    """What SES took to send: of what it took, only what it withheld is SUPPRESSED."""
    return _holds(Fact.ACCEPTED) & (message.c.status != Status.SUPPRESSED)


def _holds(fact: Fact) -> ColumnElement[bool]:
    return message.c[FACT_COLUMNS[fact]].is_not(None)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
