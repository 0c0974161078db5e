"""The outbox: every change of a status is in it once for each receiver, from the change's own transaction."""

import pytest
from sqlalchemy import select

from ledger import attempts, callbacks, cancelling, claims, enqueueing, outbox
from ledger.attempts import Answer, Result
from ledger.campaigns import State
from ledger.enqueueing import NewMessage
from ledger.schema import callback, callback_url, message
from ledger.statuses import Fact

HOOK = "https://hooks.shop.example/mail"
OTHER = "https://other.shop.example/mail"


@pytest.fixture
def told(scene):
    """A campaign of two messages with one receiver; gives what the outbox holds of one of them."""
    enqueue(scene, 2, HOOK)
    return lambda place=0: [row[1:] for row in rows(scene) if row[0] == place]


def enqueue(scene, count: int, *urls: str, extra: tuple[NewMessage, ...] = ()) -> None:
    new = scene.new(definition={"name": "spring-offer", "callbacks": list(urls)})
    with scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, new, [[*scene.messages(count), *extra]])


def rows(scene) -> list[tuple[int, str, str]]:
    query = (
        select(message.c.position, callback.c.previous_status, callback.c.status)
        .join(message, message.c.id == callback.c.message_id)
        .order_by(callback.c.id)
    )
    with scene.ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_every_change_on_the_good_way_is_told(scene, told, an_event) -> None:
    first, _ = scene.send_on()
    scene.record(Result(first, Answer.ACCEPTED, "ses-1"))
    scene.apply(an_event(first, Fact.DELIVERED))
    assert told() == [
        ("QUEUED", "CLAIMED"),
        ("CLAIMED", "SENDING"),
        ("SENDING", "SENT"),
        ("SENT", "DELIVERED"),
    ]


def test_an_event_that_changes_no_status_tells_nothing(scene, told, an_event) -> None:
    first, _ = scene.send_on()
    scene.apply(an_event(first, Fact.DELIVERED))
    before = told()
    scene.apply(an_event(first, Fact.OPENED), an_event(first, Fact.DELAYED))
    assert told() == before


def test_a_status_that_comes_again_is_told_once(scene, told) -> None:
    first, _ = scene.send_on()
    scene.record(Result(first, Answer.NOT_SENT))
    scene.send_on("again")
    assert told() == [("QUEUED", "CLAIMED"), ("CLAIMED", "SENDING"), ("SENDING", "QUEUED")]


def test_the_reason_is_told_with_the_status(scene, told) -> None:
    first, _ = scene.send_on()
    scene.record(Result(first, Answer.REJECTED, text="MESSAGE_REJECTED"))
    with scene.ledger.reading() as connection:
        query = select(callback.c.diagnostic).where(callback.c.status == "REJECTED")
        assert connection.execute(query).scalars().all() == ["MESSAGE_REJECTED"]


def test_a_recovered_worker_and_a_cancelled_campaign_are_told(scene, told, frozen) -> None:
    scene.send_on()
    frozen.tick(claims.LEASE_SECONDS + 1)
    scene.recover()
    assert told()[-1] == ("SENDING", "IN_DOUBT")
    scene.change(State.CANCELLED)
    with scene.locked() as (connection, locked):
        cancelling.cancel_queued(connection, locked)
    assert told()[-1] == ("SENDING", "IN_DOUBT")


def test_cancelling_tells_what_was_waiting(scene, told) -> None:
    scene.claim(1)
    with scene.locked() as (connection, locked):
        cancelling.cancel_queued(connection, locked)
    assert (told(0)[-1], told(1)) == (("CLAIMED", "CANCELLED"), [("QUEUED", "CANCELLED")])


def test_who_is_refused_or_suppressed_before_sending_is_told(scene) -> None:
    refused = NewMessage("jörg@example.com", "jörg@example.com", "example.com", {}, 2, 1, refused="smtputf8")
    enqueue(scene, 1, HOOK, extra=(refused,))
    with scene.locked() as (connection, locked):
        waiting = claims.candidates(connection, locked, 1)
        claims.suppress(connection, locked, {waiting[0].message_id: "complaint"})
    assert rows(scene) == [(1, "QUEUED", "REJECTED"), (0, "QUEUED", "SUPPRESSED")]


def test_each_receiver_has_its_own_row(scene) -> None:
    enqueue(scene, 1, HOOK, OTHER, HOOK)
    scene.claim()
    assert rows(scene) == [(0, "QUEUED", "CLAIMED")] * 2


def test_a_campaigns_receivers_are_its_owners(scene) -> None:
    new = scene.new(definition={"name": "spring-offer", "owner": "Ann", "callbacks": [HOOK]})
    with scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, new, [scene.messages(1)])
        assert connection.execute(select(callback_url.c.owner)).scalars().all() == ["Ann"]


def test_a_campaign_without_callbacks_writes_no_row(scene, an_event) -> None:
    scene.sending(2)
    scene.apply(an_event("send-0", Fact.DELIVERED))
    assert rows(scene) == []


def test_a_change_that_is_undone_tells_nothing(scene, told) -> None:
    held = scene.claim()
    ids = {item.message_id: f"send-{item.message_id}" for item in held.recipients}
    with pytest.raises(attempts.ClaimLost):
        intend_and_fail(scene, held, ids)
    assert told() == [("QUEUED", "CLAIMED")]


def intend_and_fail(scene, held, ids) -> None:
    with scene.locked() as (connection, locked):
        attempts.commit_intent(connection, locked, held, "call-1", ids)
        raise attempts.ClaimLost


def test_the_same_receivers_are_one_group_and_another_owners_are_not(scene) -> None:
    with scene.ledger.writing() as connection:
        first = outbox.group(connection, [HOOK, OTHER])
        assert outbox.group(connection, [OTHER, HOOK]) == first
        assert outbox.group(connection, [HOOK, OTHER], owner="EliPackage") != first
        assert outbox.group(connection, []) is None


def test_a_receiver_that_is_gone_is_told_nothing_more(scene, told) -> None:
    scene.claim(1)
    with scene.ledger.writing() as connection:
        connection.execute(callback_url.update().values(disabled_at=1.0))
    scene.claim(1, owner="worker-2")
    assert (len(told(0)), told(1)) == (1, [])
    with scene.ledger.reading() as connection:
        assert callbacks.next_due(connection) is not None
