"""The brakes on a campaign: one domain is left alone, the others go on, and it is tried again."""

from ledger import campaigns
from ledger.claims import Claim
from ledger.statuses import Fact, Status
from ledger.transitions import read_states, save
from mail import braking, controls
from mail.claiming import NoClaim, claim, give_back

BRAKES = {"share": 0.5, "minimum_sample": 4, "window_seconds": 60, "pause_seconds": 30}


def begin(stage, *, slow: int, quick: int) -> None:
    """Store a campaign to so many readers at a slow domain and, after them, so many at a quick one."""
    addresses = [
        *(f"reader.{n}@slow.example" for n in range(slow)),
        *(f"reader.{n}@quick.example" for n in range(quick)),
    ]
    stage.enqueue(addresses, brakes=BRAKES)


def hear(stage, fact: Fact, *places: int) -> None:
    """Let this be learnt of the messages at these places, as the collector does."""
    with stage.ledger.writing() as connection:
        locked = campaigns.lock(connection, stage.stored().id)
        ids = [stage.rows()[place]["id"] for place in places]
        states = read_states(connection, ids).values()
        changes = [(each, each.with_facts({fact: stage.clock.now})) for each in states]
        save(connection, changes)
        braking.watch(connection, locked, changes)


def domains(found: Claim | NoClaim) -> set[str]:
    return {item.domain for item in found.recipients} if isinstance(found, Claim) else set()


def test_a_domain_that_defers_is_left_alone_and_the_others_go_on(stage) -> None:
    begin(stage, slow=20, quick=5)
    stage.send(recipients=4)
    hear(stage, Fact.DELAYED, 0, 1)
    hear(stage, Fact.DELIVERED, 2, 3)
    held = claim(stage.ledger, "spring-offer", "worker-1", 100)
    assert domains(held) == {"quick.example"}
    with stage.ledger.reading() as connection:
        (braked,) = braking.braked(connection, stage.stored())
    assert (braked.domain, braked.braked_until) == ("slow.example", stage.clock.now + 30)


def test_where_only_braked_domains_are_left_the_sender_waits_and_tries_a_sample(stage) -> None:
    begin(stage, slow=12, quick=0)
    stage.send(recipients=4)
    hear(stage, Fact.SOFT_BOUNCED, 0, 1, 2, 3)
    found = claim(stage.ledger, "spring-offer", "worker-1", 100)
    assert found == NoClaim(campaigns.State.RUNNING, held_by_others=False, wait_seconds=30.0)
    stage.clock.tick(30)
    trial = claim(stage.ledger, "spring-offer", "worker-1", 100)
    assert isinstance(trial, Claim)
    assert len(trial.recipients) == 4
    assert isinstance(claim(stage.ledger, "spring-offer", "worker-2", 100), NoClaim)
    give_back(stage.ledger, trial)


def test_a_trial_that_goes_well_frees_the_domain(stage) -> None:
    begin(stage, slow=12, quick=0)
    stage.send(recipients=4)
    hear(stage, Fact.DELAYED, 0, 1, 2, 3)
    stage.clock.tick(30)
    stage.send(recipients=4)
    hear(stage, Fact.DELIVERED, 4, 5, 6, 7)
    held = claim(stage.ledger, "spring-offer", "worker-1", 100)
    assert isinstance(held, Claim)
    assert len(held.recipients) == 4


def test_a_sender_that_waits_sends_the_rest_in_the_end(stage) -> None:
    begin(stage, slow=12, quick=3)
    stage.send(recipients=4)
    hear(stage, Fact.DELAYED, 0, 1, 2, 3)
    began = stage.clock.now
    # Nothing is heard of the trial: when its time is over too, the domain is free.
    assert stage.send().ended == "nothing_left"
    assert stage.clock.now - began >= 90
    assert stage.count() == {Status.DELAYED: 4, Status.SENT: 11}


def test_a_sender_that_waits_stops_with_its_campaign(stage) -> None:
    begin(stage, slow=12, quick=0)
    stage.send(recipients=4)
    hear(stage, Fact.DELAYED, 0, 1, 2, 3)

    def halting(seconds: float) -> None:
        controls.halt(stage.ledger, "spring-offer", by="Ada", reason="enough")

    assert stage.send(stage.work(sleep=halting)).ended == "HALTED"


def test_an_automatic_reply_brakes_nobody(stage) -> None:
    begin(stage, slow=12, quick=0)
    stage.send(recipients=4)
    hear(stage, Fact.DELIVERED, 0, 1, 2, 3)
    hear(stage, Fact.TRANSIENT_GENERAL, 0, 1, 2, 3)
    assert domains(claim(stage.ledger, "spring-offer", "worker-1", 100)) == {"slow.example"}
