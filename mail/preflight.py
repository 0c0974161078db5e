"""Everything about a campaign that can be found wrong before anything is done."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ledger import file_modes
from ledger.campaigns import Campaign as StoredCampaign
from ledger.engine import Ledger
from lists import mx, refusals, sources
from mail import (
    account_gate,
    amendments,
    callback_urls,
    content_check,
    mail_links,
    page_language,
    queue,
    readiness,
    restoring,
    working,
)
from mail.amendments import Amendment
from mail.callback_urls import BadCallbackUrl
from mail.campaign_file import Campaign, warnings
from mail.errors import CampaignFileError
from mail.readiness import Account, NotReady
from mail.recipients import stored
from mail.templating import Templates
from settings import Settings


@dataclass(frozen=True, slots=True)
class Preflight:
    """A campaign that can be sent: its rows as they lie in the source, the account, and what is unwise.

    `stored` is the campaign where it was enqueued before, with this same list and content; `amended` is what
    of the file is not as it was then, and would hold from now on.
    """

    rows: int
    account: Account
    stored: StoredCampaign | None
    warnings: tuple[str, ...]
    amended: tuple[Amendment, ...] = ()


def examine(ledger: Ledger, settings: Settings, campaign: Campaign) -> Preflight:
    """Check settings, list, templates, name, SES and queue, in this order; nothing is written or sent.

    Raises SettingsError, ListError, MailError or LedgerError: one sentence with the mend.
    """
    settings.need("public_url", "secret_key", "configuration_set", "event_queue_url")
    check_callbacks(campaign, settings)
    check_language(campaign, settings)
    amended = amendments.check(ledger, campaign)
    mx.parse_nameservers(settings.nameservers)
    templates = Templates.load(campaign)
    listed = sources.survey(campaign.list)
    templates.check(listed.names)
    found = stored(ledger, campaign, listed.fingerprint, templates)
    seen = _look(settings, campaign, templates, listed.names, is_enqueued=found is not None)
    with ledger.writing() as connection:
        if (reason := account_gate.suspended(connection)) is not None:
            raise NotReady(reason)
    account = readiness.check(
        readiness.client(),
        queue.open_queue(settings.event_queue_url),
        campaign.sender,
        settings.configuration_set,
    )
    restoring.refuse_queue_of_another(ledger, working.noted(ledger, settings))
    readable = file_modes.sentence(file_modes.of_ledger(ledger.engine.url))
    # Who is enqueued is enqueued: the list is not cleaned again.
    refused = refusals.beforehand(listed.said_no, listed.row_count, campaign.list) if found is None else ()
    told = filter(None, (*warnings(campaign), readable, *listed.notes, *seen, *refused))
    return Preflight(listed.row_count, account, found, tuple(told), amended)


def _look(
    settings: Settings, campaign: Campaign, templates: Templates, columns: Sequence[str], *, is_enqueued: bool
) -> tuple[str, ...]:
    """Return what of the content is unwise. Raises TemplateError for what nobody should read.

    Half of an enqueued campaign may have gone out: it goes on, and what is wrong with it is a warning.
    """
    own = mail_links.origins(settings.public_url, os.environ.get("AWS_ENDPOINT_URL", ""))
    if not is_enqueued:
        return content_check.check(templates, columns, allow=campaign.allow, own=own)
    found = content_check.findings(templates, columns, allow=campaign.allow, own=own)
    return tuple(each.sentence for each in found)


def check_language(campaign: Campaign, settings: Settings) -> None:
    """Raise CampaignFileError for a language that the pages behind the mail's links have no words of."""
    known = page_language.languages(settings.page_words)
    if campaign.language and page_language.primary(campaign.language) not in known:
        raise CampaignFileError(
            f"campaign {campaign.name}: `language` is {campaign.language}, but there are words for "
            f"{', '.join(known)} alone: leave it out, or put a file of your own into CAMPAIGN_PAGE_WORDS."
        )


def check_callbacks(campaign: Campaign, settings: Settings) -> None:
    """Raise CampaignFileError where a receiver of callbacks is no address that may be told anything."""
    for place, address in enumerate(campaign.callbacks):
        try:
            callback_urls.parse(address, allow_private=settings.callback_allow_private)
        except BadCallbackUrl as err:
            raise CampaignFileError(f"campaign {campaign.name}: `callbacks.{place}` {err}.") from err
