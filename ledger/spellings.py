"""Whether a text names a person in any spelling of their address, and the text without them.

An address is spelled in any case, form (NFC, NFD) and labels, and as URLs, quoted-printable, HTML and JSON
write its letters; whole it can stand in base64, or in a mailing list's return path (`list+ann=host@...`).
"""

import base64
import binascii
import html
import re
import unicodedata
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

import idna

from ledger.json_text import decoded, encoded

# What stands where an address, a name or a text was.
ERASED = "erased"

_AT = re.compile(r"@|＠|﹫|[%=]40|\\+u0040|&#0*64;|&#[xX]0*40;|&commat;")
# Without one of these a letter of an address is written as itself.
_ESCAPED = re.compile(r"(?:[%=]|\\u00)[2-7][0-9A-Fa-f]|\\u|&#|=\r?\n")
# What is no part of an address before it: anything but the letters of an atom (RFC 5322 section 3.2.3), of
# which those that are common in links and quotes delimit too; or such a sign, escaped.
_BEFORE = (
    r"(?:(?<![\w.!#$%*+^~{|}-])"
    r"|(?<=[%=](?:0[0-9A-Fa-f]|2[0-2678cCfF]|2[9]|3[a-fA-F]|5[bBdD]|60|7[bBcCdD]))"
    r"|(?<=\\u00(?:0[0-9A-Fa-f]|2[0-267cCfF]|3[a-fA-F]))|(?<=\\[nrt])|(?<=[`{|}]))"
)
# A domain goes on behind a dot or a hyphen.
_BEHIND = r"(?![\w-]|\.\w|(?:%2[dD]|%2[eE])\w)"
_LETTERS_A_DOMAIN = 253 * 12
_OTHER_DOMAIN = re.compile(r"""[^\s<>()\[\]{},;:"'`|=/?&@%\\#]+""")
# Whole lines of MIME, or a run of its own: shorter ones hold no address.
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{40,80}\r?\n)+[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9+/_-]{12,}={0,2}")
_RUN = re.compile(r"[a-z0-9]+")


class Person:
    """The owner of an address key, as texts name them."""

    def __init__(self, key: str) -> None:
        self.key = key
        local_part, _, self.domain = key.rpartition("@")
        local = "".join(_letter(each) for each in local_part)
        labels = {self.domain, _unicode(self.domain)}
        domains = "|".join("".join(_letter(each) for each in name) for name in sorted(labels))
        self.plain = tuple(f"{local_part}@{name}" for name in sorted(labels))
        # Runs of plain letters, by which a text that cannot name the person is told quickly.
        self.runs = tuple(dict.fromkeys(_RUN.findall(local_part)))
        if self.domain.isascii() and "xn--" not in self.domain:
            self.runs += tuple(_RUN.findall(self.domain.partition(".")[0]))
        # Parts of what base64 makes of the key, wherever in a text it begins.
        self.packed = tuple(
            base64.b64encode(b"\0" * before + key.encode()).decode()[4 if before else 0 : -4]
            for before in range(3)
        )
        self._local = re.compile(f'{_BEFORE}"?{local}"?' + r"\Z", re.IGNORECASE)
        self._domain = re.compile(f"(?:{domains}){_BEHIND}", re.IGNORECASE)
        self._return_path = re.compile(
            f"(?<=[+=-]){re.escape(local_part)}={re.escape(self.domain)}(?=@)", re.IGNORECASE
        )
        self._longest = 12 * len(local_part) + 16

    def is_named(self, text: str) -> bool:
        """Tell whether the person stands in a text, which may be JSON."""
        return self.without(text) != text

    def without(self, text: str) -> str:
        """Return the text, which may be JSON, with `erased` in the person's place; else the text itself."""
        if text.lstrip()[:1] in ("{", "["):
            try:
                content = decoded(text)
            except (ValueError, RecursionError):
                return self._replaced(text)
            left = self.without_in(content)
            return text if left == content else encoded(left).decode()
        return self._replaced(text)

    def without_in(self, content: Any) -> Any:
        """Return what JSON said, without the person in its texts and names."""
        match content:
            case str():
                return self.without(content)
            case list():
                return [self.without_in(each) for each in content]
            case dict():
                return {self._replaced(name): self.without_in(value) for name, value in content.items()}
            case _:
                return content

    def _replaced(self, text: str) -> str:
        parts, end = [], 0
        whole = text if text.isascii() else unicodedata.normalize("NFC", text)
        if self._possible(whole):
            for start, stop in self._places(whole):
                if start >= end:
                    parts += [whole[end:start], ERASED]
                    end = stop
        left = "".join([*parts, whole[end:]]) if parts else text
        left = self._return_path.sub(ERASED, left)
        return _BASE64.sub(self._unless_theirs, left)

    def _possible(self, text: str) -> bool:
        lowered = text.lower()
        return all(run in lowered for run in self.runs) or _ESCAPED.search(text) is not None

    def _places(self, text: str) -> list[tuple[int, int]]:
        found = []
        for at in _AT.finditer(text):
            first = max(0, at.start() - self._longest)
            # The sign before the window belongs to it as well.
            local = self._local.search(text[max(0, first - 8) : at.start()])
            if local is not None and (behind := self._end_of_domain(text, at.end())):
                found.append((max(0, first - 8) + local.start(), behind))
        return found

    def _end_of_domain(self, text: str, start: int) -> int:
        if plain := self._domain.match(text, start):
            return plain.end()
        other = _OTHER_DOMAIN.match(text, start, start + _LETTERS_A_DOMAIN)
        if other is None or not _is_domain(other.group(), self.domain):
            return 0
        return other.end()

    def _unless_theirs(self, run: re.Match[str]) -> str:
        packed = re.sub(r"\s|=", "", run.group()).replace("-", "+").replace("_", "/")
        try:
            plain = base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("utf-8", "ignore")
        except (binascii.Error, ValueError):
            return run.group()
        theirs = "@" in plain and self._possible(plain) and bool(self._places(plain))
        return ERASED if theirs else run.group()


def names(text: str, key: str) -> bool:
    """Tell whether an address of this key stands in the text."""
    return _person(key).is_named(text)


def is_of(address: str, key: str) -> bool:
    """Tell whether an address, as mail servers and SES write it, is the one of this key."""
    if address == key:
        return True
    # Lower-casing can undo the composed form.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", address.strip()).lower())
    text = folded.removeprefix("rfc822;").strip(" <>").rstrip(".")
    local_part, _, domain = text.rpartition("@")
    own_part, _, own_domain = key.rpartition("@")
    return local_part.strip('"') == own_part.strip('"') and _is_domain(domain, own_domain)


def json_names(text: str, key: str) -> bool:
    """Tell the same of JSON, in which any letter can be written as an escape."""
    return _person(key).is_named(text)


def _unicode(domain: str) -> str:
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


@lru_cache(8)
def _person(key: str) -> Person:
    return Person(key)


def _letter(letter: str) -> str:
    """Return a pattern of all the ways to write a letter, with or without a line's soft break behind it."""
    forms: dict[str, None] = {}
    for each in (letter, letter.upper(), letter.lower()):
        for form in (each, unicodedata.normalize("NFD", each)):
            by_bytes = "".join(f"%{byte:02X}" for byte in form.encode())
            units = form.encode("utf-16-be")
            numbers = [ord(sign) for sign in form]
            spelled = (
                form,
                *(each.replace("%", sign) for each in (by_bytes, quote(form, safe="")) for sign in "%="),
                "".join(f"&#{number};" for number in numbers),
                "".join(f"&#x{number:x};" for number in numbers),
                html.escape(form),
            )
            forms |= dict.fromkeys(map(re.escape, spelled))
            # JSON within JSON doubles the backslash.
            escape = "".join(rf"\\+u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
            forms[escape] = None
    return f"(?:{'|'.join(forms)})(?:=\r?\n)?"


def _is_domain(text: str, domain: str) -> bool:
    try:
        # What a person types: UTS 46 maps case, width and the dots of other scripts.
        named = idna.encode(unquote(text).strip("."), uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return False
    return named.rstrip(".") == domain
