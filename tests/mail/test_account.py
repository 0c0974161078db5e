"""The account as a whole: suspended at its own rate, and nothing goes out until a person lifts it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import Connection, func, select, text

from ledger import accounts, campaigns
from ledger.accounts import Action, Rolling
from ledger.campaigns import State
from ledger.claims import Claim
from ledger.errors import CampaignConflict
from ledger.schema import attempt
from ledger.statuses import Fact, Status
from ledger.transitions import read_states, save
from mail import account, account_gate, controls
from mail.account import is_breached
from mail.claiming import NoClaim, claim

DAY = 86_400.0


def suspended(stage) -> str | None:
    with stage.ledger.writing() as connection:
        return account_gate.suspended(connection)


def bounce(stage, count: int) -> None:
    """Let so many messages that are not known yet bounce, past the account's rule, as a collector does."""
    ids = [row["id"] for row in stage.rows() if row["status"] == Status.SENT][:count]
    with stage.ledger.writing() as connection:
        accounts.lock(connection)
        campaigns.lock(connection, stage.stored().id)
        states = read_states(connection, ids).values()
        save(connection, [(each, each.with_facts({Fact.HARD_BOUNCED: stage.clock.now})) for each in states])
        account.review(connection)


def counted(stage) -> tuple[int, int]:
    with stage.ledger.reading() as connection:
        found = account.standing(connection).counted
        return found.hard_bounced, found.accepted


@pytest.mark.parametrize(
    ("accepted", "bounced", "breached"),
    [(1_000, 50, True), (1_000, 49, False), (999, 999, False), (100_000, 5_000, True), (0, 0, False)],
)
def test_the_rule_is_five_per_cent_of_a_thousand_or_more(accepted: int, bounced: int, breached: bool) -> None:
    assert is_breached(Rolling(0.0, accepted, bounced)) is breached


def test_at_the_limit_the_account_is_suspended_and_every_campaign_pauses(stage) -> None:
    stage.enqueue(2_000, halt={"minimum_bounces": 1_000_000})
    stage.send(recipients=1_000)
    bounce(stage, 49)
    assert suspended(stage) is None
    held = claim(stage.ledger, "spring-offer", "worker-1", 10)
    assert isinstance(held, Claim)
    bounce(stage, 1)
    assert suspended(stage) == (
        "The account is suspended: 50 of 1,000 messages of the account bounced hard (5 %); the limit is "
        "5 %. When its cause is mended: campaign account lift --by WHO --reason WHY"
    )
    assert claim(stage.ledger, "spring-offer", "worker-2", 10) == NoClaim(State.PAUSED, held_by_others=False)
    assert (stage.stored().changed_by, stage.stored().change_reason) == ("account", suspended(stage))


def test_what_was_claimed_before_is_not_sent_after(stage) -> None:
    stage.enqueue(1_500, halt={"minimum_bounces": 1_000_000})
    stage.send(recipients=1_000)
    calls = len(stage.ses.calls)
    # The outcomes come in while the worker waits for its place under the rate, with a claim in its hands.
    bounced: list[int] = []

    def while_it_waits(seconds: float) -> None:
        if not bounced:
            bounced.append(50)
            bounce(stage, 50)
        stage.clock.sleep(seconds)

    sent = stage.send(stage.work(rate_per_second=10.0, sleep=while_it_waits))
    assert bounced
    assert sent.ended == State.PAUSED
    assert len(stage.ses.calls) - calls <= 1
    assert Status.CLAIMED not in stage.count()


def test_a_person_lifts_it_and_the_rate_is_counted_anew(stage) -> None:
    stage.enqueue(3_000, halt={"minimum_bounces": 1_000_000})
    stage.send(recipients=1_000)
    bounce(stage, 60)
    claim(stage.ledger, "spring-offer", "worker-1", 10)
    stage.clock.tick(60)
    account.lift(stage.ledger, by="Ada", reason="the old segment is gone")
    assert suspended(stage) is None
    assert counted(stage) == (0, 0)
    # Late bounces of what went out before belong to the old count.
    bounce(stage, 20)
    assert (suspended(stage), counted(stage)) == (None, (0, 0))
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="lifted")
    stage.clock.tick(20)
    stage.send(recipients=1_000)
    assert counted(stage) == (0, 1_000)
    with stage.ledger.reading() as connection:
        found = [(each.action, each.by, each.reason) for each in accounts.history(connection)]
    assert found == [
        (Action.LIFTED, "Ada", "the old segment is gone"),
        (
            Action.SUSPENDED,
            "account",
            "60 of 1,000 messages of the account bounced hard (6 %); the limit is 5 %.",
        ),
    ]


def test_what_is_older_than_thirty_days_does_not_count(stage) -> None:
    stage.enqueue(1_000, halt={"minimum_bounces": 1_000_000})
    stage.send()
    bounce(stage, 49)
    stage.clock.tick(29 * DAY)
    assert counted(stage) == (49, 1_000)
    stage.clock.tick(2 * DAY)
    assert counted(stage) == (0, 0)
    bounce(stage, 100)
    assert suspended(stage) is None


def test_there_is_nothing_to_lift_in_an_account_in_order(stage) -> None:
    with pytest.raises(CampaignConflict, match=r"^the account is not suspended: there is nothing to lift\.$"):
        account.lift(stage.ledger, by="Ada", reason="a try")


def test_with_workers_at_once_no_claim_and_no_intent_commits_after_the_suspension(postgres_stage) -> None:
    stage = postgres_stage
    stage.enqueue(1_000)
    under_way = Event()

    def step(fake, request):
        if len(fake.calls) >= 10:
            under_way.set()
        return fake.accept(request)

    def work(number: int) -> str:
        mine = stage.work(rate_per_second=20.0, owner=f"worker-{number}")
        while (sent := stage.send(mine, recipients=4)).ended == "chunk":
            pass
        return sent.ended

    stage.ses.always = step
    with ThreadPoolExecutor(4) as workers:
        working = [workers.submit(work, number) for number in range(4)]
        assert under_way.wait(60)
        with stage.ledger.writing() as connection:
            # Whoever was claiming or about to call has committed by now, and everybody else waits.
            accounts.lock(connection)
            at_suspension = _made(connection)
            accounts.change(connection, Action.SUSPENDED, Rolling(0.0, 1_000, 60), by="account", reason="6 %")
        assert {each.result(60) for each in working} == {State.PAUSED}
    with stage.ledger.reading() as connection:
        assert _made(connection) == at_suspension
    assert 20 <= len(stage.ses.accepted) == at_suspension[1] < 1_000
    assert stage.count() == {
        Status.SENT: at_suspension[1],
        Status.QUEUED: 1_000 - at_suspension[1],
    }


def _made(connection: Connection) -> tuple[int, int]:
    """Return how many claims and how many intents have ever been committed."""
    # A claim that was given back is gone; its number is not.
    claims_made = text("SELECT last_value FROM claim_id_seq")
    intents_made = select(func.count()).select_from(attempt)
    return connection.execute(claims_made).scalar_one(), connection.execute(intents_made).scalar_one()
