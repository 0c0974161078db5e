"""A halt as the operators' screen tells it."""

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ledger.domain_counts import DomainBounces
from mail.decisions import Choice
from mail.forecasts import Forecast
from reports import halt_choices, halt_picture, halt_summary
from reports.campaign_report import build

WORST = [DomainBounces("north.example", 5, 2, 40), DomainBounces("south.example", 4, 2, 2)]
BOUNCED = [*WORST, DomainBounces("west.example", 50, 1, 7)]
FORECAST = Forecast(1_200, BOUNCED, WORST, suppressed=3, without_mail_server=17)
NOTHING = Forecast(1_200)


@pytest.fixture
def report(told):
    with told.ledger.reading() as connection:
        return build(connection, "spring-offer")


def test_the_page_says_why_where_and_what_can_be_done(report) -> None:
    text = halt_summary.markdown(report, FORECAST)
    assert "**Hard bounces: 3 of 13 (23.08 %) accepted; the limit is 5 %.**" in text
    assert "| north.example | 5 | 2 | 40.0 % | 40 | yes |" in text.replace("\u00a0", " ")
    assert "| west.example | 50 | 1 | 2.0 % | 7 |  |" in text.replace("\u00a0", " ")
    assert "run the deployment decide-campaign" in text
    assert "user unknown" in text
    assert (
        "Leaves out 42 of the 1,200 who wait; 1,158 go on. At north.example (40), south.example (2)" in text
    )
    assert "Leaves out 20 of the 1,200 who wait; 1,180 go on. Of these, 17 have no mail server" in text
    for line in (
        "campaign resume spring-offer --by WHO --reason WHY --drop-domains",
        "campaign resume spring-offer --by WHO --reason WHY --clean-again",
        "campaign resume spring-offer --by WHO --reason WHY",
        "campaign cancel spring-offer --by WHO --reason WHY",
    ):
        assert f"\n```\n{line}\n```\n" in text


def test_the_rate_is_a_picture_that_stands_alone(report) -> None:
    found = re.search(
        r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([^)]+)\)", halt_summary.markdown(report, NOTHING)
    )
    assert found is not None
    drawn = base64.b64decode(found[1]).decode()
    assert drawn == halt_picture.svg(report)
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "limit 5 %" in "".join(root.itertext())
    assert "var(--" not in drawn


def test_without_anything_sent_there_is_no_picture(report) -> None:
    empty = replace(report, timeline=())
    assert halt_picture.data_uri(empty) == ""
    assert "![" not in halt_summary.markdown(empty, NOTHING)


def test_the_question_says_what_happened_and_when_silence_means_stop(report) -> None:
    text = halt_summary.question(report, "2026-11-24 09:30 UTC")
    assert "**Hard bounces: 3 of 13" in text
    assert "Nothing switched on means stop" in text
    assert "So does no answer until 2026-11-24 09:30 UTC." in text
    assert "could not be carried out" not in text


@pytest.mark.parametrize(
    ("forecast", "choice", "said"),
    [
        (FORECAST, Choice.DROP_DOMAINS, "Leaves out 42 of the 1,200 who wait; 1,158 go on."),
        (NOTHING, Choice.DROP_DOMAINS, "Leaves out nobody: no domain reached the limit by itself."),
        (Forecast(42, WORST, WORST), Choice.DROP_DOMAINS, "nobody is left to go on with."),
        (FORECAST, Choice.CLEAN_AGAIN, "Leaves out 20 of the 1,200 who wait; 1,180 go on."),
        # The DNS was silent, or there were too many domains.
        (NOTHING, Choice.CLEAN_AGAIN, "the DNS is asked when this is chosen."),
        (FORECAST, Choice.AS_IS, "Leaves out nobody: 1,200 recipients will be written to."),
        (FORECAST, Choice.CANCEL, "1,200 recipients will never be written to."),
    ],
)
def test_every_choice_says_in_figures_what_it_leaves_out(
    forecast: Forecast, choice: Choice, said: str
) -> None:
    assert said in halt_choices.sentences(forecast)[choice]


def test_many_bad_domains_are_counted_and_not_all_named() -> None:
    many = [DomainBounces(f"shop-{place}.example", 2, 2, 1) for place in range(13)]
    text = halt_choices.sentences(Forecast(20, many, many))[Choice.DROP_DOMAINS]
    assert "shop-9.example (1) and 3 more, with every host below." in text
    assert "shop-10.example" not in text


def test_a_question_that_is_asked_again_says_why(report) -> None:
    text = halt_summary.question(report, "later", "Going on as is needs a reason.")
    assert text.startswith("**The last answer could not be carried out.** Going on as is needs a reason.")


def test_no_address_is_in_either(report, everything) -> None:
    typed = replace(
        report, halt=replace(report.halt, by="bo@shop.example", reason="ann@shop.example said so")
    )
    shown = halt_summary.markdown(typed, FORECAST) + halt_summary.question(typed, "later")
    assert "@shop.example" not in shown.replace("***@shop.example", "")
    assert not [each.address for each in everything if each.address.lstrip("=") in shown]
