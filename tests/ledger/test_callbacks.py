"""Delivering: leased, in order for each message, retried by the timetable, given up, replayed."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ledger import callback_list, callback_receivers, callbacks, outbox
from ledger.callback_list import Selection
from ledger.callback_receivers import Receiver
from ledger.callbacks import LEASE_SECONDS, RETRY_AFTER_SECONDS, Callback, Ending, Outcome
from ledger.outbox import StatusChange
from ledger.statuses import Status

HOOK = "https://hooks.shop.example/mail"
OTHER = "https://other.shop.example/mail"
WAY = (Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.SENT, Status.DELIVERED)


@pytest.fixture
def post(scene, frozen):
    """A campaign of three messages without callbacks of its own, and a deliverer's steps."""
    scene.enqueue(3)
    return Post(scene)


class Post:
    def __init__(self, scene) -> None:
        self.scene = scene
        self.ids = [row["id"] for row in scene.rows()]

    def tell(self, place: int, *changes: int, urls: tuple[str, ...] = (HOOK,)) -> None:
        """Write changes 1, 2, ... of the good way of a message."""
        with self.scene.ledger.writing() as connection:
            group_id = outbox.group(connection, urls)
            outbox.note(
                connection,
                [
                    StatusChange(self.ids[place], group_id, WAY[change - 1], WAY[change], None)
                    for change in changes
                ],
            )

    def due(self) -> list[Receiver]:
        with self.scene.ledger.reading() as connection:
            return callback_receivers.due(connection, 100)

    def receiver(self, url: str = HOOK) -> Receiver:
        return next(found for found in self.due() if found.url == url)

    def lease(self, receiver: Receiver, messages: int = 10) -> list[list[Callback]]:
        with self.scene.ledger.writing() as connection:
            return callbacks.lease(connection, receiver, messages)

    def settle(self, receiver: Receiver, ending: Ending, *tried: Callback, answer: str = "200") -> None:
        with self.scene.ledger.writing() as connection:
            callbacks.settle(connection, receiver, [Outcome(each, ending, answer) for each in tried])

    def failed(self) -> list[callback_list.Undelivered]:
        with self.scene.ledger.reading() as connection:
            return callback_list.failed(connection, Selection(), 100)

    def count(self) -> tuple[int, int, int]:
        with self.scene.ledger.reading() as connection:
            (found,) = callback_list.count(connection, Selection())
        return found.waiting, found.delivered, found.failed

    def replay(self, selection: Selection | None = None) -> int:
        with self.scene.ledger.writing() as connection:
            return callback_list.replay(connection, selection or Selection())


def statuses(found: list[list[Callback]]) -> list[list[str]]:
    return [[each.status.value for each in of_message] for of_message in found]


def test_a_messages_callbacks_are_leased_together_and_in_order(post) -> None:
    post.tell(0, 1)
    post.tell(1, 1)
    post.tell(0, 2, 3)
    assert statuses(post.lease(post.receiver())) == [["CLAIMED", "SENDING", "SENT"], ["CLAIMED"]]


def test_what_is_leased_is_due_for_nobody_else_until_the_lease_ends(post, frozen) -> None:
    post.tell(0, 1)
    receiver = post.receiver()
    (first,) = post.lease(receiver)
    assert post.due() == []
    assert post.lease(receiver) == []
    frozen.tick(LEASE_SECONDS)
    ((again,),) = post.lease(receiver)
    assert again.id == first[0].id


def test_a_later_change_waits_for_the_one_that_is_being_told(post, frozen) -> None:
    post.tell(0, 1)
    receiver = post.receiver()
    post.lease(receiver)
    frozen.tick(1)
    post.tell(0, 2)
    assert post.lease(receiver) == []
    assert post.due() == []


def test_deliverers_at_once_lease_each_message_once(post) -> None:
    for place in range(3):
        post.tell(place, 1, 2)
    receiver, together = post.receiver(), Barrier(4, timeout=30)

    def lease_all(_: int) -> list[int]:
        together.wait()
        found: list[int] = []
        while leased := post.lease(receiver, messages=1):
            found += [each.id for of_message in leased for each in of_message]
        return found

    with ThreadPoolExecutor(4) as deliverers:
        leased = [id_ for found in deliverers.map(lease_all, range(4)) for id_ in found]
    assert len(leased) == len(set(leased)) == 6


def test_a_callback_carries_what_its_body_says(post) -> None:
    post.tell(0, 3)
    ((found,),) = post.lease(post.receiver())
    assert (found.to, found.campaign, found.status, found.previous_status) == (
        "Reader.2@example.com",
        "spring-offer",
        Status.SENT,
        Status.SENDING,
    )


def test_a_failure_is_tried_again_by_the_timetable_and_then_given_up(post, frozen) -> None:
    post.tell(0, 1)
    receiver = post.receiver()
    for wait in RETRY_AFTER_SECONDS:
        ((tried,),) = post.lease(receiver)
        post.settle(receiver, Ending.FAILED, tried, answer="500")
        frozen.tick(wait - 0.5)
        assert post.due() == []
        frozen.tick(0.5)
    ((tried,),) = post.lease(receiver)
    post.settle(receiver, Ending.FAILED, tried, answer="500")
    assert post.due() == []
    assert [(found.attempts, found.answer) for found in post.failed()] == [(10, "500")]


def test_the_timetable_is_the_published_one() -> None:
    minute, hour = 60, 3600
    hours = (2, 5, 10, 14, 20, 24)
    assert (5, 5 * minute, 30 * minute, *(each * hour for each in hours)) == RETRY_AFTER_SECONDS


def test_what_follows_a_failure_waits_with_it(post, frozen) -> None:
    post.tell(0, 1, 2)
    receiver = post.receiver()
    ((first, _),) = post.lease(receiver)
    post.settle(receiver, Ending.FAILED, first)
    post.tell(0, 3)
    assert post.lease(receiver) == []
    frozen.tick(RETRY_AFTER_SECONDS[0])
    assert statuses(post.lease(receiver)) == [["CLAIMED", "SENDING", "SENT"]]


def test_what_follows_a_given_up_one_goes_on(post, frozen) -> None:
    post.tell(0, 1, 2)
    receiver = post.receiver()
    for wait in (*RETRY_AFTER_SECONDS, 0):
        ((first, *_),) = post.lease(receiver)
        post.settle(receiver, Ending.FAILED, first)
        frozen.tick(wait)
    assert statuses(post.lease(receiver)) == [["SENDING"]]


def test_a_receiver_that_fails_does_not_hold_up_another(post) -> None:
    post.tell(0, 1, urls=(HOOK, OTHER))
    broken = post.receiver(OTHER)
    ((tried,),) = post.lease(broken)
    post.settle(broken, Ending.FAILED, tried)
    assert [found.url for found in post.due()] == [HOOK]
    assert statuses(post.lease(post.receiver())) == [["CLAIMED"]]


def test_receivers_that_answer_come_before_those_that_fail(post, frozen) -> None:
    post.tell(0, 1, urls=(HOOK, OTHER))
    broken = post.receiver(HOOK)
    ((tried,),) = post.lease(broken)
    post.settle(broken, Ending.FAILED, tried)
    frozen.tick(RETRY_AFTER_SECONDS[0])
    assert [(found.url, found.failures) for found in post.due()] == [(OTHER, 0), (HOOK, 1)]


def test_a_delivery_that_comes_after_its_lease_still_counts(post, frozen) -> None:
    post.tell(0, 1)
    receiver = post.receiver()
    ((first,),) = post.lease(receiver)
    frozen.tick(LEASE_SECONDS)
    ((second,),) = post.lease(receiver)
    post.settle(receiver, Ending.DELIVERED, first)
    post.settle(receiver, Ending.FAILED, second)
    assert post.count() == (0, 1, 0)


def test_a_failure_that_comes_after_its_lease_does_not(post, frozen) -> None:
    post.tell(0, 1)
    receiver = post.receiver()
    ((first,),) = post.lease(receiver)
    frozen.tick(LEASE_SECONDS)
    ((second,),) = post.lease(receiver)
    post.settle(receiver, Ending.FAILED, first)
    assert post.due() == []
    post.settle(receiver, Ending.DELIVERED, second)
    assert post.count() == (0, 1, 0)


def test_a_receiver_that_is_gone_gets_nothing_more_until_a_replay(post) -> None:
    post.tell(0, 1, 2)
    post.tell(1, 1)
    receiver = post.receiver()
    (first, _), _ = post.lease(receiver)
    post.settle(receiver, Ending.GONE, first, answer="410")
    post.tell(1, 2)
    assert post.count() == (0, 0, 3)
    assert post.replay(Selection(url=OTHER)) == 0
    assert post.replay(Selection(campaign="spring-offer", url=HOOK)) == 3
    assert statuses(post.lease(post.receiver())) == [["CLAIMED", "SENDING"], ["CLAIMED"]]
    post.tell(1, 3)
    assert post.count() == (4, 0, 0)
