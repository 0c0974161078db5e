from datetime import date
from importlib import resources

import pytest

from lists import consent
from lists.consent import Say, say

TODAY = date(2026, 11, 28)


def listed() -> list[tuple[Say, str]]:
    """The words of the table, each with its section."""
    found, section = [], Say.NOTHING
    text = resources.files("lists").joinpath("consent_words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            section = Say[line.strip("[]").upper()]
        elif line and not line.startswith("#"):
            found += [(section, word) for word in line.split(", ")]
    return found


def test_no_word_says_two_things() -> None:
    meant: dict[str, Say] = {}
    for section, word in listed():
        assert meant.setdefault(consent.plain(word), section) is section, word
    assert {section for section, _ in listed()} == set(Say)


@pytest.mark.parametrize("written", [str, str.upper, str.title, " {} ".format, "{}.".format, "({})".format])
def test_every_word_of_the_table_is_read_however_it_is_written(written) -> None:
    for section, word in listed():
        assert say(written(word), TODAY) is section, word
        if " " in word:
            assert say(written(word.replace(" ", "-")), TODAY) is section, word
            assert say(written(word.replace(" ", "_")), TODAY) is section, word


@pytest.mark.parametrize(
    "sentence", ["2021-05-01 {}", "{} 2021-05-01", "{} on 01.05.2021", "2021-05-01 10:00: {}"]
)
def test_a_date_beside_a_word_makes_no_yes_of_it(sentence: str) -> None:
    for section, word in listed():
        found = say(sentence.format(word), TODAY)
        # A tick beside a date may be anything; what is none of these marks counts as it would alone.
        assert found in (section, Say.NOTHING), word
        if section is Say.NO and word.strip("0.,✗✘✖❌☐"):
            assert found is Say.NO, word


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        *((cell, Say.YES) for cell in ("2024-03-01 10:00:00", "01.03.2024", "1990-01-01", "2026-11-29")),
        *((cell, Say.YES) for cell in ("Confirmed 2024-03-01", "2024-03-01: subscribed", "03/04/2024")),
        *(
            (cell, Say.NO)
            for cell in ("2021-05-01 revoked", "Widerrufen am 1.5.2021", "unsubscribed (2021-05-01)")
        ),
        *(
            (cell, Say.NO)
            for cell in ("0", "0.0", "the user withdrew consent", "2021-05-01;revoked", "opted=false")
        ),
        *(
            (cell, Say.NOTHING)
            for cell in ("", " ", "yes?", "maybe", "yes, please", "ja, bitte", "active", "2")
        ),
        *((cell, Say.NOTHING) for cell in ("0000-00-00", "0000-00-00 00:00:00", "0001-01-01T00:00:00")),
        *(
            (cell, Say.NOTHING)
            for cell in ("1970-01-01", "01/01/1970", "1899-12-30", "1900-01-00", "1989-12-31")
        ),
        *(
            (cell, Say.NOTHING)
            for cell in ("2026-11-30", "9999-12-31", "2030-01-01 confirmed", "1970-01-01 yes")
        ),
        *(
            (cell, Say.NOTHING)
            for cell in ("46000", "1709287200", "2024", "2021-05-01 2022-05-01", "2024-03-01 x")
        ),
        *((cell, Say.NOTHING) for cell in ("not confirmed", "2024-03-01 pending", "NEVER_SUBSCRIBED")),
    ],
)
def test_consent_is_a_clear_yes_or_the_day_of_it(cell: str, meant: Say) -> None:
    assert say(cell, TODAY) is meant
