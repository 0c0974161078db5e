"""A campaign looked at before it is sent: who would be written to, for how long, and what three would get."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger import private_files
from ledger.engine import Ledger
from lists import accepted, refusals
from lists.cleaning import Progress
from mail import preview, recipients
from mail.campaign_file import Campaign
from mail.preflight import Preflight
from mail.preview import Preview
from mail.rate import Rate
from mail.templating import Templates
from reports import list_cleaning
from reports.masking import mask_text
from settings import Settings

PREVIEWS = 3
# What a person reads of a text to see that it is the right one.
_LONGEST_TEXT = 1_500


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """What a dry run found. `pages` are the files of the previews, in their order."""

    name: str
    rows: int
    accepted: int
    by_reason: Mapping[str, int]
    rate_per_second: float
    warnings: Sequence[str]
    previews: Sequence[Preview]
    pages: Sequence[Path]

    @property
    def sentence(self) -> str:
        minutes = self.accepted / self.rate_per_second / 60
        return (
            f"{self.name}: {self.accepted:,} of {self.rows:,} rows would be written to, at "
            f"{self.rate_per_second:g} a second in {minutes:,.1f} minutes at the least. Nothing was sent."
        )

    def markdown(self) -> str:
        """Return all of it for a page; addresses are masked."""
        reasons = [f"- {count:,} {reason}" for reason, count in self.by_reason.items() if count]
        parts = [f"**{self.sentence}**"]
        if self.warnings:
            parts += ["## Warnings", "\n".join(f"- {warning}" for warning in self.warnings)]
        if reasons:
            parts += ["## Rows that are left out", "\n".join(reasons)]
        for each, page in zip(self.previews, self.pages, strict=True):
            parts += [f"## What row {each.row} would get", f"Subject: **{_inline(each.subject)}**"]
            parts += [_quoted(each.text), f"HTML: {each.html_bytes / 1000:,.1f} kB. The whole page: `{page}`"]
        return mask_text("\n\n".join(parts))


def check(
    ledger: Ledger,
    settings: Settings,
    campaign: Campaign,
    ready: Preflight,
    folder: Path,
    on_progress: Progress | None = None,
) -> CampaignCheck:
    """Clean the list, render every mail, and leave the pages of three accepted rows in `folder`.

    Raises what would keep the campaign from being enqueued: ListError, MailError, LedgerError.
    """
    with tempfile.TemporaryDirectory() as directory:
        result = list_cleaning.clean(
            ledger,
            campaign.list,
            campaign.hygiene,
            settings.nameservers,
            Path(directory),
            on_progress=on_progress,
            owner=campaign.owner,
        )
        summary = result.summary
        summary.refuse_nobody("")
        refusals.refuse(summary.said_no, summary.accepted, campaign.list)
        recipients.rehearse(Templates.load(campaign), Path(directory))
        rows = _some_rows(result.outputs.accepted_parquet, summary.accepted)
    previews = [preview.look(campaign, row) for row in rows]
    private_files.make_folder(folder)
    pages = [folder / f"row-{each.row}.html" for each in previews]
    for each, page in zip(previews, pages, strict=True):
        private_files.write_text(page, each.page)
    rate = Rate(ready.account.rate_per_second, campaign.send.rate_per_second, campaign.name)
    return CampaignCheck(
        campaign.name,
        summary.rows,
        summary.accepted,
        dict(summary.by_reason),
        rate.per_second,
        (*ready.warnings, *(each for each in summary.warnings if each not in ready.warnings)),
        previews,
        pages,
    )


def _some_rows(path: Path, count: int) -> list[int]:
    """Return the rows of the first, the middle and the last accepted recipient."""
    wanted = sorted({0, count // 2, count - 1})[:PREVIEWS]
    rows: list[int] = []
    done = 0
    for frame in accepted.batches(path):
        rows += [int(frame.index[each - done]) for each in wanted if 0 <= each - done < len(frame)]
        done += len(frame)
    return rows


def _inline(text: str) -> str:
    return text.replace("*", "\\*").replace("`", "'")


def _quoted(text: str) -> str:
    """Return a text as a block that the page shows as it is."""
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT].rstrip()}\n…"
    fence = "```"
    while fence in shown:
        fence += "`"
    return f"{fence}\n{shown.strip()}\n{fence}"
