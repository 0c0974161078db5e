from pathlib import Path

import pytest

from lists.disposable import among, is_disposable

TABLES = Path(__file__).with_name("tables")
# By their own front pages.
THROWN_AWAY = (TABLES / "disposable.txt").read_text(encoding="utf-8").split()
# Providers, forwarders and universities that lists of throw-away mailboxes name or might.
KEPT_FOR_LIFE = (TABLES / "not_disposable.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize(
    ("domain", "disposable"),
    [
        ("mailinator.com", True),
        ("inbox.mailinator.com", True),
        ("throwaway.example", True),
        ("eu.throwaway.example", True),
        ("notthrowaway.example", False),
        ("21cn.com", False),
        ("shop.example", False),
        *((domain, True) for domain in THROWN_AWAY),
        *((domain, False) for domain in KEPT_FOR_LIFE),
        ("com", False),
    ],
)
def test_listed_domains_and_those_below_are_disposable_and_spared_ones_are_not(domain, disposable):
    assert is_disposable(domain) is disposable


def test_a_team_adds_and_spares_domains(tmp_path):
    file = tmp_path / "domains.txt"
    file.write_text("own-throwaway.example\n!mailinator.com\n21cn.com\n")
    domains = ["x.own-throwaway.example", "inbox.mailinator.com", "21cn.com", "throwaway.example"]
    assert among(domains, str(file)) == {"x.own-throwaway.example", "21cn.com", "throwaway.example"}
    assert among(domains) == {"inbox.mailinator.com", "throwaway.example"}
