"""Faults put into the shortcuts on purpose: the comparison with the library must notice every one of them."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lists import addresses, syntax, syntax_asked, syntax_rules, text_columns
from lists.syntax_rules import ATEXT, FAULTS, LABEL, LAST_LABEL, LOWER_ADDRESS, LOWER_ATEXT, SPECIAL_USE

SPEC = importlib.util.spec_from_file_location("comparison", Path(__file__).with_name("test_syntax.py"))
assert SPEC
assert SPEC.loader
comparison = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(comparison)

STRINGS = 25_000
LOCAL_PART = rf"[{LOWER_ATEXT}]+(?:\.[{LOWER_ATEXT}]+)*"
DOMAIN = rf"(?:{LABEL}\.)+{LAST_LABEL}"


def without(name):
    return tuple(rule for rule in FAULTS if rule.name != name)


def with_pattern(name, pattern):
    return tuple(replace(rule, pattern=pattern) if rule.name == name else rule for rule in FAULTS)


def swapped(first, second):
    names = [rule.name for rule in FAULTS]
    order = list(FAULTS)
    one, other = names.index(first), names.index(second)
    order[one], order[other] = order[other], order[one]
    return tuple(order)


ADDRESSES = {
    "case is folded as Unicode does": rf"(?i){LOWER_ADDRESS}",
    "a period may come first": rf"\.?{LOCAL_PART}@{DOMAIN}",
    "a period may come last": rf"{LOCAL_PART}\.?@{DOMAIN}",
    "periods may be doubled": rf"[.{LOWER_ATEXT}]+@{DOMAIN}",
    "a comma is an atom": LOWER_ADDRESS.replace("!#$", "!,#$"),
    "a blank is an atom": LOWER_ADDRESS.replace("!#$", "! #$"),
    "letters of Latin-1 are atoms": LOWER_ADDRESS.replace("!#$", "!\xc0-\xff#$"),
    "hyphens may be doubled": rf"{LOCAL_PART}@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+{LAST_LABEL}",
    "a label may end in a hyphen": rf"{LOCAL_PART}@(?:[a-z0-9][a-z0-9-]*\.)+{LAST_LABEL}",
    "a label may begin with a hyphen": rf"{LOCAL_PART}@(?:-?{LABEL}\.)+{LAST_LABEL}",
    "a label may have an underscore": rf"{LOCAL_PART}@(?:[a-z0-9_]+\.)+{LAST_LABEL}",
    "the last label may end in a digit": rf"{LOCAL_PART}@(?:{LABEL}\.)+{LABEL}",
    "one label is enough": rf"{LOCAL_PART}@(?:{LABEL}\.)*{LAST_LABEL}",
    "a period may follow": rf"{LOWER_ADDRESS}\.?",
    "two at-signs will do": rf"{LOCAL_PART}@@?{DOMAIN}",
    "nothing need come first": rf"(?:{LOCAL_PART})?@{DOMAIN}",
}
RULES = {
    "special use is not looked for after a display name": without(syntax_rules.LEFT_TO_THE_LIBRARY),
    "a display name may hold a period": with_pattern(
        "display name", rf"^[{LOWER_ATEXT}. ]*<{LOWER_ADDRESS}>$"
    ),
    "a display name may hold anything": with_pattern("display name", rf"^[^<]*<{LOWER_ADDRESS}>$"),
    "a quoted part may hold a backslash": with_pattern("quoted", r'^"[ !#-~]{1,64}"@'),
    "a quoted part may be empty": with_pattern("quoted", r'^"[ !#-\[\]-~]{0,64}"@'),
    "a quoted part may hold a line break": with_pattern("quoted", r'^"[^"\\]{1,64}"@'),
    "a quoted part may end anywhere": with_pattern("quoted", r'^"[ !#-\[\]-~]{1,64}"'),
    "the domain comes before the name": swapped(
        "characters before the at-sign", "characters after the at-sign"
    ),
    "the end comes before the beginning": swapped("period right before the at-sign", "period at the start"),
    "hyphens come before periods": swapped("two periods after the at-sign", "hyphen at the end"),
    "the last letter comes first": swapped("no period after the at-sign", "no letter at the end"),
    "characters at fault are not told apart": tuple(replace(rule, spared="") for rule in FAULTS),
    "an at-sign is not looked for": without("no at-sign"),
    "nothing before the at-sign is fine": without("nothing before the at-sign"),
    "an end with a period is fine": without("period at the end"),
    "an end with a hyphen is fine": without("hyphen at the end"),
    "three periods are needed": with_pattern("two periods before the at-sign", r"^[^@]*\.[^@]*@"),
}


@pytest.fixture(scope="module")
def given():
    return [text for batch in comparison.batches(STRINGS, comparison.SEED + 2) for text in batch]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(addresses, "validate_email", comparison.remembering)
    monkeypatch.setattr(syntax_asked, "_messages", {})
    syntax_asked._domain.cache_clear()
    yield
    syntax_asked._domain.cache_clear()


def test_with_no_fault_nothing_is_found(given):
    assert comparison.disagreements(given) == []


@pytest.mark.parametrize("fault", ADDRESSES)
def test_a_fault_in_what_is_accepted_is_noticed(given, monkeypatch, fault):
    monkeypatch.setattr(syntax_rules, "LOWER_ADDRESS", ADDRESSES[fault])
    assert comparison.disagreements(given) != []


@pytest.mark.parametrize("fault", RULES)
def test_a_fault_in_what_is_refused_is_noticed(given, monkeypatch, fault):
    monkeypatch.setattr(syntax_rules, "FAULTS", RULES[fault])
    assert comparison.disagreements(given) != []


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (syntax_rules, "LONGEST_BYTES", 1000),
        (syntax_rules, "SHORT", r"(?s)."),
        (syntax_rules, "SPECIAL_USE_DOMAIN_NAMES", []),
        (syntax_rules, "DOT_ATOM", rf"[.{ATEXT}]+"),
        (syntax, "_normalised", lambda given, keys: given),
        (syntax, "_normalised", lambda given, keys: keys),
        (syntax, "CASE_INSENSITIVE_MAILBOX_NAMES", ["nobody"]),
        (syntax_asked, "CASE_INSENSITIVE_MAILBOX_NAMES", ["nobody"]),
        (syntax_asked, "_LONGEST_DOMAIN_BYTES", 1000),
    ],
)
def test_a_fault_beside_the_rules_is_noticed(given, monkeypatch, module, name, value):
    monkeypatch.setattr(module, name, value)
    assert comparison.disagreements(given) != []


def test_a_blank_that_is_not_taken_off_is_noticed(monkeypatch):
    monkeypatch.setattr(text_columns, "BLANKS", " \t\r\n")
    cells = ["\xa0a@b.example", "a@b.example\x1f", "\u2003a@b.example"]
    assert comparison.by_columns(cells) != [comparison.whole(cell) for cell in cells]


def test_special_use_names_are_the_library_s_own():
    assert re.fullmatch(SPECIAL_USE, "onion")
    assert not re.fullmatch(SPECIAL_USE, "example")
