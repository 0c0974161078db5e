"""What an answer needs, and what each choice does."""

import pytest

from ledger import campaigns
from ledger.campaigns import State
from ledger.errors import CampaignConflict
from ledger.statuses import Status
from lists.dns_verdicts import MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import controls
from mail.decisions import Choice, Decision, carry_out, fault


def dead(domains):
    return {domain: MxVerdict(MxStatus.NO_MX, "no_such_domain", "") for domain in domains}


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Decision(Choice.DROP_DOMAINS, "Ada"), ""),
        (Decision(Choice.DROP_DOMAINS, "Ada", domains="a.example, b.example"), ""),
        (Decision(Choice.DROP_DOMAINS, "Ada", domains="a..example"), "Domains: a..example is not a domain"),
        (Decision(Choice.CLEAN_AGAIN, "Ada"), ""),
        (Decision(Choice.AS_IS, "Ada", "the bounces were our own outage"), ""),
        (Decision(Choice.AS_IS, "Ada", " "), "Going on as is needs a reason"),
        (Decision(Choice.STOP, "Ada"), ""),
        # What the choice does not use is not looked at.
        (Decision(Choice.STOP, "Ada", domains="a..example"), ""),
        *((Decision(choice, " ", "why"), "Say who decides this") for choice in Choice),
        (Decision(Choice.STOP, "A" * 201), "longer than 200 characters"),
    ],
)
def test_every_answer_names_a_person_and_going_on_as_is_a_reason(decision: Decision, said: str) -> None:
    assert (fault(decision) == "") == (said == "")
    assert said in fault(decision)


@pytest.mark.parametrize(
    ("choice", "domains", "state", "statuses"),
    [
        (Choice.AS_IS, "", State.RUNNING, [Status.SENT, Status.QUEUED, Status.QUEUED]),
        (Choice.DROP_DOMAINS, "a.example", State.RUNNING, [Status.SENT, Status.SUPPRESSED, Status.QUEUED]),
        (Choice.CLEAN_AGAIN, "", State.RUNNING, [Status.SENT, Status.SUPPRESSED, Status.SUPPRESSED]),
        (Choice.STOP, "", State.HALTED, [Status.SENT, Status.QUEUED, Status.QUEUED]),
    ],
)
def test_each_choice_does_what_it_says_and_is_kept(stage, choice, domains, state, statuses) -> None:
    stage.enqueue(["x@a.example", "y@a.example", "z@b.example"])
    stage.send(recipients=1)
    controls.halt(stage.ledger, "spring-offer", by="gate", reason="it looks bad")
    carry_out(stage.ledger, "spring-offer", Decision(choice, " Ada ", "a look at it", domains), dead)
    assert stage.stored().state is state
    assert stage.statuses() == statuses
    with stage.ledger.reading() as connection:
        last = campaigns.history(connection, stage.stored().id)[-1]
    assert last.by == "Ada"
    assert last.reason.startswith("a look at it")


def test_an_answer_that_comes_too_late_is_one_sentence(stage) -> None:
    stage.enqueue(3)
    with pytest.raises(CampaignConflict, match=r"^campaign spring-offer is RUNNING"):
        carry_out(stage.ledger, "spring-offer", Decision(Choice.AS_IS, "Ada", "why not"), dead)
