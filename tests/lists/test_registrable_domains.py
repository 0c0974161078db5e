"""One owner's hosts have one registrable domain, and two owners' hosts never do."""

import pytest

from lists.registrable_domains import registrable


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("north.trade.example", "trade.example"),
        ("a.b.c.trade.example", "trade.example"),
        ("trade.example", "trade.example"),
        ("example.co.uk", "example.co.uk"),
        ("mail.example.co.uk", "example.co.uk"),
        # An ending by itself, and a name without any.
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        # Names that are rented out below an ending belong to different people.
        ("ann.github.io", "ann.github.io"),
        ("www.ann.github.io", "ann.github.io"),
        # An exception and a wildcard of the list.
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("www.shop.anything.ck", "shop.anything.ck"),
        ("mail.xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("shop.xn--p1ai", "shop.xn--p1ai"),
    ],
)
def test_what_an_owner_registered(host: str, domain: str) -> None:
    assert registrable(host) == domain
    assert registrable(domain) == domain
