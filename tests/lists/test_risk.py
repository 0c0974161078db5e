"""What makes accepted rows risky, by the table of who was mailed and who has agreed."""

import pytest

from lists.dns_verdicts import DELIVERABLE, NULL_MX
from lists.risk import RiskLookups

TEXT = (
    "email,ok\na@shop.example,yes\nb@gmail.com,no\nc@shop.example,\nx\na@shop.example,no\nd@gone.example,no\n"
)


def resolver(domains):
    return {domain: NULL_MX if domain == "gone.example" else DELIVERABLE for domain in domains}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"free_mail": 1, "never_mailed": 2, "unconfirmed": 1}),
        ({"consent": "any", "consent_column": "ok"}, {"free_mail": 1, "never_mailed": 2, "unconfirmed": 2}),
        (
            {"consent": "confirmed", "consent_column": "ok"},
            {"free_mail": 0, "never_mailed": 0, "unconfirmed": 0},
        ),
        ({"free_mail": "drop"}, {"free_mail": 0, "never_mailed": 1, "unconfirmed": 0}),
    ],
)
def test_only_rows_that_every_rule_accepts_are_at_risk(run, options, expected):
    lookups = RiskLookups(
        mailed=lambda keys: {"a@shop.example"}.intersection(keys),
        confirmed=lambda keys: {"a@shop.example", "c@shop.example"}.intersection(keys),
    )
    result = run(TEXT, resolver=resolver, risks=lookups, **options)
    assert result.summary.risk == expected
    # The marks are for counting: no file shows them.
    assert set(result.accepted["flags"]) <= {""}


def test_where_nobody_was_asked_nothing_is_said(run):
    assert run(TEXT).summary.risk == {}
