"""Which identities may cover an address: few of them, and the ones that somebody can have verified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.identity_names import MOST_DOMAINS, domains_above, registered_domain

LABELS = st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=122)
ENDINGS = st.sampled_from(["example", "com", "co.uk", "test", "k12.ca.us", "xn--p1ai", "github.io"])


@pytest.mark.parametrize(
    ("domain", "above"),
    [
        ("shop.example", ["shop.example"]),
        ("mail.shop.example", ["mail.shop.example", "shop.example"]),
        ("mail.shop.co.uk", ["mail.shop.co.uk", "shop.co.uk"]),
        ("a.b.shop.example", ["a.b.shop.example", "b.shop.example", "shop.example"]),
        ("a.b.c.shop.test", ["a.b.c.shop.test", "b.c.shop.test", "c.shop.test", "shop.test"]),
        ("a.b.c.d.shop.test", ["a.b.c.d.shop.test", "c.d.shop.test", "d.shop.test", "shop.test"]),
        # Firms sell names under these, and may have verified them themselves.
        ("shop.github.io", ["shop.github.io", "github.io"]),
        # Nobody can verify what a registry sells names under; but who has such an address is asked about.
        ("co.uk", ["co.uk"]),
        ("localhost", ["localhost"]),
    ],
)
def test_a_domain_and_those_above_it_up_to_the_registered_one(domain: str, above: list[str]) -> None:
    assert domains_above(domain) == above


@given(LABELS, ENDINGS)
def test_however_many_labels_there_are_few_names_are_asked_about(labels: list[str], ending: str) -> None:
    domain = ".".join([*labels, ending])
    above = domains_above(domain)
    assert above[0] == domain
    assert above[-1] == registered_domain(domain)
    assert len(above) == len(set(above)) == min(len(above), MOST_DOMAINS)
    assert all(f".{domain}".endswith(f".{each}") for each in above)
    assert [len(each) for each in above] == sorted((len(each) for each in above), reverse=True)
