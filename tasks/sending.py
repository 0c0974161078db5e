"""Steps that prepare a campaign, send it and collect what became of it."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.exceptions import MissingContextError

from ledger import campaigns, claims, unread
from ledger.engine import Upgrade, open_ledger
from lists import suppression_ends
from lists.pace import Pace
from mail import (
    amendments,
    attending,
    callback_service,
    collecting,
    doubts,
    gatekeeping,
    preflight,
    quota,
    readiness,
    recipients,
    sending,
    working,
)
from mail.campaign_file import Campaign
from mail.errors import MailError
from mail.templating import Templates
from reports.run_log import COUNTS_SECONDS
from settings import settings

log = logging.getLogger(__name__)


@task(task_run_name="check {campaign.name}")
def check_ready(campaign: Campaign) -> dict[str, Any]:
    """Return what is there: rows, rate, warnings, and the state where the campaign was begun before.

    What of its file has changed since, and may, holds from here on.
    """
    found = settings()
    with open_ledger(found.database_url, upgrade=Upgrade.WHERE_COPIED) as ledger:
        ready = preflight.examine(ledger, found, campaign)
        amended = amendments.take_over(ledger, campaign)
    return {
        "rows": ready.rows,
        "rate_per_second": ready.account.rate_per_second,
        "warnings": list(ready.warnings),
        "state": ready.stored.state.value if ready.stored else None,
        "amended": [each.sentence for each in amended],
    }


@task(task_run_name="enqueue {campaign.name}")
def enqueue_recipients(campaign: Campaign, list_directory: str) -> int:
    """Store the campaign and its accepted rows, whole or not at all; return the number of recipients."""
    folder = Path(list_directory)
    account = readiness.account(readiness.client())
    accepted, pace = recipients.accepted_in(folder), Pace(COUNTS_SECONDS)
    quota.check(account, accepted, campaign.send, campaign.name)

    def rendered(mails: int) -> None:
        if line := pace.line("mails tried out", mails, accepted):
            _inform(line)

    with open_ledger(settings().database_url) as ledger:
        stored = recipients.enqueue_list(ledger, campaign, Templates.load(campaign), folder, rendered)
    return stored.recipients


# Never retried by Prefect: sending again is what the ledger's claims decide about.
@task(task_run_name="send {campaign} #{chunk}")
def send_chunk(campaign: str, chunk: int, recipients_at_most: int) -> dict[str, Any]:
    """Send one chunk; return the messages by answer, and why it ended (see mail.sending.Sent)."""
    found = settings()
    with open_ledger(found.database_url) as ledger:
        work = working.open_work(ledger, found, campaign, tell=_warn)
        sent = sending.send_chunk(work, recipients_at_most)
    return {"answers": sent.answers, "ended": sent.ended}


@task(task_run_name="collect outcomes of {campaign}")
def collect_during(campaign: str, settle_seconds: float, presence: int = 0) -> dict[str, int]:
    """Collect events while the campaign sends and until it has settled; return the counts of events.

    The campaign's callbacks are delivered beside it, and the presence of its run is kept alive.
    Whatever breaks it pauses the campaign, unless another run carries it on: without outcomes nothing may be
    sent.
    """
    found = settings()
    with open_ledger(found.database_url) as ledger:
        try:
            with callback_service.beside(ledger, found, campaign):
                blocks = working.blocks(ledger, found)

                def look_after(_: object) -> None:
                    attending.renew(ledger, presence)
                    blocks.end_what_is_over(ledger)

                collector = working.open_collector(ledger, found)
                collected = collecting.collect_during(
                    collector, campaign, settle_seconds, on_progress=look_after, tell=_warn
                )
        except Exception as err:
            reason = (
                str(err) if isinstance(err, MailError) else "collecting its outcomes broke: see the run's log"
            )
            break_off(campaign, presence, reason)
            raise
    return {"events": collected.new, "repeated": collected.repeated, "unmatched": collected.unmatched}


# Reading the queue again is harmless: an event counts once.
@task(task_run_name="collect events", retries=2, retry_delay_seconds=10)
def collect_once() -> dict[str, Any]:
    """Drain the event queue once; return the counts of events and the names of the campaigns they changed.

    `warning` is a sentence about messages that could not be read and are new, or empty.
    """
    found = settings()
    with open_ledger(found.database_url) as ledger:
        collected = working.open_collector(ledger, found).drain()
        suppression_ends.expire(ledger)
        # What a worker that died has left is told from a copy then.
        working.blocks(ledger, found).end_what_is_over(ledger)
        with ledger.reading() as connection:
            changed = [each.name for each in campaigns.every(connection) if each.id in collected.campaigns]
            warning = unread.amount(connection).sentence if collected.not_events else ""
    return {
        "events": collected.new,
        "unmatched": collected.unmatched,
        "broken": collected.broken,
        "campaigns": changed,
        "warning": warning,
    }


# Leases keep deliverers apart, and a receiver sees a repeat by the callback's id.
@task(task_run_name="deliver callbacks", retries=2, retry_delay_seconds=10)
def deliver_callbacks(seconds_at_most: float) -> dict[str, int]:
    """Deliver the callbacks that are due; return the tries by how they ended."""
    found = settings()
    with open_ledger(found.database_url) as ledger:
        return asdict(callback_service.deliver_due(ledger, found, seconds_at_most))


@task(task_run_name="list states of campaigns")
def states() -> dict[str, str]:
    """Return the state of every campaign, by its name."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return {each.name: each.state.value for each in campaigns.every(connection)}


@task(task_run_name="list running campaigns")
def running() -> list[str]:
    """Return the names of the running campaigns."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        found = campaigns.every(connection)
    return [each.name for each in found if each.state is campaigns.State.RUNNING]


@task(task_run_name="finish {campaign}")
def finish(campaign: str) -> str:
    """Recover what dead workers held, complete the campaign where nothing may still go; return its state."""
    with open_ledger(settings().database_url) as ledger:
        doubts.expire(ledger, campaign)
        with ledger.writing() as connection:
            locked = campaigns.lock(connection, campaigns.get(connection, campaign).id)
            claims.recover(connection, locked)
            return gatekeeping.finish(connection, locked).value


def _warn(sentence: str) -> None:
    _run_log().warning("%s", sentence)


def _inform(sentence: str) -> None:
    _run_log().info("%s", sentence)


def _run_log() -> "logging.Logger | logging.LoggerAdapter[logging.Logger]":
    try:
        return get_run_logger()
    except MissingContextError:
        # How far the ledger came is noted from a thread of its own, which knows no run.
        return log


def changed_at(campaign: str) -> float:
    """Return when the campaign's state changed last, in UTC epoch seconds."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return campaigns.get(connection, campaign).changed_at


def definition_of(campaign: str) -> Campaign:
    """Return the campaign as the ledger has it, whatever became of its file."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return Campaign.model_validate(campaigns.get(connection, campaign).definition)


def attend(campaign: str) -> int:
    """Note that a run attends to the campaign; return the id of its presence."""
    with open_ledger(settings().database_url) as ledger:
        return attending.begin(ledger, campaign)


def leave(presence: int) -> None:
    """End the presence of a run."""
    with open_ledger(settings().database_url) as ledger:
        attending.end(ledger, presence)


def break_off(campaign: str, presence: int, reason: str) -> None:
    """Pause a running campaign because a step of its run broke, unless another run carries it on."""
    with open_ledger(settings().database_url) as ledger:
        attending.break_off(ledger, campaign, presence, reason)
