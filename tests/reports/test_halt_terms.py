"""The words of a halt are explained where they stand, and no others."""

import pytest

from mail.counts import Counts
from mail.gate import bounces, rejections
from mail.policy import HaltRules
from reports import halt_terms
from reports.campaign_figures import Halt
from reports.halt_terms import TERMS

BOUNCES = {"hard bounce", "limit", "known outcome", "accepted"}


@pytest.mark.parametrize(
    ("counts", "rule", "terms"),
    [
        (Counts(200, 150, 10, 0, 800, 800), "literal", BOUNCES),
        (Counts(40, 40, 8, 0, 5_000, 5_000), "early", BOUNCES | {"lower bound", "sample"}),
        (Counts(20, 20, 6, 0, 80, 80), "certain", BOUNCES),
    ],
)
def test_a_halt_of_the_gate_has_its_words_explained(counts: Counts, rule: str, terms: set[str]) -> None:
    halt = bounces(counts, HaltRules(), 0.0)
    assert halt is not None
    assert halt.rule == rule
    shown = halt_terms.of(Halt(halt.rule, halt.k, halt.n, halt.known, 0.0, "gate", halt.reason))
    assert {line.partition(":")[0] for line in shown} == terms


def test_a_rejection_explains_no_word_that_it_does_not_use() -> None:
    halt = rejections(Counts(0, 0, 0, 0, 10, 10, rejected=3, answers=3))
    assert halt is not None
    assert [line.partition(":")[0] for line in halt_terms.explained(halt.reason)] == ["limit"]


def test_a_persons_own_words_are_not_taken_for_the_gates() -> None:
    assert list(halt_terms.explained("the wrong picture was in it")) == []


def test_every_term_is_found_by_its_own_name() -> None:
    for term in TERMS:
        assert [line.partition(":")[0] for line in halt_terms.explained(f"a {term} here")] == [term]
