"""What could not be read is kept whole and once, up to a bound, until a person is done with it."""

import pytest
from sqlalchemy import select

from ledger import unread
from ledger.engine import Ledger
from ledger.schema import unread_change
from ledger.unread import Amount, Unread


def kept(ledger: Ledger) -> list[Unread]:
    with ledger.reading() as connection:
        return [each for page in unread.pages(connection) for each in page]


def keep(ledger: Ledger, *bodies: str, why: str = "not JSON") -> frozenset[str]:
    with ledger.writing() as connection:
        return unread.keep(connection, dict.fromkeys(bodies, why))


@pytest.mark.parametrize("body", ["Hello", "", '{"a": 1}', "a\0b", "\ud800", "😀", "x" * 1_000_000])
def test_a_body_is_kept_as_it_came(ledger: Ledger, frozen, body: str) -> None:
    assert keep(ledger, body) == frozenset()
    (found,) = kept(ledger)
    assert (found.body, found.why, found.times) == (body, "not JSON", 1)
    assert found.bytes == len(body.encode("utf-8", "surrogatepass"))
    assert (found.first_at, found.last_at) == (frozen.now, frozen.now)


def test_the_same_body_again_is_counted(ledger: Ledger, frozen) -> None:
    first = frozen.now
    keep(ledger, "Hello", "Goodbye")
    frozen.tick(60)
    keep(ledger, "Hello")
    found = {each.body: each for each in kept(ledger)}
    assert found["Hello"].times == 2
    assert (found["Hello"].first_at, found["Hello"].last_at) == (first, first + 60)
    assert found["Goodbye"].times == 1


@pytest.mark.parametrize(("messages", "size"), [(3, 10**9), (10**9, 15)])
def test_past_the_bound_nothing_more_is_kept_and_it_is_said(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, messages: int, size: int
) -> None:
    monkeypatch.setattr(unread, "MOST_MESSAGES", messages)
    monkeypatch.setattr(unread, "MOST_BYTES", size)
    assert keep(ledger, "first", "second") == frozenset()
    refused = keep(ledger, "third", "fourth", "second")
    assert len(refused) == 1
    assert refused < {"third", "fourth"}
    assert keep(ledger, *refused) == refused
    # What is there already is known all the same.
    assert keep(ledger, "first") == frozenset()
    with ledger.reading() as connection:
        assert "stay on the queue" in unread.amount(connection).sentence
    with ledger.writing() as connection:
        unread.drop(connection, None, by="Ann", note="")
    assert keep(ledger, *refused) == frozenset()


def test_nothing_kept_needs_no_sentence() -> None:
    assert Amount(0, 0).sentence == ""
    assert Amount(1, 5).sentence.startswith("1 message of the event queue could not be read")
    assert Amount(2, 5).sentence.startswith("2 messages of")


def test_who_deleted_or_exported_is_remembered(ledger: Ledger, frozen) -> None:
    keep(ledger, "one", "two", "three")
    ids = [each.id for each in kept(ledger)]
    with ledger.writing() as connection:
        unread.note_change(connection, unread.Action.EXPORTED, 3, by="Ann", note="unread.jsonl")
        assert unread.drop(connection, [ids[0], 999], by="Bob", note="noise") == 1
        assert unread.drop(connection, None, by="Ann", note="") == 2
        found = connection.execute(
            select(unread_change.c.action, unread_change.c.by, unread_change.c.messages, unread_change.c.note)
        ).all()
    assert kept(ledger) == []
    assert [tuple(row) for row in found] == [
        ("exported", "Ann", 3, "unread.jsonl"),
        ("deleted", "Bob", 1, "noise"),
        ("deleted", "Ann", 2, ""),
    ]


def test_many_are_read_page_by_page(ledger: Ledger) -> None:
    keep(ledger, *(f"body {number}" for number in range(250)))
    with ledger.reading() as connection:
        sizes = [len(page) for page in unread.pages(connection)]
    assert (sum(sizes), max(sizes)) == (250, 100)


def test_a_person_who_is_erased_is_forgotten_there_too(ledger: Ledger) -> None:
    keep(ledger, "mail to Anna@Shop.example, please", "mail to ben@shop.example")
    with ledger.writing() as connection:
        assert unread.forget(connection, "anna@shop.example") == 1
    assert {each.body for each in kept(ledger)} == {"", "mail to ben@shop.example"}
