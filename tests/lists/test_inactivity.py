"""The inactive as a file, and moved out on a person's word."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from ledger import clock, suppressions
from ledger.engine import open_ledger
from ledger.enqueueing import NewCampaign, NewMessage, enqueue
from ledger.schema import message
from ledger.statuses import Fact
from ledger.transitions import read_states, save
from lists import inactivity
from lists.errors import ListError
from lists.lookups import open_lookups

KEYS = ["=ann@reader.example", "bob@reader.example", "cid@reader.example"]


def at(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """Three readers who got mail in January; Cid opened it, and again in June. It is July."""
    monkeypatch.setattr(clock, "now", lambda connection: at("2026-07-01"))
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        new = NewCampaign("spring-offer", {}, "l", "t", 1, {})
        people = [NewMessage(key, key, "reader.example", {}, 1, place) for place, key in enumerate(KEYS)]
        with opened.writing() as connection:
            enqueue(connection, new, [people])
        facts = {Fact.ACCEPTED: at("2026-01-02"), Fact.DELIVERED: at("2026-01-02")}
        with opened.writing() as connection:
            changes = []
            for place, state in enumerate(read_states(connection, [1, 2, 3]).values()):
                opens = {Fact.OPENED: at("2026-01-03")} if place == 2 else {}
                changes.append((state, state.with_facts(facts | opens)))
            save(connection, changes)
            connection.execute(update(message).where(message.c.id == 3).values(clicked_at=at("2026-06-20")))
        yield opened


def test_the_silent_are_written_with_what_is_known_of_them(ledger, tmp_path):
    path = tmp_path / "var" / "inactive.csv"
    found = inactivity.report(ledger, 90, path)
    assert (found.people, found.moved_out, found.by_month) == (2, 0, {"2026-01": 2})
    assert path.read_text("utf-8-sig").splitlines() == [
        '"address","silent_since","delivered","last_delivered","last_opened","last_clicked"',
        '"\'=ann@reader.example","2026-01-03",1,"2026-01-02","",""',
        '"bob@reader.example","2026-01-03",1,"2026-01-02","",""',
    ]
    assert open_lookups(ledger.reading).suppressed(KEYS) == {}


def test_nobody_is_silent_for_longer_than_mail_goes_out(ledger, tmp_path):
    assert inactivity.report(ledger, 365, tmp_path / "inactive.csv").people == 0
    assert (tmp_path / "inactive.csv").read_text().count("\n") == 1


def test_on_a_persons_word_they_are_moved_out_of_every_list(ledger, tmp_path):
    found = inactivity.move_out(ledger, 90, tmp_path / "inactive.csv", by="Ada", reason="spring cleaning")
    assert (found.people, found.moved_out) == (2, 2)
    assert open_lookups(ledger.reading).suppressed(KEYS) == dict.fromkeys(KEYS[:2], "inactive")
    again = inactivity.move_out(ledger, 90, tmp_path / "inactive.csv", by="Ada", reason="again")
    assert (again.people, again.moved_out) == (0, 0)


def test_another_reason_stays_the_one_that_is_named(ledger, tmp_path):
    entry = suppressions.Suppression(KEYS[1], suppressions.SuppressionReason.COMPLAINT, "a test", "weekly")
    with ledger.writing() as connection:
        suppressions.add(connection, [entry])
    inactivity.move_out(ledger, 90, tmp_path / "inactive.csv", by="Ada", reason="spring cleaning")
    assert open_lookups(ledger.reading, "weekly").suppressed(KEYS)[KEYS[1]] == "complaint"


@pytest.mark.parametrize("who", [{"by": " ", "reason": "why"}, {"by": "Ada", "reason": " "}])
def test_nobody_is_moved_out_without_a_name_and_a_reason(ledger, tmp_path, who):
    with pytest.raises(ListError, match="is blank"):
        inactivity.move_out(ledger, 90, tmp_path / "inactive.csv", **who)


def test_a_file_that_cannot_be_written_is_one_sentence(ledger, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ListError, match="cannot be written"):
        inactivity.report(ledger, 90, tmp_path / "file" / "inactive.csv")
