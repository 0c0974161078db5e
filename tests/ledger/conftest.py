"""The ledger on both databases, and a campaign in it to work on."""

import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, select

from ledger import attempts, campaigns, claims, clock, enqueueing, events, migrating, tallies
from ledger.attempts import Result
from ledger.campaigns import Campaign, State
from ledger.claims import Claim
from ledger.engine import Ledger, connect, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage
from ledger.events import Applied
from ledger.incoming import Event
from ledger.schema import (
    COHORT_SECONDS,
    FACT_COLUMNS,
    cohort,
    erasure_key,
    identity,
    message,
    metadata,
    tally,
)
from ledger.statuses import Count, Fact, Status, counts_of

START = 1_800_000_000.0


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty ledger file."""
    path = tmp_path_factory.mktemp("template") / "ledger.sqlite3"
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def new_postgres_database(postgres: str) -> Callable[[], str]:
    """Return a function that makes an empty database, without any table, and gives its URL."""
    numbers = itertools.count(1)

    def make() -> str:
        name = f"ledger_{next(numbers)}"
        with psycopg.connect(host=postgres, user="postgres", autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql+psycopg://postgres@/{name}?host={postgres}"

    return make


@pytest.fixture(scope="session")
def emptied_postgres_url(new_postgres_database: Callable[[], str]) -> Iterator[Callable[[], str]]:
    """Return a function that empties the one migrated database of all tests and gives its URL.

    A database made anew for each test takes several times as long. The ledger's own id and key stay.
    """
    url = new_postgres_database()
    engine = connect(url)
    migrating.upgrade(engine)
    kept = (identity, erasure_key)
    tables = [table.name for table in reversed(metadata.sorted_tables) if table not in kept]
    # What some test left open would otherwise be waited for without an end.
    statement = "; ".join(
        [
            "SET lock_timeout = '20s'",
            *(f"DELETE FROM {name}" for name in tables),
            "UPDATE identity SET generation = 0, noted = 0, noted_at = 0, noting_until = 0, "
            "failing_since = 0, claims = 0, claims_before = 0",
        ]
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def emptied() -> str:
            connection.exec_driver_sql(statement)
            return url

        yield emptied
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, on each kind in turn."""
    if request.param == "postgresql":
        return request.getfixturevalue("new_postgres_database")()
    return f"sqlite:///{tmp_path}/empty.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated ledger with nothing in it, on each database in turn."""
    if request.param == "postgresql":
        return request.getfixturevalue("emptied_postgres_url")()
    path = tmp_path / "ledger.sqlite3"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_ledger(database_url) as opened:
        yield opened


class Clock:
    """The database's clock, standing still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def tick(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Clock:
    frozen = Clock()
    monkeypatch.setattr(clock, "now", lambda connection: frozen.now)
    return frozen


class Scene:
    """A ledger and the steps of a campaign, each in its own transaction unless a connection is given."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def new(self, name: str = "spring-offer", **changes: object) -> NewCampaign:
        """Return a campaign that is not stored yet."""
        whole = {
            "name": name,
            "definition": {"name": name},
            "list_digest": "1" * 64,
            "template_digest": "2" * 64,
            "seed": 7,
            "list_summary": {"rows": 3},
        }
        return NewCampaign(**(whole | changes))  # type: ignore[arg-type]

    def messages(self, count: int, **changes: object) -> list[NewMessage]:
        """Return recipients 0, 1, ... of the list, whose positions in the shuffle run the other way."""
        return [
            NewMessage(
                **{
                    "address": f"Reader.{number}@example.com",
                    "address_key": f"reader.{number}@example.com",
                    "domain": "example.com",
                    "fields": {"first_name": f"Reader {number}"},
                    "source_row": number + 1,
                    "position": count - 1 - number,
                }
                | changes
            )
            for number in range(count)
        ]

    def enqueue(self, count: int = 3, name: str = "spring-offer") -> Campaign:
        with self.ledger.writing() as connection:
            return enqueueing.enqueue(connection, self.new(name), [self.messages(count)])

    @contextmanager
    def locked(self, name: str = "spring-offer") -> Iterator[tuple[Connection, Campaign]]:
        with self.ledger.writing() as connection:
            yield connection, campaigns.lock(connection, campaigns.get(connection, name).id)

    def change(self, state: State, name: str = "spring-offer", **how: object) -> None:
        with self.locked(name) as (connection, locked):
            campaigns.change_state(connection, locked, state, **({"by": "Ada", "reason": "asked to"} | how))

    def claim(self, limit: int = 100, owner: str = "worker-1", name: str = "spring-offer") -> Claim:
        with self.locked(name) as (connection, locked):
            found = claims.candidates(connection, locked, limit)
            return claims.take(connection, locked, owner, found)

    def intend(self, held: Claim, send_ids: Mapping[int, str], name: str = "spring-offer") -> None:
        with self.locked(name) as (connection, locked):
            attempts.commit_intent(connection, locked, held, "call-1", send_ids)

    def sending(self, count: int = 3) -> list[str]:
        """Bring `count` messages of a new campaign to SENDING; return their send ids, by position."""
        self.enqueue(count)
        return self.send_on()

    def send_on(self, prefix: str = "send") -> list[str]:
        """Claim what is queued and commit its intent; return the send ids, by position."""
        held = self.claim()
        ids = {item.message_id: f"{prefix}-{place}" for place, item in enumerate(held.recipients)}
        self.intend(held, ids)
        return list(ids.values())

    def record(self, *results: Result, name: str = "spring-offer") -> None:
        with self.locked(name) as (connection, _):
            attempts.record(connection, results)

    def apply(self, *found: Event) -> Applied:
        with self.ledger.writing() as connection:
            return events.apply(connection, found)

    def recover(self, name: str = "spring-offer") -> claims.Recovered:
        with self.locked(name) as (connection, locked):
            return claims.recover(connection, locked)

    def statuses(self) -> list[Status]:
        """Return every message's status, by position."""
        return [row["status"] for row in self.rows()]

    def rows(self) -> list[Mapping[str, object]]:
        """Return every message, whole, by position."""
        with self.ledger.reading() as connection:
            return message_rows(connection)

    def check_tallies(self, name: str = "spring-offer") -> tallies.Totals:
        """Hold the tallies and cohorts to the messages; return the totals."""
        with self.ledger.reading() as connection:
            found = campaigns.get(connection, name)
            check_tallies(connection, found.id)
            return tallies.read(connection, found.id)


@pytest.fixture
def scene(ledger: Ledger, frozen: Clock) -> Scene:
    """A ledger whose clock stands still, and the steps of a campaign."""
    return Scene(ledger)


class _Undo(Exception):
    """Leaves a transaction without keeping what it wrote."""


@pytest.fixture
def trial(ledger: Ledger) -> Callable[[], object]:
    """A writing transaction that is undone at its end: an example of Hypothesis leaves nothing behind."""

    @contextmanager
    def undone() -> Iterator[Connection]:
        try:
            with ledger.writing() as connection:
                yield connection
                raise _Undo
        except _Undo:
            return

    return undone


@pytest.fixture
def an_event() -> Callable[..., Event]:
    """Return a function that makes an event; what a test does not name is the same for all."""
    numbers = itertools.count(1)

    def make(send_id: str | None, *facts: Fact, **changes: object) -> Event:
        at = float(changes.pop("at", START + 5))  # type: ignore[arg-type]
        number = next(numbers)
        whole = {
            "dedupe_key": f"event-{number}",
            "kind": "Bounce",
            "ses_message_id": None,
            "send_id": send_id,
            "recipient": None,
            "at": at,
            "facts": {Fact.ACCEPTED: START + 1} | dict.fromkeys(facts, at),
            "raw": "{}",
            "verified": True,
        }
        return Event(**(whole | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def read_messages() -> Callable[[Connection], list[Mapping[str, object]]]:
    return message_rows


@pytest.fixture
def hold_tallies_to_account() -> Callable[[Connection, int], None]:
    return check_tallies


def message_rows(connection: Connection) -> list[Mapping[str, object]]:
    query = select(message).order_by(message.c.campaign_id, message.c.position, message.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def check_tallies(connection: Connection, campaign_id: int) -> None:
    """Assert that every tally and cohort of a campaign equals what its messages amount to."""
    whole = tallies.read(connection, campaign_id)
    assert whole == tallies.recount(connection, campaign_id)
    rows = [row for row in message_rows(connection) if row["campaign_id"] == campaign_id]
    assert whole.recipients == len(rows)
    by_epoch: dict[int, Counter[Status | Count]] = {}
    cohorts: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        facts = [fact for fact, column in FACT_COLUMNS.items() if row[column] is not None]
        counts = counts_of(facts)
        found = by_epoch.setdefault(int(str(row["epoch"])), Counter())
        found.update([Status(str(row["status"])), *counts])
        if Count.ACCEPTED in counts and Count.WITHHELD not in counts:
            bucket = int(float(str(row["accepted_at"])) // COHORT_SECONDS)
            amounts = cohorts.setdefault((int(str(row["epoch"])), bucket), [0, 0, 0, 0])
            for place, count in enumerate((Count.ACCEPTED, Count.KNOWN, Count.HARD_BOUNCED)):
                amounts[place] += count in counts
            amounts[3] += Count.DELAYED in counts and Count.KNOWN not in counts
    stored = select(tally.c.epoch).where(tally.c.campaign_id == campaign_id)
    epochs = connection.execute(stored).scalars().all()
    assert set(by_epoch) <= set(epochs)
    for epoch in epochs:
        totals = tallies.read(connection, campaign_id, epoch)
        expected = by_epoch.get(epoch, Counter())
        assert totals.by_status == {status: expected[status] for status in Status}
        assert totals.counts == {count: expected[count] for count in Count}
    found_cohorts = {
        (row.epoch, row.bucket): [row.accepted, row.known, row.hard_bounced, row.delayed]
        for row in connection.execute(select(cohort).where(cohort.c.campaign_id == campaign_id))
        if row.accepted or row.known or row.hard_bounced or row.delayed
    }
    assert found_cohorts == cohorts
