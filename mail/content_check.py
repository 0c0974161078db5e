"""What a campaign's templates say that no recipient should read: found before anything is sent.

Another system's merge tags, addresses that lead nowhere, and columns compared with numbers as if they were
numbers. What is meant as it stands goes under `allow` in the campaign file, letter by letter.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from jinja2 import nodes

from mail import foreign_tags, mail_links
from mail.errors import TemplateError
from mail.foreign_tag_forms import ELEMENTS
from mail.foreign_tags import ForeignTag
from mail.html_tokens import Kind, Token, tokens
from mail.mail_links import BadLink, Fault
from mail.templating import Template, Templates

# What stands in these is shown as it is written, and is meant to be.
_SAMPLES = frozenset({"code", "pre", "samp", "kbd", "tt", "xmp", "plaintext"})
# Attributes that nobody reads and nothing is fetched by.
_UNREAD = frozenset({"class", "id", "style", "name", "width", "height", "type", "rel", "role", "lang", "dir"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about one place of a template; `written` is what `allow` would have to say."""

    place: str
    line: int
    written: str
    told: str
    is_error: bool = True

    @property
    def sentence(self) -> str:
        way_out = f", or add {_quoted(self.written)} to `allow` if it is meant" if self.is_error else ""
        return f"{self.place}, line {self.line}: {self.told}{way_out}."


def check(
    templates: Templates, columns: Iterable[str], *, allow: Collection[str] = (), own: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the warnings, a sentence each. Raises TemplateError for the first error."""
    found = findings(templates, columns, allow=allow, own=own)
    for each in found:
        if each.is_error:
            raise TemplateError(each.sentence)
    return tuple(each.sentence for each in found)


def findings(
    templates: Templates, columns: Iterable[str], *, allow: Collection[str] = (), own: Collection[str] = ()
) -> list[Finding]:
    """Return everything that is wrong, template by template; `own` as in `mail.mail_links`."""
    known = list(columns)
    meant = {_plain(text) for text in allow}
    found: list[Finding] = []
    for template in templates.all:
        words = foreign_tags.without_jinja(template.source)
        parts = _of_html(words, known, own) if template is templates.html else _of_text(words, known, own)
        found += [_finding(template.place, words, start, each, known) for start, each in parts]
        found += _compared(template)
    return [each for each in dict.fromkeys(found) if _plain(each.written) not in meant]


def _of_text(
    words: str, columns: list[str], own: Collection[str]
) -> Iterator[tuple[int, ForeignTag | BadLink]]:
    shown = _without_samples(words)
    for tag in foreign_tags.found(shown, columns):
        yield tag.start, tag
    for link in mail_links.local_links(shown, own):
        yield link.start, link


def _without_samples(words: str) -> str:
    """Return a text with blanks for what stands between backticks, which are samples of code."""
    return re.sub(r"`[^`\n]*`", lambda match: foreign_tags.BLANK * len(match.group()), words)


def _of_html(
    words: str, columns: list[str], own: Collection[str]
) -> Iterator[tuple[int, ForeignTag | BadLink]]:
    samples = 0
    # The text of a paragraph is one text, whatever signs stand alone in it.
    for token in _joined(words):
        match token.kind:
            case Kind.TAG | Kind.END if token.name in _SAMPLES:
                samples = max(0, samples + (1 if token.kind is Kind.TAG else -1))
            case Kind.TEXT | Kind.WORDS if not samples:
                for tag in foreign_tags.found(_without_samples(token.text), columns):
                    yield token.start + _lines(token.text, tag.start, token.raw), tag
            case _:
                pass
        if token.kind is Kind.TAG and token.name in ELEMENTS and not samples:
            yield (
                token.start,
                ForeignTag(token.start, f"<{token.name}>", "Campaign Monitor", token.name),
            )
        if token.kind is Kind.TAG:
            tagged: set[str] = set()
            for name, value in token.attributes.items():
                if name in _UNREAD or name.startswith(("on", "data-", "aria-hidden")):
                    continue
                for tag in foreign_tags.found(value, columns):
                    tagged.add(value.strip())
                    yield token.start, tag
            for link in mail_links.bad_links(token, own):
                if link.written not in tagged:
                    yield link.start, link


def _joined(words: str) -> Iterator[Token]:
    """Yield the tokens, with `<%= x %>` and what stands around a lone `<` as one text."""
    text: list[Token] = []
    for token in tokens(words):
        if token.kind is Kind.TEXT:
            text.append(token)
            continue
        if text:
            yield Token(Kind.TEXT, text[0].start, text[-1].end, words[text[0].start : text[-1].end])
            text = []
        yield token
    if text:
        yield Token(Kind.TEXT, text[0].start, text[-1].end, words[text[0].start : text[-1].end])


def _lines(text: str, start: int, raw: str) -> int:
    """Return the place in `raw` of the line that a place of its decoded text is in."""
    at = 0
    for _ in range(text.count("\n", 0, start)):
        at = raw.find("\n", at) + 1
    return at


def _finding(place: str, words: str, start: int, each: ForeignTag | BadLink, columns: list[str]) -> Finding:
    line = words.count("\n", 0, start) + 1
    if isinstance(each, ForeignTag):
        return Finding(place, line, _plain(each.written), foreign_tags.told(each, columns))
    written = _plain(each.written)
    quoted, where = _quoted(written), f"`{each.attribute}`"
    match each.fault:
        case Fault.RELATIVE:
            told = (
                f"{where} is {quoted}, which leads nowhere from a mailbox: write the whole address, "
                f"such as https://www.example.com/{written.lstrip('./')}"
            )
        case Fault.NO_SCHEME:
            told = f"{where} is {quoted}, which has no scheme: write https://{written.removeprefix('//')}"
        case Fault.LOCAL:
            told = (
                f"{quoted} is on this machine, where no recipient can reach it: "
                "write the address under which the public does"
            )
        case Fault.EMPTY_PICTURE:
            told = f"{where} is empty, so nothing is shown there: write the whole address of the picture"
        case Fault.EMPTY_LINK:
            told = f"a link leads nowhere (href={quoted}): write its whole address"
            return Finding(place, line, written, told, is_error=False)
    return Finding(place, line, written, told)


def _compared(template: Template) -> Iterator[Finding]:
    """Yield where a column is compared with a number: a cell is text, and never is one."""
    for compare in template.tree().find_all(nodes.Compare):
        sides = [compare.expr, *(each.expr for each in compare.ops)]
        for left, operand, right in zip(sides, compare.ops, sides[1:], strict=False):
            for name, other, signs in (
                (_column(left, template), right, _SIGNS),
                (_column(right, template), left, _TURNED),
            ):
                number = _number(other)
                if name and number is not None and operand.op in signs:
                    how = f"{name} | {type(number).__name__} {signs[operand.op]} {number}"
                    told = f"the column `{name}` is text, and is compared with a number: write `{how}`"
                    written = f"{name} {signs[operand.op]} {number}"
                    yield Finding(template.place, compare.lineno, written, told)


_SIGNS = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<="}
_TURNED = {"eq": "==", "ne": "!=", "gt": "<", "gteq": "<=", "lt": ">", "lteq": ">="}


def _number(node: nodes.Node) -> int | float | None:
    match node:
        case nodes.Const(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case nodes.Neg(node=nodes.Const(value=int() | float() as value)):
            return -value
        case _:
            return None


def _column(node: nodes.Node, template: Template) -> str:
    """Return the column that an expression is, as it is written, or "" for anything else."""
    match node:
        case nodes.Name(name=str(name)) if name in template.columns:
            return name
        case nodes.Getattr(node=nodes.Name(name="row"), attr=str(name)):
            return f"row.{name}"
        case nodes.Getitem(node=nodes.Name(name="row"), arg=nodes.Const(value=str(name))):
            return f'row["{name}"]'
        case _:
            return ""


def _plain(text: str) -> str:
    """Return a text in one line, without the marks that stand for what Jinja writes."""
    return " ".join(re.sub(f"{foreign_tags.BLANK}+", "…", text).split())


def _quoted(text: str) -> str:
    return f"`{text[:80]}`" if text else '""'
