"""Events stored as a set: every text comes back as it was, and every event is there once."""

import pytest
from sqlalchemy import select

from ledger import event_rows
from ledger.schema import event

TEXTS = [
    "550 5.1.1 no such user",
    "“quoted”, 'so' and \"so\"",
    "a\\b and \\u0000, spelt out",
    "{a,b} NULL null",
    "line\nbreak\ttab",
    "\U0001f4da é ß \u2028",
]


def row(key: str, **changes: object) -> dict[str, object]:
    return {
        "dedupe_key": key * 32,
        "kind": "Bounce",
        "message_id": None,
        "send_id": None,
        "ses_message_id": "ses-1",
        "recipient": "reader@reader.example",
        "at": 1_764_000_000.123456,
        "received_at": 1_764_000_001.5,
        "bounce_type": "Permanent",
        "bounce_subtype": "General",
        "diagnostic": None,
        "raw_digest": None,
        "note": None,
        "verified": None,
    } | changes


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back_as_it_was(scene, text: str) -> None:
    given = row("aa", diagnostic=text, recipient=text)
    with scene.ledger.writing() as connection:
        assert event_rows.add(connection, [given]) == {given["dedupe_key"]}
        names = list(given)
        (kept,) = connection.execute(select(*(event.c[name] for name in names))).all()
    assert dict(zip(names, kept, strict=True)) == given


def test_an_event_that_is_there_is_not_new(scene) -> None:
    with scene.ledger.writing() as connection:
        assert event_rows.add(connection, [row("aa"), row("bb")]) == {"aa" * 32, "bb" * 32}
        assert event_rows.add(connection, [row("bb", kind="Open"), row("cc")]) == {"cc" * 32}
        kept = connection.execute(select(event.c.dedupe_key, event.c.kind).order_by(event.c.id)).all()
    assert [key[:2] for key, _ in kept] == ["aa", "bb", "cc"]
    assert {kind for _, kind in kept} == {"Bounce"}
