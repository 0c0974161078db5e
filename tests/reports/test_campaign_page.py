import re
from dataclasses import replace

import pytest

from ledger.campaigns import State
from reports import campaign_page
from reports.campaign_figures import Point
from reports.campaign_report import build

RESUME = "campaign resume spring-offer --by WHO --reason WHY"


def shown(report):
    """Return the page with its unbreakable blanks as plain ones."""
    return campaign_page.render(report).replace("\u00a0", " ")


@pytest.fixture
def report(told):
    with told.ledger.reading() as connection:
        return build(connection, "spring-offer")


@pytest.fixture
def calm(told):
    with told.ledger.reading() as connection:
        return build(connection, "calm@2026-11-22")


def test_the_page_asks_nobody_for_anything(report):
    page = shown(report)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script|<link|<img|<iframe|\ssrc=", page)
    assert set(re.findall(r'href="([^"]*)"', page)) == {"report.json", "messages.csv"}


def test_no_address_is_on_the_page_whole(report, everything):
    page = shown(report)
    assert "o***@west.example" in page
    assert not [each.address for each in everything if each.address.lstrip("=") in page]


def test_a_halt_shows_its_sentence_its_figures_and_how_to_go_on(report):
    page = shown(report)
    assert "Halted by itself" in page
    assert "Hard bounces: 3 of 13 (23.08 %) accepted; the limit is 5 %." in page
    assert "3 hard bounces of 13 messages taken by SES (23.08 %), 10 outcomes known" in page
    assert f"<code>{RESUME}</code>" in page
    assert "limit 5 %" in page


def test_a_halt_by_a_person_is_not_called_the_machine_s(report):
    by_hand = replace(report, halt=replace(report.halt, rule="manual", by="Ada", reason="wrong subject"))
    page = shown(by_hand)
    assert "Halted by a person" in page
    assert "wrong subject" in page


def test_a_completed_campaign_is_calm(calm):
    page = shown(calm)
    assert 'class="banner good"' in page
    assert 'class="banner bad"' not in page
    assert "campaign resume" not in page
    assert "calm@2026-11-22" in page
    assert "Hard bounces are at 0 %; the limit is 5 %." in page


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("with_halt", [True, False])
def test_every_state_has_a_banner_and_only_stopped_ones_can_be_resumed(report, state, with_halt):
    halt = report.halt if with_halt else None
    page = shown(replace(report, state=state, halt=halt))
    assert page.count('<section class="banner') == 2  # the state's, and the one in doubt
    assert (RESUME in page) == (state in (State.HALTED, State.PAUSED))


def test_epochs_are_shown_once_there_are_several(report):
    assert "Epochs" not in shown(report)
    assert "Epochs" in shown(replace(report, epochs=report.epochs * 2))


def test_what_is_in_doubt_says_how_to_see_the_evidence(report, calm):
    assert "campaign in-doubt spring-offer" in shown(report)
    assert "in-doubt" not in shown(calm)


def test_text_from_outside_is_escaped_and_its_addresses_masked(report):
    hostile = '<script>alert("x")</script> for jane@shop.example'
    page = shown(replace(report, state=State.PAUSED, halt=None, change_reason=hostile))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "j***@shop.example" in page
    assert "jane@shop.example" not in page
    assert "Hello &lt;b&gt;you&lt;/b&gt;" in page


def test_domains_beyond_the_table_are_summed_so_that_it_still_balances(report, monkeypatch):
    monkeypatch.setattr(campaign_page, "DOMAINS_SHOWN", 1)
    page = shown(report)
    assert "2 other domains" in page
    assert "3 in all" in page


def test_the_rate_chart_leaves_out_the_first_few_messages():
    points = [Point(1_795_426_200.0 + n, n, n, 1) for n in range(1, 101)]
    chart = campaign_page.rate_chart(points, 0.05)
    assert chart.line.count("L") == 80
    assert chart.end_label == "1 %"
    assert chart.limit.label == "limit 5 %"
    assert chart.x_ticks[0].label == "09:30:20"


def test_a_run_of_days_has_dates_on_its_axis():
    points = [Point(1_795_426_200.0 + n * 86_400, n * 100, n, 1) for n in range(1, 4)]
    assert campaign_page.rate_chart(points, 0.05).x_ticks[-1].label == "26 Nov 09:30"


def test_without_messages_there_is_no_chart():
    assert campaign_page.rate_chart([], 0.05) is None


def test_who_had_nothing_in_a_field_of_the_mail_is_counted_on_the_page(calm) -> None:
    assert "had nothing in the field" not in shown(calm)
    figures = replace(calm.list, blank_fields={"First <Name>": 12, "city": 1})
    page = shown(replace(calm, list=figures))
    assert "12 recipients had nothing in the field “First &lt;Name&gt;”" in page
    assert "1 recipient had nothing in the field “city”" in page
