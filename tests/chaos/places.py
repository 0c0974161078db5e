"""Where a round takes place: a database that can be restarted, and a campaign in it."""

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import boto3
import psycopg

from ledger import batch_enqueue
from ledger.engine import Ledger, Upgrade, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage
from mail.campaign_file import Campaign
from mail.templating import Templates
from sandbox import RunningSandbox
from sandbox.postgres import PostgresServer

# What a dead collector had received comes again after this long.
_VISIBILITY_SECONDS = 2
DOMAIN = "reader.example"
_HTML = '<p>Hello {{ first_name }}</p><p><a href="{{ unsubscribe_url }}">Leave</a> {{ postal_address }}</p>'


class Database(ABC):
    """A migrated database. `outage` takes it away for a moment, as an operator or a crash does."""

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def outage(self, sudden: bool) -> None: ...


class SqliteFile(Database):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"sqlite:///{folder / 'ledger.sqlite3'}")
        open_ledger(self.url).close()

    def outage(self, sudden: bool) -> None:
        """Hold the one write lock for a second: a file has no server to restart."""
        with open_ledger(self.url) as ledger, ledger.writing():
            time.sleep(1.0)


class PostgresDatabase(Database):
    def __init__(self, server: PostgresServer) -> None:
        super().__init__(server.url("chaos"))
        self._server = server
        with psycopg.connect(host=str(server.folder), user="postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE chaos TEMPLATE template0")
        open_ledger(self.url, upgrade=Upgrade.ALWAYS).close()

    def outage(self, sudden: bool) -> None:
        self._server.stop("immediate" if sudden else "fast")
        self._server.start()


@contextmanager
def database(kind: str) -> Iterator[Database]:
    """A database of this kind, in a folder of its own that is gone afterwards."""
    with TemporaryDirectory(prefix="chaos") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield SqliteFile(folder)
        else:
            with PostgresServer(folder) as server:
                yield PostgresDatabase(server)


class Queue:
    """The sandbox's queue of events, whose messages come again soon where a collector died."""

    def __init__(self, world: RunningSandbox) -> None:
        self._url = world.environment["CAMPAIGN_EVENT_QUEUE_URL"]
        self._sqs = boto3.client(
            "sqs",
            endpoint_url=world.environment["AWS_ENDPOINT_URL"],
            region_name=world.environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=world.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=world.environment["AWS_SECRET_ACCESS_KEY"],
        )
        soon = {"VisibilityTimeout": str(_VISIBILITY_SECONDS)}
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes=soon)

    def is_empty(self) -> bool:
        """Return whether nothing waits and nothing was received without having been deleted."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])
        waiting = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return not any(int(answer["Attributes"][name]) for name in waiting)


def addresses(name: str, recipients: int) -> list[str]:
    """Return whom the campaign of this name writes to."""
    return [f"{name}.{number}@{DOMAIN}" for number in range(recipients)]


def enqueue(ledger: Ledger, folder: Path, name: str, recipients: int) -> None:
    """Store a campaign to so many readers."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    (folder / "mail.html.j2").write_text(_HTML, encoding="utf-8")
    (folder / "mail.txt.j2").write_text("Hello {{ first_name }}, spring is here.\n", encoding="utf-8")
    campaign = Campaign.model_validate(
        {
            "name": name,
            "list": {"source": str(folder / "list.csv")},
            "from": "Bright Books <news@brightbooks.example>",
            "subject": "{{ first_name }}, spring is here",
            "html": str(folder / "mail.html.j2"),
            "text": str(folder / "mail.txt.j2"),
            "postal_address": "Bright Books & Co, 1 High Street, Exampletown",
            # The gate is not on trial here: a handful sent again is an epoch in which one bounce is 5 %.
            "halt": {"minimum_bounces": recipients, "ladder": [], "unknown_at_most": 1_000_000},
        }
    )
    new = NewCampaign(
        name=name,
        definition=campaign.model_dump(mode="json"),
        list_digest="1" * 64,
        template_digest=Templates.load(campaign).digest,
        seed=7,
        list_summary={"rows": recipients},
    )
    messages = [
        NewMessage(
            address=address,
            address_key=address,
            domain=DOMAIN,
            fields={"email": address, "first_name": f"Reader {number}"},
            source_row=number + 1,
            position=number,
        )
        for number, address in enumerate(addresses(name, recipients))
    ]
    batch_enqueue.enqueue(ledger, new, lambda: [messages])
