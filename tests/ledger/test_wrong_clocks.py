"""The clock was wrong for a moment, or was set: nothing in the ledger waits for a time that it invented."""

import pytest
from sqlalchemy import select

from ledger import attempts, breaker, claims, generation, limits, presences
from ledger.breaker import FIRST_PROBE_SECONDS, OPENS_AFTER, Open, ProbeDue
from ledger.claims import LEASE_SECONDS
from ledger.generation import BLOCK_SECONDS
from ledger.schema import claim, limiter

RATE = 100.0
SHIFTS = [7200.0, 90.0]


def take(scene, recipients: int = 10) -> float:
    with scene.ledger.writing() as connection:
        return limits.take(connection, "account", recipients, RATE).wait_seconds


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_clock_that_was_ahead_for_a_moment_keeps_no_call_waiting(scene, frozen, shift: float) -> None:
    frozen.tick(shift)
    assert take(scene) == 0.0
    frozen.tick(-shift)
    # The grant before it may still wait for its turn, and no longer than that.
    assert [take(scene) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3], abs=1e-5)


@pytest.mark.parametrize("shift", SHIFTS)
def test_no_grant_lies_further_ahead_than_all_that_wait_together(scene, frozen, shift: float) -> None:
    for workers in range(64):
        assert take(scene) == pytest.approx(workers * 0.1, abs=1e-5)
    frozen.tick(-shift)
    # All 64 still wait, so the next one comes after them; and the rate holds for it.
    assert [take(scene) for _ in range(3)] == pytest.approx([6.4, 6.5, 6.6], abs=1e-5)
    frozen.tick(3.0)
    assert take(scene) == pytest.approx(3.7, abs=1e-5)


def test_a_hold_is_as_long_as_it_was_meant(scene, frozen) -> None:
    frozen.tick(7200)
    with scene.ledger.writing() as connection:
        limits.hold(connection, "account", 8)
    frozen.tick(-7200)
    assert take(scene) == pytest.approx(8.0, abs=1e-5)


def test_a_place_that_is_given_back_after_the_clock_was_set_leaves_nothing_behind(scene, frozen) -> None:
    frozen.tick(7200)
    with scene.ledger.writing() as connection:
        grant = limits.take(connection, "account", 50, RATE)
    frozen.tick(-7200)
    with scene.ledger.writing() as connection:
        limits.give_back(connection, grant)
    assert take(scene) == pytest.approx(0.0, abs=1e-5)


def test_what_an_older_version_left_hours_ahead_is_not_believed(scene, frozen) -> None:
    with scene.ledger.writing() as connection:
        connection.execute(limiter.insert().values(name="account", next_at=frozen.now + 7200))
    assert take(scene) == 0.0


def leased_until(scene) -> list[float]:
    with scene.ledger.reading() as connection:
        return list(connection.execute(select(claim.c.leased_until)).scalars())


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_dead_workers_lease_ends_in_its_time_after_the_clock_was_set_back(
    scene, frozen, shift: float
) -> None:
    scene.enqueue()
    frozen.tick(shift)
    held = scene.claim()
    frozen.tick(-shift)
    assert scene.recover().queued == 0
    assert leased_until(scene) == pytest.approx([frozen.now + LEASE_SECONDS])
    frozen.tick(LEASE_SECONDS + 1)
    assert scene.recover().queued == len(held.recipients)


def test_a_worker_keeps_its_lease_while_the_clock_is_set_back(scene, frozen) -> None:
    scene.enqueue()
    held = scene.claim()
    frozen.tick(-7200)
    scene.recover()
    with scene.ledger.writing() as connection:
        assert claims.is_good(connection, held)
        assert claims.renew(connection, held)
    assert leased_until(scene) == pytest.approx([frozen.now + LEASE_SECONDS])


def test_a_worker_whose_lease_a_leap_ended_sends_nothing_more(scene, frozen) -> None:
    scene.enqueue()
    held = scene.claim()
    frozen.tick(7200)
    assert scene.recover().queued == len(held.recipients)
    frozen.tick(-7200)
    with pytest.raises(attempts.ClaimLost):
        scene.intend(held, {held.recipients[0].message_id: "send-1"})


def test_a_dead_runs_presence_ends_in_its_time_after_the_clock_was_set_back(scene, frozen) -> None:
    scene.enqueue()
    with scene.locked() as (connection, locked):
        mine = presences.attend(connection, locked)
        frozen.tick(7200)
        presences.attend(connection, locked)
    frozen.tick(-7200)
    scene.recover()
    frozen.tick(LEASE_SECONDS + 1)
    with scene.locked() as (connection, locked):
        assert not presences.others(connection, locked, mine)


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_breaker_probes_again_after_the_clock_was_set_back(scene, frozen, shift: float) -> None:
    frozen.tick(shift)
    with scene.ledger.writing() as connection:
        for number in range(OPENS_AFTER):
            breaker.note_silence(connection, "account", number, 1)
        assert breaker.ask(connection, "account") == Open(pytest.approx(FIRST_PROBE_SECONDS, abs=1e-5))
    frozen.tick(-shift)
    with scene.ledger.writing() as connection:
        assert breaker.ask(connection, "account") == ProbeDue()
        breaker.book_probe(connection, "account", 9)
    frozen.tick(-shift)
    with scene.ledger.writing() as connection:
        # The prober may have died.
        assert breaker.ask(connection, "account") == ProbeDue()


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_block_and_the_turn_to_note_it_end_in_their_time(scene, frozen, shift: float) -> None:
    frozen.tick(shift)
    with scene.ledger.writing() as connection:
        assert generation.begin_note(connection, generation.lock(connection))
    frozen.tick(-shift)
    with scene.ledger.writing() as connection:
        standing = generation.lock(connection)
        assert generation.begin_note(connection, standing)
        generation.fail_note(connection, 5.0)
        assert generation.read(connection).failing_seconds == 0.0
        generation.give_up_note(connection)
        assert generation.begin_note(connection, generation.lock(connection))
        block = generation.end_note(connection, generation.raise_by_one(connection))
        assert block is not None
        assert block.age_seconds < BLOCK_SECONDS
    frozen.tick(-shift)
    with scene.ledger.reading() as connection:
        assert generation.read(connection).age_seconds > BLOCK_SECONDS
