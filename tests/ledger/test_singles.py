"""Single messages: stored whole, claimed and sent like those of a campaign, without one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger import attempts, claims, events, owners, singles
from ledger.attempts import Answer, ClaimLost, Result
from ledger.claims import LEASE_SECONDS, Claim
from ledger.engine import Ledger
from ledger.incoming import Event
from ledger.schema import claim, message, single, tally
from ledger.singles import NewSingle
from ledger.statuses import Fact


class Desk:
    """A ledger and the steps of single messages, each in its own transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        with ledger.writing() as connection:
            self.owner_id = owners.ensure(connection, "EliPackage")

    def new(self, number: int) -> NewSingle:
        return NewSingle(
            public_id=f"{number:020x}",
            owner_id=self.owner_id,
            operator="ann",
            sender="news@shop.example",
            recipient=f"Reader.{number}@Mail.example",
            address=f"Reader.{number}@mail.example",
            address_key=f"reader.{number}@mail.example",
            domain="mail.example",
            subject=f"Offer {number}",
            text="we have a new offer",
            unsubscribe_text="Unsubscribe",
        )

    def add(self, count: int) -> list[int]:
        with self.ledger.writing() as connection:
            return singles.add(connection, [self.new(number) for number in range(count)])

    def claim(self, limit: int = 100, owner: str = "worker-1") -> Claim:
        with self.ledger.writing() as connection:
            singles.lock(connection)
            return claims.take(connection, None, owner, claims.candidates(connection, None, limit))

    def intend(self, held: Claim) -> list[str]:
        send_ids = {item.message_id: f"send-{item.message_id}" for item in held.recipients}
        with self.ledger.writing() as connection:
            singles.lock(connection)
            attempts.commit_intent(connection, None, held, "call-1", send_ids)
        return list(send_ids.values())

    def record(self, *results: Result) -> None:
        with self.ledger.writing() as connection:
            singles.lock(connection)
            attempts.record(connection, results)

    def recover(self) -> claims.Recovered:
        with self.ledger.writing() as connection:
            singles.lock(connection)
            return claims.recover(connection, None)

    def statuses(self) -> list[str]:
        with self.ledger.reading() as connection:
            return list(connection.execute(select(message.c.status).order_by(message.c.id)).scalars())


@pytest.fixture
def desk(ledger: Ledger, frozen: Any) -> Desk:
    return Desk(ledger)


def test_messages_are_stored_in_order_with_everything_that_sending_takes(desk: Desk) -> None:
    ids = desk.add(3)
    assert ids == sorted(ids)
    with desk.ledger.reading() as connection:
        stored = connection.execute(select(single).order_by(single.c.message_id)).mappings().all()
        assert [row["public_id"] for row in stored] == [desk.new(number).public_id for number in range(3)]
        assert singles.mails(connection, ids[1:2]) == {
            ids[1]: singles.Mail(
                "news@shop.example", "Offer 1", "we have a new offer", "Unsubscribe", "EliPackage"
            )
        }
    assert desk.statuses() == ["QUEUED"] * 3


def test_the_same_person_can_be_written_to_many_times(desk: Desk) -> None:
    with desk.ledger.writing() as connection:
        singles.add(connection, [desk.new(1), replace(desk.new(1), public_id="another")])
    assert desk.statuses() == ["QUEUED"] * 2


def test_they_are_claimed_oldest_first_and_a_campaigns_are_not(desk: Desk, scene: Any) -> None:
    scene.enqueue(2)
    ids = desk.add(3)
    held = desk.claim(2)
    assert [item.message_id for item in held.recipients] == ids[:2]
    assert held.campaign_id == 0
    assert [item.message_id for item in desk.claim(100, "worker-2").recipients] == ids[2:]
    assert scene.claim().campaign_id != 0


def test_the_way_of_a_message_touches_no_campaigns_tally(desk: Desk) -> None:
    desk.add(2)
    first, second = desk.intend(desk.claim())
    assert desk.statuses() == ["SENDING"] * 2
    desk.record(Result(first, Answer.ACCEPTED, "ses-1"), Result(second, Answer.NOT_SENT, text="throttled"))
    assert desk.statuses() == ["SENT", "QUEUED"]
    with desk.ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(tally)).scalar_one() == 0


def test_an_event_finds_its_message(desk: Desk, an_event: Callable[..., Event]) -> None:
    desk.add(1)
    (send_id,) = desk.intend(desk.claim())
    with desk.ledger.writing() as connection:
        applied = events.apply(connection, [an_event(send_id, Fact.DELIVERED)])
    assert (applied.new, applied.campaigns) == (1, ())
    assert desk.statuses() == ["DELIVERED"]


def test_what_a_dead_worker_held_is_queued_again_or_in_doubt(desk: Desk, frozen: Any) -> None:
    desk.add(2)
    desk.intend(desk.claim(1))
    held = desk.claim(1)
    assert desk.recover() == claims.Recovered(queued=0, in_doubt=0)
    frozen.tick(LEASE_SECONDS)
    assert desk.recover() == claims.Recovered(queued=1, in_doubt=1)
    assert desk.statuses() == ["IN_DOUBT", "QUEUED"]
    with pytest.raises(ClaimLost):
        desk.intend(held)


def test_a_claim_that_is_given_up_leaves_its_messages_queued(desk: Desk) -> None:
    desk.add(2)
    held = desk.claim()
    with desk.ledger.writing() as connection:
        singles.lock(connection)
        assert claims.release(connection, None, held.id) == 2
        assert connection.execute(select(func.count()).select_from(claim)).scalar_one() == 0
    assert desk.statuses() == ["QUEUED"] * 2
