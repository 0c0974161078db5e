"""Values of a campaign file that YAML reads otherwise than they are written, found by where a scalar ends.

An unquoted ` #` begins a comment (YAML 1.2.2, 6.6), so that `subject: Issue #12 is here` is "Issue"; 010 is
the number 8 and 1:30 is 90, as PyYAML reads YAML 1.1. Comments that a person means are left alone.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel

from mail.addresses import parse_from
from mail.errors import CampaignFileError, MailError

_COMMENT = re.compile(r"[ \t]+#([^\r\n]*)")
# A sentence goes on behind one of these.
_GOES_ON = (",", ";", ":", "&", "(", "/", "-", "–", "+")
_MAILBOXES = frozenset({"from", "reply_to"})
_PROSE = frozenset({"subject", "unsubscribe_text", "postal_address"})
_OCTAL = re.compile(r"[+-]?0[0-7_]+")
_SEXAGESIMAL = re.compile(r"[+-]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_READ_AS = {
    "tag:yaml.org,2002:bool": "yes or no",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:null": "nothing",
    "tag:yaml.org,2002:timestamp": "a date",
}

Keys = tuple[str, ...]


def check(file: Path, text: str, root: yaml.Node | None, model: type[BaseModel]) -> tuple[str, ...]:
    """Return a warning for each comment that may have been meant as text.

    Raises CampaignFileError with file, line, key and fix where YAML cuts a value off or makes it another.
    """
    warnings = []
    for path, node in _scalars(root, ()):
        if node.style is not None:
            continue
        place, key = f"{file}, line {node.start_mark.line + 1}: `{'.'.join(path)}`", path[-1] if path else ""
        if not _is_text(model, path):
            _check_number(place, node)
            continue
        comment = _COMMENT.match(text, node.end_mark.index)
        if comment is not None:
            said = comment.group(1)
            if _is_cut_off(key, node.value, said):
                raise CampaignFileError(
                    f"{place} ends before ` #{_short(said)}`, which YAML takes for a comment: put the value "
                    "in quotes, or the comment on a line of its own."
                )
            if key in _PROSE and any(sign.isalnum() for sign in said):
                warnings.append(
                    f"`{'.'.join(path)}` ends before ` #{_short(said)}`, which YAML takes for a comment; "
                    "put the value in quotes if that is part of it."
                )
        _check_word(place, node)
    return tuple(warnings)


def _scalars(
    node: yaml.Node | None, path: Keys, above: Sequence[int] = ()
) -> Iterator[tuple[Keys, yaml.ScalarNode]]:
    # An alias within what it stands for has no end.
    if node is None or id(node) in above:
        return
    above = (*above, id(node))
    match node:
        case yaml.ScalarNode():
            yield path, node
        case yaml.MappingNode():
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    yield from _scalars(value, (*path, str(key.value)), above)
        case yaml.SequenceNode():
            for value in node.value:
                yield from _scalars(value, path, above)


def _is_text(model: type[BaseModel], path: Keys) -> bool:
    """Return whether the model takes any text for a key: a closed list of words is none, nor are URLs."""
    kind: object = model
    for part in path:
        kinds = [
            each for each in (kind, *get_args(kind)) if isinstance(each, type) and issubclass(each, BaseModel)
        ]
        fields = {field.alias or name: field for each in kinds for name, field in each.model_fields.items()}
        if part not in fields:
            return False
        kind = fields[part].annotation
    return kind is str


def _is_cut_off(key: str, value: str, comment: str) -> bool:
    """Return whether a comment behind a text is the text's own end, and no comment."""
    if key in _MAILBOXES and _is_mailbox(value):
        return False
    if not value or value.endswith(_GOES_ON):
        return bool(comment.strip())
    first = comment[:1]
    if not first or first in "#!-=":
        return False
    # People write a comment with a blank behind the sign, and a number or a tag without.
    return not first.isspace() or comment.strip()[:1].isdecimal()


def _is_mailbox(value: str) -> bool:
    try:
        parse_from(value)
    except MailError:
        return False
    return True


def _check_number(place: str, node: yaml.ScalarNode) -> None:
    if node.tag == "tag:yaml.org,2002:int" and _OCTAL.fullmatch(node.value):
        plain = node.value.replace("_", "").lstrip("+-0") or "0"
        raise CampaignFileError(
            f"{place} is written {node.value}, which YAML reads as a number in base 8: write {plain}."
        )
    if node.tag.endswith((":int", ":float")) and _SEXAGESIMAL.fullmatch(node.value):
        raise CampaignFileError(
            f"{place} is written {node.value}, which YAML reads as a number in base 60: write one number."
        )


def _check_word(place: str, node: yaml.ScalarNode) -> None:
    read_as = _READ_AS.get(node.tag)
    if read_as is not None and node.value:
        raise CampaignFileError(
            f"{place} is {node.value}, which YAML reads as {read_as}, but must be text; put it in quotes."
        )


def _short(comment: str) -> str:
    text = comment.rstrip()
    return text if len(text) <= 30 else f"{text[:27]}..."
