"""A ledger on each database, with a campaign in which everything that can happen to a message happened."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
import pytest
from sqlalchemy import Connection

from ledger import attempts, campaigns, claims, clock, events, migrating
from ledger.attempts import Answer, Result
from ledger.campaigns import Campaign, State
from ledger.engine import Ledger, connect, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage, enqueue
from ledger.incoming import Event
from ledger.statuses import Fact
from ledger.withheld import WithheldReason

START = 1_795_426_200.0  # 2026-11-23 09:30:00 UTC

NO_MAILBOX = "smtp; 550 5.1.1 <{}>: user unknown, id 4f2c9a77b1e0d"
HALT = {
    "rule": "literal",
    "k": 3,
    "n": 13,
    "known": 10,
    "at": START + 60,
    "by": "gate",
    "reason": "Hard bounces: 3 of 13 (23.08 %) accepted; the limit is 5 %.",
}


@dataclass(frozen=True)
class Happened:
    """What became of one recipient: the answer to the call, and the facts and diagnostic of its events."""

    address: str
    answer: Answer | None = Answer.ACCEPTED
    facts: Sequence[Fact] = ()
    text: str | None = None
    withheld: WithheldReason | None = None
    refused: str | None = None
    suppressed: str | None = None


# The order is that of the list and of the shuffle.
EVERYTHING = (
    Happened("anna@north.example", facts=[Fact.DELIVERED]),
    Happened("bela@north.example", facts=[Fact.DELIVERED, Fact.OPENED, Fact.CLICKED]),
    Happened("cora@north.example", facts=[Fact.DELIVERED, Fact.TRANSIENT_GENERAL]),
    Happened("dora@north.example", facts=[Fact.HARD_BOUNCED], text=NO_MAILBOX.format("dora@north.example")),
    Happened(
        "emil@north.example", facts=[Fact.DELIVERED, Fact.HARD_BOUNCED], text=NO_MAILBOX.format("x@y.example")
    ),
    Happened("finn@south.example", facts=[Fact.SOFT_BOUNCED], text="smtp; 452 4.2.2 mailbox full"),
    Happened("gina@south.example", facts=[Fact.TRANSIENT_GENERAL]),
    Happened("hans@south.example", facts=[Fact.DELAYED]),
    Happened("inga@south.example", facts=[Fact.DELIVERED, Fact.COMPLAINED], text="abuse"),
    Happened("jule@south.example", facts=[Fact.HARD_BOUNCED, Fact.COMPLAINED]),
    Happened("kurt@west.example", Answer.REJECTED, text="MESSAGE_REJECTED: illegal domain"),
    Happened("lena@west.example", facts=[Fact.WITHHELD], text="no", withheld=WithheldReason.ACCOUNT_LIST),
    Happened("=mia@west.example"),
    Happened("nö@west.example", refused="smtputf8"),
    Happened("olga@west.example", Answer.UNKNOWN),
    Happened("paul@west.example", suppressed="unsubscribe"),
    Happened("rosa@west.example", facts=[Fact.FAILED], text="+rendering failed"),
    Happened("sven@west.example", facts=[Fact.DELIVERED, Fact.UNSUBSCRIBED]),
    Happened("tina@west.example", answer=None),
    Happened("udo@west.example", answer=None),
)


class Story:
    """A ledger and the steps in which campaigns are told into it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.now = START

    def tell(self, name: str, happened: Sequence[Happened], **definition: object) -> None:
        """Enqueue a campaign, send to everyone who has an answer, and apply their events."""
        people = [
            NewMessage(
                address=each.address,
                address_key=each.address,
                domain=each.address.rpartition("@")[2],
                fields={},
                source_row=row,
                position=row,
                refused=each.refused,
            )
            for row, each in enumerate(happened, start=1)
        ]
        summary = {
            "rows": len(people) + 3,
            "accepted": len(people),
            "rejected": 3,
            "by_reason": {"malformed": 1, "duplicate": 2, "no_mx": 0},
        }
        whole = {"name": name, "subject": "Hello <b>you</b>", "halt": {"bounce_rate": 0.05}} | definition
        with self.ledger.writing() as connection:
            enqueue(connection, NewCampaign(name, whole, "1" * 64, "2" * 64, 7, summary), [people])
        self.send(name, happened)

    def send(self, name: str, happened: Sequence[Happened]) -> None:
        """Send to those who are queued and whose answer is known, in one call."""
        by_address = {each.address: each for each in happened}
        with self.locked(name) as (connection, locked):
            found = [
                recipient
                for recipient in claims.candidates(connection, locked, 1_000)
                if by_address[recipient.address].answer or by_address[recipient.address].suppressed
            ]
            unwelcome = {
                recipient.message_id: reason
                for recipient in found
                if (reason := by_address[recipient.address].suppressed)
            }
            claims.suppress(connection, locked, unwelcome)
            welcome = [recipient for recipient in found if recipient.message_id not in unwelcome]
            if not welcome:
                return
            held = claims.take(connection, locked, "worker", welcome)
            send_ids = {one.message_id: f"{name}-{locked.epoch}-{one.message_id}" for one in welcome}
            attempts.commit_intent(connection, locked, held, f"{name}-{locked.epoch}", send_ids)
            self.now += 1
            by_send_id = {send_ids[one.message_id]: by_address[one.address] for one in welcome}
            attempts.record(connection, [_result(key, each) for key, each in by_send_id.items()])
            for key, each in by_send_id.items():
                events.apply(connection, list(_events(key, each, self.now)))

    def change(
        self, name: str, state: State, by: str, reason: str, halt: Mapping[str, object] | None = None
    ) -> None:
        """Change the campaign's state a minute later."""
        self.now += 60
        with self.locked(name) as (connection, locked):
            campaigns.change_state(connection, locked, state, by=by, reason=reason, halt=halt)

    @contextmanager
    def locked(self, name: str) -> Iterator[tuple[Connection, Campaign]]:
        with self.ledger.writing() as connection:
            yield connection, campaigns.lock(connection, campaigns.get(connection, name).id)


def _result(send_id: str, each: Happened) -> Result:
    accepted = each.answer is Answer.ACCEPTED
    return Result(
        send_id,
        each.answer or Answer.UNKNOWN,
        ses_message_id=f"ses-{send_id}" if accepted else None,
        text=None if accepted else each.text,
    )


def _events(send_id: str, each: Happened, at: float) -> Iterator[Event]:
    for number, fact in enumerate(each.facts, start=1):
        yield Event(
            dedupe_key=f"{send_id}-{fact}",
            kind=fact,
            ses_message_id=f"ses-{send_id}",
            send_id=send_id,
            recipient=each.address,
            at=at + number,
            facts={Fact.ACCEPTED: at, fact: at + number},
            raw="{}",
            verified=True,
            diagnostic=each.text,
            withheld=each.withheld if fact is Fact.WITHHELD else None,
        )


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def told_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """What `told` gives, made once for all tests."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('told') / 'ledger.sqlite3'}"
    else:
        host = request.getfixturevalue("postgres")
        with psycopg.connect(host=host, user="postgres", autocommit=True) as server:
            # Where tests run in parts, this is asked for again and again.
            server.execute("DROP DATABASE IF EXISTS told WITH (FORCE)")
            server.execute("CREATE DATABASE told")
        url = f"postgresql+psycopg://postgres@/told?host={host}"
        engine = connect(url)
        migrating.upgrade(engine)
        engine.dispose()
    with open_ledger(url) as ledger:
        # The clock stands still for this alone: other tests of the session want theirs.
        with pytest.MonkeyPatch.context() as patch:
            story = _story(ledger, patch)
            story.tell("spring-offer", EVERYTHING)
            story.change("spring-offer", State.HALTED, "gate", str(HALT["reason"]), HALT)
            story.tell("calm@2026-11-22", EVERYTHING[:1])
            story.change("calm@2026-11-22", State.COMPLETED, "gate", "nothing is left to send")
        yield story


@pytest.fixture
def told(told_once: Story, monkeypatch: pytest.MonkeyPatch) -> Story:
    """EVERYTHING as `spring-offer`, halted, and a calm campaign, `calm@2026-11-22`. For reading only."""
    monkeypatch.setattr(clock, "now", lambda connection: told_once.now)
    return told_once


@pytest.fixture
def story(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    """An empty ledger of this test's own, on SQLite, whose clock stands still."""
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('story') / 'ledger.sqlite3'}") as ledger:
        yield _story(ledger, monkeypatch)


def _story(ledger: Ledger, patch: pytest.MonkeyPatch) -> Story:
    story = Story(ledger)
    patch.setattr(clock, "now", lambda connection: story.now)
    return story


@pytest.fixture
def everything() -> Sequence[Happened]:
    """All that can happen to a message, a recipient each."""
    return EVERYTHING


@pytest.fixture
def halted() -> Mapping[str, object]:
    """A halt as the gate stores it."""
    return HALT


@pytest.fixture
def delivered() -> Happened:
    """Somebody whose mail was delivered."""
    return replace(EVERYTHING[0])
