"""How many messages the gate lets go: the ladder, the soak, silence, and the bound on unknown outcomes."""

from dataclasses import replace

import pytest

from ledger.tallies import Cohort
from mail.counts import Counts
from mail.gate import decide
from mail.gate_answers import Continue, Decision, Halt, Pause, Wait, Waiting
from mail.pace import OFF_LADDER, _upper_rate, first_rung
from mail.policy import HaltRules

RULES = HaltRules()
NOW = 1_800_000_000.0
YOUNG, MATURE, VERY_OLD = NOW - 30, NOW - 700, NOW - 10_000


def counts(
    n: int = 0,
    known: int = 0,
    k: int = 0,
    *,
    rung: int = 0,
    left: int = 50_000,
    age: float = YOUNG,
    **more: int,
) -> Counts:
    """Return counts of n messages that SES took at `age`, in a campaign of which `left` are still queued."""
    delayed = more.get("delayed", 0)
    return Counts(
        accepted=n,
        known=known,
        hard_bounced=k,
        complained=0,
        may_still_go=left + more.get("underway", 0),
        to_claim=left,
        rung=rung,
        cohorts=(Cohort(age, n, known, delayed, k),) if n else (),
        **more,
    )


def said(found: Counts, rules: HaltRules = RULES) -> tuple[str, int]:
    """Return the decision in a word, and the budget or the rung that it rests on."""
    decision: Decision = decide(found, rules, NOW)
    match decision:
        case Continue():
            return "go", decision.budget
        case Wait():
            return decision.cause, decision.rung
        case Pause() | Halt():
            return decision.rule, decision.n


@pytest.mark.parametrize(
    ("recipients", "rung"),
    [(5, 10), (20, 10), (99, 10), (100, 10), (150, 15), (1_000, 100), (1_009, 100), (50_000, 100)],
)
def test_the_first_rung_is_a_tenth_of_a_small_list_and_a_hundred_of_a_large_one(
    recipients: int, rung: int
) -> None:
    assert first_rung(counts(left=recipients), RULES) == rung
    assert said(counts(left=recipients)) == ("go", rung)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # What is left of the rung may go, and what is on its way counts as out.
        (counts(60, 60, rung=100), ("go", 40)),
        (counts(60, 0, rung=100), ("go", 40)),
        (counts(60, 0, rung=100, underway=30), ("go", 10)),
        # A full rung passes at once where the unknown ones could not change the verdict: 4 of 100 pass.
        (counts(100, 96, 0, rung=100), ("go", 400)),
        (counts(100, 95, 0, rung=100), (Waiting.SOAK, 100)),
        (counts(100, 99, 3, rung=100), ("go", 400)),
        (counts(100, 99, 4, rung=100), (Waiting.SOAK, 100)),
        (counts(90, 88, 0, rung=100, underway=10), (Waiting.SOAK, 100)),
        (counts(98, 96, 0, rung=100, underway=2), ("go", 400)),
        # With all outcomes known there is nothing to wait for, and the rules alone decide.
        (counts(100, 100, 4, rung=100), ("go", 400)),
        # Five of a hundred halts nothing yet; the next stop is where the plain rate begins to count.
        (counts(100, 100, 5, rung=100), ("go", 100)),
        (counts(200, 200, 9, rung=200), ("go", 300)),
        (counts(200, 200, 10, rung=200), ("literal", 200)),
        # The bound on unknown outcomes holds on the ladder as well.
        (counts(500, 500, 20, rung=500), ("go", 500)),
        (counts(500, 500, 20, rung=500, rate_per_second=200), ("go", 2_000)),
        # After the ladder as many may be out without an outcome as the bound says.
        (counts(2_500, 2_500, 50, rung=2_500), ("go", 500)),
        (counts(3_000, 2_600, 50, rung=OFF_LADDER), ("go", 100)),
        (counts(3_000, 2_500, 50, rung=OFF_LADDER), (Waiting.PACE, OFF_LADDER)),
        # It lets go a twentieth of itself at a time, or all that is left.
        (counts(3_000, 2_524, 50, rung=OFF_LADDER), (Waiting.PACE, OFF_LADDER)),
        (counts(3_000, 2_525, 50, rung=OFF_LADDER), ("go", 25)),
        (counts(3_000, 2_502, 50, rung=OFF_LADDER, left=2), ("go", 2)),
        # Where all unknown ones could bounce and the list would still pass, that many may be unknown.
        (counts(100_000, 98_000, 1_000, rung=OFF_LADDER), ("go", 2_000)),
        (counts(3_000, 2_000, 0, rung=OFF_LADDER, rate_per_second=200), ("go", 5_000)),
        # Delayed ones are apart: what is known of them is all that will be for hours.
        (counts(100, 80, 0, rung=100, delayed=17), ("go", 400)),
        (counts(3_000, 2_400, 50, rung=OFF_LADDER, delayed=200), ("go", 100)),
        # Nothing is left to claim: nobody waits.
        (counts(100, 0, rung=100, left=0), ("go", 0)),
    ],
)
def test_what_may_go_now(found: Counts, expected: tuple[str, int]) -> None:
    assert said(found) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # The soak is over: what has no outcome by now has none, and half of the outcomes have to be there.
        (counts(100, 50, 0, rung=100, age=MATURE), ("go", 400)),
        (counts(100, 49, 0, rung=100, age=MATURE), ("no_outcomes", 100)),
        (counts(100, 0, 0, rung=100, age=MATURE), ("no_outcomes", 100)),
        (counts(10, 4, 0, rung=10, age=MATURE), ("no_outcomes", 10)),
        (counts(10, 4, 0, rung=10, age=MATURE, delayed=1), ("go", 90)),
        # Not before the rung is full, where there are only a few: they may have had bad luck.
        (counts(3, 0, 0, rung=10, age=MATURE), ("go", 7)),
        # Nothing at all was heard of ten or more, at any time: outcomes do not come any more.
        (counts(12, 0, 0, rung=100, age=MATURE), ("no_outcomes", 12)),
        (counts(12, 1, 0, rung=100, age=MATURE), ("go", 88)),
        (counts(3_000, 1_400, 10, rung=OFF_LADDER, age=MATURE), ("no_outcomes", 3_000)),
        # A campaign that goes on after a long rest is not judged by what was silent long ago.
        (counts(3_000, 1_400, 10, rung=OFF_LADDER, age=VERY_OLD), ("go", 500)),
        # Nothing is left to claim: there is nothing to pause.
        (counts(100, 0, 0, rung=100, age=MATURE, left=0), ("go", 0)),
    ],
)
def test_it_never_passes_on_silence(found: Counts, expected: tuple[str, int]) -> None:
    assert said(found) == expected


def test_silence_is_judged_by_the_newest_that_are_old_enough_however_many_were_heard_of_before() -> None:
    before, silent = Cohort(NOW - 1_000, 50_000, 50_000, 0, 500), Cohort(NOW - 700, 200, 60, 0, 2)
    found = replace(counts(50_200, 50_060, 502, rung=OFF_LADDER), cohorts=(before, silent))
    assert said(found) == ("no_outcomes", 50_200)


def test_the_sentence_of_a_pause_says_where_to_look() -> None:
    found = decide(counts(100, 3, 0, rung=100, age=MATURE), RULES, NOW)
    assert found == Pause(
        "no_outcomes",
        k=0,
        n=100,
        known=3,
        reason="No outcomes: after 600 seconds fewer than half of the messages have one (3 of 100 in all). "
        "Look at the event queue and its subscription.",
    )


def test_the_sentence_of_a_soak_has_its_figures() -> None:
    found = decide(counts(100, 90, 2, rung=100), RULES, NOW)
    assert isinstance(found, Wait)
    assert found.reason == "100 messages are out, the step of 100 is full, and 10 have no outcome yet"


def test_messages_without_an_outcome_are_charged_at_the_upper_bound_of_the_rate_seen() -> None:
    young, gone = Cohort(YOUNG, 400, 384, 0, 0), Cohort(MATURE, 100, 60, 0, 0)
    found = replace(counts(500, 444, 0, rung=500), cohorts=(gone, young))
    # 16 young ones are unknown, and 40 without an outcome at 0.7 % are 0.3 of a bounce: below 25 of 500.
    assert said(found) == ("go", 484)
    worse = replace(found, hard_bounced=8, cohorts=(replace(gone, hard_bounced=8), young))
    # 8 bounced, 16 unknown: 24 would pass, but the 40 count for more than a bounce at the rate seen now.
    assert said(worse) == (Waiting.SOAK, 500)


@pytest.mark.parametrize(("k", "n", "exact"), [(0, 100, 0.0295), (5, 100, 0.1023), (50, 1_000, 0.0628)])
def test_the_upper_rate_is_not_below_clopper_and_pearsons(k: int, n: int, exact: float) -> None:
    assert exact <= _upper_rate(k, n) <= exact * 1.35


def test_nothing_is_known_of_a_rate_without_outcomes() -> None:
    assert (_upper_rate(0, 0), _upper_rate(3, 3)) == (1.0, 1.0)


def test_without_a_ladder_only_the_bound_holds() -> None:
    assert said(counts(), replace(RULES, ladder=())) == ("go", 500)


def test_a_warning_about_complaints_comes_with_what_may_go() -> None:
    found = replace(counts(2_000, 2_000, rung=2_500), complained=3)
    decision = decide(found, RULES, NOW)
    assert isinstance(decision, Continue)
    assert (decision.budget, decision.warning[:12]) == (500, "3 complaints")
