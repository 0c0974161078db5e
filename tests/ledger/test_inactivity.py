"""Who counts as silent: delivered to, not suppressed, and without an open or click since before a moment."""

import pytest

from ledger import engagements, erasing, inactivity, suppressions
from ledger.inactivity import Silent
from ledger.statuses import Fact
from ledger.suppressions import Suppression, SuppressionReason

DAY = 86_400.0
START = 1_800_000_000.0
KEYS = [f"reader.{number}@example.com" for number in range(5)]


@pytest.fixture
def mailed(scene, an_event):
    """Readers: 0 opened lately, 1 opened long ago, 2 never did, 3 was never reached, 4 clicked lately."""
    scene.sending(5)
    by_key = {row["address_key"]: f"send-{4 - int(str(row['address_key'])[7])}" for row in scene.rows()}

    def hear(reader: int, *facts: Fact, at: float) -> None:
        scene.apply(an_event(by_key[KEYS[reader]], *facts, at=at))

    for reader in (0, 1, 2, 4):
        hear(reader, Fact.DELIVERED, at=START)
    hear(1, Fact.OPENED, at=START + DAY)
    hear(0, Fact.OPENED, at=START + 100 * DAY)
    hear(4, Fact.CLICKED, at=START + 100 * DAY)


def silent(scene, before: float) -> list[Silent]:
    with scene.ledger.reading() as connection:
        watched = engagements.watched_since(connection)
        return [each for page in inactivity.silent(connection, before, watched) for each in page]


def test_the_silent_are_those_without_a_sign_of_life_since_then(scene, mailed, monkeypatch) -> None:
    for size in (2, 10_000):
        monkeypatch.setattr(inactivity, "_PEOPLE_A_PAGE", size)
        assert silent(scene, START + 50 * DAY) == [
            Silent(KEYS[1], START + DAY, 1, START, START + DAY, None),
            # Silence counts from when opens were first seen.
            Silent(KEYS[2], START + DAY, 1, START, None, None),
        ]


def test_nobody_is_silent_before_opens_and_clicks_were_seen(scene, an_event) -> None:
    scene.sending(1)
    scene.apply(an_event("send-0", Fact.DELIVERED, at=START))
    assert silent(scene, START + 1_000 * DAY) == []


def test_who_is_suppressed_or_erased_is_out_already(scene, mailed) -> None:
    with scene.ledger.writing() as connection:
        suppressions.add(connection, [Suppression(KEYS[1], SuppressionReason.MANUAL, "a test")])
    with scene.ledger.writing() as connection:
        erasing.erase(connection, KEYS[2], by="Ada", reason="asked")
    assert silent(scene, START + 50 * DAY) == []
