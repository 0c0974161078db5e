"""Merge tags of other mail systems: Mailchimp's `*|FNAME|*` is sent to everybody as it stands.

Only what a template says itself is looked at, not what Jinja writes. Some systems' tags look like nothing
else; others (`%NAME%`, `#name#`, `[name]`) may be anything, and count only with the name of a column or one
that merge fields commonly have. Sources: the merge-tag pages of the systems that are named.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mail.foreign_tag_forms import BRACES, FORMS, STATEMENTS, Form

# What a template says by Jinja is its own business; `raw` is how it says that it means what it writes.
_JINJA = re.compile(
    r"\{%[-+]?\s*raw\s*[-+]?%\}.*?\{%[-+]?\s*endraw\s*[-+]?%\}|\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL
)
_NOT_A_LETTER = re.compile(r"[\W_]+")
BLANK = "\0"


@dataclass(frozen=True, slots=True)
class ForeignTag:
    """A tag as it is written, at a place of its text, with the system's name and the field it asks for."""

    start: int
    written: str
    system: str
    field: str
    fallback: str = ""


def without_jinja(source: str) -> str:
    """Return a template's own words, with as many blanks and lines in place of what Jinja reads."""
    return _JINJA.sub(lambda match: re.sub(r"[^\n]", BLANK, match.group()), source)


def found(text: str, columns: Iterable[str] = ()) -> Iterator[ForeignTag]:
    """Yield the foreign tags of a text in their order; of two in one place the first form counts."""
    listed = {_letters(column) for column in columns}
    known = {Form.FIELD: _NAMES | listed, Form.PERSON: _FIRST | _LAST | _FULL | listed}
    taken: list[range] = []
    tags: list[ForeignTag] = []
    for system, pattern, form in FORMS:
        for match in pattern.finditer(text):
            name = (match.groupdict().get("name") or match.groupdict().get("other") or "").strip()
            if form is not Form.CERTAIN and _letters(name) not in known[form]:
                continue
            if any(match.start() < each.stop and each.start < match.end() for each in taken):
                continue
            taken.append(range(match.start(), match.end()))
            tags.append(ForeignTag(match.start(), match.group(), system, name, _fallback(match)))
    yield from sorted(tags, key=lambda tag: tag.start)


def unread(source: str) -> ForeignTag | None:
    """Return the first tag that other systems write in braces as Jinja does, and that Jinja cannot read."""
    kept = re.sub(r"\{%[-+]?\s*raw.*?endraw\s*[-+]?%\}|\{#.*?#\}", _blanked, source, flags=re.DOTALL)
    hits = []
    for system, pattern in BRACES:
        for match in pattern.finditer(kept):
            if match.groupdict().get("statement") in STATEMENTS:
                continue
            name = match.groupdict().get("name") or match.groupdict().get("statement") or ""
            hits.append(ForeignTag(match.start(), match.group(), system, name.strip(), _fallback(match)))
            break
    return min(hits, key=lambda tag: tag.start, default=None)


def replacement(field: str, columns: Iterable[str], fallback: str = "") -> str:
    """Return what to type for a field: an expression with the column of that meaning, or "" for none."""
    letters = _letters(field.rpartition(".")[2].rpartition(":")[2])
    if _is_unsubscribe(letters):
        return "{{ unsubscribe_url }}"
    names = {_letters(column): column for column in reversed(list(columns))}
    for group in (frozenset({letters}), *(group for group in _SAME if letters in group)):
        for each in (letters, *sorted(group)):
            if each in group and each in names:
                column = names[each]
                name = column.lower() if column.isidentifier() else _NOT_A_LETTER.sub("_", column.lower())
                told = name.strip("_") if name.strip("_").isidentifier() else f'row["{column}"]'
                return f'{{{{ {told} or "{fallback}" }}}}' if fallback else f"{{{{ {told} }}}}"
    if letters in _EMAIL:
        return "{{ address }}"
    return "{{ postal_address }}" if letters in _POSTAL else ""


def told(tag: ForeignTag, columns: Iterable[str], *, is_read: bool = True) -> str:
    """Say what a tag is and what to type in its place; `is_read`: whether Jinja took it for plain words."""
    known = list(columns)
    written = " ".join(tag.written.replace(BLANK, "").split())[:80]
    own = tag.field.rpartition(".")[2].strip()
    if tag.written.startswith(("{{#", "{{/", "{{^", "{{~#")):
        instead = "write {% if ... %} and {% endif %}, or {% for ... %} and {% endfor %}"
    elif typed := replacement(tag.field, known or [own], tag.fallback):
        instead = f"write {typed}"
    elif known:
        names = ", ".join(replacement(column, known) for column in known[:12])
        instead = f"write one of the list's columns ({names}), or take it out"
    else:
        instead = "write {{ column }} with the name of a column of the list, or take it out"
    what = "and would be sent as it stands" if is_read else "which Jinja2 cannot read"
    return f"`{written}` is a merge tag of {tag.system}, {what}: {instead}"


def _fallback(match: re.Match[str]) -> str:
    told = (match.groupdict().get("fallback") or "").strip().strip("\"'").strip()
    return told if re.fullmatch(r"[\w ,.!’-]{1,40}", told) else ""


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", BLANK, match.group())


def _letters(name: str) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return _NOT_A_LETTER.sub("", bare).lower()


def _is_unsubscribe(letters: str) -> bool:
    return any(word in letters for word in ("unsub", "optout", "abmelde", "desabonn", "desinscri"))


_FIRST = frozenset(
    "firstname fname givenname forename first vorname prenom nombre nome voornaam imie".split()  # noqa: SIM905
)
_LAST = frozenset(
    """lastname lname surname familyname last nachname nom apellido apellidos cognome achternaam
    nazwisko""".split()  # noqa: SIM905
)
_FULL = frozenset({"name", "fullname", "customername", "contactname", "recipientname", "subscribername"})
_EMAIL = frozenset({"email", "emailaddress", "emailaddr", "emailid", "subscriberemail", "recipientemail"})
_POSTAL = frozenset({"listaddress", "physicaladdress", "postaladdress", "companyaddress", "listaddresshtml"})
# Whoever has no column for whole names greets by the first.
_SAME = (_FIRST, _LAST, _FULL, _FULL | _FIRST, _EMAIL)
_NAMES = (
    (_FIRST - {"first"}) | (_LAST - {"last"}) | _FULL | (_EMAIL - {"emailid"}) | _POSTAL
    | frozenset(
        """unsub unsubscribe unsubscribeurl unsubscribelink unsubscribed unsublink optouturl optoutlink
        webversion viewinbrowser archiveurl updateprofile firma company city country birthday mergefield
        anrede salutation phone""".split()  # noqa: SIM905
    )
)  # fmt: skip
