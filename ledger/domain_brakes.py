"""The windows in which a campaign watches, brakes and tries a domain; changed under the campaign's lock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from ledger.dialects import insert
from ledger.schema import domain_brake, message


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of a domain since `since` (UTC epoch seconds); the rule is in `mail.brakes`.

    outcomes:     messages of which the first news came; put_off: those that were deferred or soft bounced.
    times:        the brakes in a row so far; 0 while none was needed.
    braked_until: the end of the latest brake, which the trial follows; None where there was none.
    let_through:  messages that were claimed in the trial.
    """

    domain: str
    since: float
    outcomes: int = 0
    put_off: int = 0
    times: int = 0
    braked_until: float | None = None
    let_through: int = 0


_VALUES = ("since", "outcomes", "put_off", "times", "braked_until", "let_through")


def read(connection: Connection, campaign_id: int) -> list[Window]:
    """Return every window of the campaign, by domain."""
    query = (
        select(domain_brake.c.domain, *(domain_brake.c[name] for name in _VALUES))
        .where(domain_brake.c.campaign_id == campaign_id)
        .order_by(domain_brake.c.domain)
    )
    return [Window(*row) for row in connection.execute(query)]


def store(connection: Connection, campaign_id: int, windows: Iterable[Window]) -> None:
    """Write these windows, new or changed."""
    rows = [
        {"campaign_id": campaign_id, "domain": each.domain} | {name: getattr(each, name) for name in _VALUES}
        for each in windows
    ]
    if rows:
        statement = insert(connection, domain_brake)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["campaign_id", "domain"],
                set_={name: statement.excluded[name] for name in _VALUES},
            ),
            rows,
        )


def forget(connection: Connection, campaign_id: int, domains: Collection[str]) -> None:
    """Take these windows away."""
    if domains:
        connection.execute(
            delete(domain_brake).where(
                domain_brake.c.campaign_id == campaign_id, domain_brake.c.domain.in_(sorted(domains))
            )
        )


def domains_of(connection: Connection, message_ids: Collection[int]) -> dict[int, str]:
    """Return the domain of each message."""
    query = select(message.c.id, message.c.domain).where(message.c.id.in_(sorted(message_ids)))
    return dict(connection.execute(query).all())
