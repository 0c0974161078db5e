"""What stopped is decided in Prefect's pages, and the sending goes on by itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from flows.decide_campaign import decide_campaign
from flows.send_campaign import send_campaign
from mail import controls
from sandbox import OutcomeRule

if TYPE_CHECKING:
    from conftest import Deployed, Office, Ran

    Deploy = Callable[[object], Deployed]

pytestmark = pytest.mark.slow

BAD = [f"{'hard' if number % 3 == 0 else 'calm'}.{number}" for number in range(30)]
# A halt after three messages: the rest waits.
HALT = {"minimum_sample": 1, "ladder": [10], "unknown_at_most": 1_000_000}


def bad_campaign(office: "Office", name: str = "spring-offer") -> str:
    office.world.control(outcomes=[OutcomeRule(match="^hard", hard_bounce=1)])
    return str(office.campaign(BAD, name, halt=HALT, send={"settle_seconds": 30}))


def test_an_ordinary_halt_is_decided_with_a_form_and_its_own_deployment_sends_on(
    office: "Office", deployed: "Deploy"
) -> None:
    sender, decider = deployed(send_campaign), deployed(decide_campaign)
    halted = sender.process(sender.create(campaign=bad_campaign(office)))
    assert halted.state is not None
    assert halted.state.name == "Halted"
    assert "run the deployment decide-campaign" in (halted.state.message or "")

    run = decider.create()
    assert decider.process(run).state.name == "Suspended"
    assert "**spring-offer**: HALTED since" in decider.shown(run, "description")
    decider.answer(run, by="Ada", as_is=True)
    assert decider.process(run).state.name == "Suspended"
    assert "needs a reason" in decider.shown(run, "description")
    decider.answer(run, by="Ada", as_is=True, reason="our own outage")
    decided = decider.process(run)
    assert (decided.state.type.value, decided.state.name) == ("COMPLETED", "Decided")

    first, second = sender.runs()
    assert first.id == halted.id
    assert "goes on in a run of its deployment" in decided.state.message
    assert second.parameters["campaign"] == first.parameters["campaign"]
    assert office.stored().state == "RUNNING"
    office.world.control(outcomes=[])
    sent_on = sender.process(second.id)
    assert sent_on.state.is_completed(), sent_on.state
    assert sorted(office.sent_to()) == sorted(f"{each}@reader.example" for each in BAD)


def test_what_no_deployment_sent_is_sent_by_the_decision_itself(
    office: "Office", command: "Callable[..., Ran]"
) -> None:
    assert command("send", bad_campaign(office, "unknown-offer")).code == 3
    wrong = decide_campaign(campaign="unknown-offer", cancel=True, as_is=True, by="Ada", return_state=True)
    assert wrong.name == "NotDecided"
    assert "stands alone" in wrong.message
    office.world.control(outcomes=[])
    state = decide_campaign(
        campaign="unknown-offer", as_is=True, by="Ada", reason="an outage", return_state=True
    )
    assert state.is_completed(), state
    assert office.stored("unknown-offer").state == "COMPLETED"
    nothing = decide_campaign(return_state=True)
    assert (nothing.name, nothing.message) == ("NothingWaits", "No campaign is halted or paused.")
    named = decide_campaign(campaign="unknown-offer", return_state=True)
    assert named.message.startswith("unknown-offer is COMPLETED: only a HALTED or PAUSED campaign")


def test_of_several_the_form_decides_the_one_that_is_switched_on_whatever_happens_to_the_others(
    office: "Office", deployed: "Deploy", command: "Callable[..., Ran]"
) -> None:
    assert command("send", bad_campaign(office)).code == 3
    with office.ledger() as ledger:
        ids = {"spring-offer": office.stored().id}
        for name in ("autumn", "winter"):
            ids[name] = _halted_copy(ledger, name)
    decider = deployed(decide_campaign)
    run = decider.create()
    decider.process(run)
    titles = [each["title"] for each in decider.shown(run, "schema")["properties"].values()]
    assert titles[:3] == ["winter", "autumn", "spring-offer"]
    decider.answer(run, by="Ada", cancel=True)
    decider.process(run)
    assert "Switch on one campaign" in decider.shown(run, "description")
    with office.ledger() as ledger:
        for name in ("winter", "spring-offer"):
            controls.cancel(ledger, name, by="Bo", reason="decided elsewhere")
    # The one that is left is not the one that was meant.
    decider.answer(run, by="Ada", cancel=True, **{f"campaign_{ids['winter']}": True})
    assert decider.process(run).state.name == "Suspended"
    assert office.stored("autumn").state == "HALTED"
    assert "**autumn**: HALTED since" in decider.shown(run, "description")
    decider.answer(run, by="Ada", cancel=True)
    assert decider.process(run).state.name == "Decided"
    assert office.stored("autumn").state == "CANCELLED"


def _halted_copy(ledger, name: str) -> int:
    """Enqueue another campaign with the definition of the first, and halt it."""
    from ledger import campaigns
    from ledger.enqueueing import NewCampaign, NewMessage, enqueue

    with ledger.writing() as connection:
        like = campaigns.get(connection, "spring-offer")
        new = NewCampaign(name, dict(like.definition) | {"name": name}, name, "templates", 1, {})
        to = f"ann@{name}.example"
        stored = enqueue(connection, new, [[NewMessage(to, to, f"{name}.example", {}, 1, 0)]])
    controls.halt(ledger, name, by="Bo", reason="a test")
    return int(stored.id)
