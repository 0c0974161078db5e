"""The receivers of callbacks that are due, in the order of their turns: one of each owner a round."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from ledger import clock
from ledger.schema import callback, callback_url


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody with callbacks that are due. `failures` counts the last ones in a row.

    `proven`: it took a callback before, and the last one went through.
    """

    id: int
    owner: str
    url: str
    failures: int
    proven: bool = False


def due(
    connection: Connection, limit: int, apart_from: Collection[int] = (), of_an_owner: int | None = None
) -> list[Receiver]:
    """Return up to so many proven and so many unproven receivers with callbacks that are due.

    They come in rounds, `of_an_owner` at the most: each with one of every owner, who has those first that
    failed least, and of them those that have waited longest.
    """
    at = clock.now(connection)
    since = select(func.min(callback.c.due_at)).where(callback.c.url_id == callback_url.c.id)
    proven = callback_url.c.proven_at.is_not(None) & (callback_url.c.failures == 0)
    waiting = (
        select(
            callback_url.c.id,
            callback_url.c.owner,
            callback_url.c.url,
            callback_url.c.failures,
            case((proven, 1), else_=0).label("proven"),
            since.scalar_subquery().label("since"),
        )
        .where(callback_url.c.id.not_in(apart_from))
        .subquery()
    )
    own = (waiting.c.failures, waiting.c.since, waiting.c.id)
    round_ = func.row_number().over(partition_by=(waiting.c.owner, waiting.c.proven), order_by=own)
    rounds = select(waiting, round_.label("round")).where(waiting.c.since <= at).subquery()
    turns = (rounds.c.round, rounds.c.failures, rounds.c.since, rounds.c.id)
    place = func.row_number().over(partition_by=rounds.c.proven, order_by=turns)
    most = rounds.c.round <= of_an_owner if of_an_owner is not None else rounds.c.round > 0
    found = select(rounds, place.label("place")).where(most).subquery()
    query = (
        select(found.c.id, found.c.owner, found.c.url, found.c.failures, found.c.proven)
        .where(found.c.place <= limit)
        .order_by(found.c.proven.desc(), found.c.place)
    )
    return [
        Receiver(id_, owner, url, failures, bool(is_proven))
        for id_, owner, url, failures, is_proven in connection.execute(query)
    ]
