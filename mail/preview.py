"""One recipient's mail as a page, for the operator to look at before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2

from lists import addresses, refusals, sources
from lists.sources import Survey
from mail import content_check
from mail.addresses import parse_from
from mail.campaign_file import Campaign, warnings
from mail.errors import MailError
from mail.message import MessageContext, compose
from mail.templating import Templates
from mail.unsubscribe import url

# Gmail hides what comes after the first 102 kB of HTML, and with it the unsubscribe link at the end.
_GMAIL_CLIPS_BYTES = 102_000

_PAGE = jinja2.Environment(
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
).get_template("preview.html.j2")


@dataclass(frozen=True, slots=True)
class Preview:
    """What the recipient in a row would get: its subject and text, and all of it as a self-contained page."""

    row: int
    subject: str
    text: str
    html_bytes: int
    page: str


def preview(campaign: Campaign, row: int, *, public_url: str = "https://unsubscribe.example") -> str:
    """Return the page of what the recipient in the list's 1-based data row would get; see `look`."""
    return look(campaign, row, public_url=public_url).page


def look(campaign: Campaign, row: int, *, public_url: str = "https://unsubscribe.example") -> Preview:
    """Return what the recipient in the list's 1-based data row would get.

    The unsubscribe link in it leads nowhere. Raises MailError for a row that the list does not have and for a
    template that fails on it, and ListError for a list that cannot be read.
    """
    templates = Templates.load(campaign)
    listed = sources.survey(campaign.list, row)
    fields = _row(listed, campaign.list.source, row)
    templates.check(fields)
    address = fields[listed.address.name].strip()
    content = compose(
        templates,
        fields,
        MessageContext(address=address, unsubscribe_url=url(public_url, "preview"), row=row),
    )
    html_bytes = len(content.html.encode())
    told = refusals.beforehand(listed.said_no, listed.row_count, campaign.list)
    seen = content_check.findings(templates, fields, allow=campaign.allow)
    notes = [*warnings(campaign), *listed.notes, *(each.sentence for each in seen), *told]
    if blank := [
        name
        for name in sorted(templates.fields())
        if not (fields.get(templates.column_of(fields, name)) or "").strip()
    ]:
        notes.append(f"This row is blank in what the templates ask for: {', '.join(blank)}.")
    if not isinstance(addresses.parse(address), addresses.Address):
        notes.append("This row's address is malformed: the campaign would leave the row out.")
    if html_bytes > _GMAIL_CLIPS_BYTES:
        notes.append("The HTML is over 102 kB: Gmail hides its end, where the unsubscribe link stands.")
    page = _PAGE.render(
        campaign=campaign.name,
        row=row,
        rows=listed.row_count,
        sender=campaign.sender,
        reply_to=campaign.reply_to or parse_from(campaign.sender).address,
        address=address,
        content=content,
        text_is_made=templates.text is None,
        html_kilobytes=f"{html_bytes / 1000:,.1f}",
        notes=notes,
    )
    return Preview(row, content.subject, content.text, html_bytes, page)


def _row(listed: Survey, source: str, row: int) -> Mapping[str, str]:
    if not 1 <= row <= listed.row_count:
        raise MailError(f"{source} has no row {row}; give one from 1 to {listed.row_count}.")
    if listed.row is None:
        raise MailError(
            f"{source}, row {row} has too few or too many cells; mend it, or look at another row."
        )
    return listed.row
