"""The words of the pages behind links in mail, by language: those that come along, and a folder of one's own.

A language is a TOML file of texts by key, such as de.toml. A file of one's own may hold some of the keys; the
others are taken from the language that comes along, or from English.
"""

import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from mail.errors import MailError

ENGLISH = "en"
_FIELDS = frozenset({"sender", "list_name"})
_CODE = re.compile(r"[a-z]{2,3}")
_ASKED = re.compile(r"\s*([A-Za-z]{2,3}|\*)(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


class WordsError(MailError):
    """A file of words cannot be used: one sentence with its name, the key and the fix."""


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one language; `language` is its code, as in the `lang` of a page."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: str) -> str:
        """Return a text with the values in it."""
        return self.texts[key].format(**values)


@lru_cache(maxsize=8)
def languages(folder: str = "") -> Mapping[str, Words]:
    """Return the words of every language, by its code; those in `folder` win. Raises WordsError."""
    shipped = {
        Path(file.name).stem: tomllib.loads(file.read_text(encoding="utf-8"))
        for file in resources.files("mail").joinpath("languages").iterdir()
        if file.name.endswith(".toml")
    }
    texts = {code: dict(shipped[ENGLISH]) | own for code, own in shipped.items()}
    for code, own in (_own(Path(folder), set(shipped[ENGLISH])) if folder else {}).items():
        texts[code] = texts.get(code, dict(shipped[ENGLISH])) | own
    return {code: Words(code, found) for code, found in sorted(texts.items())}


def chosen(wanted: str, accept_language: str, folder: str = "") -> Words:
    """Return the words of the language that the mail is in, else of one that the reader's browser asks for.

    The mail's own goes first: whoever got it reads it, and a borrowed computer may ask for another. Without
    both it is English. `accept_language` is the header as it came (RFC 9110, 12.5.4).
    """
    known = languages(folder)
    if (code := primary(wanted)) in known:
        return known[code]
    asked = []
    for part in accept_language[:1_000].split(","):
        if match := _ASKED.fullmatch(part):
            asked.append((float(match.group(2) or 1), match.group(1).lower()))
    for quality, code in sorted(asked, key=lambda each: -each[0]):
        if quality > 0 and code in known:
            return known[code]
    return known[ENGLISH]


def primary(language: str) -> str:
    """Return `de` of `de-AT`: the words are the same wherever a language is spoken."""
    return re.split(r"[-_]", language.strip())[0].lower()


def _own(folder: Path, keys: set[str]) -> dict[str, dict[str, str]]:
    if not folder.is_dir():
        raise WordsError(f"{folder} is no folder: set CAMPAIGN_PAGE_WORDS to the one of your *.toml files.")
    return {file.stem: _read(file, keys) for file in sorted(folder.glob("*.toml"))}


def _read(file: Path, keys: set[str]) -> dict[str, str]:
    if not _CODE.fullmatch(file.stem):
        raise WordsError(f"{file} is not called after a language: name it such as de.toml.")
    try:
        texts = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise WordsError(
            f'{file} cannot be read: write lines such as unsubscribe = "Leave", in UTF-8.'
        ) from err
    for key, text in texts.items():
        if key not in keys:
            raise WordsError(f"{file}: `{key}` is no text of a page; there are {', '.join(sorted(keys))}.")
        if not isinstance(text, str) or not text.strip():
            raise WordsError(f"{file}: `{key}` must be a text in quotes.")
        try:
            fields = {name for _, name, spec, _ in string.Formatter().parse(text) if name is not None}
            text.format(**dict.fromkeys(_FIELDS, ""))
        except (ValueError, LookupError, AttributeError) as err:
            raise WordsError(
                f"{file}: `{key}` may hold {{sender}} and {{list_name}}, and no other {{...}}."
            ) from err
        if not fields <= _FIELDS:
            raise WordsError(f"{file}: `{key}` may hold {{sender}} and {{list_name}}, and no other {{...}}.")
    return texts
