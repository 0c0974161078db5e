"""Which runs attend to a campaign."""

import pytest

from ledger import presences
from ledger.claims import LEASE_SECONDS


@pytest.fixture
def attend(scene):
    def attending() -> int:
        with scene.locked() as (connection, locked):
            return presences.attend(connection, locked)

    return attending


def others(scene, presence: int) -> bool:
    with scene.locked() as (connection, locked):
        return presences.others(connection, locked, presence)


def test_a_run_sees_the_others_and_not_itself(scene, attend) -> None:
    scene.enqueue(3)
    first = attend()
    # A claim that holds messages is no run.
    scene.claim()
    assert not others(scene, first)
    second = attend()
    assert others(scene, first)
    with scene.ledger.writing() as connection:
        presences.leave(connection, second)
    assert not others(scene, first)


def test_a_dead_run_is_seen_until_its_lease_is_over(scene, frozen, attend) -> None:
    scene.enqueue(3)
    dead, alive = attend(), attend()
    frozen.tick(LEASE_SECONDS / 2)
    with scene.ledger.writing() as connection:
        presences.renew(connection, alive)
    assert others(scene, alive)
    frozen.tick(LEASE_SECONDS / 2)
    assert not others(scene, alive)
    assert others(scene, dead)


def test_the_end_of_a_presence_moves_no_message(scene, frozen, attend) -> None:
    scene.enqueue(3)
    attend()
    held = scene.claim()
    frozen.tick(LEASE_SECONDS / 2)
    with scene.ledger.writing() as connection:
        presences.leave(connection, held.id)
    assert scene.recover().queued == 0
    frozen.tick(LEASE_SECONDS / 2)
    assert scene.recover().queued == 3
    scene.check_tallies()
