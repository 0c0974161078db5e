"""Single messages taken back: cancelled while they wait, told to receivers, and never sent afterwards."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from ledger import attempts, claims, owners, singles, withdrawals
from ledger.attempts import Answer, ClaimLost, Result
from ledger.claims import Claim
from ledger.schema import FACT_COLUMNS, attempt, callback, message, single, withdrawal
from ledger.schema import claim as claim_table
from ledger.singles import NewSingle
from ledger.statuses import Stage, Status
from ledger.transitions import read_states, save
from ledger.withdrawals import Whose

ANN = Whose("EliPackage", "ann")
WHY = "sent to the wrong people"


def add(connection: Connection, count: int, **changes: Any) -> list[int]:
    owner_id = owners.ensure(connection, changes.pop("owner", "EliPackage"))
    known = connection.execute(select(single.c.message_id)).all()
    new = NewSingle(
        public_id="",
        owner_id=owner_id,
        operator="ann",
        sender="news@shop.example",
        recipient="reader@mail.example",
        address="reader@mail.example",
        address_key="reader@mail.example",
        domain="mail.example",
        subject="Offer",
        text="we have a new offer",
        unsubscribe_text="Unsubscribe",
        callbacks=("https://hooks.shop.example/",),
    )
    numbers = range(len(known), len(known) + count)
    return singles.add(connection, [replace(new, public_id=f"{n:020x}", **changes) for n in numbers])


def claim(connection: Connection, limit: int) -> Claim:
    return claims.take(connection, None, "worker", claims.candidates(connection, None, limit))


def intend(connection: Connection, held: Claim, ids: list[int]) -> dict[int, str]:
    """Commit the intent to send these; return their send ids."""
    numbers = dict(connection.execute(select(message.c.id, message.c.attempts)).all())
    send_ids = {id_: f"send-{id_}-{numbers[id_] + 1}" for id_ in ids}
    attempts.commit_intent(connection, None, held, f"call-{min(send_ids.values())}", send_ids)
    return send_ids


def take_back(connection: Connection, whose: Whose) -> Mapping[Status, int]:
    withdrawal_id = withdrawals.begin(connection, by="Cy", reason=WHY)
    ids = withdrawals.unsettled(connection, whose)
    return withdrawals.withdraw(connection, withdrawal_id, ids, WHY)


def statuses(connection: Connection) -> list[str]:
    return list(connection.execute(select(message.c.status).order_by(message.c.id)).scalars())


@pytest.fixture
def trial(trial: Callable[[], AbstractContextManager[Connection]], frozen: Any) -> Any:
    return trial


def test_what_waits_is_cancelled_and_its_receivers_are_told_why(trial: Any) -> None:
    with trial() as connection:
        add(connection, 2)
        claim(connection, 1)
        assert withdrawals.count_waiting(connection, ANN) == 2
        assert take_back(connection, ANN) == {Status.CLAIMED: 1, Status.QUEUED: 1}
        assert statuses(connection) == ["CANCELLED"] * 2
        told = select(callback.c.previous_status, callback.c.status, callback.c.diagnostic)
        assert connection.execute(told.order_by(callback.c.id)).all() == [
            ("QUEUED", "CLAIMED", None),
            ("CLAIMED", "CANCELLED", WHY),
            ("QUEUED", "CANCELLED", WHY),
        ]
        assert withdrawals.count_waiting(connection, ANN) == 0
        (kept,) = connection.execute(select(withdrawal.c.by, withdrawal.c.reason, withdrawal.c.messages))
        assert kept == ("Cy", WHY, 2)


def test_of_every_stage_and_fact_only_what_waits_changes_its_status(trial: Any) -> None:
    with trial() as connection:
        kinds = [(stage, fact) for stage in Stage for fact in (None, *FACT_COLUMNS)]
        ids = add(connection, len(kinds))
        states = read_states(connection, ids)
        for id_, (stage, fact) in zip(ids, kinds, strict=True):
            changed = states[id_].moved(stage, 1.0)
            save(connection, [(states[id_], changed if fact is None else changed.with_facts({fact: 1.0}))])
        before = statuses(connection)
        withdrawal_id = withdrawals.begin(connection, by="Cy", reason=WHY)
        assert withdrawals.withdraw(connection, withdrawal_id, ids, WHY) == Counter(before)
        waiting = ("QUEUED", "CLAIMED")
        assert statuses(connection) == ["CANCELLED" if each in waiting else each for each in before]
        marks = select(single.c.withdrawal_id).order_by(single.c.message_id)
        assert [mark is not None for mark in connection.execute(marks).scalars()] == [
            each in (*waiting, "SENDING", "IN_DOUBT") for each in before
        ]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.ACCEPTED, "SENT"),
        (Answer.REJECTED, "REJECTED"),
        (Answer.NOT_SENT, "CANCELLED"),
        (Answer.TRANSIENT, "CANCELLED"),
        (Answer.SPLIT, "CANCELLED"),
        (Answer.UNKNOWN, "IN_DOUBT"),
    ],
)
def test_what_is_being_sent_is_left_to_its_call_and_not_tried_again(
    trial: Any, answer: Answer, status: str
) -> None:
    with trial() as connection:
        ids = add(connection, 1)
        send_ids = intend(connection, claim(connection, 1), ids)
        assert take_back(connection, ANN) == {Status.SENDING: 1}
        assert statuses(connection) == ["SENDING"]
        attempts.record(connection, [Result(send_ids[ids[0]], answer, "ses-1", "a word")])
        assert statuses(connection) == [status]
        detail = connection.execute(select(message.c.detail)).scalar_one()
        assert (detail == WHY) == (status == "CANCELLED")
        assert claims.candidates(connection, None, 10) == []


def test_a_worker_that_claimed_some_of_it_sends_nothing_of_its_claim_but_the_others_go_later(
    trial: Any,
) -> None:
    with trial() as connection:
        mine, others = add(connection, 1), add(connection, 1, owner="Bob")
        held = claim(connection, 2)
        take_back(connection, ANN)
        nested = connection.begin_nested()
        with pytest.raises(ClaimLost):
            intend(connection, held, mine + others)
        nested.rollback()
        assert claims.release(connection, None, held.id) == 1
        assert [each.message_id for each in claims.candidates(connection, None, 10)] == others


def test_nobody_elses_is_touched_and_an_owners_is_all_of_its_operators(trial: Any, scene: Any) -> None:
    scene.enqueue(2)
    with trial() as connection:
        add(connection, 1)
        add(connection, 1, operator="bea")
        add(connection, 1, owner="Bob")
        assert take_back(connection, ANN) == {Status.QUEUED: 1}
        assert take_back(connection, Whose("EliPackage")) == {Status.QUEUED: 1}
        assert statuses(connection) == ["QUEUED"] * 2 + ["CANCELLED"] * 2 + ["QUEUED"]
        assert take_back(connection, Whose("nobody")) == {}
        assert withdrawals.has_owner(connection, "Bob")
        assert not withdrawals.has_owner(connection, "bob")


def test_messages_are_found_by_the_ids_that_the_api_shows(trial: Any) -> None:
    with trial() as connection:
        first, second = add(connection, 2)
        found = withdrawals.ids_of(connection, [f"{1:020x}", f"{0:020x}", "7", str(first)])
        assert found == {f"{0:020x}": first, f"{1:020x}": second}


@given(st.data())
def test_after_it_was_taken_back_no_message_is_ever_sent_by_a_new_call(trial: Any, data: Any) -> None:
    """Any order of a worker's steps, its death and its answers, with a withdrawal somewhere in between."""
    with trial() as connection:
        ids = set(add(connection, 3))
        held: Claim | None = None
        flying: dict[int, str] = {}
        tries_before: Counter[int] | None = None

        def tries() -> Counter[int]:
            return Counter(connection.execute(select(attempt.c.message_id)).scalars())

        for _ in range(data.draw(st.integers(4, 14))):
            match data.draw(st.sampled_from(["claim", "intend", "answer", "die", "take back"])):
                case "claim" if held is None:
                    held = claim(connection, data.draw(st.integers(1, 3)))
                case "intend" if held is not None and held.recipients:
                    nested = connection.begin_nested()
                    try:
                        flying |= intend(connection, held, [each.message_id for each in held.recipients])
                        nested.commit()
                    except ClaimLost:
                        nested.rollback()
                        claims.release(connection, None, held.id)
                        held = None
                case "answer" if flying:
                    id_ = data.draw(st.sampled_from(sorted(flying)))
                    answer = data.draw(st.sampled_from(Answer))
                    attempts.record(connection, [Result(flying.pop(id_), answer, "ses", "a word")])
                case "die" if held is not None:
                    ended = update(claim_table).where(claim_table.c.id == held.id)
                    connection.execute(ended.values(leased_until=0.0))
                    claims.recover(connection, None)
                    held = None
                case "take back" if tries_before is None:
                    take_back(connection, ANN)
                    tries_before = tries()
                case _:
                    continue
        if tries_before is not None:
            assert tries() == tries_before
            assert not ids & {each.message_id for each in claims.candidates(connection, None, 10)}
