"""A campaign's templates: read and compiled once, and held against the columns of its list.

Templates are Jinja2 in its immutable sandbox. Names are strict: a field that the list does not have is an
error, while an empty cell is an empty text, so that `{{ first_name or "there" }}` works.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import jinja2
from jinja2 import meta, nodes

from mail import foreign_tags, limited_code
from mail.campaign_file import Campaign
from mail.errors import TemplateError
from mail.footer import Footer
from mail.foreign_tag_forms import OBJECTS
from mail.template_environment import PythonsOwn, asks_for_self, columns_first, environment, lower_case

# Names that stand for the message itself. They win over a column of the same name, which `row["..."]` gives.
SUPPLIED = frozenset({"address", "unsubscribe_url", "unsubscribe_text", "postal_address", "campaign", "row"})

_NOT_A_WORD = re.compile(r"\W+")


_ENVIRONMENTS = {True: environment(autoescape=True), False: environment(autoescape=False)}


@dataclass(frozen=True)
class Template:
    """One compiled template. `place` is what a person calls it: its file's name, or `subject`."""

    place: str
    source: str
    names: frozenset[str]
    columns: frozenset[str]
    code: jinja2.Template
    # Whether what it takes has to be counted while it is rendered.
    is_limited: bool = True

    @classmethod
    def compiled(cls, place: str, source: str, *, autoescape: bool) -> Self:
        """Compile a source. Raises TemplateError with the place and the line."""
        environment = _ENVIRONMENTS[autoescape]
        try:
            tree = environment.parse(source, place, place)
            names = frozenset(meta.find_undeclared_variables(tree)) - set(environment.globals)
            by_text = _columns_by_text(tree) | ({"self"} if asks_for_self(tree) else set())
            is_limited = limited_code.is_limited(tree)
            code = environment.compile(columns_first(tree), place, place)
        except jinja2.TemplateSyntaxError as err:
            if (tag := foreign_tags.unread(source)) is not None:
                line = source.count("\n", 0, tag.start) + 1
                raise TemplateError(
                    f"{place}, line {line}: {foreign_tags.told(tag, (), is_read=False)}."
                ) from err
            raise TemplateError(
                f"{place}, line {err.lineno}: {str(err.message).rstrip('.')}; mend it there."
            ) from err
        except PythonsOwn as err:
            raise TemplateError(f"{place}, {err}; take it out.") from err
        for node in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
            raise TemplateError(
                f"{place}, line {node.lineno}: a template is one file; write the text itself there."
            )
        return cls(
            place=place,
            source=source,
            names=names,
            columns=(names - SUPPLIED) | by_text,
            code=jinja2.Template.from_code(environment, code, environment.globals),
            is_limited=is_limited,
        )

    def tree(self) -> nodes.Template:
        """Return what it says as Jinja reads it, before it is limited."""
        return self.code.environment.parse(self.source)


@dataclass(frozen=True)
class Templates:
    """The subject, HTML and text of a campaign, and what stands in every message.

    `digest` is the SHA-256 of everything that decides what a recipient gets to read, in hexadecimal.
    """

    subject: Template
    html: Template
    text: Template | None
    unsubscribe_text: str
    postal_address: str
    campaign: str
    digest: str

    @classmethod
    def load(cls, campaign: Campaign) -> Self:
        """Read and compile. Raises TemplateError that names the file, and the line where there is one."""
        html = _read(campaign.html, "html")
        text = _read(campaign.text, "text") if campaign.text else None
        whole = [
            campaign.subject,
            html,
            text,
            campaign.unsubscribe_text,
            campaign.postal_address,
            campaign.sender,
            campaign.reply_to,
        ]
        return cls(
            subject=Template.compiled("subject", campaign.subject, autoescape=False),
            html=Template.compiled(Path(campaign.html).name, html, autoescape=True),
            text=None
            if text is None
            else Template.compiled(Path(campaign.text).name, text, autoescape=False),
            unsubscribe_text=campaign.unsubscribe_text,
            postal_address=campaign.postal_address,
            campaign=campaign.name,
            digest=hashlib.sha256(json.dumps(whole).encode()).hexdigest(),
        )

    @property
    def all(self) -> tuple[Template, ...]:
        return (self.subject, self.html) if self.text is None else (self.subject, self.html, self.text)

    @cached_property
    def footer(self) -> Footer:
        """What is added where a recipient's mail does not show it."""
        return Footer(self.html.code, self.postal_address, self.unsubscribe_text)

    @staticmethod
    def column_of(columns: Iterable[str], field: str) -> str:
        """Return the column that a template's name for it stands for."""
        known = tuple(dict.fromkeys(columns))
        return field if field in known else aliases(known).get(field) or lower_case(known, field) or field

    def fields(self) -> set[str]:
        """What the templates ask of the list: column names, or their identifier form (see `aliases`)."""
        return {name for template in self.all for name in template.columns}

    def check(self, columns: Iterable[str]) -> None:
        """Raise TemplateError naming the first field that none of the list's columns gives."""
        known = tuple(dict.fromkeys(columns))
        usable = {
            *known,
            *aliases(known),
            *(name for name in map(str.lower, known) if lower_case(known, name)),
        }
        for template in self.all:
            for name in sorted(template.columns - usable):
                if (tag := _of_another_system(template, name)) is not None:
                    raise TemplateError(f"{template.place}, {foreign_tags.told(tag, known, is_read=False)}.")
                near = get_close_matches(name.lower(), sorted(usable | SUPPLIED), n=1, cutoff=0.6)
                near = ["unsubscribe_url"] if "unsub" in name.lower() else near
                hint = f" (did you mean `{near[0]}`?)" if near else ""
                raise TemplateError(
                    f"{template.place} asks for the field `{name}`, which the list does not have{hint}; "
                    f"its columns are {', '.join(known) or 'none'}."
                )


@lru_cache(maxsize=64)
def aliases(columns: tuple[str, ...]) -> Mapping[str, str]:
    """Return identifier -> column: `first_name` for `First Name`, and `fname` for `FNAME`.

    A name that two columns would share, or that is a column itself or a function of Jinja's, stands for none.
    """
    found: dict[str, list[str]] = {}
    for column in columns:
        lower = column.strip().lower()
        name = lower if column.isidentifier() else _NOT_A_WORD.sub("_", lower).strip("_")
        found.setdefault(name, []).append(column)
    return {
        name: sources[0]
        for name, sources in found.items()
        if len(sources) == 1
        and name.isidentifier()
        and name not in columns
        and name not in _ENVIRONMENTS[False].globals
    }


def _of_another_system(template: Template, name: str) -> foreign_tags.ForeignTag | None:
    """Return `{{ contact.FIRSTNAME }}` where `name` is such an object, which no list has."""
    if name.lower() not in OBJECTS:
        return None
    written = re.search(
        rf"(?<![\w.]){re.escape(name)}(?:\.(?P<field>\w+)|\[[\"'](?P<key>[^\"']+)[\"']\])", template.source
    )
    if written is None:
        return None
    return foreign_tags.ForeignTag(
        written.start(), written.group(), "another system", written["field"] or written["key"]
    )


def _columns_by_text(tree: nodes.Template) -> frozenset[str]:
    """The columns that a template names as `row["First Name"]`."""
    return frozenset(
        item.arg.value
        for item in tree.find_all(nodes.Getitem)
        if isinstance(item.node, nodes.Name)
        and item.node.name == "row"
        and isinstance(item.arg, nodes.Const)
        and isinstance(item.arg.value, str)
    )


def _read(path: str, key: str) -> str:
    try:
        source = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise TemplateError(f"{path}: there is no such file; mend `{key}` in the campaign file.") from err
    except UnicodeDecodeError as err:
        raise TemplateError(f"{path} is not UTF-8 text; save it as UTF-8.") from err
    except OSError as err:
        raise TemplateError(
            f"{path} cannot be read: {err.strerror}; mend `{key}` in the campaign file."
        ) from err
    if not source.strip():
        raise TemplateError(f"{path} is empty; write the mail into it, or mend `{key}` in the campaign file.")
    return source
