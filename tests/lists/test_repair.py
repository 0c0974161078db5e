import pytest

from lists.repair import unwrapped


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("anna@shop.example", ""),
        ("anna berg@shop.example", ""),
        ("anna@shop,example", ""),
        ("Anna <anna@shop.example>", "anna@shop.example"),
        ("Anna <mailto:an\u200bna@shop.example>;", "anna@shop.example"),
        ("mailto:anna%2Bx@shop.example?subject=a@b", "anna+x@shop.example"),
        ("\u2060anna@shop.example\ufeff", "anna@shop.example"),
        ("A <a@shop.example>, B <b@shop.example>", ""),
    ],
)
def test_only_wrapping_is_taken_off(text, inner):
    assert unwrapped(text) == inner
