"""Reading: opens, clicks and unsubscribes as shares of those who got the mail."""

from dataclasses import replace

import pytest

from ledger import tallies
from ledger.links import OTHERS, LinkClicks
from reports import campaign_balance, campaign_json, campaign_list, campaign_page, reading
from reports.campaign_report import build, markdown
from reports.errors import ReportError
from reports.reading import MACHINES, Reading

LINKS = (
    LinkClicks("https://shop.example/spring", 40, 55),
    LinkClicks("https://shop.example/a|b", 9, 9),
    LinkClicks(OTHERS, 3, 4),
)
READ = Reading(delivered=1_000, opened=400, clicked=50, unsubscribed=4, links=LINKS)


@pytest.fixture
def report(told):
    with told.ledger.reading() as connection:
        return build(connection, "spring-offer")


def test_rates_are_of_the_delivered_and_clicks_of_the_opens() -> None:
    assert (READ.open_rate, READ.click_rate, READ.click_to_open, READ.unsubscribe_rate) == (
        0.4,
        0.05,
        0.125,
        0.004,
    )
    assert (
        READ.sentence == "opened 40.0 % (400), clicked 5.0 % (50), click to open 12.5 %, "
        "unsubscribed 0.40 % (4); of 1,000 delivered, machines included"
    )


def test_of_nobody_nothing_is_said_and_nothing_divides_by_nothing() -> None:
    nobody = Reading(0, 0, 0, 0)
    assert (nobody.open_rate, nobody.click_to_open, nobody.sentence) == (0.0, 0.0, "")


def test_without_any_open_it_says_that_none_was_reported() -> None:
    silent = Reading(10, 0, 0, 1)
    assert silent.sentence == "unsubscribed 10.00 % (1); no open or click was reported"


def test_the_figures_of_a_report_are_those_of_the_messages(report) -> None:
    assert (report.reading.opened, report.reading.clicked, report.reading.unsubscribed) == (1, 1, 1)
    assert report.reading.delivered == report.counts["delivered"]


def test_page_artifact_and_json_hold_the_reading_and_speak_of_machines(report) -> None:
    whole = replace(report, reading=READ)
    page, text = campaign_page.render(whole), markdown(whole)
    for shown in (page, text):
        assert MACHINES in shown
        assert "shop.example/spring" in shown
        assert "other links" in shown
    assert "| click to open | 12.5 % | 50 of 400 |" in text.replace("\u00a0", " ")
    assert "`shop.example/a\\|b`" in text
    assert '"click_to_open": 0.125' in campaign_json.as_json(whole)


def test_links_in_json_name_the_others_by_null() -> None:
    assert READ.links_as_json()[-1] == {"url": None, "clicked": 3, "clicks": 4, "share_of_clicked": 0.06}


def test_a_link_with_more_people_than_clicked_is_refused() -> None:
    campaign_balance.check_reading("spring-offer", READ)
    with pytest.raises(ReportError, match="link 1 has 60 people"):
        campaign_balance.check_reading("spring-offer", replace(READ, links=(LinkClicks("x", 60, 70),)))


def test_the_list_holds_every_campaign_with_the_totals_that_each_has(told) -> None:
    with told.ledger.reading() as connection:
        found = campaign_list.every(connection)
        assert {each.campaign.name for each in found} >= {"spring-offer", "calm@2026-11-22"}
        for each in found:
            assert each.totals == tallies.read(connection, each.campaign.id)
    spring = next(each for each in found if each.campaign.name == "spring-offer").as_json()
    assert (spring["state"], spring["opened"], spring["includes_machines"]) == ("HALTED", 1, True)
    assert spring["rested_at"] > spring["created_at"]
    assert reading.of(tallies.NOTHING) == Reading(0, 0, 0, 0)
