"""The daily ceiling of a young sender's domain."""

import pytest

from ledger import campaigns, sender_days
from ledger.claims import Claim
from ledger.statuses import Status
from mail import collecting, warm_up
from mail.claiming import NoClaim, claim, give_back
from mail.warm_up_policy import WarmUpPolicy

# START in the fixtures: 2027-01-15 08:00 UTC.
MIDNIGHT = 1_800_057_600.0
PLAN = {"warm_up": {"start": 100, "factor": 2, "days": 3}}


@pytest.mark.parametrize(
    ("days_before", "ceiling"), [(0, 500), (1, 750), (2, 1_125), (3, 1_687), (4, None), (40, None)]
)
def test_the_ceiling_grows_with_the_days_and_ends_with_the_plan(
    days_before: int, ceiling: int | None
) -> None:
    assert warm_up.ceiling(WarmUpPolicy(start=500, factor=1.5, days=4), days_before) == ceiling


def test_without_a_plan_there_is_no_ceiling() -> None:
    assert warm_up.ceiling(WarmUpPolicy(), 0) is None


def test_a_day_ends_at_its_ceiling_and_the_next_is_larger(stage) -> None:
    stage.enqueue(1_000, send=PLAN)
    assert stage.send().ended == "later"
    assert stage.count() == {Status.SENT: 100, Status.QUEUED: 900}
    found = claim(stage.ledger, "spring-offer", "worker-1", 50)
    assert found == NoClaim(campaigns.State.RUNNING, held_by_others=False, continues_at=MIDNIGHT)
    stage.clock.now = MIDNIGHT
    assert stage.send().ended == "later"
    assert stage.count() == {Status.SENT: 300, Status.QUEUED: 700}
    # A day without mail does not make the next one larger.
    stage.clock.now = MIDNIGHT + 5 * 86_400
    stage.send()
    assert stage.count() == {Status.SENT: 700, Status.QUEUED: 300}
    stage.clock.tick(86_400)
    assert stage.send().ended == "nothing_left"
    assert stage.count() == {Status.SENT: 1_000}


def test_the_ceiling_holds_over_all_campaigns_of_the_domain(stage) -> None:
    stage.enqueue(60)
    stage.send()
    stage.enqueue(200, send=PLAN, name="autumn-offer")
    stage.send()
    with stage.ledger.reading() as connection:
        today = warm_up.today(connection, stage.stored())
        assert sender_days.claimed(connection, "brightbooks.example", int(MIDNIGHT // 86_400) - 1) == 100
    assert today == warm_up.Today("brightbooks.example", 100, 0, MIDNIGHT)


def test_what_was_claimed_and_not_sent_is_given_back_to_its_day(stage) -> None:
    stage.enqueue(1_000, send=PLAN)
    held = claim(stage.ledger, "spring-offer", "worker-1", 100)
    assert isinstance(held, Claim)
    stage.clock.now = MIDNIGHT + 1
    give_back(stage.ledger, held)
    with stage.ledger.reading() as connection:
        today = warm_up.today(connection, stage.stored())
    # Nothing was sent on the first day, so this is the first one still.
    assert today == warm_up.Today("brightbooks.example", 100, 100, MIDNIGHT + 86_400)


def test_a_throttle_does_not_use_the_day_up(stage) -> None:
    stage.enqueue(150, send=PLAN)
    throttled = {"Status": "ACCOUNT_THROTTLED", "Error": "Maximum sending rate exceeded."}
    stage.ses.steps[1] = lambda fake, request: fake.accept(request, but={0: throttled, 1: throttled})
    assert stage.send().ended == "later"
    assert stage.count() == {Status.SENT: 100, Status.QUEUED: 50}


def test_what_a_dead_worker_held_is_given_back(stage) -> None:
    stage.enqueue(150, send=PLAN)
    assert isinstance(claim(stage.ledger, "spring-offer", "dead", 80), Claim)
    stage.clock.tick(61)
    stage.send()
    assert stage.count() == {Status.SENT: 100, Status.QUEUED: 50}


def test_collecting_does_not_wait_for_another_day() -> None:
    from ledger.tallies import Totals

    totals = Totals(dict.fromkeys(Status, 0) | {Status.QUEUED: 900}, {})
    assert collecting._underway(totals, done_for_today=False) == 900
    assert collecting._underway(totals, done_for_today=True) == 0
