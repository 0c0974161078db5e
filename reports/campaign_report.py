"""The campaign report: what was sent to whom, what became of it, and why it stopped where it did."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from ledger import campaigns, clock, private_files, tallies
from ledger.about import about
from ledger.campaigns import Campaign, Change, State
from ledger.statuses import Count, Status
from lists.output_files import refuse_address
from mail import account, braking
from mail.gatekeeping import policy_of
from reports import campaign_balance, campaign_page, campaign_queries, messages_csv, reading, ses_notices
from reports.campaign_figures import CampaignReport, Epoch, Halt, ListFigures
from reports.campaign_json import as_json
from reports.campaign_summary import MOST_ROWS, markdown, rows
from reports.errors import ReportError

__all__ = ["CampaignReport", "ReportError", "Written", "build", "markdown", "rows", "write"]


@dataclass(frozen=True, slots=True)
class Written:
    """The report and its files."""

    report: CampaignReport
    html: Path
    json: Path
    messages: Path


def build(connection: Connection, name: str) -> CampaignReport:
    """Return the report of a campaign as it stands.

    Everything must be read from one moment: give it a transaction that sees a snapshot. Raises
    CampaignNotFound, and ReportError where the figures do not balance.
    """
    campaign = campaigns.get(connection, name)
    totals = tallies.read(connection, campaign.id)
    listed = _list_figures(campaign)
    domains = campaign_queries.domains(connection, campaign.id)
    recount = tallies.recount(connection, campaign.id)
    withheld = ses_notices.withheld(connection, campaign.id, totals)
    history = tuple(campaigns.history(connection, campaign.id))
    whole = campaign_balance.is_whole(campaign, history)
    campaign_balance.check(campaign, listed, totals, recount, domains, withheld, whole=whole)
    read = reading.with_links(connection, campaign.id, totals)
    campaign_balance.check_reading(campaign.name, read)
    texts = campaign_queries.texts(connection, campaign.id)
    first, last = campaign_queries.accepted_between(connection, campaign.id)
    epochs = _epochs(connection, campaign, history)
    campaign_balance.check_epochs(campaign.name, totals, epochs)
    return CampaignReport(
        name=campaign.name,
        subject=str(campaign.definition.get("subject", "")),
        state=campaign.state,
        changed_at=campaign.changed_at,
        changed_by=campaign.changed_by,
        change_reason=campaign.change_reason,
        generated_at=clock.now(connection),
        created_at=campaign.created_at,
        first_accepted_at=first,
        last_accepted_at=last,
        policy=policy_of(campaign),
        list=listed,
        recipients=campaign.recipients,
        totals=totals,
        reading=read,
        account=account.standing(connection).counted,
        withheld=withheld,
        notices=ses_notices.notices(connection, campaign.id),
        suppressed=tuple(each for each in texts if each.status is Status.SUPPRESSED),
        rejected=tuple(each for each in texts if each.status is Status.REJECTED),
        diagnostics=tuple(each for each in texts if each.status not in (Status.SUPPRESSED, Status.REJECTED)),
        domains=domains,
        braked=tuple(braking.braked(connection, campaign)),
        timeline=campaign_queries.timeline(connection, campaign.id),
        epochs=epochs,
        halt=_halt(campaign.halt),
        history=history,
        attention=campaign_queries.attention(connection, campaign.id, MOST_ROWS),
        ledger=about(connection),
        timezone=str(campaign.definition.get("timezone") or ""),
    )


def write(connection: Connection, name: str, directory: Path) -> Written:
    """Write report.html, report.json and messages.csv into the directory; they appear together, each whole.

    Addresses are masked in the page and whole in messages.csv. Raises what `build` raises, and ReportError
    where the directory cannot be written; what stood there before stays then.
    """
    refuse_address(directory)
    report = build(connection, name)
    make_folder(directory)
    written = Written(
        report, directory / "report.html", directory / "report.json", directory / "messages.csv"
    )
    try:
        _write_together(connection, written)
    except OSError as err:
        raise ReportError(_unwritable(directory, err)) from err
    return written


def make_folder(directory: Path) -> None:
    """Make the folder of a report. Raises ReportError or ListError where it cannot be."""
    refuse_address(directory)
    try:
        private_files.make_folder(directory)
    except OSError as err:
        raise ReportError(_unwritable(directory, err)) from err


def _unwritable(directory: Path, err: OSError) -> str:
    return f"{directory} cannot be written ({err.strerror or err}): check permissions and free space."


def _write_together(connection: Connection, written: Written) -> None:
    report = written.report
    parts = {
        path: path.with_name(f".{path.name}.{os.getpid()}.part")
        for path in (written.messages, written.json, written.html)
    }
    try:
        campaign_id = campaigns.get(connection, report.name).id
        lines = messages_csv.write(connection, campaign_id, parts[written.messages])
        if lines != report.recipients:
            raise ReportError(
                f"messages.csv has {lines} lines for {report.recipients} recipients of {report.name}."
            )
        private_files.write_text(parts[written.json], as_json(report))
        private_files.write_text(parts[written.html], campaign_page.render(report))
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _list_figures(campaign: Campaign) -> ListFigures:
    summary = campaign.list_summary
    try:
        return ListFigures(
            rows=int(summary["rows"]),
            accepted=int(summary["accepted"]),
            rejected=int(summary["rejected"]),
            by_reason={str(reason): int(rows) for reason, rows in summary["by_reason"].items()},
            # Campaigns of earlier versions did not count them.
            blank_fields={str(name): int(rows) for name, rows in summary.get("blank_fields", {}).items()},
        )
    except KeyError as err:
        raise ReportError(f"the list summary of campaign {campaign.name} lacks {err}.") from err


def _epochs(connection: Connection, campaign: Campaign, history: Sequence[Change]) -> tuple[Epoch, ...]:
    began = _beginnings(campaign, history)
    epochs = []
    for number in range(1, campaign.epoch + 1):
        totals = tallies.read(connection, campaign.id, number)
        epochs.append(
            Epoch(
                number=number,
                began_at=began[number],
                accepted=totals.accepted,
                hard_bounced=totals.counts[Count.HARD_BOUNCED],
                complained=totals.counts[Count.COMPLAINED],
            )
        )
    return tuple(epochs)


def _beginnings(campaign: Campaign, history: Sequence[Change]) -> dict[int, float]:
    """Return when each epoch of the campaign began.

    Older ledgers did not keep which change began one: there every resume of a halt counts, and an epoch that
    something else began is taken to have begun with the one before it.
    """
    began, latest = {1: campaign.created_at}, 1
    for change in history:
        resumed = change.from_state is State.HALTED and change.to_state is State.RUNNING
        latest = change.epoch or (latest + 1 if resumed else latest)
        began.setdefault(latest, change.at)
    for number in range(2, campaign.epoch + 1):
        began.setdefault(number, began[number - 1])
    return began


def _halt(stored: Mapping[str, Any] | None) -> Halt | None:
    if stored is None:
        return None
    return Halt(
        rule=str(stored["rule"]),
        k=int(stored["k"]),
        n=int(stored["n"]),
        known=int(stored["known"]),
        at=float(stored["at"]),
        by=str(stored["by"]),
        reason=str(stored["reason"]),
    )
