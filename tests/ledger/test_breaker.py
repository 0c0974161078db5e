"""The breaker that all workers share: when it opens, who may probe, and when it closes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger import breaker, clock
from ledger.breaker import Closed, Open, Opened, ProbeDue, Recovered, Standing
from ledger.claims import LEASE_SECONDS

NAME = "account"


@pytest.fixture
def ask(scene):
    def asked() -> Standing:
        with scene.ledger.writing() as connection:
            return breaker.ask(connection, NAME)

    return asked


@pytest.fixture
def silence(scene):
    def noted(claim_id: int = 1, in_a_row: int = 1) -> Opened | None:
        with scene.ledger.writing() as connection:
            return breaker.note_silence(connection, NAME, claim_id, in_a_row)

    return noted


@pytest.fixture
def answer(scene):
    def noted(claim_id: int = 1) -> Recovered | None:
        with scene.ledger.writing() as connection:
            return breaker.note_answer(connection, NAME, claim_id)

    return noted


@pytest.fixture
def probe(scene):
    def booked(claim_id: int) -> None:
        with scene.ledger.writing() as connection:
            assert breaker.ask(connection, NAME) == ProbeDue()
            breaker.book_probe(connection, NAME, claim_id)

    return booked


def lets_through(scene, claim_id: int) -> bool:
    with scene.ledger.writing() as connection:
        return breaker.lets_through(connection, NAME, claim_id)


def test_three_calls_without_an_answer_open_it_whoever_made_them(ask, silence) -> None:
    assert ask() == Closed()
    assert [silence(claim_id) for claim_id in (1, 2)] == [None, None]
    assert ask() == Closed()
    opened = silence(3)
    assert opened is not None
    assert (opened.probes, opened.wait_seconds) == (0, breaker.FIRST_PROBE_SECONDS)
    assert ask() == Open(pytest.approx(breaker.FIRST_PROBE_SECONDS))


def test_whoever_looks_sees_since_when_it_is_open_and_when_it_probes_next(
    scene, frozen, silence, probe, answer
) -> None:
    def look() -> Opened | None:
        with scene.ledger.reading() as connection:
            return breaker.look(connection, NAME)

    since = frozen.now
    assert look() is None
    silence()
    assert look() is None
    silence(in_a_row=3)
    frozen.tick(2)
    assert look() == Opened(since, probes=0, wait_seconds=3)
    frozen.tick(60)
    # Nobody has anything to send: the probe is overdue, not in the past.
    assert look() == Opened(since, probes=0, wait_seconds=0)
    probe(7)
    assert look() == Opened(since, probes=1, wait_seconds=LEASE_SECONDS)
    answer(7)
    assert look() is None


def test_an_answer_in_between_begins_the_count_anew(ask, silence, answer) -> None:
    silence()
    silence()
    assert answer() is None
    silence()
    silence()
    assert ask() == Closed()


def test_three_in_a_row_of_one_worker_open_it_though_others_are_answered(ask, silence, answer) -> None:
    for in_a_row in (1, 2, 3):
        answer(2)
        silence(1, in_a_row)
    assert isinstance(ask(), Open)


def test_one_claim_probes_and_no_other_call_goes_out(scene, frozen, ask, silence, probe) -> None:
    for _ in range(3):
        silence(1)
    assert not lets_through(scene, 1)
    frozen.tick(breaker.FIRST_PROBE_SECONDS)
    probe(7)
    assert lets_through(scene, 7)
    assert not lets_through(scene, 1)
    # Until it answers or its lease would be over, there is no second one.
    assert ask() == Open(pytest.approx(LEASE_SECONDS))


def test_a_probe_that_never_came_back_makes_room_and_is_shut_out(scene, frozen, ask, silence, probe) -> None:
    for _ in range(3):
        silence()
    frozen.tick(breaker.FIRST_PROBE_SECONDS)
    probe(7)
    frozen.tick(LEASE_SECONDS)
    probe(8)
    assert lets_through(scene, 8)
    assert not lets_through(scene, 7)


def test_each_failed_probe_waits_twice_as_long_up_to_a_limit(frozen, silence, probe) -> None:
    opened = [silence() for _ in range(3)][-1]
    began = frozen.now
    waits = []
    for number in range(1, 10):
        assert opened is not None
        waits.append(opened.wait_seconds)
        frozen.tick(opened.wait_seconds)
        probe(number)
        opened = silence(number)
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert opened is not None
    assert (opened.since, opened.probes) == (began, 9)


def test_the_answer_of_a_probe_closes_it_for_everybody(scene, frozen, ask, silence, answer, probe) -> None:
    for _ in range(3):
        silence()
    frozen.tick(breaker.FIRST_PROBE_SECONDS)
    probe(7)
    assert answer(7) == Recovered()
    assert ask() == Closed()
    assert lets_through(scene, 1)
    # It takes three again to open it, and the first wait is as short as before.
    assert silence() is None
    assert silence() is None
    opened = silence()
    assert opened is not None
    assert opened.wait_seconds == breaker.FIRST_PROBE_SECONDS


def test_calls_from_before_neither_close_it_nor_put_the_probe_off(frozen, ask, silence, answer) -> None:
    for _ in range(3):
        silence(1)
    frozen.tick(1)
    assert answer(2) is None
    assert silence(3, in_a_row=5) is None
    assert ask() == Open(pytest.approx(breaker.FIRST_PROBE_SECONDS - 1))


def test_of_workers_that_ask_at_once_one_probes(ledger, silence, frozen) -> None:
    for _ in range(3):
        silence()
    frozen.tick(breaker.FIRST_PROBE_SECONDS)

    def probing(claim_id: int) -> bool:
        with ledger.writing() as connection:
            due = isinstance(breaker.ask(connection, NAME), ProbeDue)
            if due:
                breaker.book_probe(connection, NAME, claim_id)
            return due

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(probing, range(1, 9))) == 1


def test_it_goes_by_the_databases_clock(ledger) -> None:
    with ledger.writing() as connection:
        before = clock.now(connection)
        for _ in range(3):
            opened = breaker.note_silence(connection, NAME, 1, 1)
        assert opened is not None
        assert before <= opened.since <= clock.now(connection)
