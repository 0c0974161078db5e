"""What the measurements of sending share: databases, a campaign in one, and workers with canned answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from ledger import enqueueing
from ledger.engine import Ledger, Upgrade, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage
from mail.calling import Work
from mail.campaign_file import Campaign
from mail.rate import Rate
from mail.ses_client import SesClient
from mail.ses_requests import Envelope
from mail.templating import Templates
from mail.unsubscribe import Tokens
from sandbox.postgres import PostgresServer

DATABASES = ("sqlite", "postgresql")
SAMPLES = Path(__file__).resolve().parents[1] / "lists" / "samples"
ENVELOPE = Envelope("news@brightbooks.example", "", "campaign", {"campaign": "1", "ledger": "0" * 32})


class CannedSes:
    """SES that takes everything at once."""

    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]:
        entries = request["BulkEmailEntries"]
        return {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "canned"} for _ in entries]}

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        return {"MessageId": "canned"}


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Give the URL of a migrated database of this kind, which is gone afterwards."""
    with TemporaryDirectory(prefix="benchmark") as name:
        if kind == "sqlite":
            url = f"sqlite:///{name}/ledger.sqlite3"
            open_ledger(url).close()
            yield url
            return
        with PostgresServer(Path(name)) as server:
            with psycopg.connect(host=name, user="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE benchmark TEMPLATE template0")
            open_ledger(server.url("benchmark"), upgrade=Upgrade.ALWAYS).close()
            yield server.url("benchmark")


def campaign(name: str) -> Campaign:
    """Return a campaign with the sample's templates."""
    return Campaign.model_validate(
        {
            "name": name,
            "list": {"source": "list.csv"},
            "from": "Bright Books <news@brightbooks.example>",
            "subject": "{{ first_name or 'Hello' }}, spring is here",
            "html": str(SAMPLES / "spring.html.j2"),
            "text": str(SAMPLES / "spring.txt.j2"),
            "postal_address": "Bright Books, 1 High Street, Exampletown",
            # No events come: the pace would wait for them.
            "halt": {"ladder": [], "unknown_at_most": 1_000_000},
        }
    )


def enqueue(ledger: Ledger, name: str, recipients: int) -> Campaign:
    """Store the campaign of this name to so many readers."""
    found = campaign(name)
    new = NewCampaign(
        name=name,
        definition=found.model_dump(mode="json"),
        list_digest="1" * 64,
        template_digest=Templates.load(found).digest,
        seed=7,
        list_summary={"rows": recipients},
    )
    numbers = range(recipients)
    batches = ([_message(name, each) for each in numbers[at : at + 5_000]] for at in numbers[::5_000])
    with ledger.writing() as connection:
        enqueueing.enqueue(connection, new, batches)
    return found


def _message(name: str, number: int) -> NewMessage:
    address = f"{name}.{number}@reader.example"
    return NewMessage(
        address=address,
        address_key=address,
        domain="reader.example",
        fields={"email": address, "first_name": f"Reader {number}", "city": "Exampletown"},
        source_row=number + 1,
        position=number,
    )


def work(ledger: Ledger, sent: Campaign, ses: SesClient, owner: str, per_second: float) -> Work:
    """Return what a worker of this campaign needs."""
    return Work(
        ledger=ledger,
        ses=ses,
        campaign=sent.name,
        owner=owner,
        envelope=ENVELOPE,
        templates=Templates.load(sent),
        tokens=Tokens("a-key-for-measurements-alone"),
        public_url="https://mail.brightbooks.example",
        rate=Rate(per_second, 0.0, sent.name),
    )
