"""The database's clock is set, or wrong for a moment, at every stage of sending: all get their mail once."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from ledger import clock, owners, singles
from ledger.claims import LEASE_SECONDS
from ledger.engine import Ledger
from ledger.schema import message, metadata
from ledger.singles import NewSingle
from mail import composer
from mail.generation_blocks import GenerationBlocks
from mail.rate import Rate
from mail.restoring import Outside
from mail.single_sending import SingleWork, send_messages
from mail.unsubscribe import Tokens

HOURS = 7200.0
# So many reads of the clock later it is right again; None: never, it was set.
MOMENTS = [1, 7, None]
PEOPLE = 12
PER_SECOND = 20.0
# Every stage by environment variable; else one in so many.
EVERY = 1 if os.environ.get("EVERY_STAGE") else 16


class Wrong:
    """The database's clock, which is wrong from one of its reads on; the worker's own one never is."""

    def __init__(self, frozen: Any) -> None:
        self.frozen = frozen
        self.reads, self.begins, self.lasts, self.shift = 0, 10**9, None, 0.0

    def set(self, begins: int, lasts: int | None, shift: float) -> None:
        self.reads, self.begins, self.lasts, self.shift = 0, begins, lasts, shift

    def now(self, _: object) -> float:
        self.reads += 1
        over = self.lasts is not None and self.reads >= self.begins + self.lasts
        return float(self.frozen.now + (self.shift if self.reads >= self.begins and not over else 0.0))


class Note:
    """What is noted outside of the ledger, with nobody else there."""

    def __init__(self) -> None:
        self.outside = Outside(0)

    def look(self) -> Outside:
        return self.outside

    def write(self, generation: int) -> None:
        self.outside = Outside(generation)


@pytest.fixture
def wrong(frozen: Any, monkeypatch: pytest.MonkeyPatch) -> Wrong:
    found = Wrong(frozen)
    monkeypatch.setattr(clock, "now", found.now)
    return found


def stages(wrong: Wrong, run: Callable[[], None]) -> Iterator[tuple[int, int | None, float]]:
    """Run once by a right clock, and then give every stage at which it may be set."""
    run()
    for begins in range(1, wrong.reads + 1, EVERY):
        for lasts in MOMENTS:
            for shift in (HOURS, -HOURS):
                yield begins, lasts, shift


def most_in_a_second(calls: list[float]) -> int:
    return max(sum(begin <= at < begin + 1 for at in calls) for begin in calls)


def held_to(
    wrong: Wrong, ses: Any, send: Callable[[], str], statuses: Callable[[], list[str]], addresses: list[str]
) -> None:
    """Send until nothing is left, and hold what went out to what should."""
    began = wrong.frozen.now
    while send() != "nothing_left":
        wrong.frozen.sleep(2.0)
        assert wrong.frozen.now - began < LEASE_SECONDS + PEOPLE / PER_SECOND + 10
    assert wrong.frozen.now - began < LEASE_SECONDS + PEOPLE / PER_SECOND + 10
    assert sorted(ses.addresses) == sorted(addresses)
    assert set(statuses()) == {"SENT"}


def emptied(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("identity", "erasure_key"):
                connection.execute(table.delete())
        connection.exec_driver_sql(
            "UPDATE identity SET generation = 0, noted = 0, noted_at = 0, noting_until = 0, "
            "failing_since = 0, claims = 0, claims_before = 0"
        )


def test_a_campaign_reaches_everybody_once(stage: Any, wrong: Wrong) -> None:
    def run() -> None:
        emptied(stage.ledger)
        stage.ses.accepted.clear()
        begins, lasts, shift = wrong.begins, wrong.lasts, wrong.shift
        wrong.set(10**9, None, 0.0)
        stage.enqueue(PEOPLE)
        wrong.set(begins, lasts, shift)
        work = stage.work(PER_SECOND, noted=GenerationBlocks(Note()))
        addresses = [f"reader.{number}@reader.example" for number in range(PEOPLE)]
        held_to(wrong, stage.ses, lambda: stage.send(work).ended, stage.statuses, addresses)

    for begins, lasts, shift in stages(wrong, run):
        wrong.set(begins, lasts, shift)
        run()


def test_single_messages_reach_everybody_once(
    ledger: Ledger, fake_ses: Any, frozen: Any, wrong: Wrong
) -> None:
    def add() -> list[str]:
        addresses = [f"reader.{number}@mail.example" for number in range(PEOPLE)]
        with ledger.writing() as connection:
            whose = owners.ensure(connection, "EliPackage")
            singles.add(
                connection,
                [
                    NewSingle(
                        public_id=f"{number:020x}",
                        owner_id=whose,
                        operator="ann",
                        sender="Shop <news@shop.example>",
                        recipient=address,
                        address=address,
                        address_key=address,
                        domain="mail.example",
                        subject="Offer",
                        text="we have a new offer",
                        unsubscribe_text="Unsubscribe",
                    )
                    for number, address in enumerate(addresses)
                ],
            )
        return addresses

    def statuses() -> list[str]:
        with ledger.reading() as connection:
            return list(connection.execute(select(message.c.status)).scalars())

    def run() -> None:
        emptied(ledger)
        fake_ses.accepted.clear()
        begins, lasts, shift = wrong.begins, wrong.lasts, wrong.shift
        wrong.set(10**9, None, 0.0)
        addresses = add()
        wrong.set(begins, lasts, shift)
        work = SingleWork(
            compose=composer.compose_here,
            ledger=ledger,
            ses=fake_ses,
            owner="worker",
            configuration_set="campaign",
            tags={"ledger": ledger.ledger_id},
            tokens=Tokens("a-key-for-these-tests-alone"),
            public_url="https://mail.shop.example",
            rate=Rate(PER_SECOND, 0.0, ""),
            noted=GenerationBlocks(Note()),
            sleep=frozen.sleep,
            clock=frozen.read,
        )

        def send() -> str:
            sent = send_messages(work, 10_000)
            return sent.ended

        held_to(wrong, fake_ses, send, statuses, addresses)

    for begins, lasts, shift in stages(wrong, run):
        wrong.set(begins, lasts, shift)
        run()
