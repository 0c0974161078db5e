import pytest

from reports.masking import excerpt, mask, mask_text, pattern_of


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("jane@shop.example", "j***@shop.example"),
        ("j@shop.example", "***@shop.example"),
        ('"a@b"@shop.example', '"***@shop.example'),
        ("jörg@bücher.example", "j***@bücher.example"),
        ("no address", "***"),
        ("@shop.example", "***@shop.example"),
    ],
)
def test_only_the_first_letter_and_the_domain_stay(address, masked):
    assert mask(address) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("550 <jane@shop.example>: unknown", "550 <j***@shop.example>: unknown"),
        ("rfc822; jane+news@shop.example (gone)", "rfc822; j***@shop.example (gone)"),
        ("to=jane@shop.example,bob@mail.shop.example", "to=j***@shop.example,b***@mail.shop.example"),
        ("jane@xn--bcher-kva.xn--p1ai", "j***@xn--bcher-kva.xn--p1ai"),
        ("jörg@bücher.example", "j***@bücher.example"),
        ("campaign resume weekly@2026-11-22 --by WHO", "campaign resume weekly@2026-11-22 --by WHO"),
        ("452 4.2.2 mailbox full", "452 4.2.2 mailbox full"),
    ],
)
def test_addresses_in_a_text_are_masked_and_nothing_else(text, masked):
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("550 5.1.1 <jane@shop.example>: unknown", "550 5.1.1 <address>: unknown"),
        ("550 5.1.1 <address>: unknown", "550 5.1.1 <address>: unknown"),
        ("gone d2e1a72fcca58-7b12.33 - gsmtp", "gone <id> - gsmtp"),
        ("client [192.0.2.7]\n blocked", "client [<ip>] blocked"),
        ("see RFC5321 of mx1.shop.example", "see RFC5321 of mx1.shop.example"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_what_differs_from_message_to_message_gives_way(text, pattern):
    assert pattern_of(text) == pattern


@pytest.mark.parametrize(
    "text",
    [
        "jane@shop.example",
        '{"to":"jane%40shop.example"}',
        '{"to":"jane\\u0040shop.example"}',
        "mailto:jane&#64;shop.example",
        '"jane doe"@shop.example',
        "jane@localhost",
    ],
)
@pytest.mark.parametrize("before", [0, 1, 180, 980, 990, 995, 999, 1_000, 5_000])
def test_an_excerpt_of_any_text_shows_no_address_wherever_it_is_cut(text, before):
    for filler in ("x ", '{"a":1},', "\0\n"):
        shown = excerpt((filler * before)[:before] + text + ", and more " * 200)
        assert "shop.example" not in shown or "jane" not in shown
        assert "@" not in shown
        assert len(shown) <= 210
        assert shown.isprintable()


def test_an_excerpt_of_one_endless_word_shows_where_it_begins_at_the_most():
    assert len(excerpt("x" * 2_000_000)) <= 200
    assert excerpt("") == ""
