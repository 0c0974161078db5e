from dataclasses import replace

import pytest

from ledger.campaigns import State
from reports.campaign_report import build, markdown, rows


@pytest.fixture
def report(told):
    with told.ledger.reading() as connection:
        return build(connection, "spring-offer")


def test_the_summary_says_what_a_halted_run_needs(report):
    text = markdown(report).replace("\u00a0", " ")
    assert text.startswith("# spring-offer: HALTED\n")
    assert "Hard bounces: 3 of 13 (23.08 %) accepted; the limit is 5 %." in text
    assert "campaign resume spring-offer --by WHO --reason WHY" in text
    assert "| hard bounces | 23.08 % | 3 of 13 (limit 5 %) |" in text
    assert "| **in all** | **20** |" in text
    assert "campaign in-doubt spring-offer" in text


def test_no_address_is_in_the_summary_or_the_rows(report, everything):
    shown = markdown(report) + str(rows(report))
    assert "o***@west.example" in shown
    assert not [each.address for each in everything if each.address.lstrip("=") in shown]


def test_a_calm_run_is_told_without_a_halt(told):
    with told.ledger.reading() as connection:
        text = markdown(build(connection, "calm@2026-11-22"))
    assert text.startswith("# calm@2026-11-22: COMPLETED\n")
    assert "resume" not in text
    assert "Rule" not in text


def test_a_pause_is_told_with_its_reason_masked(report):
    paused = replace(
        report, state=State.PAUSED, halt=None, change_reason="token|expired\nfor jane@shop.example"
    )
    text = markdown(paused)
    assert "token\\|expired for j***@shop.example" in text
    assert "campaign resume" in text


def test_texts_of_mail_servers_cannot_leave_their_cell(report):
    odd = replace(report.diagnostics[0], text="550 `x` | <b>y</b>\nz")
    text = markdown(replace(report, diagnostics=(odd,)))
    assert "| 2 | HARD_BOUNCED | `550 'x' \\| <b>y</b> z` |" in text


def test_rows_are_the_most_pressing_and_never_too_many(report):
    assert rows(report, limit=1) == [
        {"row": 15, "address": "o***@west.example", "status": "IN_DOUBT", "reason": "", "attempts": 1}
    ]
    many = replace(report, attention=report.attention * 100)
    assert len(rows(many, limit=10_000)) == 200
