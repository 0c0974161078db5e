"""What is written at once for a whole call is, row by row, what the general way would have written."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import Connection, Table, insert, select

from ledger import attempts
from ledger.attempts import Answer, Result
from ledger.campaigns import State
from ledger.claims import Claim
from ledger.schema import (
    attempt,
    callback,
    callback_group,
    callback_member,
    callback_url,
    cohort,
    message,
    tally,
)
from ledger.statuses import Fact, Status

Rows = Mapping[str, list[tuple[object, ...]]]


def _nothing(scene, an_event) -> None:
    pass


def _delivered_already(scene, an_event) -> None:
    scene.apply(an_event("send-1", Fact.DELIVERED, ses_message_id="ses-1"))


def _unsubscribed_already(scene, an_event) -> None:
    scene.apply(an_event("send-2", facts={Fact.UNSUBSCRIBED: 1.0}))


def _recovered_already(scene, an_event) -> None:
    scene.frozen_past_the_lease()
    scene.recover()


def _cancelled(scene, an_event) -> None:
    scene.change(State.CANCELLED)


def _told_of_one(scene, an_event) -> None:
    with scene.ledger.writing() as connection:
        connection.execute(insert(callback_url).values(id=1, owner="", url="https://hooks.shop.example/"))
        connection.execute(insert(callback_group).values(id=1, digest="d" * 64))
        connection.execute(insert(callback_member).values(group_id=1, url_id=1))
        connection.execute(message.update().where(message.c.position == 1).values(callback_group_id=1))


@pytest.mark.parametrize(
    "before",
    [_nothing, _delivered_already, _unsubscribed_already, _recovered_already, _cancelled, _told_of_one],
)
@pytest.mark.parametrize(
    "answers",
    [
        [Answer.ACCEPTED] * 4,
        [Answer.ACCEPTED, Answer.REJECTED, Answer.ACCEPTED, Answer.NOT_SENT],
        [Answer.UNKNOWN, Answer.ACCEPTED, Answer.TRANSIENT, Answer.ACCEPTED],
        [Answer.SPLIT] * 4,
    ],
)
def test_answers_written_at_once_leave_what_the_general_way_leaves(
    scene, frozen, an_event, before, answers
) -> None:
    scene.enqueue(5)
    held = scene.claim(limit=4)
    ids = {item.message_id: f"send-{place}" for place, item in enumerate(held.recipients)}
    scene.intend(held, ids)
    scene.frozen_past_the_lease = lambda: frozen.tick(61)
    before(scene, an_event)
    frozen.tick(7)
    results = [
        Result(f"send-{place}", answer, ses_message_id=f"ses-{place}" if answer is Answer.ACCEPTED else None)
        for place, answer in enumerate(answers)
    ]
    message_ids = {send_id: id_ for id_, send_id in ids.items()}
    at_once = _left_by(scene, lambda connection: attempts.record(connection, results, held, message_ids))
    assert at_once == _left_by(scene, lambda connection: attempts.record(connection, results))


def test_an_acceptance_written_at_once_counts_in_tally_and_cohort(scene, frozen) -> None:
    scene.enqueue(3)
    held = scene.claim()
    ids = {item.message_id: f"send-{place}" for place, item in enumerate(held.recipients)}
    scene.intend(held, ids)
    with scene.locked() as (connection, _):
        results = [
            Result(send_id, Answer.ACCEPTED, ses_message_id=f"ses-{send_id}") for send_id in ids.values()
        ]
        attempts.record(connection, results, held, {send_id: id_ for id_, send_id in ids.items()})
    assert scene.statuses() == [Status.SENT] * 3
    assert scene.check_tallies().accepted == 3


@pytest.mark.parametrize("strange", ['a"b', "a\\b", "{a,b}", "NULL", "", "a b", "'", "é"])
def test_any_text_may_be_the_id_that_ses_gave(scene, frozen, strange: str) -> None:
    scene.enqueue(2)
    held = scene.claim()
    ids = {item.message_id: f"send-{place}" for place, item in enumerate(held.recipients)}
    scene.intend(held, ids)
    with scene.locked() as (connection, _):
        results = [Result(send_id, Answer.ACCEPTED, ses_message_id=strange) for send_id in ids.values()]
        attempts.record(connection, results, held, {send_id: id_ for id_, send_id in ids.items()})
        assert connection.execute(select(attempt.c.ses_message_id)).scalars().all() == [strange] * 2
    assert scene.statuses() == [Status.SENT] * 2


def test_rows_of_another_claim_are_not_written_at_once(scene, frozen) -> None:
    scene.enqueue(2)
    held = scene.claim()
    ids = {item.message_id: f"send-{place}" for place, item in enumerate(held.recipients)}
    scene.intend(held, ids)
    other = Claim(held.id + 1, held.campaign_id, held.epoch, held.owner, held.recipients, held.claimed_at)
    results = [Result(send_id, Answer.ACCEPTED, ses_message_id="ses") for send_id in ids.values()]
    message_ids = {send_id: id_ for id_, send_id in ids.items()}
    at_once = _left_by(scene, lambda connection: attempts.record(connection, results, other, message_ids))
    assert at_once == _left_by(scene, lambda connection: attempts.record(connection, results))


def _left_by(scene, step: Callable[[Connection], None]) -> Rows:
    """Return everything that a call touches as `step` leaves it, and undo it."""
    with scene.locked() as (connection, _):
        undone = connection.begin_nested()
        step(connection)
        found = {
            table.name: _rows(connection, table) for table in (message, attempt, tally, cohort, callback)
        }
        undone.rollback()
        return found


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    # The ids of the outbox count on even where a transaction is undone.
    columns = [column for column in table.c if table is not callback or column.name != "id"]
    return sorted((tuple(row) for row in connection.execute(select(*columns))), key=str)
