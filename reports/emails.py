"""Messages as their owner asks for them over the API: one with its history, or pages of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from ledger.schema import FACT_COLUMNS, attempt, campaign, event, message, single
from ledger.singles import shown_id
from ledger.statuses import Fact, Stage, Status, status_of

# The longest decimal number that the ledger's ids can be; a public id is longer.
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of an owner's messages are meant; None: any. Times are epoch seconds, `until` is left out.

    Without a `campaign` they are the single messages.
    """

    status: Status | None = None
    external_id: str | None = None
    client_id: str | None = None
    campaign: str | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a message's way: when, to which status, and what was said with it."""

    at: float
    status: Status
    diagnostic: str | None


@dataclass(frozen=True, slots=True)
class Email:
    """A message as the API shows it. `campaign` is None for a single one, `text` for a campaign's."""

    message_id: int
    id: str
    to: str
    sender: str
    operator: str | None
    text: str | None
    status: Status
    subject: str
    external_id: str | None
    client_id: str | None
    callbacks: Sequence[str]
    alias: str | None
    campaign: str | None
    created_at: float
    detail: str | None


def find(connection: Connection, owner_id: int, owner: str, shown: str) -> Email | None:
    """Return the owner's message that the API knows by this id; another owner's is as if it was not there."""
    if len(shown) <= _LONGEST_NUMBER:
        if not (shown.isascii() and shown.isdigit()):
            return None
        query = _of_campaigns().where(message.c.id == int(shown))
        row = connection.execute(query).one_or_none()
        return None if row is None or _owner_of(row.definition) != owner else _campaign_email(row)
    query = _singles().where(single.c.public_id == shown, single.c.owner_id == owner_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _single_email(row)


def page(
    connection: Connection,
    owner_id: int,
    owner: str,
    wanted: Wanted,
    *,
    before: int | None,
    limit: int,
    with_text: bool = True,
) -> list[Email]:
    """Return up to `limit` messages, the newest first, whose ledger id is below `before`.

    Each text may be 120,000 letters; it is None without `with_text`.
    """
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(message.c.status == wanted.status)
    if before is not None:
        conditions.append(message.c.id < before)
    if wanted.campaign is not None:
        return _campaign_page(connection, owner, wanted, conditions, limit)
    conditions.append(single.c.owner_id == owner_id)
    for column, value in (
        (single.c.external_id, wanted.external_id),
        (single.c.client_id, wanted.client_id),
    ):
        if value is not None:
            conditions.append(column == value)
    conditions += _between(single.c.created_at, wanted)
    query = _singles(with_text=with_text).where(*conditions).order_by(single.c.message_id.desc()).limit(limit)
    return [_single_email(row) for row in connection.execute(query)]


def history(connection: Connection, found: Email) -> list[Step]:
    """Return the steps of a message's way, the earliest first; each status is what was known by then."""
    columns = [message.c[name] for name in FACT_COLUMNS.values()]
    row = connection.execute(
        select(message.c.stage, message.c.stage_at, *columns).where(message.c.id == found.message_id)
    ).one()
    facts = {fact: row._mapping[name] for fact, name in FACT_COLUMNS.items()}
    known = sorted((at, fact) for fact, at in facts.items() if at is not None)
    steps = [Step(found.created_at, Status.QUEUED, None)]
    for sent in connection.execute(
        select(attempt.c.started_at, attempt.c.answered_at, attempt.c.result, attempt.c.error)
        .where(attempt.c.message_id == found.message_id)
        .order_by(attempt.c.number)
    ):
        steps.append(Step(sent.started_at, Status.SENDING, None))
        if sent.result in ("not_sent", "transient"):
            steps.append(Step(sent.answered_at, Status.QUEUED, sent.error))
    if row.stage in (Stage.IN_DOUBT, Stage.UNCONFIRMED, Stage.SUPPRESSED, Stage.CANCELLED):
        steps.append(Step(row.stage_at, Status(row.stage), found.detail))
    told = _diagnostics(connection, found.message_id)
    so_far: set[Fact] = set()
    for at, fact in known:
        so_far.add(fact)
        status = status_of(Stage(row.stage), so_far)
        steps.append(Step(at, status, told.get(at)))
    steps.sort(key=lambda step: step.at)
    return [
        step for index, step in enumerate(steps) if index == 0 or step.status is not steps[index - 1].status
    ]


def _diagnostics(connection: Connection, message_id: int) -> dict[float, str]:
    query = select(event.c.at, event.c.diagnostic).where(
        event.c.message_id == message_id, event.c.at.is_not(None), event.c.diagnostic.is_not(None)
    )
    return dict(connection.execute(query).all())


def _campaign_page(
    connection: Connection,
    owner: str,
    wanted: Wanted,
    conditions: list[ColumnElement[bool]],
    limit: int,
) -> list[Email]:
    found = connection.execute(
        select(campaign.c.id, campaign.c.definition).where(campaign.c.name == wanted.campaign)
    ).one_or_none()
    # A campaign's messages have no ids of the owner's own.
    if found is None or _owner_of(found.definition) != owner or wanted.external_id or wanted.client_id:
        return []
    query = _of_campaigns().where(message.c.campaign_id == found.id, *conditions)
    query = query.where(*_between(campaign.c.created_at, wanted))
    rows = connection.execute(query.order_by(message.c.id.desc()).limit(limit))
    return [_campaign_email(row) for row in rows]


def _between(column: ColumnElement[float], wanted: Wanted) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        bounds.append(column >= wanted.since)
    if wanted.until is not None:
        bounds.append(column < wanted.until)
    return bounds


def _singles(*, with_text: bool = True) -> Select[Any]:
    columns = [column for column in single.c if with_text or column is not single.c.text]
    return select(*columns, message.c.status, message.c.detail).join(
        message, message.c.id == single.c.message_id
    )


def _of_campaigns() -> Select[Any]:
    return select(
        message.c.id,
        message.c.address,
        message.c.status,
        message.c.detail,
        campaign.c.name,
        campaign.c.definition,
        campaign.c.created_at,
    ).join(campaign, campaign.c.id == message.c.campaign_id)


def _owner_of(definition: Mapping[str, Any]) -> str:
    """Return whose campaign it is; one that names no owner is nobody's over the API."""
    return str(definition.get("owner") or "")


def _single_email(row: Any) -> Email:
    return Email(
        message_id=row.message_id,
        id=row.public_id,
        to=row.recipient,
        sender=row.sender,
        operator=row.operator,
        text=row._mapping.get("text"),
        status=Status(row.status),
        subject=row.subject,
        external_id=row.external_id,
        client_id=row.client_id,
        callbacks=row.callbacks,
        alias=row.alias,
        campaign=None,
        created_at=row.created_at,
        detail=row.detail,
    )


def _campaign_email(row: Any) -> Email:
    return Email(
        message_id=row.id,
        id=shown_id(row.id, None),
        to=row.address,
        sender=str(row.definition.get("from", "")),
        operator=None,
        text=None,
        status=Status(row.status),
        subject=str(row.definition.get("subject", "")),
        external_id=None,
        client_id=None,
        callbacks=row.definition.get("callbacks") or (),
        alias=None,
        campaign=row.name,
        created_at=row.created_at,
        detail=row.detail,
    )
