import pytest

from lists.disposable import is_disposable


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
        ("com", False),
    ],
)
def test_listed_domains_and_those_below_are_disposable_and_spared_ones_are_not(domain, disposable):
    assert is_disposable(domain) is disposable
