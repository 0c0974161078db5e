"""A halt as the operators' screen tells it."""

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ledger.domain_counts import DomainBounces
from reports import halt_picture, halt_summary
from reports.campaign_report import build

WORST = [DomainBounces("north.example", 5, 2, 40), DomainBounces("south.example", 4, 2, 2)]


@pytest.fixture
def report(told):
    with told.ledger.reading() as connection:
        return build(connection, "spring-offer")


def test_the_page_says_why_where_and_what_can_be_done(report) -> None:
    text = halt_summary.markdown(report, WORST)
    assert "**Hard bounces: 3 of 13 (23.08 %) accepted; the limit is 5 %.**" in text
    assert "| north.example | 5 | 2 | 40.0 % | yes |" in text.replace("\u00a0", " ")
    assert "user unknown" in text
    assert "This leaves out 42 recipients still waiting at north.example, south.example." in text
    for line in (
        "campaign resume spring-offer --by WHO --reason WHY --drop-domains",
        "campaign resume spring-offer --by WHO --reason WHY --clean-again",
        "campaign resume spring-offer --by WHO --reason WHY",
        "campaign cancel spring-offer --by WHO --reason WHY",
    ):
        assert f"\n```\n{line}\n```\n" in text


def test_the_rate_is_a_picture_that_stands_alone(report) -> None:
    found = re.search(r"!\[[^\]]+\]\(data:image/svg\+xml;base64,([^)]+)\)", halt_summary.markdown(report, []))
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
    assert "![" not in halt_summary.markdown(empty, [])


def test_the_question_explains_every_choice_and_when_silence_means_stop(report) -> None:
    text = halt_summary.question(report, WORST, "2026-11-24 09:30 UTC")
    for choice in ("drop the bad domains and go on", "clean again and go on", "go on as is", "stop"):
        assert f"- **{choice}**:" in text
    assert "So does no answer until 2026-11-24 09:30 UTC." in text
    assert "could not be carried out" not in text
    assert "No domain reached the limit" in halt_summary.question(report, [], "later")


def test_a_question_that_is_asked_again_says_why(report) -> None:
    text = halt_summary.question(report, [], "later", "Going on as is needs a reason.")
    assert text.startswith("**The last answer could not be carried out.** Going on as is needs a reason.")


def test_no_address_is_in_either(report, everything) -> None:
    typed = replace(
        report, halt=replace(report.halt, by="bo@shop.example", reason="ann@shop.example said so")
    )
    shown = halt_summary.markdown(typed, WORST) + halt_summary.question(typed, WORST, "later")
    assert "@shop.example" not in shown.replace("***@shop.example", "")
    assert not [each.address for each in everything if each.address.lstrip("=") in shown]
