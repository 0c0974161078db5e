import pytest
from email_validator import EmailSyntaxError, validate_email

from lists.addresses import Address, Malformed, address_key, key_of, parse
from lists.errors import ListError

WELL_FORMED = [
    ("anna@shop.example", "anna@shop.example", "anna@shop.example", ()),
    ("  anna@shop.example\t", "anna@shop.example", "anna@shop.example", ()),
    ("\u00a0anna@shop.example\u2003", "anna@shop.example", "anna@shop.example", ()),
    ("Anna.Berg@SHOP.Example", "Anna.Berg@shop.example", "anna.berg@shop.example", ()),
    ("a.n.n.a+tag@shop.example", "a.n.n.a+tag@shop.example", "a.n.n.a+tag@shop.example", ()),
    ("POSTMASTER@shop.example", "postmaster@shop.example", "postmaster@shop.example", ()),
    ("a@Bücher.example", "a@bücher.example", "a@xn--bcher-kva.example", ()),
    ("a@xn--bcher-kva.example", "a@bücher.example", "a@xn--bcher-kva.example", ()),
    ("Jürgen@shop.example", "Jürgen@shop.example", "jürgen@shop.example", ("smtputf8",)),
    ("e\u0301@shop.example", "é@shop.example", "é@shop.example", ("smtputf8",)),
    ("a@b.c", "a@b.c", "a@b.c", ("one_letter_tld",)),
    ("o'neill=x/y@shop.example", "o'neill=x/y@shop.example", "o'neill=x/y@shop.example", ()),
    ("x" * 64 + "@shop.example", "x" * 64 + "@shop.example", "x" * 64 + "@shop.example", ()),
]

MALFORMED = [
    ("", "the address is blank", ""),
    ("   ", "the address is blank", ""),
    ("anna", "@-sign", ""),
    ("anna@", "after the @-sign", ""),
    ("@shop.example", "before the @-sign", ""),
    ("anna@shop", "period", ""),
    ("anna@localhost", "period", ""),
    ("anna@host.local", "special-use", ""),
    ("anna@@shop.example", "invalid characters", ""),
    ("x" * 65 + "@shop.example", "too long", ""),
    ("anna@192.0.2.7", "top-level", ""),
    ("anna@[192.0.2.7]", "bracketed", ""),
    ('"anna b"@shop.example', "Quoting", ""),
    ("anna berg@shop.example", "SPACE", ""),
    ("a@shop.example, b@shop.example", "invalid characters", ""),
    ("a@shop.example;b@other.example", "invalid characters", ""),
    ("Anna <anna@shop.example>", "display name", "anna@shop.example"),
    ('"Berg, Anna" <Anna@Shop.example>', "display name", "Anna@shop.example"),
    ("<anna@shop.example>", "display name", "anna@shop.example"),
    ("mailto:anna@shop.example?subject=Hi", "invalid characters", "anna@shop.example"),
    ("MAILTO:%61nna@shop.example", "invalid characters", "anna@shop.example"),
    ("an\u200bna@shop.example", "ZERO WIDTH SPACE", "anna@shop.example"),
    ("\ufeffanna@shop.example", "ZERO WIDTH NO-BREAK SPACE", "anna@shop.example"),
    ("anna@sh\u00adop.example", "SOFT HYPHEN", "anna@shop.example"),
    ("anna @ shop.example", "SPACE", "anna@shop.example"),
    ("anna(at)shop.example", "@-sign", "anna@shop.example"),
    ("anna＠shop.example", "full-width", "anna@shop.example"),
    ("anna@shop,example", "invalid characters", "anna@shop.example"),
    ("anna@shop..example", "two periods", "anna@shop.example"),
    ("anna@shop.example.", "period", "anna@shop.example"),
    (".anna@shop.example", "period", "anna@shop.example"),
    ('"anna@shop.example"', "@-sign", "anna@shop.example"),
]


@pytest.mark.parametrize(("text", "address", "key", "flags"), WELL_FORMED)
def test_a_well_formed_address_is_normalised(text, address, key, flags):
    assert parse(text) == Address(address, key, key.rpartition("@")[2], flags)


@pytest.mark.parametrize(("text", "detail", "suggestion"), MALFORMED)
def test_a_malformed_address_says_why_and_what_was_meant(text, detail, suggestion):
    verdict = parse(text)
    assert isinstance(verdict, Malformed)
    assert detail in verdict.detail
    assert verdict.suggestion == suggestion


@pytest.mark.parametrize("text", [row[0] for row in WELL_FORMED + MALFORMED])
def test_verdicts_are_those_of_the_library(text):
    try:
        expected = validate_email(text.strip(), check_deliverability=False, strict=True).normalized
    except EmailSyntaxError:
        expected = None
    verdict = parse(text)
    assert (verdict.address if isinstance(verdict, Address) else None) == expected


@pytest.mark.parametrize(("text", "address", "key", "flags"), WELL_FORMED)
def test_the_key_of_a_key_is_itself(text, address, key, flags):
    assert address_key(text) == key
    assert address_key(key) == key
    assert key_of(address, key.rpartition("@")[2]) == key


def test_a_kelvin_sign_is_the_letter_k_and_needs_no_smtputf8():
    assert parse("\u212aate@shop.example") == Address(
        "Kate@shop.example", "kate@shop.example", "shop.example", ()
    )


def test_the_key_of_something_else_is_an_error_without_the_text():
    with pytest.raises(ListError, match="This is not an e-mail address") as raised:
        address_key("secret-name")
    assert "secret-name" not in str(raised.value)
