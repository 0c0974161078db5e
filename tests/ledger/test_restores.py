"""A ledger that is older than what was sent of it: how that shows, and that nothing goes out then."""

import pytest
from sqlalchemy import func, insert, select

from ledger import campaigns, clock, doubts, enqueueing, restores
from ledger.attempts import Answer, Result
from ledger.campaigns import State
from ledger.errors import CampaignConflict
from ledger.restores import FoundBy
from ledger.schema import campaign, message
from ledger.statuses import Fact, Status

BY = {"by": "ann", "reason": "looked at the inbox"}


def advance(scene, noted_outside: int) -> int | None:
    with scene.ledger.writing() as connection:
        return restores.advance(connection, noted_outside)


def accept(scene, noted_outside: int = 0) -> int:
    with scene.ledger.writing() as connection:
        return restores.accept(connection, noted_outside, **BY)


def found(scene) -> list[restores.Restore]:
    with scene.ledger.reading() as connection:
        return restores.every(connection)


def state(scene, name: str = "spring-offer") -> State:
    with scene.ledger.reading() as connection:
        return campaigns.get(connection, name).state


@pytest.fixture
def event_of(scene, an_event):
    """Return a function that makes an event of a send of this ledger, which may have forgotten it."""
    with scene.ledger.reading() as connection:
        own = restores.own_id(connection)

    def make(send_id: str, *facts: Fact, **changes: object):
        campaign_id = scene.rows()[0]["campaign_id"]
        return an_event(send_id, *facts, **({"ledger_id": own, "campaign_id": campaign_id} | changes))

    return make


def test_the_generation_grows_with_every_claim_and_never_past_what_is_noted(scene) -> None:
    assert [advance(scene, 0), advance(scene, 1), advance(scene, 1)] == [1, 2, 3]
    assert found(scene) == []


def test_a_ledger_behind_the_note_pauses_everything_and_puts_in_doubt_what_was_to_be_sent(scene) -> None:
    sent = scene.sending(2)
    scene.record(Result(sent[0], Answer.ACCEPTED, "ses-0"))
    scene.enqueue(3, "autumn-offer")
    assert advance(scene, 7) is None
    assert scene.statuses() == [Status.SENT, Status.IN_DOUBT, *[Status.IN_DOUBT] * 3]
    assert (state(scene), state(scene, "autumn-offer")) == (State.PAUSED, State.PAUSED)
    (only,) = found(scene)
    assert (only.found_by, only.note) == (FoundBy.GENERATION, "it is at 0; 7 was reached before")
    scene.check_tallies()
    scene.check_tallies("autumn-offer")


def test_nothing_advances_until_a_person_has_said_so(scene) -> None:
    scene.enqueue()
    assert advance(scene, 7) is None
    assert advance(scene, 0) is None
    assert accept(scene, 7) == 8
    assert advance(scene, 8) == 9
    (only,) = found(scene)
    assert (only.accepted_by, only.accepted_reason) == ("ann", "looked at the inbox")


def test_a_campaign_that_begins_to_run_meanwhile_is_paused_too_and_keeps_its_queue(scene, frozen) -> None:
    advance(scene, 7)
    frozen.tick(60)
    scene.enqueue()
    assert advance(scene, 7) is None
    assert state(scene) is State.PAUSED
    assert scene.statuses() == [Status.QUEUED] * 3


def test_what_a_person_queued_again_stays_queued(scene, frozen) -> None:
    scene.enqueue()
    advance(scene, 7)
    frozen.tick(60)
    with scene.locked() as (connection, locked):
        doubts.resend(connection, locked)
    advance(scene, 7)
    assert scene.statuses() == [Status.QUEUED] * 3


def test_a_word_about_nothing_is_refused(scene) -> None:
    with pytest.raises(CampaignConflict, match="does not wait"):
        accept(scene)


def test_an_event_of_a_send_that_the_ledger_forgot_proves_the_restore_and_settles_its_message(
    scene, event_of
) -> None:
    scene.enqueue()
    scene.apply(event_of("forgotten", Fact.DELIVERED, destination_key="reader.1@example.com"))
    assert sorted(scene.statuses()) == [Status.DELIVERED, Status.IN_DOUBT, Status.IN_DOUBT]
    assert state(scene) is State.PAUSED
    (only,) = found(scene)
    assert (only.found_by, only.events, only.strangers) == (FoundBy.EVENT, 1, 0)
    scene.check_tallies()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ledger_id": "of-another"}, id="of another ledger"),
        pytest.param({"ledger_id": None}, id="without the tag"),
    ],
)
def test_events_of_others_prove_nothing(scene, event_of, changes) -> None:
    scene.enqueue()
    scene.apply(event_of("a-send", Fact.DELIVERED, destination_key="reader.1@example.com", **changes))
    assert (found(scene), state(scene), scene.statuses()) == ([], State.RUNNING, [Status.QUEUED] * 3)


def test_events_of_known_sends_prove_nothing(scene, event_of) -> None:
    sent = scene.sending(1)
    scene.apply(event_of(sent[0], Fact.DELIVERED))
    assert (found(scene), state(scene)) == ([], State.RUNNING)


def test_an_event_from_before_a_campaign_was_enqueued_is_about_a_forgotten_one_with_its_id(
    scene, event_of, frozen
) -> None:
    scene.enqueue()
    before = {Fact.ACCEPTED: frozen.now - 60, Fact.DELIVERED: frozen.now - 50}
    scene.apply(event_of("forgotten", facts=before, destination_key="reader.1@example.com"))
    assert scene.statuses() == [Status.IN_DOUBT] * 3
    assert [(each.events, each.strangers) for each in found(scene)] == [(1, 1)]


def test_late_events_of_what_a_person_knows_about_still_settle_and_prove_nothing_new(
    scene, event_of, frozen
) -> None:
    scene.enqueue()
    frozen.tick(10)
    first = event_of("forgotten-1", Fact.DELIVERED, destination_key="reader.1@example.com")
    scene.apply(first)
    frozen.tick(10)
    accept(scene)
    late = event_of("forgotten-2", Fact.HARD_BOUNCED, destination_key="reader.2@example.com")
    scene.apply(late, first)
    assert [(each.events, each.accepted_by) for each in found(scene)] == [(2, "ann")]
    assert Status.HARD_BOUNCED in scene.statuses()


def test_a_second_restore_is_proved_anew(scene, event_of, frozen) -> None:
    scene.enqueue()
    advance(scene, 7)
    accept(scene, 7)
    frozen.tick(60)
    sent_later = {Fact.ACCEPTED: frozen.now - 1}
    scene.apply(event_of("forgotten", facts=sent_later, destination_key="reader.1@example.com"))
    assert [each.found_by for each in found(scene)] == [FoundBy.GENERATION, FoundBy.EVENT]
    assert advance(scene, 0) is None


def test_a_forgotten_send_is_evidence_for_the_others_of_its_campaign(scene, event_of) -> None:
    scene.enqueue()
    scene.apply(event_of("forgotten", Fact.DELIVERED, destination_key="reader.1@example.com"))
    with scene.ledger.reading() as connection:
        campaign_id = campaigns.get(connection, "spring-offer").id
        evidence = doubts.of_forgotten_sends(connection, campaign_id, 5.0)
        assert doubts.by_call(connection, campaign_id) == []
        assert doubts.by_campaign(connection) == {"spring-offer": 2}
    assert evidence == doubts.Doubt("", 5.0, 3, 1, 2, 0, None)


def test_a_campaign_after_a_restore_gets_an_id_that_no_forgotten_one_can_have_had(scene) -> None:
    before = scene.enqueue()
    advance(scene, 7)
    after = scene.enqueue(2, "autumn-offer")
    assert after.id >= before.id + 1_000_000
    assert scene.enqueue(2, "winter-offer").id == after.id + 1


def test_single_messages_are_in_doubt_too(scene, frozen) -> None:
    scene.enqueue(1)
    single = dict(scene.rows()[0]) | {"id": None, "campaign_id": None, "status": Status.QUEUED}
    del single["id"]
    with scene.ledger.writing() as connection:
        connection.execute(insert(message), [single])
    advance(scene, 7)
    with scene.ledger.reading() as connection:
        query = select(message.c.status).where(message.c.campaign_id.is_(None))
        assert connection.execute(query).scalar_one() == Status.IN_DOUBT
        assert connection.execute(select(func.count()).select_from(campaign)).scalar_one() == 1
        assert clock.now(connection) == frozen.now


def test_a_campaign_that_was_enqueued_before_is_still_the_same(scene) -> None:
    first = scene.enqueue()
    advance(scene, 7)
    with scene.ledger.writing() as connection:
        again = enqueueing.enqueue(connection, scene.new(), [scene.messages(3)])
    assert (again.id, again.state) == (first.id, State.PAUSED)
