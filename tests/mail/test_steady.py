"""One transaction for an answer and the next intent: it writes what the steps by themselves would have."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from sqlalchemy import insert, select, update

from ledger import accounts, campaigns, limits
from ledger.accounts import Action, Rolling
from ledger.attempts import Answer, Result
from ledger.claims import Claim
from ledger.engine import Ledger, open_ledger
from ledger.schema import (
    attempt,
    breaker,
    call_limit,
    callback,
    callback_group,
    callback_member,
    callback_url,
    claim,
    cohort,
    message,
    metadata,
    tally,
)
from ledger.statuses import Status
from mail import claiming, controls, sending, steady
from mail.rate import ACCOUNT, Rate
from mail.steady import Turn

FAST = Rate(1e9, 0.0, "spring-offer")
Rows = Mapping[str, list[tuple[object, ...]]]


@pytest.fixture
def ledger(either_url: str) -> Iterator[Ledger]:
    """The stage's ledger, on each database in turn."""
    with open_ledger(either_url) as opened:
        yield opened


@pytest.fixture
def call(stage) -> "Call":
    """A call of three that SES has taken, and three more that are to follow."""
    stage.enqueue(6)
    held = claiming.claim(stage.ledger, "spring-offer", "worker-0", 6)
    assert isinstance(held, Claim)
    return Call(stage, held)


class Call:
    def __init__(self, stage, held: Claim) -> None:
        self.stage = stage
        self.held = held
        work = stage.work(owner=held.owner)
        rendered = list(sending.rendered(work, held, {}))
        self.sent, self.following = rendered[:3], rendered[3:]
        first = steady.turn(stage.ledger, FAST, held, (), {}, self.sent, fresh=True)
        assert first is not None
        assert first.intended
        stage.clock.tick(1)

    def turn(self, rate: Rate = FAST, *, fresh: bool = True, held: Claim | None = None) -> Turn | None:
        taken = [
            Result(item.send_id, Answer.ACCEPTED, f"ses-{place}") for place, item in enumerate(self.sent)
        ]
        message_ids = {item.send_id: item.message_id for item in self.sent}
        return steady.turn(
            self.stage.ledger, rate, held or self.held, taken, message_ids, self.following, fresh=fresh
        )

    def everything(self) -> Rows:
        with self.stage.ledger.reading() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=str)
                for table in metadata.sorted_tables
            }


def test_an_answer_and_the_next_intent_are_written_together(call: Call) -> None:
    turn = call.turn()
    assert turn is not None
    assert (turn.intended, turn.place.wait_seconds) == (True, 0.0)
    assert call.stage.statuses() == [Status.SENT] * 3 + [Status.SENDING] * 3
    with call.stage.ledger.reading() as connection:
        kept = connection.execute(select(attempt).order_by(attempt.c.id)).all()
    assert [row.send_id for row in kept] == [item.send_id for item in call.sent + call.following]
    assert [row.ses_message_id for row in kept] == ["ses-0", "ses-1", "ses-2", None, None, None]
    assert [row.answered_at for row in kept] == [call.stage.clock.now] * 3 + [None] * 3
    assert len({row.call_id for row in kept}) == 2


def test_who_has_to_wait_gets_a_place_and_no_intent(call: Call) -> None:
    slow = Rate(30.0, 0.0, "spring-offer")
    with call.stage.ledger.writing() as connection:
        limits.take(connection, ACCOUNT, 60, 30.0)
    turn = call.turn(slow)
    assert turn is not None
    assert (turn.intended, turn.place.wait_seconds) == (False, pytest.approx(2.0))
    assert call.stage.statuses() == [Status.SENT] * 3 + [Status.CLAIMED] * 3


def test_a_lease_that_is_due_is_renewed_before_the_next_intent(call: Call) -> None:
    turn = call.turn(fresh=False)
    assert turn is not None
    assert not turn.intended
    assert call.stage.statuses() == [Status.SENT] * 3 + [Status.CLAIMED] * 3


def _suspended(call: Call) -> None:
    with call.stage.ledger.writing() as connection:
        accounts.lock(connection)
        accounts.change(connection, Action.SUSPENDED, Rolling(0.0, 1_000, 50), by="gate", reason="5 %")


def _silence(call: Call) -> None:
    with call.stage.ledger.writing() as connection:
        connection.execute(insert(breaker).values(name=ACCOUNT, failures=1, probes=0))


def _open_breaker(call: Call) -> None:
    with call.stage.ledger.writing() as connection:
        values = {"name": ACCOUNT, "failures": 3, "probes": 0, "opened_at": 1.0, "probe_at": 2.0}
        connection.execute(insert(breaker).values(values))


def _limited_calls(call: Call) -> None:
    values = {"mode": "full", "measuring": False, "seconds": 0.0, "accepted": 0, "throttled": 0}
    with call.stage.ledger.writing() as connection:
        values |= {"name": ACCOUNT, "last_at": 0.0, "since": 1.0, "rates": {}}
        connection.execute(insert(call_limit).values(values))


def _halted(call: Call) -> None:
    controls.halt(call.stage.ledger, "spring-offer", by="Ada", reason="wrong offer")


def _another_epoch(call: Call) -> None:
    with call.stage.ledger.writing() as connection:
        locked = campaigns.lock(connection, call.held.campaign_id)
        campaigns.reopen(connection, locked, by="Ada", reason="sent again")


def _lease_over(call: Call) -> None:
    call.stage.clock.tick(61)


def _another_owner(call: Call) -> None:
    with call.stage.ledger.writing() as connection:
        connection.execute(update(claim).values(owner="worker-9"))


def _given_up(call: Call) -> None:
    claiming.give_back(call.stage.ledger, call.held)


def _one_moved_on(call: Call) -> None:
    with call.stage.ledger.writing() as connection:
        moved = {"status": Status.SUPPRESSED, "stage": Status.SUPPRESSED, "claim_id": None}
        connection.execute(update(message).where(message.c.position == 4).values(moved))


@pytest.mark.parametrize(
    "against",
    [
        _suspended,
        _silence,
        _open_breaker,
        _limited_calls,
        _halted,
        _another_epoch,
        _lease_over,
        _another_owner,
        _given_up,
        _one_moved_on,
    ],
)
def test_nothing_is_written_where_anything_stands_against_the_next_call(
    call: Call, against: Callable[[Call], None]
) -> None:
    against(call)
    before = call.everything()
    assert call.turn() is None
    assert call.everything() == before


def test_a_suspension_that_was_lifted_stands_against_nothing(call: Call) -> None:
    _suspended(call)
    with call.stage.ledger.writing() as connection:
        accounts.lock(connection)
        accounts.change(connection, Action.LIFTED, Rolling(0.0, 1_000, 50), by="Ada", reason="list cleaned")
    turn = call.turn()
    assert turn is not None
    assert turn.intended


@pytest.mark.parametrize("callbacks", [(), ("https://hooks.shop.example/mail",)])
def test_a_whole_campaign_leaves_what_the_long_way_leaves(
    stage, monkeypatch: pytest.MonkeyPatch, callbacks: tuple[str, ...]
) -> None:
    left = []
    for name in ("steady", "long-way"):
        stored = stage.enqueue(123, name=name, callbacks=list(callbacks))
        if callbacks:
            _tell(stage.ledger, stored.id)
        stage.ses.calls.clear()
        stage.send(stage.work(rate=FAST))
        assert stage.ses.sizes() == [50, 50, 23]
        left.append(_left(stage.ledger, stored.id))
        monkeypatch.setattr(steady, "turn", lambda *arguments, **named: None)
    assert left[0] == left[1]
    assert len(left[0]["callback"]) == (3 * 123 if callbacks else 0)


def _tell(ledger: Ledger, campaign_id: int) -> None:
    with ledger.writing() as connection:
        if connection.execute(select(callback_group.c.id)).first() is None:
            connection.execute(insert(callback_url).values(id=1, owner="", url="https://hooks.shop.example/"))
            connection.execute(insert(callback_group).values(id=1, digest="d" * 64))
            connection.execute(insert(callback_member).values(group_id=1, url_id=1))
        theirs = message.c.campaign_id == campaign_id
        connection.execute(update(message).where(theirs).values(callback_group_id=1))


def _left(ledger: Ledger, campaign_id: int) -> Rows:
    """Return what is known of a campaign's messages, without ids and times that differ by nature."""
    position = message.c.position
    of_campaign = message.c.campaign_id == campaign_id
    queries = {
        "message": select(
            position, message.c.status, message.c.stage, message.c.attempts, message.c.failures
        ).where(of_campaign),
        "attempt": select(
            position, attempt.c.number, attempt.c.result, attempt.c.error, attempt.c.answered_at.is_(None)
        )
        .join(message, message.c.id == attempt.c.message_id)
        .where(of_campaign),
        "callback": select(position, callback.c.status, callback.c.previous_status)
        .join(message, message.c.id == callback.c.message_id)
        .where(of_campaign),
        "tally": select(*(each for each in tally.c if each.name != "campaign_id")).where(
            tally.c.campaign_id == campaign_id
        ),
        "cohort": select(cohort.c.epoch, cohort.c.accepted, cohort.c.known).where(
            cohort.c.campaign_id == campaign_id
        ),
        "claim": select(claim.c.id).where(claim.c.campaign_id == campaign_id),
    }
    with ledger.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(query)), key=str)
            for name, query in queries.items()
        }
