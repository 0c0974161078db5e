"""Clicks by link: people and clicks, whatever the order and however often the events come."""

from random import Random
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from ledger import clock, events, links
from ledger.engine import Ledger
from ledger.enqueueing import NewCampaign, NewMessage, enqueue
from ledger.incoming import Event
from ledger.links import MOST_LINKS, OTHERS, LinkClicks
from ledger.schema import attempt, link, message
from ledger.statuses import Fact

A, B = "https://shop.example/a", "https://shop.example/b"


def begin(ledger: Ledger, name: str, people: int) -> int:
    """Store a campaign with an attempt for each of its people, and return its id."""
    new = [
        NewMessage(
            address=f"{name}.{number}@mail.example",
            address_key=f"{name}.{number}@mail.example",
            domain="mail.example",
            fields={},
            source_row=number + 1,
            position=number,
        )
        for number in range(people)
    ]
    summary = {"rows": people, "accepted": people, "rejected": 0, "by_reason": {}}
    with ledger.writing() as connection:
        enqueue(connection, NewCampaign(name, {"name": name}, "1" * 64, "2" * 64, 7, summary), [new])
        ids = connection.execute(
            select(message.c.id, message.c.campaign_id)
            .where(message.c.address.like(f"{name}.%"))
            .order_by(message.c.position)
        ).all()
        at = clock.now(connection)
        connection.execute(
            insert(attempt),
            [
                {
                    "message_id": row.id,
                    "number": 1,
                    "send_id": f"{name}-{place}",
                    "call_id": name,
                    "claim_id": 1,
                    "started_at": at,
                }
                for place, row in enumerate(ids)
            ],
        )
    return int(ids[0].campaign_id)


def click(name: str, person: int, url: str | None, time: int = 0) -> Event:
    return Event(
        dedupe_key=f"{name} {person} {url} {time}",
        kind="Click",
        ses_message_id=None,
        send_id=f"{name}-{person}",
        recipient=None,
        at=float(time),
        facts={Fact.ACCEPTED: 1.0, Fact.CLICKED: float(time)},
        raw="{}",
        verified=True,
        link=url,
    )


def take_in(ledger: Ledger, *found: Event) -> None:
    with ledger.writing() as connection:
        events.apply(connection, list(found))


def counted(ledger: Ledger, campaign_id: int) -> tuple[LinkClicks, ...]:
    with ledger.reading() as connection:
        return links.clicks(connection, campaign_id)


def test_people_and_clicks_are_counted_apart_and_campaigns_too(ledger: Ledger) -> None:
    spring, summer = begin(ledger, "spring", 3), begin(ledger, "summer", 1)
    take_in(
        ledger, click("spring", 0, A), click("spring", 0, A, 5), click("spring", 0, B), click("summer", 0, A)
    )
    take_in(ledger, click("spring", 1, A), click("spring", 2, A))
    assert counted(ledger, spring) == (LinkClicks(A, 3, 4), LinkClicks(B, 1, 1))
    assert counted(ledger, summer) == (LinkClicks(A, 1, 1),)


def test_the_order_and_repeats_of_events_make_no_difference(ledger: Ledger) -> None:
    found = [click("spring", person, url, time) for person in range(4) for url in (A, B) for time in (1, 2)]
    random = Random(5)
    for name in ("spring", "autumn"):
        campaign_id = begin(ledger, name, 4)
        shuffled = [click(name, *_place(item)) for item in found] * 2
        random.shuffle(shuffled)
        for start in range(0, len(shuffled), 3):
            take_in(ledger, *shuffled[start : start + 3])
        assert counted(ledger, campaign_id) == (LinkClicks(A, 4, 8), LinkClicks(B, 4, 8))


def _place(item: Event) -> tuple[int, str | None, int]:
    assert item.send_id is not None
    return int(item.send_id.rpartition("-")[2]), item.link, int(item.at or 0)


def test_links_that_differ_from_person_to_person_make_no_row_a_person(ledger: Ledger) -> None:
    people = MOST_LINKS + 50
    campaign_id = begin(ledger, "spring", people)
    take_in(ledger, *(click("spring", person, f"{A}/{person:04}") for person in range(people)))
    found = counted(ledger, campaign_id)
    assert len(found) == MOST_LINKS + 1
    assert found[-1] == LinkClicks(OTHERS, 50, 50)
    assert sum(each.people for each in found) == people


def test_what_is_no_click_in_a_campaign_has_no_link(ledger: Ledger) -> None:
    begin(ledger, "spring", 1)
    take_in(ledger, click("spring", 0, None), click("unknown", 0, A))
    with ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(link)).scalar_one() == 0


def test_the_count_by_link_goes_by_the_index_of_clicks(ledger: Ledger) -> None:
    if ledger.engine.dialect.name != "sqlite":
        pytest.skip("The plan of PostgreSQL follows its statistics, and this table is empty.")
    with ledger.reading() as connection:
        plan: Any = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT link.url, count(DISTINCT event.message_id), count(*) FROM link "
            "JOIN event ON event.link_id = link.id WHERE link.campaign_id = 1 GROUP BY link.id, link.url"
        ).fetchall()
    assert any("ix_event_link_id" in row[-1] for row in plan)
    assert not any(row[-1].startswith("SCAN event") for row in plan)
