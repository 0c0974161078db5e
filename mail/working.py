"""What a worker needs to send or to collect, made from the settings and the ledger's own record."""

import os
import socket
import threading
from collections.abc import Callable
from functools import lru_cache
from uuid import uuid4

from ledger import campaigns, event_sources
from ledger.engine import Ledger
from ledger.event_sources import SourceKind
from lists import mx, mx_cached
from lists.dns_verdicts import Status
from mail import queue, quota, readiness, restoring, ses_client, sns_certificates, termination
from mail.addresses import parse_from
from mail.calling import Work
from mail.campaign_file import Campaign
from mail.collecting import Collector
from mail.errors import MailError
from mail.generation_blocks import GenerationBlocks
from mail.rate import Rate
from mail.restoring import QueueTag
from mail.ses_requests import Envelope
from mail.single_sending import SingleWork
from mail.templating import Templates
from mail.unsubscribe import Tokens
from settings import Settings

# By process, ledger and database: what was seen of one says nothing about another.
_blocks: dict[tuple[int, str, str], GenerationBlocks] = {}
_guard = threading.Lock()


def open_work(
    ledger: Ledger, settings: Settings, name: str, *, tell: Callable[[str], None] = lambda sentence: None
) -> Work:
    """Return what sending a campaign takes, with the account's rate as it is now.

    Raises SettingsError, MailError or CampaignNotFound in one sentence.
    """
    settings.need("public_url", "secret_key", "configuration_set", "event_queue_url")
    with ledger.reading() as connection:
        stored = campaigns.get(connection, name)
    campaign = Campaign.model_validate(stored.definition)
    templates = Templates.load(campaign)
    if templates.digest != stored.template_digest:
        raise MailError(
            f"the content of campaign {name} is not what it began with: "
            "bring its templates back as they were."
        )
    note_configuration_set(ledger, settings)
    account = readiness.account(readiness.client())
    return Work(
        ledger=ledger,
        ses=ses_client.client(),
        campaign=name,
        owner=worker(),
        envelope=Envelope(
            sender=parse_from(campaign.sender).header,
            reply_to=parse_from(campaign.reply_to).header if campaign.reply_to else "",
            configuration_set=settings.configuration_set,
            tags={"campaign": str(stored.id), "ledger": ledger.ledger_id},
        ),
        templates=templates,
        tokens=Tokens(settings.secret_key.get_secret_value()),
        public_url=settings.public_url,
        noted=blocks(ledger, settings, tell),
        rate=Rate(account.rate_per_second, campaign.send.rate_per_second, name),
        quota=quota.share(account, campaign.send),
        tell=tell,
        sleep=termination.sleep,
        ends=termination.requested,
    )


def open_single_work(
    ledger: Ledger, settings: Settings, tell: Callable[[str], None] = lambda sentence: None
) -> SingleWork:
    """Return what sending single messages takes, with the account's rate as it is now.

    Raises SettingsError or MailError in one sentence.
    """
    settings.need("public_url", "secret_key", "configuration_set")
    note_configuration_set(ledger, settings)
    account = readiness.account(readiness.client())
    return SingleWork(
        ledger=ledger,
        ses=ses_client.client(),
        owner=worker(),
        configuration_set=settings.configuration_set,
        tags={"ledger": ledger.ledger_id},
        tokens=Tokens(settings.secret_key.get_secret_value()),
        public_url=settings.public_url,
        rate=Rate(account.rate_per_second, 0.0, ""),
        noted=blocks(ledger, settings, tell),
        tell=tell,
        sleep=termination.sleep,
        ends=termination.requested,
    )


def noted(ledger: Ledger, settings: Settings) -> QueueTag:
    """Return where the ledger's generation is noted. Raises SettingsError where the queue is not set."""
    settings.need("event_queue_url")
    return QueueTag(queue.open_queue(settings.event_queue_url, briefly=True), ledger.ledger_id)


def blocks(
    ledger: Ledger, settings: Settings, tell: Callable[[str], None] = lambda sentence: None
) -> GenerationBlocks:
    """Return what this process knows of the ledger's blocks: its first claim alone waits for a note.

    Raises SettingsError where the queue is not set.
    """
    store, key = noted(ledger, settings), (os.getpid(), ledger.ledger_id, str(ledger.engine.url))
    with _guard:
        known = _blocks.setdefault(key, GenerationBlocks(store, tell, ahead=True))
        # New credentials need a new client, and each run has a log of its own.
        known.store, known.tell = store, tell
    return known


def open_collector(ledger: Ledger, settings: Settings) -> Collector:
    """Return what collecting events takes.

    Raises SettingsError where the queue is not set, and QueueOfAnother.
    """
    settings.need("event_queue_url")
    # Events that a mistyped ledger takes off the queue are lost to the one that they belong to.
    restoring.refuse_queue_of_another(ledger, noted(ledger, settings))
    note_configuration_set(ledger, settings)
    # A bounce is newer than what cleaning the list found: that a domain took mail then says nothing now.
    agrees = mx_cached.lookup(ledger, mx.resolving(settings), believe=(Status.NO_MX,))
    opened = queue.open_queue(settings.event_queue_url)
    return Collector(
        ledger,
        opened,
        agrees,
        key_of=_certificates(sns_certificates.stand_in_of(opened.endpoint)).key_of,
        soft_bounces_in_a_row=settings.soft_bounces_in_a_row,
        ends=termination.requested,
    )


def note_configuration_set(ledger: Ledger, settings: Settings) -> None:
    """Let the ledger expect events of the configuration set that is sent with, where it expects any."""
    source = (SourceKind.CONFIGURATION_SET, settings.configuration_set)
    with ledger.reading() as connection:
        known = event_sources.read(connection)
    if source[1] and known.since.get(source[0]) and not known.holds(*source):
        with ledger.writing() as connection:
            event_sources.add(connection, [source], by="sending")


@lru_cache(maxsize=8)
def _certificates(stand_in: str) -> sns_certificates.Certificates:
    """Return the certificates that this process has got so far."""
    return sns_certificates.Certificates(stand_in)


def worker() -> str:
    """Return a name that no other worker has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
