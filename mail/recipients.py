"""From an accepted list to the recipients of a campaign: rendered once in rehearsal, shuffled, enqueued."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ledger import batch_enqueue
from ledger.campaigns import Campaign as StoredCampaign
from ledger.engine import Ledger
from ledger.enqueueing import NewCampaign, NewMessage, already_enqueued
from lists import accepted, refusals
from lists.addresses import key_of
from lists.output_files import in_directory
from lists.reasons import Flag
from lists.rulings import OWN_COLUMNS
from lists.summary import Summary
from mail.campaign_file import Campaign
from mail.errors import MailError
from mail.message import check_rows
from mail.templating import Templates

# SES does not take a local part outside ASCII (developer guide, "Email address format").
_SMTPUTF8 = "smtputf8: Amazon SES takes no letters outside ASCII before the @-sign"
_ROWS_AT_A_TIME = 10_000
# No list has a column of this name.
_ROW = "\0row"


def stored(
    ledger: Ledger, campaign: Campaign, list_digest: str, templates: Templates
) -> StoredCampaign | None:
    """Return the campaign where it was enqueued before with this list and content, else None.

    Raises ledger.errors.CampaignConflict where its name was used with another list or other content.
    """
    with ledger.reading() as connection:
        return already_enqueued(connection, _new(campaign, list_digest, {}, templates))


def enqueue_list(
    ledger: Ledger,
    campaign: Campaign,
    templates: Templates,
    list_directory: Path,
    on_progress: Callable[[int], None] | None = None,
) -> StoredCampaign:
    """Enqueue the accepted rows that `campaign clean` left in a folder: all of them, or none.

    Every message is rendered once first, so that a missing field or a bad value stops the campaign before its
    first mail. Raises MailError naming the template, field and row, and NobodyAccepted where nobody is left.
    """
    found = in_directory(list_directory)
    summary = accepted.read_summary(found.summary_json)
    summary.refuse_nobody(str(found.rejected_csv))
    refusals.refuse(summary.said_no, summary.accepted, campaign.list)
    blank = rehearse(templates, list_directory, on_progress)
    return enqueue_rehearsed(ledger, campaign, templates, list_directory, blank)


def enqueue_rehearsed(
    ledger: Ledger,
    campaign: Campaign,
    templates: Templates,
    list_directory: Path,
    blank_fields: Mapping[str, int] | None = None,
) -> StoredCampaign:
    """Enqueue the accepted rows of a folder whose messages are known to render.

    `blank_fields` are as `rehearse` returns them; the report tells them.
    """
    found = in_directory(list_directory)
    summary = accepted.read_summary(found.summary_json)
    told = summary.as_json() | {"blank_fields": dict(blank_fields or {})}
    new = _new(campaign, summary.fingerprint, told, templates)
    return batch_enqueue.enqueue(ledger, new, lambda: _messages(found.accepted_parquet, summary, new.seed))


def accepted_in(list_directory: Path) -> int:
    """Return how many rows `campaign clean` accepted in a folder."""
    return accepted.read_summary(in_directory(list_directory).summary_json).accepted


def rehearse(
    templates: Templates, list_directory: Path, on_progress: Callable[[int], None] | None = None
) -> dict[str, int]:
    """Render the message of every accepted row that `campaign clean` left in a folder.

    Return how many of these rows are blank in each column that the templates ask for, where any is.

    Raises TemplateError naming template, field and row, and MailError where SES can take nobody's address.
    """
    found = in_directory(list_directory)
    summary = accepted.read_summary(found.summary_json)
    done = 0
    anybody = False
    blank: Counter[str] = Counter()

    def told(count: int) -> None:
        if on_progress is not None:
            on_progress(done + count)

    for frame in accepted.batches(found.accepted_parquet):
        rows = _fields(frame, summary)
        for column in sorted({templates.column_of(rows.columns, field) for field in templates.fields()}):
            if column in rows:
                blank[column] += int((rows[column].fillna("").str.strip() == "").sum())
        rows["address"] = frame["address"]
        rows[_ROW] = frame.index
        anybody = anybody or not all(_refused(flags) for flags in frame["flags"])
        done += check_rows(templates, rows, row_column=_ROW, on_progress=told)
    if done and not anybody:
        raise MailError(
            f"{found.accepted_parquet}: none of its {done} addresses can be written to, for Amazon SES takes "
            "no letters outside ASCII before the @-sign; ask for other addresses."
        )
    return {column: count for column, count in blank.items() if count}


def _new(
    campaign: Campaign, list_digest: str, list_summary: dict[str, object], templates: Templates
) -> NewCampaign:
    # The order need not be secret, only fair and the same again.
    seed = int.from_bytes(hashlib.sha256(f"{campaign.name}\n{list_digest}".encode()).digest()[:7])
    return NewCampaign(
        name=campaign.name,
        definition=campaign.model_dump(mode="json"),
        list_digest=list_digest,
        template_digest=templates.digest,
        seed=seed,
        list_summary=list_summary,
    )


def _fields(frame: pd.DataFrame, summary: Summary) -> pd.DataFrame:
    """Return the source's own columns, under the names that they had there."""
    own = frame.drop(columns=list(OWN_COLUMNS))
    return own.rename(columns={new: old for old, new in summary.renamed.items() if old != "address"})


def _messages(path: Path, summary: Summary, seed: int) -> Iterator[Sequence[NewMessage]]:
    """Yield the recipients in batches, each with its place in the seeded shuffle."""
    positions = np.random.default_rng(seed).permutation(summary.accepted)
    done = 0
    for frame in accepted.batches(path, _ROWS_AT_A_TIME):
        fields = _fields(frame, summary)
        names = list(fields.columns)
        rows = zip(
            frame["address"],
            frame["domain"],
            frame["flags"],
            frame.index.tolist(),
            positions[done : done + len(frame)].tolist(),
            fields.itertuples(index=False, name=None),
            strict=True,
        )
        done += len(frame)
        yield [
            NewMessage(
                address=address,
                address_key=key_of(address, domain),
                domain=domain,
                fields=dict(zip(names, cells, strict=True)),
                source_row=row,
                position=position,
                refused=_refused(flags),
            )
            for address, domain, flags, row, position, cells in rows
        ]


def _refused(flags: str | None) -> str | None:
    """Return why SES can never take an address with these flags, or None."""
    return _SMTPUTF8 if flags and Flag.SMTPUTF8 in flags.split(";") else None
