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


def said(*choices: Choice, by: str = "Ada", reason: str = "", domains: str = "") -> Decision:
    return Decision(by, frozenset(choices), reason, domains)


@pytest.mark.parametrize(
    ("decision", "wrong"),
    [
        (said(Choice.DROP_DOMAINS), ""),
        (said(Choice.DROP_DOMAINS, domains="a.example, b.example"), ""),
        (said(Choice.DROP_DOMAINS, domains="a..example"), "Domains to drop: a..example is not a domain"),
        (said(Choice.CLEAN_AGAIN), ""),
        (said(Choice.DROP_DOMAINS, Choice.CLEAN_AGAIN), ""),
        (said(Choice.DROP_DOMAINS, Choice.CLEAN_AGAIN, domains="a.example"), ""),
        (said(Choice.AS_IS, reason="the bounces were our own outage"), ""),
        (said(Choice.AS_IS, reason=" "), "Going on as it is needs a reason"),
        (said(Choice.AS_IS, Choice.CLEAN_AGAIN, reason="why"), "*Go on as it is* stands alone"),
        (said(Choice.CANCEL), ""),
        *((said(Choice.CANCEL, each, reason="why"), "stands alone") for each in Choice if each != "cancel"),
        (said(), ""),
        (said(reason="it is the whole list"), ""),
        # Domains without the switch that they belong to: somebody meant to drop them.
        *(
            (said(*choices, domains="a.example", reason="why"), "*Domains to drop* is filled in")
            for choices in ((), (Choice.CLEAN_AGAIN,), (Choice.AS_IS,), (Choice.CANCEL,))
        ),
        (said(domains=" "), ""),
        *((said(choice, by=" ", reason="why"), "Say who decides this") for choice in Choice),
        (said(by="A" * 201), "longer than 200 characters"),
    ],
)
def test_every_answer_names_a_person_and_contradicts_itself_nowhere(decision: Decision, wrong: str) -> None:
    assert (fault(decision) == "") == (wrong == "")
    assert wrong in fault(decision)


@pytest.mark.parametrize(
    ("choices", "domains", "state", "statuses"),
    [
        ([Choice.AS_IS], "", State.RUNNING, [Status.SENT, Status.QUEUED, Status.QUEUED]),
        ([Choice.DROP_DOMAINS], "a.example", State.RUNNING, [Status.SENT, Status.SUPPRESSED, Status.QUEUED]),
        ([Choice.CLEAN_AGAIN], "", State.RUNNING, [Status.SENT, Status.SUPPRESSED, Status.SUPPRESSED]),
        ([], "", State.HALTED, [Status.SENT, Status.QUEUED, Status.QUEUED]),
        ([Choice.CANCEL], "", State.CANCELLED, [Status.SENT, Status.CANCELLED, Status.CANCELLED]),
    ],
)
def test_each_choice_does_what_it_says_and_is_kept(stage, choices, domains, state, statuses) -> None:
    stage.enqueue(["x@a.example", "y@a.example", "z@b.example"])
    stage.send(recipients=1)
    controls.halt(stage.ledger, "spring-offer", by="gate", reason="it looks bad")
    carry_out(
        stage.ledger, "spring-offer", said(*choices, by=" Ada ", reason="a look at it", domains=domains), dead
    )
    assert stage.stored().state is state
    assert stage.statuses() == statuses
    with stage.ledger.reading() as connection:
        last = campaigns.history(connection, stage.stored().id)[-1]
    assert last.by == "Ada"
    assert last.reason.startswith("a look at it")


def test_an_answer_that_comes_too_late_is_one_sentence(stage) -> None:
    stage.enqueue(3)
    with pytest.raises(CampaignConflict, match=r"^campaign spring-offer is RUNNING"):
        carry_out(stage.ledger, "spring-offer", said(Choice.AS_IS, reason="why not"), dead)


def test_a_form_is_read_whatever_it_leaves_out() -> None:
    assert Decision.of({"by": "Ada"}) == said()
    assert Decision.of({"by": "Ada", "clean_again": True, "as_is": False, "reason": None}) == said(
        Choice.CLEAN_AGAIN
    )
    assert Decision.of({}).stops
    assert not Decision.of({"by": "Ada", "domains": " "}).chooses
    assert Decision.of({"by": "Ada", "domains": "a.example"}).chooses
