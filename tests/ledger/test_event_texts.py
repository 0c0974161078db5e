"""The text of an event is kept once however many people it names, and an erased one does not come back."""

import pytest
from sqlalchemy import select

from ledger import erasing, event_texts
from ledger.attempts import Answer, Result
from ledger.schema import event, event_raw
from ledger.statuses import Fact

RAW = '{"to": ["reader.0@example.com", "reader.1@example.com"]}'


def texts(scene) -> list[str]:
    with scene.ledger.reading() as connection:
        return list(connection.execute(select(event_raw.c.raw)).scalars())


def erase(scene, key: str) -> None:
    with scene.ledger.writing() as connection:
        erasing.erase(connection, key, by="Ada", reason="asked by letter")


@pytest.fixture
def shared(scene, an_event):
    """Events of one text, about two messages and about many people of no message."""
    first, second = scene.sending(2)
    scene.record(Result(first, Answer.ACCEPTED, "ses-0"), Result(second, Answer.ACCEPTED, "ses-1"))
    about = [("reader.1@example.com", first), ("reader.0@example.com", second)]
    about += [(f"other.{number}@example.com", None) for number in range(500)]
    return [an_event(send_id, Fact.DELIVERED, raw=RAW, recipient=address) for address, send_id in about]


def test_one_text_is_kept_once_for_all_recipients(scene, shared) -> None:
    assert scene.apply(*shared).new == 502
    assert texts(scene) == [RAW]
    with scene.ledger.reading() as connection:
        assert set(connection.execute(select(event.c.raw_digest)).scalars()) == {event_texts.digest_of(RAW)}


def test_erasing_one_of_them_empties_the_text_and_a_repeat_does_not_bring_it_back(scene, shared) -> None:
    scene.apply(*shared[:1], *shared[2:])
    erase(scene, "reader.1@example.com")
    assert texts(scene) == ["{}"]
    assert scene.apply(*shared[:1], *shared[2:]).new == 0
    # One of the same text that was not known, about somebody else.
    assert scene.apply(shared[1]).new == 1
    assert texts(scene) == ["{}"]


def test_a_text_that_names_an_erased_person_is_kept_for_nobody(scene, shared) -> None:
    erase(scene, "reader.1@example.com")
    assert scene.apply(*shared[:2]).new == 2
    assert texts(scene) == []
