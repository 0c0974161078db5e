"""Callbacks as people look at them: how many wait, which failed, and another try for those."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from ledger import clock
from ledger.schema import callback, callback_url, campaign, message, single
from ledger.singles import shown_id
from ledger.statuses import Status


@dataclass(frozen=True, slots=True)
class Selection:
    """Which callbacks are meant; empty: of any campaign, for any receiver. `owner` None: any owner's."""

    campaign: str = ""
    url: str = ""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A receiver and its callbacks; `disabled_at` is when it said that it wants no more (410)."""

    url: str
    owner: str
    disabled_at: float | None
    waiting: int
    delivered: int
    failed: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A callback that was given up, with the receiver's last answer."""

    id: int
    # As callbacks and the API know the message.
    message: str
    campaign: str
    url: str
    status: Status
    at: float
    attempts: int
    failed_at: float
    answer: str


def count(connection: Connection, selection: Selection) -> list[Counted]:
    """Return what each receiver was told, is to be told and could not be told."""
    query = (
        select(
            callback_url.c.url,
            callback_url.c.owner,
            callback_url.c.disabled_at,
            func.sum(case((callback.c.due_at.is_not(None), 1), else_=0)),
            func.sum(case((callback.c.delivered_at.is_not(None), 1), else_=0)),
            func.sum(case((callback.c.failed_at.is_not(None), 1), else_=0)),
        )
        .join(callback, callback.c.url_id == callback_url.c.id)
        .where(*_conditions(selection))
        .group_by(callback_url.c.id)
        .order_by(callback_url.c.url, callback_url.c.owner)
    )
    return [Counted(*row) for row in connection.execute(query)]


def failed(connection: Connection, selection: Selection, limit: int) -> list[Undelivered]:
    """Return the callbacks that were given up, the newest first."""
    query = (
        select(
            callback.c.id,
            callback.c.message_id,
            single.c.public_id,
            func.coalesce(campaign.c.name, ""),
            callback_url.c.url,
            callback.c.status,
            callback.c.at,
            callback.c.attempts,
            callback.c.failed_at,
            func.coalesce(callback.c.answer, ""),
        )
        .join(callback_url, callback_url.c.id == callback.c.url_id)
        .join(message, message.c.id == callback.c.message_id)
        .outerjoin(single, single.c.message_id == message.c.id)
        .outerjoin(campaign, campaign.c.id == message.c.campaign_id)
        .where(callback.c.failed_at.is_not(None), *_conditions(selection))
        .order_by(callback.c.failed_at.desc(), callback.c.id.desc())
        .limit(limit)
    )
    return [
        Undelivered(id_, shown_id(message_id, public_id), name, url, Status(status), *rest)
        for id_, message_id, public_id, name, url, status, *rest in connection.execute(query)
    ]


def replay(connection: Connection, selection: Selection, ids: Sequence[int] = ()) -> int:
    """Let what was given up be tried from the start, now; return how many those are.

    `ids` narrows it to these callbacks. A receiver that said it was gone is asked again.
    """
    at = clock.now(connection)
    chosen = [callback.c.failed_at.is_not(None), *_conditions(selection)]
    if ids:
        chosen.append(callback.c.id.in_(ids))
    receivers = select(callback.c.url_id).where(*chosen).distinct()
    connection.execute(
        update(callback_url).where(callback_url.c.id.in_(receivers)).values(disabled_at=None, failures=0)
    )
    again = connection.execute(update(callback).where(*chosen).values(due_at=at, failed_at=None, attempts=0))
    return again.rowcount


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if selection.campaign:
        of_campaign = (
            select(message.c.id)
            .join(campaign, campaign.c.id == message.c.campaign_id)
            .where(campaign.c.name == selection.campaign)
        )
        found.append(callback.c.message_id.in_(of_campaign))
    receivers: list[ColumnElement[bool]] = []
    if selection.url:
        receivers.append(callback_url.c.url == selection.url)
    if selection.owner is not None:
        receivers.append(callback_url.c.owner == selection.owner)
    if receivers:
        found.append(callback.c.url_id.in_(select(callback_url.c.id).where(*receivers)))
    return found
