"""So many soft bounces in a row suppress an address, whatever the order in which they become known."""

import itertools
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import attempts, campaigns, claims, enqueueing, events, suppression_history, suppressions
from ledger.statuses import Fact
from ledger.suppressions import EVERYWHERE, SuppressionReason

KEY = "reader.0@example.com"
START = 1_800_000_000.0
BOUNCE, REPLY, DELIVERED = Fact.SOFT_BOUNCED, Fact.TRANSIENT_GENERAL, Fact.DELIVERED


class Post:
    """One address, and a campaign for each message to it, sent an hour apart."""

    def __init__(self, connection, scene, an_event) -> None:
        self.connection, self.scene, self.an_event = connection, scene, an_event
        self.sent = 0

    def send(self, count: int) -> None:
        for _ in range(count):
            name = f"campaign-{self.sent}"
            enqueueing.enqueue(self.connection, self.scene.new(name), [self.scene.messages(1)])
            locked = campaigns.lock(self.connection, campaigns.get(self.connection, name).id)
            held = claims.take(
                self.connection, locked, "worker-1", claims.candidates(self.connection, locked, 1)
            )
            ids = {held.recipients[0].message_id: f"send-{self.sent}"}
            attempts.commit_intent(self.connection, locked, held, f"call-{self.sent}", ids)
            self.sent += 1

    def hear(self, *news: tuple[int, Fact], in_a_row: int = 3, **more: object) -> None:
        """Take in that messages (by number) have these facts, in one batch."""
        batch = [
            self.an_event(
                f"send-{number}",
                facts={Fact.ACCEPTED: START + number * 3600, fact: START + number * 3600 + 5},
                **more,
            )
            for number, fact in news
        ]
        events.apply(self.connection, batch, in_a_row)

    @property
    def reasons(self) -> set[str]:
        found = suppression_history.standing(self.connection, [KEY])
        grounds = set(found.get((KEY, EVERYWHERE), {}))
        assert bool(suppressions.reasons(self.connection, [KEY])) == bool(grounds)
        return grounds


@pytest.fixture
def post(scene, an_event):
    with scene.ledger.writing() as connection:
        yield Post(connection, scene, an_event)


def test_three_in_a_row_suppress_and_two_do_not(post) -> None:
    post.send(3)
    post.hear((0, BOUNCE), (1, REPLY))
    assert post.reasons == set()
    post.hear((2, BOUNCE))
    assert post.reasons == {SuppressionReason.SOFT_BOUNCE}
    (change,) = suppression_history.of(post.connection, KEY)
    assert (change.by, change.source, change.note) == ("", "soft bounces", "3 soft bounces in a row")


@pytest.mark.parametrize("arrived", [DELIVERED, Fact.OPENED, Fact.CLICKED])
def test_a_message_that_arrives_in_between_begins_the_row_anew(post, arrived: Fact) -> None:
    post.send(5)
    post.hear((0, BOUNCE), (1, BOUNCE), (2, arrived), (3, BOUNCE), (4, BOUNCE))
    assert post.reasons == set()


def test_a_message_without_an_outcome_neither_counts_nor_ends_the_row(post) -> None:
    post.send(5)
    post.hear((0, BOUNCE), (1, Fact.DELAYED), (2, BOUNCE), (4, BOUNCE))
    assert post.reasons == {SuppressionReason.SOFT_BOUNCE}


def test_a_delivery_that_becomes_known_late_lifts_it_again(post) -> None:
    post.send(4)
    post.hear((0, BOUNCE), (2, BOUNCE), (3, BOUNCE))
    assert post.reasons == {SuppressionReason.SOFT_BOUNCE}
    post.hear((1, DELIVERED))
    assert post.reasons == set()
    assert suppression_history.of(post.connection, KEY)[-1].note == "a message was delivered after all"


def test_an_automatic_reply_is_no_bounce_once_its_delivery_is_known(post) -> None:
    post.send(3)
    post.hear(*((number, REPLY) for number in range(3)))
    assert post.reasons == {SuppressionReason.SOFT_BOUNCE}
    post.hear((2, DELIVERED))
    assert post.reasons == set()


def test_a_late_delivery_lifts_no_other_reason(post) -> None:
    post.send(4)
    post.hear((1, BOUNCE), (2, BOUNCE), (3, BOUNCE))
    post.hear((0, Fact.COMPLAINED), suppress=SuppressionReason.COMPLAINT)
    post.hear((3, DELIVERED))
    assert post.reasons == {SuppressionReason.COMPLAINT}


def test_what_a_person_lifts_takes_a_whole_new_row_to_come_back(post, frozen) -> None:
    post.send(6)
    post.hear((0, BOUNCE), (1, BOUNCE), (2, BOUNCE))
    frozen.now = START + 2.5 * 3600
    suppressions.remove(post.connection, [(KEY, EVERYWHERE)], by="Ada", source="a test")
    post.hear((2, Fact.DELAYED), (3, BOUNCE), (4, BOUNCE))
    assert post.reasons == set()
    post.hear((5, BOUNCE))
    assert post.reasons == {SuppressionReason.SOFT_BOUNCE}


def test_the_number_is_a_setting_and_0_switches_it_off(post) -> None:
    post.send(9)
    post.hear(*((number, BOUNCE) for number in range(8)), in_a_row=0)
    post.hear((8, BOUNCE), in_a_row=0, suppress=SuppressionReason.EXPIRED)
    assert post.reasons == set()
    post.hear((8, REPLY), in_a_row=9)
    assert post.reasons == {SuppressionReason.SOFT_BOUNCE}


def test_a_delivery_that_ses_gave_up_suppresses_at_once(post) -> None:
    post.send(1)
    post.hear((0, REPLY), suppress=SuppressionReason.EXPIRED)
    assert post.reasons == {SuppressionReason.EXPIRED}


def test_two_collectors_at_once_count_each_other_s_bounces(scene, an_event) -> None:
    for name in ("first", "second"):
        scene.enqueue(1, name=name)
        held = scene.claim(name=name)
        scene.intend(held, {held.recipients[0].message_id: name}, name=name)

    def take_in(send_id: str) -> None:
        with scene.ledger.writing() as connection:
            events.apply(connection, [an_event(send_id, BOUNCE)], 2)

    with scene.ledger.writing() as connection:
        events.apply(connection, [an_event("first", BOUNCE)], 2)
        other = Thread(target=take_in, args=("second",))
        other.start()
        other.join(timeout=0.3)
        # It waits for the end of this transaction, whose bounce it could not see otherwise.
        assert other.is_alive()
    other.join()
    with scene.ledger.reading() as connection:
        assert suppressions.reasons(connection, [KEY]) == {KEY: SuppressionReason.SOFT_BOUNCE}


facts_of_messages = st.lists(
    st.sets(st.sampled_from([BOUNCE, REPLY, DELIVERED, Fact.DELAYED, Fact.OPENED]), max_size=2),
    min_size=2,
    max_size=5,
)


@given(found=facts_of_messages, data=st.data())
def test_the_order_and_the_batches_of_events_make_no_difference(scene, trial, an_event, found, data) -> None:
    news = [(number, fact) for number, facts in enumerate(found) for fact in sorted(facts)]
    order = data.draw(st.permutations(news))
    size = data.draw(st.integers(1, max(1, len(order))))
    with trial() as connection:
        post = Post(connection, scene, an_event)
        post.send(len(found))
        for start in range(0, len(order), size):
            post.hear(*order[start : start + size], in_a_row=2)
        known = [facts for facts in reversed(found) if facts - {Fact.DELAYED}]
        row = list(itertools.takewhile(lambda facts: not facts & {DELIVERED, Fact.OPENED}, known))
        assert post.reasons == ({SuppressionReason.SOFT_BOUNCE} if len(row) >= 2 else set())
