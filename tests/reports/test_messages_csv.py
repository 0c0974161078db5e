import csv

import pytest

from ledger import campaigns
from ledger.schema import FACT_COLUMNS
from reports import messages_csv


@pytest.fixture
def lines(told, tmp_path):
    path = tmp_path / "messages.csv"
    with told.ledger.reading() as connection:
        campaign = campaigns.get(connection, "spring-offer")
        assert messages_csv.write(connection, campaign.id, path) == 20
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_recipient_has_a_line_in_the_order_of_the_list(lines):
    assert [line["row"] for line in lines] == [str(row) for row in range(1, 21)]
    assert lines[0]["address"] == "anna@north.example"
    assert list(lines[0]) == [
        "row",
        "address",
        "status",
        "reason",
        "attempts",
        "ses_message_id",
        *FACT_COLUMNS.values(),
    ]


def test_a_line_says_what_is_known_of_the_message(lines):
    assert {key: value for key, value in lines[3].items() if value} == {
        "row": "4",
        "address": "dora@north.example",
        "status": "HARD_BOUNCED",
        "reason": "smtp; 550 5.1.1 <dora@north.example>: user unknown, id 4f2c9a77b1e0d",
        "attempts": "1",
        "ses_message_id": lines[3]["ses_message_id"],
        "accepted_at": "2026-11-23T09:30:01.000Z",
        "hard_bounced_at": "2026-11-23T09:30:02.000Z",
    }
    assert lines[3]["ses_message_id"].startswith("ses-spring-offer-1-")


def test_what_never_went_out_has_neither_attempt_nor_times(lines):
    assert {key: value for key, value in lines[18].items() if value} == {
        "row": "19",
        "address": "tina@west.example",
        "status": "QUEUED",
        "attempts": "0",
    }


def test_formulas_are_escaped(lines):
    assert lines[12]["address"] == "'=mia@west.example"
    assert lines[16]["reason"] == "'+rendering failed"


def test_lines_of_several_batches_follow_each_other(told, tmp_path, monkeypatch):
    monkeypatch.setattr(messages_csv, "_ROWS_A_BATCH", 3)
    path = tmp_path / "messages.csv"
    with told.ledger.reading() as connection:
        campaign = campaigns.get(connection, "spring-offer")
        assert messages_csv.write(connection, campaign.id, path) == 20
    text = path.read_text(encoding="utf-8-sig")
    assert text.count("\n") == 21
    assert text.count("ses_message_id") == 1
