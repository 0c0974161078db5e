"""The links of campaigns' mail that were clicked: whose click was on which, counted from the events.

A campaign's first links are kept apart and all later ones are one, the empty link: a mail whose links differ
from person to person must not make a row a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, distinct, func, insert, select

from ledger.incoming import Event
from ledger.schema import event, link, message

MOST_LINKS = 200
OTHERS = ""


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """How many people clicked a link, and how often; `url` OTHERS: all that are not kept apart."""

    url: str
    people: int
    clicks: int


def of_events(
    connection: Connection, events: Sequence[Event], message_ids: Mapping[str, int]
) -> dict[str, int]:
    """Return the link's id by the dedupe key of each event that is a click in a campaign's mail.

    The campaigns are locked.
    """
    clicked = {item.dedupe_key: item for item in events if item.link is not None}
    ids = sorted({message_ids[key] for key in clicked if key in message_ids})
    if not ids:
        return {}
    query = select(message.c.id, message.c.campaign_id).where(
        message.c.id.in_(ids), message.c.campaign_id.is_not(None)
    )
    campaigns: dict[int, int] = dict(connection.execute(query).all())
    places = {
        key: (campaigns[message_ids[key]], item.link or OTHERS)
        for key, item in clicked.items()
        if message_ids.get(key) in campaigns
    }
    known: dict[int, dict[str, int]] = {}
    for campaign_id, url in sorted(set(places.values())):
        if campaign_id not in known:
            known[campaign_id] = _known(connection, campaign_id)
        _ensure(connection, campaign_id, url, known[campaign_id])
    return {
        key: known[campaign_id].get(url, known[campaign_id].get(OTHERS, 0))
        for key, (campaign_id, url) in places.items()
    }


def clicks(connection: Connection, campaign_id: int) -> tuple[LinkClicks, ...]:
    """Return the clicks by link, the most people first, and the others last.

    By an index that holds clicks alone: it takes time by the clicks, and not by the recipients.
    """
    query = (
        select(link.c.url, func.count(distinct(event.c.message_id)), func.count())
        .join(event, event.c.link_id == link.c.id)
        .where(link.c.campaign_id == campaign_id)
        .group_by(link.c.id, link.c.url)
    )
    found = [LinkClicks(*row) for row in connection.execute(query)]
    return tuple(sorted(found, key=lambda each: (each.url == OTHERS, -each.people, -each.clicks, each.url)))


def _known(connection: Connection, campaign_id: int) -> dict[str, int]:
    query = select(link.c.url, link.c.id).where(link.c.campaign_id == campaign_id)
    return dict(connection.execute(query).all())


def _ensure(connection: Connection, campaign_id: int, url: str, known: dict[str, int]) -> None:
    """Keep a link apart while there is room, and see that there is one for the others where there is none."""
    if url in known:
        return
    url = url if len(known) < MOST_LINKS else OTHERS
    if url not in known:
        new = insert(link).values(campaign_id=campaign_id, url=url).returning(link.c.id)
        known[url] = connection.execute(new).scalar_one()
