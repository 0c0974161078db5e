"""Every rule of the gate at its edges, and what holds for all counts."""

from dataclasses import replace
from fractions import Fraction
from math import comb
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tallies import Cohort
from mail import gate
from mail.counts import Counts
from mail.gate_answers import Continue, Decision, Halt
from mail.policy import HaltRules

# Without a ladder and a bound, so that the rules speak for themselves; tests/mail/test_pace.py has the pace.
POLICY = HaltRules(ladder=(), unknown_at_most=1_000_000)
NOW = 1_800_000_000.0


def counts(
    *, k: int = 0, n: int = 0, left: int = 0, to_claim: int | None = None, complaints: int = 0, **more: Any
) -> Counts:
    """Return counts in which every outcome is known; `left` messages may still go."""
    return Counts(
        accepted=n,
        known=more.pop("known", n),
        hard_bounced=k,
        complained=complaints,
        may_still_go=left,
        to_claim=left if to_claim is None else to_claim,
        **more,
    )


def old(accepted: int, known: int, bounced: int) -> tuple[Cohort, ...]:
    """Return one cohort that is as old as an outcome takes."""
    return (Cohort(NOW - 700, accepted, known, 0, bounced),)


def decide(found: Counts, policy: HaltRules) -> Decision:
    return gate.decide(found, policy, NOW)


def rule_of(found: Counts, policy: HaltRules = POLICY) -> str | None:
    decision = decide(found, policy)
    return decision.rule if isinstance(decision, Halt) else None


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        # Literal: 5 % once 200 were accepted, neither before nor below.
        (counts(k=10, n=200, left=5_000), "literal"),
        (counts(k=9, n=200, left=5_000), None),
        (counts(k=10, n=199, left=5_000), None),
        (counts(k=10, n=201, left=5_000), None),
        (counts(k=11, n=201, left=5_000), "literal"),
        (counts(k=50, n=1_000, left=5_000), "literal"),
        (counts(k=49, n=1_000, left=5_000), None),
        # Nothing is left to claim: at any n. Messages that are being sent are not left to claim.
        (counts(k=1, n=20, left=0), "literal"),
        (counts(k=1, n=20, left=5, to_claim=0), "literal"),
        (counts(k=1, n=21, left=0), None),
        (counts(k=1, n=1, left=0), "literal"),
        # Certain: the campaign ends at 5 % or above whatever comes.
        (counts(k=7, n=50, left=90, known=50), "certain"),
        (counts(k=6, n=70, left=70), None),
        (counts(k=1, n=1, left=19), "certain"),
        (counts(k=1, n=1, left=20), None),
        (counts(k=250, n=5_000, left=0), "literal"),
        (counts(k=5, n=60, left=40), "certain"),
        (counts(k=4, n=60, left=40), None),
        # Early: more than chance explains, below the sample and from three bounces on.
        (counts(k=8, n=40, left=5_000), "early"),
        (counts(k=5, n=20, left=5_000), None),
        (counts(k=6, n=20, left=5_000), "early"),
        (counts(k=2, n=2, left=5_000), None),
        (counts(k=3, n=3, left=5_000), "early"),
        (counts(k=3, n=4, left=5_000), "early"),
        (counts(k=3, n=5, left=5_000), None),
        # Nothing at all has happened.
        (counts(), None),
        (counts(left=20), None),
    ],
)
def test_bounce_rules_at_their_edges(found: Counts, rule: str | None) -> None:
    assert rule_of(found) == rule


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        # At least 3, and at least 1 % of what SES has answered.
        (counts(n=297, left=700, rejected=3, answers=300), "rejected"),
        (counts(n=298, left=700, rejected=3, answers=301), None),
        (counts(n=0, left=700, rejected=3, answers=3), "rejected"),
        (counts(n=0, left=700, rejected=2, answers=2), None),
        (counts(n=98, left=0, rejected=2, answers=100), None),
        (counts(n=99_001, left=0, rejected=999, answers=100_000), None),
        (counts(n=99_000, left=0, rejected=1_000, answers=100_000), "rejected"),
        # Accepted first, and not taken after all: one message, one answer.
        (counts(n=300, left=700, rejected=3, answers=300), "rejected"),
        # Nothing was taken and nothing is left, at any size.
        (counts(left=0, rejected=1, answers=1), "rejected"),
        (counts(left=0, rejected=2, answers=2), "rejected"),
        (counts(n=1, left=0, rejected=1, answers=2), None),
        (counts(left=1, rejected=1, answers=1), None),
        (counts(left=1, to_claim=0, rejected=2, answers=2), None),
        (counts(left=0), None),
        # Bounces are told first: they are what a resume asks about.
        (counts(k=10, n=200, left=0, rejected=50, answers=250), "literal"),
    ],
)
def test_what_ses_rejects_halts_at_three_and_one_percent_or_where_it_is_all(
    found: Counts, rule: str | None
) -> None:
    assert rule_of(found) == rule


def test_the_rejection_rule_bears_its_own_figures() -> None:
    halt = decide(counts(n=247, left=700, rejected=3, answers=250), POLICY)
    assert isinstance(halt, Halt)
    assert (halt.k, halt.n) == (3, 250)
    assert halt.reason == "Amazon SES rejected 3 of 250 (1.2 %) messages; the limit is 3 and 1 %."


@pytest.mark.parametrize(
    ("matured_k", "matured", "rule"),
    [(10, 200, "literal_known"), (9, 200, None), (10, 199, None), (0, 0, None), (11, 220, "literal_known")],
)
def test_the_known_outcomes_count_by_themselves_where_they_are_old_enough(
    matured_k: int, matured: int, rule: str | None
) -> None:
    # 11 of 10,000 is nothing; most of the others have no outcome yet.
    found = counts(
        k=11,
        n=10_000,
        left=10_000,
        known=220,
        cohorts=old(matured, matured, matured_k),
    )
    assert rule_of(found) == rule


def test_young_outcomes_do_not_fire_the_rule_of_the_known_ones() -> None:
    # Of the 250 that are known so far 20 bounced, but bounces come before deliveries: none is old enough.
    assert rule_of(counts(k=20, n=10_000, left=10_000, known=250)) is None


def test_one_bounce_in_twenty_halts_and_the_sentence_says_that_it_was_one() -> None:
    found = decide(counts(k=1, n=12, left=8), POLICY)
    assert found == Halt(
        "certain",
        k=1,
        n=12,
        known=12,
        reason="Hard bounces: 1 hard bounced of 20 in all, so it cannot end below the limit; "
        "the limit is 5 %.",
    )


@pytest.mark.parametrize(("k", "rule"), [(1, None), (2, None), (3, "certain")])
def test_a_policy_can_ask_for_more_bounces_on_a_small_list(k: int, rule: str | None) -> None:
    assert rule_of(counts(k=k, n=12, left=8), replace(POLICY, minimum_bounces=3)) == rule


@pytest.mark.parametrize(
    ("total", "halts_at"),
    # 0.05 * 140 is 7.000000000000001 in floats; 0.035 * 200 is 7.000000000000001 as well.
    [(140, 7), (20, 1), (21, 2), (60, 3), (180, 9), (100, 5), (101, 6)],
)
def test_the_limit_is_met_exactly_and_not_by_floats(total: int, halts_at: int) -> None:
    policy = replace(POLICY, minimum_sample=10_000)
    # All but one are out: neither the early rule nor the end of the list decides.
    assert rule_of(counts(k=halts_at, n=total - 1, left=1), policy) == "certain"
    assert rule_of(counts(k=halts_at - 1, n=total - 1, left=1), policy) is None


def test_a_lower_limit_is_kept_to_as_exactly() -> None:
    policy = replace(POLICY, bounce_rate=0.035)
    assert rule_of(counts(k=7, n=200, left=1_000), policy) == "literal"
    assert rule_of(counts(k=6, n=200, left=1_000), policy) is None


@pytest.mark.parametrize(
    ("complaints", "n", "expected"),
    [
        (2, 2, "nothing"),
        (3, 3, "halts"),
        (3, 1_000, "halts"),
        (3, 1_001, "warns"),
        (3, 3_000, "warns"),
        (3, 3_001, "nothing"),
        (30, 10_000, "halts"),
        (29, 10_000, "warns"),
        (10, 10_000, "warns"),
        (9, 10_000, "nothing"),
    ],
)
def test_complaints_warn_and_halt_out_of_a_thousand_at_least(complaints: int, n: int, expected: str) -> None:
    decision = decide(counts(n=n, left=100, complaints=complaints), POLICY)
    match decision:
        case Halt():
            assert (decision.rule, expected) == ("complaints", "halts")
            assert decision.reason == f"{complaints} complaints of {n} accepted: the limit is 0.3 %."
        case Continue(warning=""):
            assert expected == "nothing"
        case Continue():
            assert expected == "warns"
            assert decision.warning == f"{complaints} complaints of {n} accepted: more than 0.1 % complain."


def test_a_large_minimum_sample_does_not_overflow_the_early_rule() -> None:
    policy = replace(POLICY, minimum_sample=100_000)
    assert rule_of(counts(k=2_000, n=50_000, left=1_000_000), policy) is None
    assert rule_of(counts(k=2_800, n=50_000, left=1_000_000), policy) == "early"


@given(n=st.integers(1, 400), k=st.integers(0, 400), rate=st.sampled_from(["0.05", "0.01", "0.035"]))
def test_the_chance_equals_the_exact_binomial_tail(n: int, k: int, rate: str) -> None:
    k = min(k, n)
    p = Fraction(rate)
    exact = sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert gate._chance(k, n, float(p)) == pytest.approx(float(exact), abs=1e-9)


policies = st.builds(
    HaltRules,
    bounce_rate=st.sampled_from([0.05, 0.035, 0.01]),
    minimum_sample=st.integers(1, 400),
    minimum_bounces=st.integers(1, 5),
)


@st.composite
def whole_counts(draw: st.DrawFn) -> Counts:
    n = draw(st.integers(0, 500))
    k = draw(st.integers(0, min(n, 60)))
    known = draw(st.integers(k, n))
    matured = draw(st.integers(0, known))
    left = draw(st.integers(0, 500))
    return Counts(
        accepted=n,
        known=known,
        hard_bounced=k,
        complained=draw(st.integers(0, min(n, 5))),
        may_still_go=left,
        to_claim=draw(st.integers(0, left)),
        cohorts=old(matured, matured, draw(st.integers(max(0, k - (known - matured)), min(k, matured)))),
    )


@given(found=whole_counts(), policy=policies)
def test_a_halt_always_rests_on_a_rule_that_holds(found: Counts, policy: HaltRules) -> None:
    decision = decide(found, policy)
    if not isinstance(decision, Halt):
        return
    limit = Fraction(str(policy.bounce_rate))
    k, n, total = found.hard_bounced, found.accepted, found.accepted + found.may_still_go
    if decision.rule != "complaints":
        assert k >= policy.minimum_bounces
    match decision.rule:
        case "literal":
            assert Fraction(k, n) >= limit
            assert n >= min(policy.minimum_sample, total) or found.to_claim == 0
        case "literal_known":
            assert Fraction(found.cohorts[0].hard_bounced, found.cohorts[0].known) >= limit
            assert found.cohorts[0].known >= min(policy.minimum_sample, total)
        case "certain":
            assert Fraction(k, total) >= limit
        case "early":
            assert k >= 3
            assert n < policy.minimum_sample
            below = sum(comb(n, i) * limit**i * (1 - limit) ** (n - i) for i in range(k))
            assert 1 - below < Fraction(1, 1000)
        case _:
            assert decision.rule == "complaints"
            assert found.complained >= 3
            assert Fraction(found.complained, max(n, 1_000)) >= Fraction("0.003")


@given(found=whole_counts(), policy=policies)
def test_a_campaign_never_goes_on_at_its_limit_with_a_whole_sample(found: Counts, policy: HaltRules) -> None:
    k, n = found.hard_bounced, found.accepted
    enough = n >= min(policy.minimum_sample, n + found.may_still_go) or found.to_claim == 0
    if n and enough and k >= policy.minimum_bounces and Fraction(k, n) >= Fraction(str(policy.bounce_rate)):
        assert isinstance(decide(found, policy), Halt)


@given(found=whole_counts(), policy=policies, more=st.integers(1, 20))
def test_more_bounces_never_undo_a_halt(found: Counts, policy: HaltRules, more: int) -> None:
    worse = replace(
        found,
        hard_bounced=min(found.hard_bounced + more, found.accepted),
        cohorts=old(
            found.cohorts[0].accepted,
            found.cohorts[0].known,
            min(found.cohorts[0].hard_bounced + more, found.cohorts[0].known),
        ),
    )
    if isinstance(decide(found, policy), Halt):
        assert isinstance(decide(worse, policy), Halt)
