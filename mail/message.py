"""One message: the templates rendered for one recipient, with what law and mailbox providers ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mail import footer, plain_text, ses_limits
from mail.addresses import CONTROL
from mail.errors import TemplateError
from mail.rendering import at, pieces, render
from mail.templating import Template, Templates, aliases

if TYPE_CHECKING:
    import pandas as pd

# A page that is longer than this may make a message that is too large with its text.
_LONG_PAGE_CHARACTERS = 5_000_000

# As long as a real link, so that a header that is too long shows before anything is sent.
_REHEARSAL_LINK = "https://unsubscribe.example/unsubscribe/" + "x" * 43
_ROWS_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class MessageContext:
    """What a message knows beside the list's columns. `row` is the 1-based data row, for errors; 0: none."""

    address: str
    unsubscribe_url: str
    row: int = 0


@dataclass(frozen=True, slots=True)
class Content:
    """What goes out. `headers` are name and value, printable ASCII."""

    subject: str
    html: str
    text: str
    headers: tuple[tuple[str, str], ...]


def compose(templates: Templates, fields: Mapping[str, str | None], context: MessageContext) -> Content:
    """Render one message. `fields` maps every column of the list to the recipient's cell; None is empty.

    Raises TemplateError that names the template, the field and the row, never what stands in the row.
    """
    return _compose(templates, fields, context, text_from_html=True)


def check_rows(
    templates: Templates,
    frame: "pd.DataFrame",
    *,
    address_column: str = "address",
    row_column: str = "row",
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Render every row's message once, in order, before the first is sent; return how many rows there were.

    `frame` holds the list's columns as text, and in `row_column` the 1-based data row of the source that an
    error names; without that column rows are counted from 1. `on_progress` is told the rows done, now and
    then. Raises TemplateError for the first row whose message cannot be made.
    """
    fields = [column for column in frame.columns if column != row_column]
    templates.check(fields)
    for start in range(0, len(frame), _ROWS_AT_A_TIME):
        part = frame.iloc[start : start + _ROWS_AT_A_TIME]
        end = start + len(part)
        numbers = part[row_column].tolist() if row_column in part else range(start + 1, end + 1)
        addresses = part[address_column].tolist()
        cells = zip(*(part[column].tolist() for column in fields), strict=True)
        rows = zip(numbers, addresses, cells, strict=True)
        for done, (number, address, row) in enumerate(rows, start):
            context = MessageContext(address=address, unsubscribe_url=_REHEARSAL_LINK, row=int(number))
            # A text made from the HTML costs ten times the rest and depends on the row in its words alone.
            _compose(templates, dict(zip(fields, row, strict=True)), context, text_from_html=done == 0)
        if on_progress is not None:
            on_progress(end)
    return len(frame)


def _compose(
    templates: Templates, fields: Mapping[str, str | None], context: MessageContext, *, text_from_html: bool
) -> Content:
    row = {name: cell if type(cell) is str else _text(cell) for name, cell in fields.items()}
    values: dict[str, object] = {
        **templates.html.code.globals,
        **row,
        **{name: row[column] for name, column in aliases(tuple(row)).items()},
        "row": row,
        "address": context.address,
        "campaign": templates.campaign,
        "postal_address": templates.postal_address,
        "unsubscribe_text": templates.unsubscribe_text,
        "unsubscribe_url": context.unsubscribe_url,
    }
    subject = _subject(templates.subject, values, row, context.row)
    headers = unsubscribe_headers(context)
    html = _with_footer(
        templates, pieces(templates.html, values, context.row), context.unsubscribe_url, context.row
    )
    if templates.text is None:
        made = text_from_html or len(html) > _LONG_PAGE_CHARACTERS
        text = plain_text.from_html(html) if made else ""
    else:
        text = templates.footer.added_to_text(
            render(templates.text, values, context.row), context.unsubscribe_url
        )
    content = Content(subject=subject, html=html, text=text, headers=headers)
    if (excess := ses_limits.excess(content)) is not None:
        place = {"subject": templates.subject.place, "headers": "A header"}.get(
            excess.field, templates.html.place
        )
        raise TemplateError(f"{place}{at(context.row)} {excess.sentence}.")
    return content


def _subject(template: Template, values: dict[str, object], row: Mapping[str, str], number: int) -> str:
    subject = render(template, values, number)
    if CONTROL.search(subject):
        guilty = [
            name
            for name in sorted(template.names | template.columns)
            if CONTROL.search(str(values.get(name, row.get(name, "")))) and name != "row"
        ]
        what = f"the field `{guilty[0]}` holds" if guilty else "it gives"
        raise TemplateError(
            f"{template.place}{at(number)}: {what} a line break or another control character, "
            "which must not get into a header; take it out."
        )
    if not subject.strip():
        raise TemplateError(
            f"{template.place}{at(number)} is empty; give a fallback such as {{{{ title or 'News' }}}}."
        )
    return subject


def unsubscribe_headers(context: MessageContext) -> tuple[tuple[str, str], ...]:
    """RFC 2369 and RFC 8058: a button of the mailbox provider's own, which posts to the link."""
    url = context.unsubscribe_url
    if not (url.isascii() and url.isprintable()) or any(sign in url for sign in "<> "):
        raise TemplateError(
            f"List-Unsubscribe{at(context.row)}: the link holds a blank, a line break or a sign that "
            "a header does not take; mend CAMPAIGN_PUBLIC_URL."
        )
    if fault := ses_limits.header_fault("List-Unsubscribe", f"<{url}>"):
        raise TemplateError(f"List-Unsubscribe{at(context.row)} {fault}; shorten CAMPAIGN_PUBLIC_URL.")
    return (("List-Unsubscribe", f"<{url}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))


def _with_footer(templates: Templates, pieces: list[str], url: str, row: int) -> str:
    try:
        return templates.footer.added(pieces, url)
    except footer.Unseen:
        raise TemplateError(
            f"{templates.html.place}{at(row)} hides its own end, so that nobody sees the unsubscribe link "
            "and postal address there; take the hiding style off the <body>, or show both in the template."
        ) from None


def _text(cell: object) -> str:
    # Only frames hold such cells, and whoever composes single mails need not wait for pandas.
    import pandas as pd

    missing = cell is None or cell is pd.NA or cell is pd.NaT or cell != cell
    return "" if missing else str(cell)
