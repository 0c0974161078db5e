"""What a campaign waits for: whenever its worker sleeps for long, the ledger says why and until when."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import botocore.exceptions as boto
import pytest

from ledger import campaigns, domain_brakes, tallies
from ledger.domain_brakes import Window
from mail import claiming, controls, holdups, quota
from mail.calling import Work
from mail.holdups import Cause, Holdup

MIDNIGHT = 1_800_057_600.0
# A worker that sleeps for less goes about its work.
LONG_SECONDS = 2.0


@pytest.fixture
def now(stage) -> Callable[[], tuple[Holdup, ...]]:
    def read() -> tuple[Holdup, ...]:
        with stage.ledger.reading() as connection:
            campaign = campaigns.get(connection, "spring-offer")
            return holdups.read(connection, campaign, tallies.read(connection, campaign.id))

    return read


@pytest.fixture
def asleep(stage, now) -> Callable[..., list[tuple[float, tuple[Holdup, ...]]]]:
    """Send, and return what is waited for at each of the worker's sleeps, with how long it is; 40 at most."""

    def send(**changes: Any) -> list[tuple[float, tuple[Holdup, ...]]]:
        seen: list[tuple[float, tuple[Holdup, ...]]] = []
        work: Work = stage.work(**changes)

        def sleep(seconds: float) -> None:
            seen.append((seconds, now()))
            stage.clock.sleep(seconds)
            if len(seen) >= 40:
                work.ends.set()

        stage.send(replace(work, sleep=sleep))
        return seen

    return send


def long(seen: list[tuple[float, tuple[Holdup, ...]]]) -> list[tuple[Holdup, ...]]:
    found = [each for seconds, each in seen if seconds >= LONG_SECONDS]
    assert found
    return found


def test_a_campaign_that_sends_waits_for_nothing(stage, asleep, now) -> None:
    stage.enqueue(1_000)
    seen = asleep(rate_per_second=100.0)
    assert len(seen) > 10
    assert {each for _, each in seen} == {()}


def test_an_outage_is_waited_for_until_the_next_probe(stage, asleep, raising) -> None:
    stage.enqueue(1_000)
    stage.ses.always = raising(boto.ReadTimeoutError(endpoint_url="https://email.example"))
    for [each] in long(asleep()):
        assert each.cause is Cause.OUTAGE
        assert each.until is not None
        assert each.until > stage.clock.now - 3_600


def test_a_used_up_quota_is_waited_for_until_it_is_asked_about_again(stage, asleep, now) -> None:
    stage.enqueue(10, send={"over_quota": "split"})
    assert now() == ()
    [[each]] = long(asleep(quota=0))
    assert (each.cause, each.until) == (Cause.QUOTA, stage.clock.now)
    assert now() == ()
    assert quota.LOOK_AGAIN_SECONDS >= LONG_SECONDS


def test_a_warm_up_waits_for_midnight(stage, now) -> None:
    stage.enqueue(300, send={"warm_up": {"start": 100, "factor": 2, "days": 3}})
    assert stage.send().ended == "later"
    [each] = now()
    assert (each.cause, each.until) == (Cause.WARM_UP, MIDNIGHT)


def test_the_gate_waits_for_outcomes_at_most_as_long_as_it_soaks(stage, asleep) -> None:
    stage.enqueue(1_000, halt={"ladder": (100,), "soak_seconds": 600})
    began = stage.clock.now
    seen = [each for _, each in asleep() if each]
    assert len(seen) > 10
    for [each] in seen:
        assert each.cause is Cause.OUTCOMES
        assert "the step of 100 is full" in each.what
        assert each.until is not None
        assert began + 600 <= each.until <= began + 600 + 20


def test_domains_that_put_mail_off_are_waited_for_where_nobody_else_is_left(stage, asleep, now) -> None:
    stored = stage.enqueue(["a@slow.example", "b@reader.example"])
    until = stage.clock.now + 600
    with stage.ledger.writing() as connection:
        window = Window("slow.example", stage.clock.now, 100, 50, times=1, braked_until=until)
        domain_brakes.store(connection, stored.id, [window])
    assert now() == ()
    for [each] in long(asleep()):
        assert (each.cause, each.until) == (Cause.DOMAINS, until)


def test_a_rate_that_ses_cut_is_waited_for(stage, asleep, client_error) -> None:
    stage.enqueue(200)

    def throttled(fake: Any, request: Any) -> Any:
        raise client_error("TooManyRequestsException", 429, "Maximum sending rate exceeded.")

    stage.ses.steps = dict.fromkeys(range(1, 6), throttled)
    assert {each.cause for found in long(asleep()) for each in found} == {Cause.RATE}


def test_what_a_dead_worker_holds_is_waited_for_until_its_lease_ends(stage, now) -> None:
    stage.enqueue(5)
    began = stage.clock.now
    claiming.claim(stage.ledger, "spring-offer", "worker-1", 100)
    assert now() == ()
    stage.clock.tick(40)
    [each] = now()
    assert (each.cause, each.until) == (Cause.LEASE, began + 60)


def test_outcomes_are_waited_for_while_the_run_settles(stage, now) -> None:
    stage.enqueue(5, send={"settle_seconds": 120})
    stage.send()
    [each] = now()
    assert each.cause is Cause.SETTLING
    assert each.until is not None
    assert 120 <= each.until - stage.clock.now <= 130
    stage.clock.tick(131)
    assert now() == ()


@pytest.mark.parametrize(("on_halt", "waits"), [("ask", True), ("fail", False)])
def test_a_halt_that_asks_waits_for_a_person(stage, now, on_halt: str, waits: bool) -> None:
    stage.enqueue(5, halt={"on_halt": on_halt, "answer_hours": 2})
    controls.halt(stage.ledger, "spring-offer", by="ann", reason="wrong price")
    assert [(each.cause, each.until) for each in now()] == (
        [(Cause.DECISION, stage.clock.now + 7_200)] if waits else []
    )


@pytest.mark.parametrize("end", ["pause", "cancel"])
def test_what_is_paused_or_over_waits_for_nothing(stage, now, end: str) -> None:
    stored = stage.enqueue(5, send={"over_quota": "split"})
    quota.note_used_up(stage.ledger)
    assert [each.cause for each in now()] == [Cause.QUOTA]
    if end == "cancel":
        controls.cancel(stage.ledger, "spring-offer", by="ann", reason="over")
    else:
        with stage.ledger.writing() as connection:
            locked = campaigns.lock(connection, stored.id)
            campaigns.change_state(connection, locked, campaigns.State.PAUSED, by="ann", reason="wait")
    assert now() == ()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (boto.ReadTimeoutError(endpoint_url="https://email.example"), "are in doubt until events tell"),
        (boto.EndpointConnectionError(endpoint_url="https://email.example"), "nothing was sent"),
    ],
)
def test_each_call_without_an_answer_is_told(stage, raising, error: Exception, said: str) -> None:
    told: list[str] = []
    stage.enqueue(300)
    silent = raising(error)
    stage.ses.steps = {1: silent, 3: silent}
    stage.send(stage.work(500.0, tell=told.append))
    assert len(told) == 2
    assert all(said in each and "50 messages" in each for each in told)


def test_a_call_that_is_answered_tells_nothing(stage) -> None:
    told: list[str] = []
    stage.enqueue(300)
    stage.send(stage.work(500.0, tell=told.append))
    assert told == []
