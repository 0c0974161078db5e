"""Outcomes follow from address and seed alone."""

from collections import Counter

import pytest
from pydantic import ValidationError

from sandbox.behaviour import Behaviour, OutcomeKind, OutcomeRule, Publishing
from sandbox.outcomes import decide
from sandbox.ses_templates import MissingAttribute, Template
from sandbox.zone import load

ZONE = load()


def outcome(address: str, *rules: OutcomeRule, seed: int = 1, suppressed: str | None = None) -> OutcomeKind:
    return decide(address, Behaviour(outcomes=list(rules), seed=seed), suppressed, ZONE)


def test_without_a_rule_mail_is_delivered() -> None:
    assert outcome("a@shop.example") is OutcomeKind.DELIVERED


def test_the_same_seed_gives_the_same_outcomes_and_another_seed_others() -> None:
    rule = OutcomeRule(hard_bounce=0.3, soft_bounce=0.2)
    addresses = [f"a{n}@shop.example" for n in range(2000)]
    first = [outcome(address, rule) for address in addresses]
    assert first == [outcome(address.upper(), rule) for address in addresses]
    assert first != [outcome(address, rule, seed=2) for address in addresses]
    counts = Counter(first)
    assert 500 < counts[OutcomeKind.HARD_BOUNCE] < 700
    assert 320 < counts[OutcomeKind.SOFT_BOUNCE] < 480


@pytest.mark.parametrize(
    ("match", "address", "matches"),
    [
        ("*", "a@shop.example", True),
        ("shop.example", "a@shop.example", True),
        ("shop.example", "a@mail.shop.example", True),
        ("shop.example", "a@workshop.example", False),
        ("^bounce", "bounce7@shop.example", True),
        ("^bounce", "a.bounce@shop.example", False),
        (r"\d+@", "A17@shop.example", True),
    ],
)
def test_a_rule_matches_a_domain_or_a_pattern(match: str, address: str, matches: bool) -> None:
    expected = OutcomeKind.HARD_BOUNCE if matches else OutcomeKind.DELIVERED
    assert outcome(address, OutcomeRule(match=match, hard_bounce=1)) is expected


def test_the_first_matching_rule_decides() -> None:
    good, bad = OutcomeRule(match="shop.example"), OutcomeRule(hard_bounce=1)
    assert outcome("a@shop.example", good, bad) is OutcomeKind.DELIVERED
    assert outcome("a@other.example", good, bad) is OutcomeKind.HARD_BOUNCE


def test_simulator_suppression_and_dns_come_before_the_rules() -> None:
    rule = OutcomeRule(soft_bounce=1)
    assert outcome("success@simulator.amazonses.com", rule, suppressed="BOUNCE") is OutcomeKind.DELIVERED
    assert outcome("a@closed-shop.example", rule, suppressed="BOUNCE") is OutcomeKind.ACCOUNT_SUPPRESSED
    assert outcome("a@closed-shop.example", rule) is OutcomeKind.UNKNOWN_DOMAIN
    assert outcome("a@nomail.example", rule) is OutcomeKind.NULL_MX


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in (
        {"delay_seconds": [2, 1]},
        {"delay_seconds": -1},
        {"duplicate_probability": 2},
        {"dleay": 1},
    ):
        with pytest.raises(ValidationError):
            Publishing.model_validate(wrong)


def test_templates_put_values_in_unescaped() -> None:
    template = Template("{{a}} {{ b.c }} {{{a}}} {{n}} {{none}} { {a}")
    data = {"a": "<b> {{a}}", "b": {"c": "C"}, "n": 3, "none": None}
    assert template.render(data) == "<b> {{a}} C <b> {{a}} 3  { {a}"


def test_a_missing_attribute_and_a_helper_are_told_apart() -> None:
    with pytest.raises(MissingAttribute, match=r"Attribute 'b\.x' is not present"):
        Template("{{b.x}}").render({"b": {}})
    with pytest.raises(ValueError, match="no blocks and helpers"):
        Template("{{#if a}}x{{/if}}")
