"""A claim: the gate is asked, the dead are recovered, and who may not be written to stays out."""

import pytest

from ledger import campaigns, claims, clock, owners, sign_ups, suppressions
from ledger.campaigns import State
from ledger.claims import Claim
from ledger.errors import CampaignNotFound
from ledger.schema import sign_up, subscriber
from ledger.statuses import Fact, Status
from ledger.suppressions import Suppression, SuppressionReason
from ledger.transitions import read_states, save
from mail import controls, silence
from mail.claiming import NoClaim, claim, give_back
from mail.silence import HOLDS_SECONDS, Silences


def _claim(stage, limit: int = 10, owner: str = "worker-1") -> Claim | NoClaim:
    return claim(stage.ledger, "spring-offer", owner, limit)


def _suppress(stage, *numbers: int) -> None:
    with stage.ledger.writing() as connection:
        suppressions.add(
            connection,
            [
                Suppression(f"reader.{number}@reader.example", SuppressionReason.MANUAL, "a test")
                for number in numbers
            ],
        )


def test_a_claim_holds_the_next_recipients_in_the_order_of_the_shuffle(stage) -> None:
    stage.enqueue(25)
    held = _claim(stage)
    assert isinstance(held, Claim)
    assert [item.address for item in held.recipients] == [f"reader.{n}@reader.example" for n in range(10)]
    assert stage.count() == {Status.CLAIMED: 10, Status.QUEUED: 15}


def test_what_is_given_back_is_claimed_again(stage) -> None:
    stage.enqueue(10)
    held = _claim(stage)
    assert isinstance(held, Claim)
    assert give_back(stage.ledger, held) == 10
    again = _claim(stage)
    assert isinstance(again, Claim)
    assert again.recipients == held.recipients
    assert again.id > held.id


def test_the_suppressed_make_room_for_the_next(stage) -> None:
    stage.enqueue(25)
    _suppress(stage, *range(12))
    held = _claim(stage)
    assert isinstance(held, Claim)
    # The first ten fall out whole; of the next ten, eight are left.
    assert len(held.recipients) == 8
    assert stage.count() == {Status.SUPPRESSED: 12, Status.CLAIMED: 8, Status.QUEUED: 5}


def test_who_has_signed_up_and_not_confirmed_it_gets_no_campaign(stage) -> None:
    stage.enqueue(3)
    with stage.ledger.writing() as connection:
        owner_id = owners.ensure(connection, "EliPackage")
        row = {"owner_id": owner_id, "address_key": "reader.1@reader.example", "address": "Reader"}
        row |= {"state": "pending", "sender": "", "consent_text": "", "requested_at": 1.0, "requested_by": ""}
        connection.execute(sign_up.insert().values(row))
    held = _claim(stage)
    assert isinstance(held, Claim)
    assert [item.address_key[:8] for item in held.recipients] == ["reader.0", "reader.2"]
    assert [(row["status"], row["detail"]) for row in stage.rows()][1] == ("SUPPRESSED", "unconfirmed")


@pytest.mark.parametrize(
    ("whose", "welcome"),
    # 0 has confirmed with Ann, 1 waits with Ann, 2 has confirmed with Bob, 3 is known from elsewhere.
    [("Ann", {0, 3}), ("Bob", {2, 3}), ("Cleo", {3}), ("", {0, 2, 3})],
)
@pytest.mark.parametrize("consent", ["confirmed", "any"])
def test_consent_counts_for_the_owner_to_whom_it_was_given(
    stage, whose: str, welcome: set[int], consent: str
) -> None:
    with stage.ledger.writing() as connection:
        ids = {name: owners.ensure(connection, name) for name in ("Ann", "Bob", "Cleo")}
        for number, name in ((0, "Ann"), (1, "Ann"), (2, "Bob")):
            key = f"reader.{number}@reader.example"
            row = {"owner_id": ids[name], "address_key": key, "address": key, "state": "pending"}
            row |= {"sender": "", "consent_text": "", "requested_at": 1.0, "requested_by": ""}
            id_ = connection.execute(sign_up.insert().values(row).returning(sign_up.c.id)).scalar_one()
            if number != 1:
                sign_ups.confirm(connection, id_, by="page")
        key = "reader.3@reader.example"
        connection.execute(subscriber.insert().values(address_key=key, address=key, state="confirmed"))
    stage.enqueue(4, owner=whose, list={"source": "list.csv", "consent": consent})
    held = _claim(stage)
    assert isinstance(held, Claim)
    waits = {1} if whose in ("Ann", "") else set()
    expected = welcome if consent == "confirmed" else set(range(4)) - waits
    assert {int(item.address_key[7]) for item in held.recipients} == expected


@pytest.mark.parametrize(("whose", "welcome"), [("Ann", 1), ("Bob", 2), ("", 2)])
def test_who_left_an_owner_gets_none_of_its_campaigns(stage, whose: str, welcome: int) -> None:
    stage.enqueue(2, owner=whose)
    entry = Suppression(
        "reader.0@reader.example", SuppressionReason.UNSUBSCRIBE, "message 1", owners.scope_of("Ann")
    )
    with stage.ledger.writing() as connection:
        suppressions.add(connection, [entry])
    held = _claim(stage)
    assert isinstance(held, Claim)
    assert len(held.recipients) == welcome


def test_where_all_are_suppressed_nothing_is_left(stage) -> None:
    stage.enqueue(25)
    _suppress(stage, *range(25))
    assert _claim(stage) == NoClaim(State.RUNNING, held_by_others=False)
    assert stage.count() == {Status.SUPPRESSED: 25}


def test_nothing_to_claim_says_whether_others_hold_the_rest(stage) -> None:
    stage.enqueue(10)
    _claim(stage)
    assert _claim(stage, owner="worker-2") == NoClaim(State.RUNNING, held_by_others=True)


def test_the_claim_of_a_dead_worker_goes_to_the_next(stage) -> None:
    stage.enqueue(10)
    dead = _claim(stage)
    stage.clock.tick(claims.LEASE_SECONDS)
    held = _claim(stage, owner="worker-2")
    assert isinstance(dead, Claim)
    assert isinstance(held, Claim)
    assert held.recipients == dead.recipients


@pytest.mark.parametrize("how", ["halt", "cancel"])
def test_a_stopped_campaign_gives_nothing_out(stage, how: str) -> None:
    stage.enqueue(10)
    getattr(controls, how)(stage.ledger, "spring-offer", by="Ada", reason="wrong offer")
    found = _claim(stage)
    assert isinstance(found, NoClaim)
    assert found.state in (State.HALTED, State.CANCELLED)
    assert Status.CLAIMED not in stage.count()


def test_a_claim_asks_the_gate_first(stage) -> None:
    stage.enqueue(600)
    stage.send(recipients=200)
    with stage.ledger.writing() as connection:
        campaigns.lock(connection, stage.stored().id)
        states = read_states(connection, [row["id"] for row in stage.rows()[:10]]).values()
        save(connection, [(each, each.with_facts({Fact.HARD_BOUNCED: stage.clock.now})) for each in states])
    assert _claim(stage) == NoClaim(State.HALTED, held_by_others=False)
    assert stage.count() == {Status.HARD_BOUNCED: 10, Status.SENT: 190, Status.QUEUED: 400}


def test_old_outcomes_are_judged_by_themselves_after_the_soak(stage) -> None:
    stage.enqueue(10_000)
    stage.send(recipients=1_000)
    with stage.ledger.writing() as connection:
        campaigns.lock(connection, stage.stored().id)
        ids = [row["id"] for row in stage.rows()[:250]]
        states = list(read_states(connection, ids).values())
        at = stage.clock.now
        bounced = [(each, each.with_facts({Fact.HARD_BOUNCED: at})) for each in states[:20]]
        save(connection, bounced + [(each, each.with_facts({Fact.DELIVERED: at})) for each in states[20:]])
    # 20 of 1,000 is 2 %; of the 250 whose outcome is known it is 8 %, once they are old enough to be fair.
    held = _claim(stage)
    assert isinstance(held, Claim)
    give_back(stage.ledger, held)
    stage.clock.tick(620)
    assert _claim(stage) == NoClaim(State.HALTED, held_by_others=False)
    halt = stage.stored().halt
    assert halt is not None
    assert halt["rule"] == "literal_known"


LADDER = {"ladder": [100, 500], "unknown_at_most": 500}


def _deliver(stage, count: int) -> None:
    ids = [row["id"] for row in stage.rows() if row["status"] == Status.SENT][:count]
    with stage.ledger.writing() as connection:
        campaigns.lock(connection, stage.stored().id)
        states = read_states(connection, ids).values()
        save(connection, [(each, each.with_facts({Fact.DELIVERED: stage.clock.now})) for each in states])


def test_claims_fill_a_rung_between_them_and_then_wait_for_its_outcomes(stage) -> None:
    stage.enqueue(1_000, halt=LADDER)
    first, second = _claim(stage, 60), _claim(stage, 500, owner="worker-2")
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    assert (len(first.recipients), len(second.recipients)) == (60, 40)
    third = _claim(stage, 500, owner="worker-3")
    assert isinstance(third, NoClaim)
    assert (third.state, third.wait_seconds, third.waits and third.waits.cause) == (
        State.RUNNING,
        0.5,
        "soak",
    )
    give_back(stage.ledger, first)
    again = _claim(stage, 500, owner="worker-3")
    assert isinstance(again, Claim)
    assert len(again.recipients) == 60


def test_a_rung_is_passed_once_no_outcome_could_change_the_verdict(stage) -> None:
    stage.enqueue(1_000, halt=LADDER)
    stage.send(recipients=100)
    _deliver(stage, 95)
    assert isinstance(_claim(stage), NoClaim)
    _deliver(stage, 1)
    held = _claim(stage, 900)
    assert isinstance(held, Claim)
    assert len(held.recipients) == 400
    assert stage.stored().rung == 500


def test_a_worker_waits_in_small_steps_and_goes_on_when_the_outcomes_are_in(stage) -> None:
    stage.enqueue(300, halt=LADDER | {"ladder": [30]})

    def wait(seconds: float) -> None:
        stage.clock.sleep(seconds)
        if seconds == 0.5 and stage.clock.slept.count(0.5) == 5:
            _deliver(stage, 30)

    assert stage.send(stage.work(sleep=wait)).ended == "nothing_left"
    assert stage.clock.slept.count(0.5) == 5
    assert stage.count() == {Status.DELIVERED: 30, Status.SENT: 270}


@pytest.fixture
def silences(stage, monkeypatch: pytest.MonkeyPatch) -> Silences:
    """What this process knows of silent campaigns, by the clock of the worker."""
    own = Silences(stage.clock.read)
    monkeypatch.setattr(silence, "silences", own)
    return own


def test_a_leap_of_the_clock_is_no_silence(
    stage, silences: Silences, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.enqueue(1_000, halt=LADDER)
    stage.send(recipients=100)
    _deliver(stage, 40)
    # All that went out seems to be two hours old, and without an outcome.
    monkeypatch.setattr(clock, "now", lambda connection: stage.clock.now + 7200)
    assert isinstance(_claim(stage), NoClaim)
    assert stage.stored().state is State.RUNNING
    _deliver(stage, 60)
    stage.clock.tick(HOLDS_SECONDS)
    assert isinstance(_claim(stage, 500), Claim)
    assert stage.stored().state is State.RUNNING


def test_silence_pauses_and_whoever_resumes_begins_at_the_first_rung(stage, silences: Silences) -> None:
    stage.enqueue(1_000, halt=LADDER)
    stage.send(recipients=100)
    _deliver(stage, 40)
    stage.clock.tick(620)
    assert isinstance(_claim(stage), NoClaim)
    assert stage.stored().state is State.RUNNING
    stage.clock.tick(HOLDS_SECONDS)
    assert _claim(stage) == NoClaim(State.PAUSED, held_by_others=False)
    assert stage.stored().change_reason.startswith("No outcomes: after 600 seconds fewer than half")
    assert controls.resume(stage.ledger, "spring-offer", by="Ada", reason="the queue is mended") == 2
    held = _claim(stage, 500)
    assert isinstance(held, Claim)
    assert len(held.recipients) == 90


def test_a_campaign_that_is_not_there_is_one_sentence(ledger) -> None:
    with pytest.raises(CampaignNotFound, match=r"^no campaign is named spring-offer: "):
        claim(ledger, "spring-offer", "worker-1", 10)
