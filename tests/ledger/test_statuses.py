"""Every stage x every set of facts."""

from itertools import combinations

import pytest

from ledger.statuses import Count, Fact, Stage, Status, counts_of, status_of

ALL_FACTS = list(Fact)
EVERY_SET = [
    frozenset(found) for size in range(len(ALL_FACTS) + 1) for found in combinations(ALL_FACTS, size)
]
# Read without an order these would be the same: an open, a click or a wish to leave says nothing of delivery.
BESIDE = frozenset({Fact.OPENED, Fact.CLICKED, Fact.UNSUBSCRIBED})


def expected(stage: Stage, facts: frozenset[Fact]) -> Status:
    """The precedence as the design words it, written once more, as questions."""
    if Fact.COMPLAINED in facts:
        return Status.COMPLAINED
    if Fact.HARD_BOUNCED in facts:
        return Status.HARD_BOUNCED
    if Fact.SOFT_BOUNCED in facts or (Fact.TRANSIENT_GENERAL in facts and Fact.DELIVERED not in facts):
        return Status.SOFT_BOUNCED
    if Fact.DELIVERED in facts:
        return Status.DELIVERED
    if Fact.WITHHELD in facts:
        return Status.SUPPRESSED
    if Fact.REJECTED in facts:
        return Status.REJECTED
    if Fact.FAILED in facts:
        return Status.FAILED
    if Fact.DELAYED in facts:
        return Status.DELAYED
    if Fact.ACCEPTED in facts or Fact.ASSUMED in facts:
        return Status.SENT
    return Status(stage.value)


@pytest.mark.parametrize("stage", Stage)
def test_every_set_of_facts_has_the_status_that_the_precedence_gives(stage: Stage) -> None:
    wrong = [facts for facts in EVERY_SET if status_of(stage, facts) is not expected(stage, facts)]
    assert wrong == []


@pytest.mark.parametrize("stage", Stage)
def test_acceptance_lifts_a_message_out_of_every_stage_of_our_own(stage: Stage) -> None:
    own = {Status(found.value) for found in Stage}
    for facts in EVERY_SET:
        after = status_of(stage, facts | {Fact.ACCEPTED})
        # That SES withheld or refused it is an answer of SES, though it reads like a stage.
        assert after not in own or not facts.isdisjoint({Fact.WITHHELD, Fact.REJECTED})


@pytest.mark.parametrize("stage", [Stage.QUEUED, Stage.CANCELLED, Stage.IN_DOUBT, Stage.UNCONFIRMED])
def test_acceptance_alone_makes_what_was_given_up_sent(stage: Stage) -> None:
    assert status_of(stage, [Fact.ACCEPTED]) is Status.SENT


def test_opens_clicks_and_unsubscribes_never_change_a_status() -> None:
    for stage in Stage:
        for facts in EVERY_SET:
            assert status_of(stage, facts) is status_of(stage, facts - BESIDE)


def test_an_automatic_reply_leaves_a_delivered_message_delivered_in_either_order() -> None:
    delivered = [Fact.ACCEPTED, Fact.DELIVERED]
    assert status_of(Stage.SENDING, [*delivered, Fact.TRANSIENT_GENERAL]) is Status.DELIVERED
    assert status_of(Stage.SENDING, [Fact.TRANSIENT_GENERAL, *delivered]) is Status.DELIVERED


def test_a_general_transient_bounce_without_a_delivery_is_a_soft_bounce() -> None:
    facts = [Fact.ACCEPTED, Fact.TRANSIENT_GENERAL]
    assert status_of(Stage.SENDING, facts) is Status.SOFT_BOUNCED
    assert counts_of(facts) == {Count.ANSWERED, Count.ACCEPTED, Count.KNOWN, Count.SOFT_BOUNCED}


def test_a_bounce_after_a_delivery_counts() -> None:
    facts = [Fact.ACCEPTED, Fact.DELIVERED, Fact.HARD_BOUNCED]
    assert status_of(Stage.SENDING, facts) is Status.HARD_BOUNCED
    assert counts_of(facts) >= {Count.HARD_BOUNCED, Count.DELIVERED}


def test_a_complaint_does_not_lower_the_bounces() -> None:
    facts = [Fact.ACCEPTED, Fact.HARD_BOUNCED, Fact.COMPLAINED]
    assert status_of(Stage.SENDING, facts) is Status.COMPLAINED
    assert counts_of(facts) >= {Count.HARD_BOUNCED, Count.COMPLAINED}


def test_what_ses_withheld_is_no_bounce() -> None:
    facts = [Fact.ACCEPTED, Fact.WITHHELD]
    assert status_of(Stage.SENDING, facts) is Status.SUPPRESSED
    assert counts_of(facts) == {Count.ANSWERED, Count.ACCEPTED, Count.KNOWN, Count.WITHHELD}


def test_withheld_mail_is_on_neither_side_of_any_rate_and_any_other_is_on_both() -> None:
    sides = {Count.HARD_BOUNCED, Count.COMPLAINED, Count.SOFT_BOUNCED, Count.DELIVERED}
    for facts in EVERY_SET:
        counts = counts_of(facts)
        assert not (Count.WITHHELD in counts and counts & sides)
        assert (Count.WITHHELD in counts) == (
            Fact.WITHHELD in facts and status_of(Stage.QUEUED, facts) is Status.SUPPRESSED
        )


COUNTS = [
    ([], set()),
    ([Fact.ACCEPTED], {Count.ANSWERED, Count.ACCEPTED}),
    ([Fact.ACCEPTED, Fact.DELIVERED], {Count.ANSWERED, Count.ACCEPTED, Count.DELIVERED, Count.KNOWN}),
    ([Fact.ACCEPTED, Fact.DELAYED], {Count.ANSWERED, Count.ACCEPTED, Count.DELAYED}),
    ([Fact.ACCEPTED, Fact.SOFT_BOUNCED], {Count.ANSWERED, Count.ACCEPTED, Count.SOFT_BOUNCED, Count.KNOWN}),
    ([Fact.ACCEPTED, Fact.HARD_BOUNCED], {Count.ANSWERED, Count.ACCEPTED, Count.HARD_BOUNCED, Count.KNOWN}),
    ([Fact.ACCEPTED, Fact.COMPLAINED], {Count.ANSWERED, Count.ACCEPTED, Count.COMPLAINED, Count.KNOWN}),
    ([Fact.ACCEPTED, Fact.REJECTED], {Count.ANSWERED, Count.ACCEPTED, Count.REJECTED, Count.KNOWN}),
    ([Fact.ACCEPTED, Fact.FAILED], {Count.ANSWERED, Count.ACCEPTED, Count.FAILED, Count.KNOWN}),
    ([Fact.ACCEPTED, Fact.OPENED], {Count.ANSWERED, Count.ACCEPTED, Count.OPENED}),
    ([Fact.ACCEPTED, Fact.CLICKED], {Count.ANSWERED, Count.ACCEPTED, Count.CLICKED}),
    ([Fact.UNSUBSCRIBED], {Count.UNSUBSCRIBED}),
    ([Fact.REJECTED], {Count.REJECTED, Count.ANSWERED}),
    ([Fact.FAILED], {Count.FAILED}),
    (
        [Fact.ACCEPTED, Fact.DELIVERED, Fact.TRANSIENT_GENERAL],
        {Count.ANSWERED, Count.ACCEPTED, Count.DELIVERED, Count.AUTO_REPLY, Count.KNOWN},
    ),
]


@pytest.mark.parametrize(("facts", "counts"), COUNTS)
def test_facts_are_counted_as_the_table_says(facts: list[Fact], counts: set[Count]) -> None:
    assert counts_of(facts) == counts


def test_a_fact_once_counted_stays_counted_whatever_else_is_learnt() -> None:
    # Only two readings change: a delivery turns a general transient bounce into a reply, and every proof that
    # an attempt went out outweighs that another one was withheld.
    proofs = {
        Fact.COMPLAINED, Fact.HARD_BOUNCED, Fact.SOFT_BOUNCED, Fact.DELIVERED, Fact.TRANSIENT_GENERAL,
    }  # fmt: skip
    for facts in EVERY_SET:
        for fact in ALL_FACTS:
            lost = counts_of(facts) - counts_of(facts | {fact})
            assert lost <= ({Count.SOFT_BOUNCED} if fact is Fact.DELIVERED else set()) | (
                {Count.WITHHELD} if fact in proofs else set()
            )


def test_an_outcome_is_known_of_accepted_messages_only() -> None:
    assert not [f for f in EVERY_SET if Count.KNOWN in counts_of(f) and Fact.ACCEPTED not in f]
