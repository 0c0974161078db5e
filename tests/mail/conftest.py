"""What the room's tests share: campaigns on disk and in a ledger, a clock, a fake SES, and one sandbox."""

import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from botocore.exceptions import ClientError
from sqlalchemy import select

import sandbox
import settings
from ledger import campaigns, clock, enqueueing, migrating, tallies
from ledger.campaigns import Campaign as StoredCampaign
from ledger.claims import Claim
from ledger.engine import Ledger, connect, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage
from ledger.schema import event, message, suppression
from ledger.statuses import Status
from mail import gatekeeping, sending
from mail.call_modes import Mode
from mail.calling import Calls, Work
from mail.campaign_file import Campaign
from mail.rate import Rate
from mail.sending import Sent
from mail.ses_requests import Envelope
from mail.templating import Templates
from mail.unsubscribe import Tokens

HTML = """<!doctype html>
<html><body>
<h1>Hello {{ first_name or "there" }}</h1>
<p><a href="https://brightbooks.example/spring">See the offer</a></p>
<p><a href="{{ unsubscribe_url }}">{{ unsubscribe_text }}</a> {{ postal_address }}</p>
</body></html>
"""

TEXT = """Hello {{ first_name or "there" }},
{{ unsubscribe_text }}: {{ unsubscribe_url }}
{{ postal_address }}
"""

CampaignMaker = Callable[..., Campaign]

# Nobody tells these campaigns what became of their mail, and none of them is to wait for it.
UNPACED: Mapping[str, Any] = {"ladder": (), "unknown_at_most": 1_000_000}

START = 1_800_000_000.0
# Where the sandbox knows every name to take mail.
DOMAIN = "reader.example"


@pytest.fixture
def make_campaign(tmp_path: Path) -> CampaignMaker:
    """Write the templates and the list given, and return a campaign over them."""

    def make(
        *,
        subject: str = "{{ first_name or 'Hello' }}, spring is here",
        html: str = HTML,
        text: str | None = TEXT,
        rows: str = "email,first_name\nann@reader.example,Ann\n",
        **more: object,
    ) -> Campaign:
        (tmp_path / "mail.html.j2").write_text(html, encoding="utf-8")
        (tmp_path / "list.csv").write_text(rows, encoding="utf-8")
        if text is not None:
            (tmp_path / "mail.txt.j2").write_text(text, encoding="utf-8")
        return Campaign.model_validate(
            {
                "name": "spring-offer",
                "list": {"source": str(tmp_path / "list.csv")},
                "from": "Bright Books <news@brightbooks.example>",
                "subject": subject,
                "html": str(tmp_path / "mail.html.j2"),
                "text": "" if text is None else str(tmp_path / "mail.txt.j2"),
                "postal_address": "Bright Books & Co, 1 High Street, Exampletown",
                **more,
            }
        )

    return make


class Clock:
    """The database's clock and the worker's, both standing still until something sleeps."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def tick(self, seconds: float) -> None:
        self.now += seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def read(self) -> float:
        return self.now


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Clock:
    frozen = Clock()
    monkeypatch.setattr(clock, "now", lambda connection: frozen.now)
    return frozen


@pytest.fixture(scope="session")
def ledger_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty ledger file."""
    path = tmp_path_factory.mktemp("template") / "ledger.sqlite3"
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def ledger_url(ledger_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "ledger.sqlite3"
    shutil.copyfile(ledger_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    with open_ledger(ledger_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a migrated, empty database."""
    name = "mail_template"
    with psycopg.connect(host=postgres, user="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    engine = connect(f"postgresql+psycopg://postgres@/{name}?host={postgres}")
    migrating.upgrade(engine)
    engine.dispose()
    return name


_databases = itertools.count(1)


@pytest.fixture
def postgres_url(postgres: str, postgres_template: str) -> str:
    """A ledger on PostgreSQL with nothing in it."""
    name = f"mail_{next(_databases)}"
    with psycopg.connect(host=postgres, user="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    return f"postgresql+psycopg://postgres@/{name}?host={postgres}"


@pytest.fixture(params=["sqlite", "postgresql"])
def either_url(request: pytest.FixtureRequest) -> str:
    """A ledger with nothing in it, on each database in turn."""
    name = "ledger_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


Answer = Mapping[str, Any]
# What a call is answered with: given the fake and the request, an answer or an exception.
Step = Callable[["FakeSes", Mapping[str, Any]], Answer]


class FakeSes:
    """SES without a network: it takes every message, unless a step is planned for the call.

    steps:    by the number of the call, the first being 1.
    always:   what answers the calls without a step of their own.
    accepted: (address, send id) of all that it took, in order.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.accepted: list[tuple[str, str]] = []
        self.steps: dict[int, Step] = {}
        self.always: Step = FakeSes.accept

    def send_bulk_email(self, **request: Any) -> Answer:
        return self._answer("send_bulk_email", request)

    def send_email(self, **request: Any) -> Answer:
        return self._answer("send_email", request)

    def _answer(self, operation: str, request: Mapping[str, Any]) -> Answer:
        self.calls.append((operation, request))
        return self.steps.get(len(self.calls), self.always)(self, request)

    def accept(self, request: Mapping[str, Any], *, but: Mapping[int, Answer] | None = None) -> Answer:
        """Take a call, except for the entries (by place) that get the results given."""
        if "BulkEmailEntries" not in request:
            return {"MessageId": self._take(request["Destination"], request["EmailTags"])}
        results = []
        for place, entry in enumerate(request["BulkEmailEntries"]):
            refused = (but or {}).get(place)
            results.append(
                refused
                or {
                    "Status": "SUCCESS",
                    "MessageId": self._take(entry["Destination"], entry["ReplacementTags"]),
                }
            )
        return {"BulkEmailEntryResults": results}

    def _take(self, destination: Mapping[str, Any], tags: Sequence[Mapping[str, str]]) -> str:
        send_id = next(tag["Value"] for tag in tags if tag["Name"] == "send_id")
        self.accepted.append((destination["ToAddresses"][0], send_id))
        return f"ses-of-{send_id}"

    @property
    def addresses(self) -> list[str]:
        return [address for address, _ in self.accepted]

    def sizes(self) -> list[int]:
        """Return how many recipients each call held."""
        return [len(request.get("BulkEmailEntries", [None])) for _, request in self.calls]


@pytest.fixture
def fake_ses() -> FakeSes:
    return FakeSes()


def raising(error: Exception) -> Step:
    def step(fake: FakeSes, request: Mapping[str, Any]) -> Answer:
        raise error

    return step


@pytest.fixture(name="raising")
def raising_fixture() -> Callable[[Exception], Step]:
    """Return a function that makes a step out of an exception."""
    return raising


@pytest.fixture
def client_error() -> Callable[..., ClientError]:
    """Return a function that makes boto3's exception for an answer of SES."""

    def make(code: str, status: int, text: str = "It was refused.") -> ClientError:
        return ClientError(
            {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}},
            "SendBulkEmail",
        )

    return make


class Stage:
    """A campaign in a ledger and a worker on it; time passes only where the worker sleeps."""

    def __init__(self, ledger: Ledger, make_campaign: CampaignMaker, ses: FakeSes, frozen: Clock) -> None:
        self.ledger = ledger
        self.make_campaign = make_campaign
        self.ses = ses
        self.clock = frozen
        self.campaign: Campaign | None = None
        self._owners = itertools.count(1)

    def enqueue(
        self, recipients: int | Sequence[str], *, refused: Sequence[str] = (), **changes: Any
    ) -> StoredCampaign:
        """Store a campaign to so many readers, or to these addresses, in the order of their going out.

        Nothing paces it, unless the `halt` given does. SES can take none of the `refused`, who come last.
        """
        changes["halt"] = UNPACED | dict(changes.get("halt", {}))
        addresses = (
            [f"reader.{number}@{DOMAIN}" for number in range(recipients)]
            if isinstance(recipients, int)
            else list(recipients)
        )
        addresses += refused
        self.campaign = self.make_campaign(**changes)
        new = NewCampaign(
            name=self.campaign.name,
            definition=self.campaign.model_dump(mode="json"),
            list_digest="1" * 64,
            template_digest=Templates.load(self.campaign).digest,
            seed=7,
            list_summary={"rows": len(addresses)},
        )
        messages = [
            NewMessage(
                address=address,
                address_key=address.lower(),
                domain=address.rpartition("@")[2],
                fields={"email": address, "first_name": f"Reader {number}"},
                source_row=number + 1,
                position=number,
                refused="smtputf8" if address in refused else None,
            )
            for number, address in enumerate(addresses)
        ]
        with self.ledger.writing() as connection:
            return enqueueing.enqueue(connection, new, [messages])

    def work(self, rate_per_second: float = 500.0, **changes: Any) -> Work:
        assert self.campaign is not None
        whole: dict[str, Any] = {
            "ledger": self.ledger,
            "ses": self.ses,
            "campaign": self.campaign.name,
            "owner": f"worker-{next(self._owners)}",
            "envelope": Envelope("news@brightbooks.example", "", "campaign", {"campaign": "1"}),
            "templates": Templates.load(self.campaign),
            "tokens": Tokens("a-key-for-these-tests-alone"),
            "public_url": "https://mail.brightbooks.example",
            "rate": Rate(rate_per_second, 0.0, self.campaign.name),
            "sleep": self.clock.sleep,
            "clock": self.clock.read,
        }
        return Work(**(whole | changes))

    def send(self, work: Work | None = None, recipients: int = 10_000) -> Sent:
        """Send until there is nothing to claim."""
        return sending.send_chunk(work or self.work(), recipients)

    def send_claim(self, work: Work, held: Claim) -> None:
        """Send what was claimed before."""
        Calls(work, Mode.TENTHS).send(held, sending.rendered(work, held, Counter()))

    def stored(self) -> StoredCampaign:
        assert self.campaign is not None
        with self.ledger.reading() as connection:
            return campaigns.get(connection, self.campaign.name)

    def finish(self) -> campaigns.State:
        with self.ledger.writing() as connection:
            return gatekeeping.finish(connection, campaigns.lock(connection, self.stored().id))

    def rows(self) -> list[Mapping[str, Any]]:
        """Return every message, by position."""
        with self.ledger.reading() as connection:
            query = select(message).order_by(message.c.position)
            return [dict(row) for row in connection.execute(query).mappings()]

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.rows()]

    def events(self) -> list[Mapping[str, Any]]:
        with self.ledger.reading() as connection:
            return [dict(row) for row in connection.execute(select(event).order_by(event.c.id)).mappings()]

    def suppressed(self) -> dict[str, str]:
        with self.ledger.reading() as connection:
            rows = connection.execute(select(suppression.c.address_key, suppression.c.reason))
            return dict(rows.all())

    def count(self) -> dict[Status, int]:
        """Return the statuses that occur, by count; the tally must agree with the messages."""
        with self.ledger.reading() as connection:
            found = tallies.read(connection, self.stored().id)
            assert found == tallies.recount(connection, self.stored().id)
        return {status: n for status, n in found.by_status.items() if n}


@pytest.fixture
def stage(ledger: Ledger, make_campaign: CampaignMaker, fake_ses: FakeSes, frozen: Clock) -> Stage:
    return Stage(ledger, make_campaign, fake_ses, frozen)


@pytest.fixture
def either_stage(
    either_url: str, make_campaign: CampaignMaker, fake_ses: FakeSes, frozen: Clock
) -> Iterator[Stage]:
    """The same on each database in turn; whoever opens its ledger anew puts the new one in its place."""
    stage = Stage(open_ledger(either_url), make_campaign, fake_ses, frozen)
    yield stage
    stage.ledger.close()


@pytest.fixture
def postgres_stage(
    postgres_url: str, make_campaign: CampaignMaker, fake_ses: FakeSes, frozen: Clock
) -> Iterator[Stage]:
    with open_ledger(postgres_url) as ledger:
        yield Stage(ledger, make_campaign, fake_ses, frozen)


@pytest.fixture
def unfrozen_stage(ledger: Ledger, make_campaign: CampaignMaker, fake_ses: FakeSes) -> Stage:
    """The same by the real clock, for tests whose senders are other processes."""
    return Stage(ledger, make_campaign, fake_ses, Clock())


@pytest.fixture(scope="session")
def started() -> Iterator[sandbox.RunningSandbox]:
    """One sandbox for the whole room, which knows no S3."""
    behaviour = sandbox.Behaviour(rate_per_second=1_000, tag_calls_per_second=1_000)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@pytest.fixture
def world(
    started: sandbox.RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sandbox.RunningSandbox]:
    """The sandbox as at its start, with boto3 and the settings pointed at it."""
    started.reset()
    # boto3 keeps the credentials and the region that it once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in started.environment.items():
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    yield started
    settings.settings.cache_clear()
