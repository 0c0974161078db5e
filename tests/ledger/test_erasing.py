"""A person is removed from everything that the ledger remembers, and the counts stay."""

import pytest
from sqlalchemy import insert, select

from ledger import (
    attempts,
    callback_receivers,
    claims,
    erasing,
    erasures,
    idempotency,
    outbox,
    owners,
    singles,
    suppression_entries,
    suppression_history,
    suppressions,
)
from ledger.attempts import Answer, Result
from ledger.erasing import BeingSent, Erased
from ledger.outbox import StatusChange
from ledger.schema import event, metadata, single, subscriber
from ledger.singles import NewSingle
from ledger.statuses import Fact, Status
from ledger.suppression_filter import SuppressionFilter
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason

# The first of two in the shuffle, whose address the ledger has as Reader.1@example.com.
KEY = "reader.1@example.com"
OTHER = "reader.0@example.com"


def erase(scene, key: str = KEY) -> Erased:
    with scene.ledger.writing() as connection:
        return erasing.erase(connection, key, by="Ada", reason="asked by letter")


def reasons(scene, *keys: str, scopes: tuple[str, ...] = (EVERYWHERE,)) -> dict[str, SuppressionReason]:
    with scene.ledger.reading() as connection:
        return suppressions.reasons(connection, keys, scopes)


def everything(scene) -> str:
    """Return all that the ledger holds, in lower case."""
    with scene.ledger.reading() as connection:
        tables = [connection.execute(select(table)).all() for table in metadata.sorted_tables]
    return repr(tables).lower()


@pytest.fixture
def known(scene, an_event):
    """A person of whom the ledger knows as much as it can."""
    first, second = scene.sending(2)
    bounce = {"raw": f'{{"to": "{KEY}"}}', "recipient": "Reader.1@example.com"}
    scene.record(Result(first, Answer.ACCEPTED, "ses-1"), Result(second, Answer.ACCEPTED, "ses-2"))
    why = {"diagnostic": f"550 no such user {KEY}"}
    scene.apply(
        an_event(first, Fact.HARD_BOUNCED, suppress=SuppressionReason.HARD_BOUNCE, **bounce, **why),
        an_event(second, Fact.DELIVERED, kind="Delivery"),
        an_event(None, kind="Bounce", **bounce),
    )
    with scene.ledger.writing() as connection:
        weekly = Suppression(KEY, SuppressionReason.UNSUBSCRIBE, "by hand", "weekly", "Reader asked", "Ada")
        suppressions.add(connection, [weekly])
        row = {"address_key": KEY, "address": "Reader.1@example.com", "state": "confirmed"}
        connection.execute(insert(subscriber).values(row))
        owner_id = owners.ensure(connection, "EliPackage")
        singles.add(connection, [a_single(owner_id, KEY), a_single(owner_id, OTHER)])
        place = (owner_id, "key-1")
        idempotency.reserve(connection, {place: "digest"})
        idempotency.fill(connection, place, 202, f'{{"to":"{KEY}"}}')


def a_single(owner_id: int, key: str) -> NewSingle:
    return NewSingle(
        public_id=f"id of {key.split('@')[0][-1]}",
        owner_id=owner_id,
        operator="EliPackage",
        sender="news@shop.example",
        recipient=key,
        address=key,
        address_key=key,
        domain="example.com",
        subject=f"For {key}",
        text=f"Dear {key}",
        unsubscribe_text="Unsubscribe",
        client_id=f"client {key}",
        alias=f"alias of {key}",
        callbacks=("https://hooks.shop.example/mail",),
    )


def test_nothing_that_names_the_person_is_left(scene, known) -> None:
    assert KEY in everything(scene)
    assert "reader 1" in everything(scene)
    erased = erase(scene)
    assert erased == Erased(messages=2, unsent=1, events=2, suppressions=2, sign_ups=1, callbacks=1)
    assert "reader.1" not in everything(scene)
    assert "reader 1" not in everything(scene)
    assert "reader asked" not in everything(scene)
    assert "reader.0@example.com" in everything(scene)


def test_every_count_stays_as_it_was(scene, known) -> None:
    before, statuses = scene.check_tallies(), scene.statuses()
    erase(scene)
    assert scene.check_tallies() == before
    changed = [status for status, now in zip(statuses, scene.statuses(), strict=True) if status != now]
    # The single message that still waited is not sent.
    assert changed == [Status.QUEUED]


def test_a_suppression_holds_for_the_address_that_nobody_has_any_more(scene, known) -> None:
    erase(scene)
    assert reasons(scene, OTHER, KEY) == {KEY: SuppressionReason.HARD_BOUNCE}
    assert reasons(scene, KEY, scopes=("weekly",)) == {KEY: SuppressionReason.UNSUBSCRIBE}
    with scene.ledger.reading() as connection:
        for scopes in ([EVERYWHERE], ["weekly"]):
            assert SuppressionFilter(connection, scopes).possible([OTHER, KEY]) == [KEY]
        standing = suppression_history.standing(connection, [KEY, OTHER])
        assert set(standing) == {(KEY, ""), (KEY, "weekly")}
        assert len(suppression_history.of(connection, KEY)) == 3
        assert suppression_entries.scopes_of(connection, KEY) == ["", "weekly"]


def test_who_was_never_suppressed_is_from_now_on(scene) -> None:
    assert erase(scene) == Erased(0, 0, 0, 0, 0, 0)
    assert reasons(scene, KEY, OTHER) == {KEY: SuppressionReason.MANUAL}


def test_an_import_or_an_event_does_not_bring_the_address_back(scene, known) -> None:
    erase(scene)
    with scene.ledger.writing() as connection:
        entry = Suppression(KEY, SuppressionReason.COMPLAINT, "import of list.csv", note=f"from {KEY}")
        assert suppressions.add(connection, [entry]) == 1
        assert suppressions.add(connection, [entry]) == 0
    assert "reader.1" not in everything(scene)
    assert reasons(scene, KEY) == {KEY: SuppressionReason.HARD_BOUNCE}


def test_a_late_event_counts_and_leaves_no_address_behind(scene, known, an_event) -> None:
    erase(scene)
    late = {"recipient": KEY, "raw": f'{{"to": "{KEY}"}}', "diagnostic": f"abuse by {KEY}"}
    scene.apply(
        an_event("send-0", Fact.COMPLAINED, kind="Complaint", suppress=SuppressionReason.COMPLAINT, **late),
        an_event(None, kind="Open", **late),
    )
    assert "reader.1" not in everything(scene)
    assert "COMPLAINED" in scene.statuses()
    scene.check_tallies()
    with scene.ledger.reading() as connection:
        standing = suppression_history.standing(connection, [KEY], [EVERYWHERE])[KEY, EVERYWHERE]
        assert SuppressionReason.COMPLAINT in standing
        assert len(connection.execute(select(event.c.id)).all()) == 5


def test_the_suppression_of_an_erased_person_can_be_lifted_at_their_request(scene, known) -> None:
    erase(scene)
    with scene.ledger.writing() as connection:
        taken = suppressions.remove(
            connection, [(KEY, "")], by="Ada", source="by hand", note="signed up anew"
        )
    assert {change.reason for change in taken} == {SuppressionReason.HARD_BOUNCE, SuppressionReason.MANUAL}
    assert reasons(scene, KEY) == {}


def test_a_claimed_message_is_not_sent_and_the_rest_of_its_call_is(scene) -> None:
    scene.enqueue(2)
    held = scene.claim()
    erase(scene)
    ids = {item.message_id: f"send-{item.message_id}" for item in held.recipients}
    with pytest.raises(attempts.ClaimLost):
        scene.intend(held, ids)
    assert sorted(scene.statuses()) == [Status.CLAIMED, Status.SUPPRESSED]
    with scene.locked() as (connection, locked):
        assert claims.release(connection, locked, held.id) == 1


def test_a_message_on_its_way_out_is_waited_for(scene) -> None:
    scene.sending(2)
    with pytest.raises(BeingSent, match="run it again in a minute"):
        erase(scene)
    assert KEY in everything(scene)
    assert reasons(scene, KEY) == {}


def test_what_was_not_told_yet_is_told_to_nobody(scene) -> None:
    scene.enqueue(2)
    first = scene.rows()[0]["id"]
    with scene.ledger.writing() as connection:
        group_id = outbox.group(connection, ["https://hooks.shop.example/mail"])
        change = StatusChange(first, group_id, Status.QUEUED, Status.CLAIMED, f"nobody of that name: {KEY}")
        outbox.note(connection, [change])
    assert erase(scene).callbacks == 1
    with scene.ledger.reading() as connection:
        assert callback_receivers.due(connection, 10) == []
    assert "nobody of that name" not in everything(scene)


def test_erasing_twice_is_the_same_as_once(scene, known) -> None:
    erase(scene)
    before = everything(scene)
    assert erase(scene) == Erased(0, 0, 0, 0, 0, 0)
    assert everything(scene) == before


def test_an_erased_single_message_keeps_its_place_and_says_nothing(scene, known) -> None:
    erase(scene)
    with scene.ledger.reading() as connection:
        query = select(single.c.public_id, single.c.recipient, single.c.text, single.c.client_id)
        found = connection.execute(query.order_by(single.c.message_id)).all()
    assert tuple(found[0]) == ("id of 1", "erased", "erased", None)
    assert found[1].text == f"Dear {OTHER}"


def test_a_hash_is_told_from_an_address(scene) -> None:
    with scene.ledger.reading() as connection:
        known_as = erasures.hash_of(connection, KEY)
    assert erasures.is_hash(known_as)
    assert not erasures.is_hash(KEY)
    assert not erasures.is_hash('"erased:x"@example.com')
    assert "reader" not in known_as
