"""The words of the pages: whole in every language; the mail's goes first, then the browser's."""

import string
from pathlib import Path

import pytest

from mail.page_language import WordsError, chosen, languages


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_words_of_its_own_with_the_same_fields() -> None:
    found = languages()
    assert set(found) >= {"en", "de", "fr", "es", "it", "pt", "nl", "pl"}
    english = found["en"].texts
    for code, words in found.items():
        assert set(words.texts) == set(english)
        assert words.language == code
        for key, text in words.texts.items():
            assert fields(text) == fields(english[key]), (code, key)
            assert code == "en" or text != english[key], (code, key)
            assert words(key, sender="{Ann} & Co", list_name="a%s{}").strip()


@pytest.mark.parametrize(
    ("mail", "browser", "language"),
    [
        ("de", "fr", "de"),
        ("DE-at", "fr", "de"),
        ("pt_BR", "", "pt"),
        ("sv", "fr;q=0.5, nl", "nl"),
        ("", "de-CH,de;q=0.9,en;q=0.8", "de"),
        ("", "sv, ja;q=0.9, it;q=0.4, es;q=0.7", "es"),
        ("", "fr;q=0, en;q=0.1", "en"),
        ("", "*", "en"),
        ("", "", "en"),
        ("", "<script>, ;;;q=x, de;q=9", "en"),
        ("../../etc", "pl", "pl"),
    ],
)
def test_the_mails_language_goes_first_and_then_the_browsers(mail: str, browser: str, language: str) -> None:
    assert chosen(mail, browser).language == language


def test_a_folder_of_ones_own_words_wins_text_by_text(tmp_path: Path) -> None:
    (tmp_path / "de.toml").write_text('unsubscribe = "Tschüss, {sender}"\n', encoding="utf-8")
    (tmp_path / "sv.toml").write_text('unsubscribe = "Avsluta"\n', encoding="utf-8")
    folder = str(tmp_path)
    assert chosen("de", "", folder)("unsubscribe", sender="Ann") == "Tschüss, Ann"
    assert chosen("de", "", folder)("close") == languages()["de"]("close")
    assert chosen("", "sv", folder)("unsubscribe") == "Avsluta"
    assert chosen("", "sv", folder)("close") == languages()["en"]("close")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("de.toml", 'unsubscibe = "x"', "`unsubscibe` is no text of a page"),
        ("de.toml", "unsubscribe = 3", "must be a text in quotes"),
        ("de.toml", 'unsubscribe = " "', "must be a text in quotes"),
        ("de.toml", "unsubscribe = x", "cannot be read"),
        ("de.toml", 'unsubscribe = "{sendr}"', r"may hold \{sender\}"),
        ("de.toml", 'unsubscribe = "{sender.x}"', r"may hold \{sender\}"),
        ("de.toml", 'unsubscribe = "{"', r"may hold \{sender\}"),
        ("deutsch.toml", 'unsubscribe = "x"', "not called after a language"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(WordsError, match=told) as caught:
        languages(str(tmp_path))
    assert name in str(caught.value)
    with pytest.raises(WordsError, match="is no folder"):
        languages(str(tmp_path / "none"))
