"""A decision is whole or not there, and the history has who, when and why."""

import pytest

from ledger import campaigns
from ledger.campaigns import State
from ledger.errors import CampaignConflict
from ledger.statuses import Status
from lists.dns_verdicts import DELIVERABLE
from mail import controls, resuming
from mail.remedies import Remedies

BY = {"by": "Ada", "reason": "the segment was mended"}


@pytest.fixture
def halted(stage):
    stage.enqueue([*(f"reader.{n}@gone.example" for n in range(6)), "ann@good.example"])
    stage.send(recipients=2)
    controls.halt(stage.ledger, "spring-offer", by="gate", reason="it looks bad")
    return stage


def changes(stage) -> list[campaigns.Change]:
    with stage.ledger.reading() as connection:
        return campaigns.history(connection, stage.stored().id)


def test_a_decision_and_what_it_did_are_kept_with_who_and_why(halted) -> None:
    chosen = Remedies(drop_domains=True, domains=("gone.example",))
    resumed = resuming.resume(halted.ledger, "spring-offer", chosen=chosen, **BY)
    assert (resumed.epoch, resumed.left_out.at_domains) == (2, 4)
    assert (halted.stored().state, halted.stored().epoch) == (State.RUNNING, 2)
    last = changes(halted)[-1]
    assert (last.to_state, last.by, last.at) == (State.RUNNING, "Ada", halted.clock.now)
    assert last.reason == "the segment was mended (left out 4 recipients at gone.example)"
    halted.send()
    assert halted.count() == {Status.SENT: 3, Status.SUPPRESSED: 4}


def test_cleaning_again_goes_before_the_first_message_of_the_new_epoch(halted) -> None:
    def lookup(domains):
        return dict.fromkeys(domains, DELIVERABLE)

    chosen = Remedies(clean_again=True)
    resumed = resuming.resume(halted.ledger, "spring-offer", chosen=chosen, lookup=lookup, **BY)
    assert resumed.left_out.recipients == 0
    assert "cleaned again" in halted.stored().change_reason


def test_a_decision_that_comes_too_late_leaves_everybody_in(halted) -> None:
    resuming.resume(halted.ledger, "spring-offer", **BY)
    with pytest.raises(CampaignConflict, match=r"^campaign spring-offer is RUNNING: only a HALTED"):
        resuming.resume(
            halted.ledger, "spring-offer", chosen=Remedies(drop_domains=True, domains=("gone.example",)), **BY
        )
    assert Status.SUPPRESSED not in halted.count()
    assert halted.stored().change_reason == BY["reason"]


def test_a_halt_that_stands_is_kept_as_a_decision(halted) -> None:
    before = halted.stored()
    resuming.stay_halted(halted.ledger, "spring-offer", **BY)
    assert halted.stored() == before
    last = changes(halted)[-1]
    assert (last.from_state, last.to_state, last.by, last.reason) == (
        State.HALTED,
        State.HALTED,
        *BY.values(),
    )
