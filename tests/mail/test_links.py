"""Clicked links as reports show them: which link it was, and nothing of who clicked."""

import string
from random import Random

import pytest

from mail.links import HIDDEN, LONGEST, shown
from mail.unsubscribe import Tokens, url


@pytest.mark.parametrize(
    ("clicked", "kept"),
    [
        ("https://shop.example/spring", "https://shop.example/spring"),
        ("HTTPS://Shop.Example", "https://shop.example/"),
        ("https://shop.example:8443/a/", "https://shop.example:8443/a/"),
        (
            "https://shop.example/spring-offer-2026/new-books",
            "https://shop.example/spring-offer-2026/new-books",
        ),
        ("https://shop.example/Fruehjahrsangebot2026", "https://shop.example/Fruehjahrsangebot2026"),
        ("https://shop.example/p?utm_source=mail&u=ann%40reader.example#top", "https://shop.example/p"),
        ("https://ann:secret@shop.example/p", "https://shop.example/p"),
        ("https://shop.example/u/ann@reader.example/p", f"https://shop.example/u/{HIDDEN}/p"),
        ("https://shop.example/u/ann%40reader.example", f"https://shop.example/u/{HIDDEN}"),
        ("https://shop.example/u/ann%2540reader.example", f"https://shop.example/u/{HIDDEN}"),
        ("https://shop.example/550e8400-e29b-41d4-a716-446655440000", f"https://shop.example/{HIDDEN}"),
        ("mailto:ann@reader.example", ""),
        ("javascript:alert(1)", ""),
        ("https://[broken", ""),
        ("https://shop.example:99999/", ""),
        ("not a link", ""),
        ("", ""),
    ],
)
def test_a_link_keeps_its_host_and_its_path_and_no_person(clicked: str, kept: str) -> None:
    assert shown(clicked) == kept


def test_every_unsubscribe_link_is_one_and_the_same() -> None:
    tokens = Tokens("a-key-for-these-tests-alone")
    links = {shown(url("https://mail.shop.example", tokens.issue(number, 7))) for number in range(500)}
    assert links == {f"https://mail.shop.example/unsubscribe/{HIDDEN}"}


def test_no_token_of_whatever_letters_gets_through() -> None:
    random = Random(12)
    for letters in (string.ascii_letters + string.digits, string.hexdigits.lower()):
        for length in (24, 32, 43, 64):
            for _ in range(200):
                token = "".join(random.choices(letters, k=length))
                assert token not in shown(f"https://shop.example/c/{token}/book")


def test_a_link_is_never_longer_than_its_column() -> None:
    assert len(shown("https://shop.example/" + "a/" * 2_000)) == LONGEST
