"""The rule of syntax for whole columns against the library itself, one text at a time.

`make fuzz` runs the same comparison on ten million texts.
"""

import os
import random
from collections.abc import Iterator

import pytest
from email_validator import EmailSyntaxError, ValidatedEmail, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from lists import addresses, syntax
from lists.addresses import Address, parse
from lists.text_columns import texts

STRINGS = int(os.environ.get("FUZZ_STRINGS", "200000"))
SEED = int(os.environ.get("FUZZ_SEED", "20261123"))
TEXTS_AT_A_TIME = 20_000

# Characters that one rule or another is about, those that only look alike or fold to ASCII among them.
ASCII = "abkszABKSZ019._-+@@..--!#$%&'*/=?^`{|}~ \t\r\n\"\\()<>[],;:\0\x1f\x7f"
OTHERS = (
    "\x80\x85\xa0\xad\u212a\u017f\u0131\xdf\xe9\xfce\u0301\u0338\u200b\u200d\u3002\uff0e\uff61\uff20\ufe6b\u2024"
    "\u1e9e\u4f8b\u05d0\u0661\U0001f600\ufeff\u2060\xb2\u0915\u094d"
)
LETTERS = ASCII * 4 + OTHERS
PIECES = (
    *(
        '\\"@',
        "xn--",
        "--",
        "..",
        ".-",
        "-.",
        "@@",
        "@.",
        ".@",
        "@-",
        '"',
        '"@',
        "mailto:",
        "<",
        ">",
        "[192.0.2.7]",
    ),
    *(
        "(at)",
        " at ",
        "POSTMASTER@",
        "info",
        ".test",
        ".invalid",
        ".local",
        "localhost",
        ".ONION",
        "arpa",
        ".example",
    ),
    *("xn--bcher-kva", "xn--a", "b\xfccher", "a" * 63, "a" * 64, "a" * 65, ".c", ".c0", ".1", "\u4f8b\u3048"),
)
SEEDS = (
    "anna@shop.example",
    "anna@a-b.shop.example",
    "Anna.Berg+x@SHOP.Example",
    "Info@shop.example",
    "o'neill=x/y@a-b.shop.example",
    "a@b.c",
    "a@xn--bcher-kva.example",
    "J\xfcrgen@b\xfccher.example",
    "anna berg@shop.example",
    "a@shop.example, b@shop.example",
    "Anna Berg <anna@shop.example>",
    '"anna b"@shop.example',
    "mailto:anna@shop.example?subject=x",
    "anna@192.0.2.7",
    "anna@[192.0.2.7]",
    "anna@host.local",
    "anna@a.test",
    "anna@localhost",
    "anna",
    "",
    "x" * 60 + "@y.example",
    "x@" + "y" * 58 + ".example",
    "x@" + ".".join(["y" * 60] * 4),
    "x" * 60 + "@" + ".".join(["y" * 60] * 3) + ".b\xfccher.example",
    '"anna\\"@shop.example',
    '""@shop.example',
    "anna@shop..example-",
)


def mutated(generator: random.Random) -> str:
    """Return a seed, or two halves of two, with up to four faults put in."""
    # Most lists are plain, and so are most of these: there the shortcuts are taken.
    text = generator.choice(SEEDS[:5] if generator.random() < 0.5 else SEEDS)
    if generator.random() < 0.15:
        text = text[: generator.randint(0, len(text))] + generator.choice(SEEDS)[-generator.randint(1, 20) :]
    for _ in range(generator.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        place = generator.randint(0, len(text))
        match generator.randint(0, 5):
            case 0:
                text = text[:place] + generator.choice(LETTERS) + text[place:]
            case 1:
                text = text[:place] + text[place + 1 :]
            case 2:
                text = text[:place] + generator.choice(LETTERS) + text[place + 1 :]
            case 3:
                text = text[:place] + generator.choice(PIECES) + text[place:]
            case 4:
                text = text[:place] + text[place:].swapcase()
            case _:
                text = text[:place] + text[place : place + 3] + text[place:]
    return text


def batches(count: int, seed: int) -> Iterator[list[str]]:
    generator = random.Random(seed)
    for start in range(0, count, TEXTS_AT_A_TIME):
        yield [mutated(generator).strip() for _ in range(min(TEXTS_AT_A_TIME, count - start))]


def by_the_library(text: str) -> tuple[str, str, str, bool]:
    """Return the normalised address, its domain in A-labels, what is wrong, and whether it needs SMTPUTF8."""
    if not text:
        return "", "", "the address is blank", False
    try:
        found = remembering(text)
    except EmailSyntaxError as error:
        return "", "", str(error), False
    return found.normalized, found.ascii_domain.lower(), "", not found.local_part.isascii()


answers: dict[str, ValidatedEmail | EmailSyntaxError] = {}


def remembering(text: str, **_: object) -> ValidatedEmail:
    """Ask the library once for each text, however often it comes up."""
    if text not in answers:
        try:
            answers[text] = validate_email(text, check_deliverability=False, strict=True, allow_smtputf8=True)
        except EmailSyntaxError as error:
            answers[text] = error
    found = answers[text]
    if isinstance(found, EmailSyntaxError):
        raise found
    return found


def disagreements(given: list[str]) -> list[tuple[str, object, object]]:
    checked = syntax.verdicts(texts(given))
    columns = (checked.address, checked.domain, checked.detail)
    ours = zip(*(column.to_pylist() for column in columns), checked.smtputf8.tolist(), strict=True)
    theirs = map(by_the_library, given)
    return [(text, us, them) for text, us, them in zip(given, ours, theirs, strict=True) if us != them]


def whole(text: str) -> tuple[object, ...]:
    """Return everything that `addresses.parse` says of a text, as `check` says it by columns."""
    found = parse(text)
    if isinstance(found, Address):
        flags = ("smtputf8" in found.flags, "one_letter_tld" in found.flags)
        return True, found.address, found.key, found.domain, "", "", *flags
    return False, "", "", "", found.detail, found.suggestion, False, False


def by_columns(given: list[str]) -> list[tuple[object, ...]]:
    found = syntax.check(texts(given))
    texts_of = (found.address, found.key, found.domain, found.detail, found.suggestion)
    return list(
        zip(
            found.well_formed.tolist(),
            *(column.to_pylist() for column in texts_of),
            found.smtputf8.tolist(),
            found.one_letter_tld.tolist(),
            strict=True,
        )
    )


def test_mutated_texts_get_the_verdict_address_and_message_of_the_library(monkeypatch):
    # Half of the texts are left to the library anyway; asking it twice would only take longer.
    monkeypatch.setattr(addresses, "validate_email", remembering)
    wrong = []
    for batch in batches(STRINGS, SEED):
        answers.clear()
        wrong += disagreements(batch)
    assert wrong == []


def test_mutated_texts_get_the_key_flags_and_suggestion_of_one_address_alone():
    for batch in batches(5_000, SEED + 1):
        for text, ours in zip(batch, by_columns(batch), strict=True):
            assert (text, ours) == (text, whole(text))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.text(alphabet=st.one_of(st.sampled_from(LETTERS), st.characters(codec="utf-8"))) | st.emails(),
        max_size=20,
    )
)
def test_any_text_gets_the_verdict_of_one_address_alone(given):
    assert by_columns(given) == [whole(text) for text in given]


@pytest.mark.parametrize("cells", [[], [""], ["anna@shop.example"], ["x", "Anna@Shop.example", " a@b.c "]])
def test_columns_of_any_make_are_judged(cells):
    assert by_columns(cells) == [whole(text) for text in cells]


def test_a_part_of_a_column_is_judged_as_by_itself():
    cells = ["a@b.example", "x", "Anna@Shop.example", "info", "J\xfcrgen@shop.example"]
    part = syntax.check(texts(cells).slice(1, 3))
    assert part.key.to_pylist() == ["", "anna@shop.example", ""]
    assert part.cells.to_pylist() == cells[1:4]


def test_repaired_rows_are_marked_and_keep_their_cell():
    cells = ["Anna <Anna@Shop.example>", "mailto:j\xfcrgen@shop.example", "x", "b@shop.example"]
    found = syntax.check(texts(cells), repair=True)
    assert found.repaired.tolist() == [True, True, False, False]
    assert found.address.to_pylist() == ["Anna@shop.example", "j\xfcrgen@shop.example", "", "b@shop.example"]
    assert found.smtputf8.tolist() == [False, True, False, False]
    assert [bool(detail) for detail in found.detail.to_pylist()] == [False, False, True, False]
    assert found.cells.to_pylist() == cells
