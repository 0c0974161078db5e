"""The one door: facts only grow, and tally and cohort follow every change."""

import pytest
from sqlalchemy import select

from ledger.schema import COHORT_SECONDS, cohort, message
from ledger.statuses import Fact, Stage, Status
from ledger.transitions import STATE_COLUMNS, MessageState, add_to_tally, read_states, save, state_of

STATE = MessageState(
    id=1,
    campaign_id=1,
    epoch=1,
    stage=Stage.SENDING,
    stage_at=5.0,
    claim_id=9,
    failures=0,
    detail=None,
    facts={Fact.ACCEPTED: 7.0},
)


def test_of_two_times_for_one_fact_the_earlier_stays() -> None:
    assert STATE.with_facts({Fact.ACCEPTED: 6.0}).facts == {Fact.ACCEPTED: 6.0}
    assert STATE.with_facts({Fact.ACCEPTED: 8.0}) == STATE


def test_new_facts_leave_the_old_state_as_it_was() -> None:
    STATE.with_facts({Fact.DELIVERED: 9.0})
    assert STATE.facts == {Fact.ACCEPTED: 7.0}


def test_a_message_that_moves_gives_up_its_claim() -> None:
    moved = STATE.moved(Stage.IN_DOUBT, 8.0)
    assert (moved.stage, moved.stage_at, moved.claim_id) == (Stage.IN_DOUBT, 8.0, None)


def test_a_saved_state_is_read_back_whole(scene) -> None:
    scene.sending(1)
    with scene.locked() as (connection, _):
        (before,) = read_states(connection, [row["id"] for row in scene_rows(connection)]).values()
        facts = {fact: 100.0 + place for place, fact in enumerate(Fact)}
        after = before.moved(Stage.IN_DOUBT, 50.0).with_facts(facts).with_detail("said so")
        save(connection, [(before, after)])
    with scene.ledger.reading() as connection:
        found = state_of(connection.execute(select(*STATE_COLUMNS)).one())
    assert found == after
    assert scene.rows()[0]["status"] == after.status
    scene.check_tallies()


def test_a_state_that_did_not_change_is_not_written(scene) -> None:
    scene.sending(1)
    rows = scene.rows()
    with scene.locked() as (connection, _):
        (state,) = read_states(connection, [rows[0]["id"]]).values()
        save(connection, [(state, state.with_facts({}))])
        save(connection, [])
    assert scene.rows() == rows


def test_an_earlier_acceptance_moves_the_message_to_the_earlier_cohort(scene, an_event, frozen) -> None:
    send_id = scene.sending(1)[0]
    scene.apply(an_event(send_id, at=frozen.now, facts={Fact.ACCEPTED: frozen.now + 5 * COHORT_SECONDS}))
    scene.apply(an_event(send_id, at=frozen.now, facts={Fact.ACCEPTED: frozen.now}))
    with scene.ledger.reading() as connection:
        query = select(cohort.c.bucket).where(cohort.c.accepted > 0)
        assert connection.execute(query).scalars().all() == [frozen.now // COHORT_SECONDS]
    scene.check_tallies()


def test_what_the_accounts_suppression_list_stopped_leaves_the_cohort(scene, an_event) -> None:
    send_id = scene.sending(1)[0]
    scene.apply(an_event(send_id))
    scene.apply(an_event(send_id, Fact.WITHHELD))
    with scene.ledger.reading() as connection:
        assert connection.execute(select(cohort.c.accepted, cohort.c.known)).all() == [(0, 0)]
    assert scene.check_tallies().accepted == 0


def test_a_single_message_without_a_campaign_has_no_tally(scene) -> None:
    scene.sending(1)
    with scene.ledger.writing() as connection:
        lone = {key: value for key, value in scene_rows(connection)[0].items() if key != "id"}
        connection.execute(message.insert().values(**lone | {"campaign_id": None}))
        query = select(*STATE_COLUMNS).where(message.c.campaign_id.is_(None))
        state = state_of(connection.execute(query).one())
        save(connection, [(state, state.with_facts({Fact.ACCEPTED: 7.0}))])
    assert scene.check_tallies().recipients == 1
    assert sorted(scene.statuses()) == [Status.SENDING, Status.SENT]


def test_a_change_of_many_rows_adds_up_in_the_tally(scene) -> None:
    campaign = scene.enqueue(2)
    with scene.locked() as (connection, _):
        add_to_tally(connection, campaign.id, 1, {Status.QUEUED: -1, Status.CANCELLED: 1})
        add_to_tally(connection, campaign.id, 1, {Status.QUEUED: 0})
    with pytest.raises(AssertionError):
        scene.check_tallies()


def scene_rows(connection) -> list[dict[str, object]]:
    return [dict(row) for row in connection.execute(select(message)).mappings()]
