"""Blocks of claims: the note outside is ahead of what is sent, and never in its way."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from ledger import generation, restores
from ledger.engine import Ledger, open_ledger
from ledger.schema import identity, restore
from mail import generation_blocks
from mail.generation_blocks import RENEW_AFTER_SECONDS, SILENCE_SECONDS, GenerationBlocks, Leave
from mail.queue import QueueBusy, QueueError
from mail.restoring import Outside, QueueOfAnother, adopt_queue, refuse_queue_of_another

THROTTLED = QueueBusy("the queue is busy")
REFUSED = QueueError("the queue cannot be tagged.")


class Note:
    """A note that outlives the database; it counts what it is asked, and fails where a fault is set."""

    def __init__(self) -> None:
        self.outside = Outside(0)
        self.calls = 0
        self.fault: QueueError | None = None

    def look(self) -> Outside:
        self._called()
        return self.outside

    def write(self, generation: int) -> None:
        self._called()
        self.outside = Outside(generation, self.outside.others, self.outside.is_sandbox)

    def _called(self) -> None:
        self.calls += 1
        if self.fault is not None:
            raise self.fault


class World:
    """A ledger, the note of it, and processes that send of it; time passes where a test says so."""

    def __init__(self, ledger: Ledger, clock: Any) -> None:
        self.ledger, self.clock, self.note = ledger, clock, Note()
        self.told: list[str] = []

    def process(self) -> GenerationBlocks:
        return GenerationBlocks(self.note, self.told.append)

    def copy(self) -> dict[str, Any]:
        with self.ledger.reading() as connection:
            return dict(connection.execute(select(identity)).mappings().one())

    def put_back(self, copy: dict[str, Any]) -> None:
        with self.ledger.writing() as connection:
            connection.execute(update(identity).values(copy))

    def is_restored(self) -> bool:
        with self.ledger.reading() as connection:
            return restores.is_open(connection)

    def forget(self) -> None:
        """Begin anew, as with a new ledger."""
        self.note, self.told = Note(), []
        with self.ledger.writing() as connection:
            connection.execute(delete(restore))
            fresh = {each.name: 0 for each in identity.c if each.name != "ledger_id"}
            connection.execute(update(identity).values(fresh))


@pytest.fixture
def here(either_url: str, frozen: Any) -> Iterator[World]:
    with open_ledger(either_url) as ledger:
        yield World(ledger, frozen)


def test_the_first_claim_of_a_process_takes_a_block_and_the_next_ones_ask_nobody(here: World) -> None:
    first = here.process()
    assert {first.ask(here.ledger).leave for _ in range(50)} == {Leave.GRANTED}
    assert (here.note.calls, here.note.outside.generation) == (2, 1)
    # As after a restart.
    assert here.process().ask(here.ledger).leave is Leave.GRANTED
    assert (here.note.calls, here.note.outside.generation) == (4, 2)


@pytest.mark.parametrize("shift", [-7200.0, -5.0, 5.0, 7200.0])
def test_a_process_begins_a_block_of_its_own_wherever_the_clock_is_set(here: World, shift: float) -> None:
    here.process().ask(here.ledger)
    here.clock.tick(shift)
    late = here.process()
    assert late.ask(here.ledger).leave is Leave.GRANTED
    assert here.note.outside.generation == 2
    here.clock.tick(-shift)
    # The block of the first may still seem to be the newest one by its time.
    assert late.ask(here.ledger).leave is Leave.GRANTED


def test_a_block_that_seems_to_begin_in_hours_is_over(here: World) -> None:
    process = here.process()
    here.clock.tick(7200)
    process.ask(here.ledger)
    here.clock.tick(-7200)
    assert process.ask(here.ledger).leave is Leave.GRANTED
    assert here.note.outside.generation == 2


def test_all_processes_together_note_once_in_some_seconds(here: World) -> None:
    processes = [here.process() for _ in range(20)]
    for process in processes:
        process.ask(here.ledger)
    begun = here.note.calls
    for _ in range(60):
        here.clock.tick(1)
        for process in processes[::7]:
            assert process.ask(here.ledger).leave is Leave.GRANTED
    # Two calls a note: one to look, one to write.
    assert here.note.calls - begun <= 2 * (60 / RENEW_AFTER_SECONDS)


def test_no_block_lasts_longer_than_ten_seconds(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    here.clock.tick(generation.BLOCK_SECONDS + 0.1)
    process.ask(here.ledger)
    assert here.note.outside.generation == 2


def test_who_began_before_the_block_takes_part_in_it(here: World) -> None:
    waiting, other = here.process(), here.process()
    here.note.fault = THROTTLED
    assert waiting.ask(here.ledger).leave is Leave.LATER
    here.note.fault = None
    here.clock.tick(generation_blocks.RETRY_SECONDS + 0.1)
    other.ask(here.ledger)
    calls = here.note.calls
    assert waiting.ask(here.ledger).leave is Leave.GRANTED
    assert here.note.calls == calls


def test_throttling_is_told_once_and_stops_nobody(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    here.note.fault = THROTTLED
    calls = here.note.calls
    for _ in range(int(SILENCE_SECONDS / 4) - 3):
        here.clock.tick(4.0)
        assert process.ask(here.ledger).leave is Leave.GRANTED
    assert len(here.told) == 1
    assert here.note.calls - calls <= SILENCE_SECONDS / generation_blocks.RETRY_SECONDS
    here.note.fault = None
    here.clock.tick(generation_blocks.RETRY_SECONDS + 1)
    assert process.ask(here.ledger).leave is Leave.GRANTED
    assert here.copy()["noted"] == here.note.outside.generation == here.copy()["generation"]


def test_twenty_workers_go_on_while_the_queue_throttles_and_ask_it_as_seldom_as_one(here: World) -> None:
    processes = [here.process() for _ in range(20)]
    for process in processes:
        process.ask(here.ledger)
    here.note.fault, calls = THROTTLED, here.note.calls
    for _ in range(6):
        here.clock.tick(9)
        assert {process.ask(here.ledger).leave for process in processes} == {Leave.GRANTED}
    assert here.note.calls - calls <= 54 / generation_blocks.RETRY_SECONDS


def test_a_failure_of_long_ago_says_nothing_about_now(here: World) -> None:
    process = here.process()
    here.note.fault = THROTTLED
    process.ask(here.ledger)
    here.clock.tick(SILENCE_SECONDS)
    assert process.ask(here.ledger).leave is Leave.LATER


@pytest.mark.parametrize("fault", [THROTTLED, REFUSED])
def test_ten_minutes_without_a_note_end_it_with_a_reason(here: World, fault: QueueError) -> None:
    process = here.process()
    process.ask(here.ledger)
    here.note.fault = fault
    leaves = []
    for _ in range(int(SILENCE_SECONDS / 20) + 2):
        here.clock.tick(20)
        leaves.append(process.ask(here.ledger))
    assert leaves[-1].leave is Leave.UNNOTED
    assert leaves[-1].reason.endswith("tags.")
    here.note.fault = None
    here.clock.tick(5.5)
    assert process.ask(here.ledger).leave is Leave.GRANTED


def test_after_an_idle_hour_one_refusal_pauses_nothing(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    here.clock.tick(3600)
    here.note.fault = THROTTLED
    assert process.ask(here.ledger).leave is Leave.LATER
    here.note.fault = None
    here.clock.tick(generation_blocks.RETRY_SECONDS + 0.1)
    assert process.ask(here.ledger).leave is Leave.GRANTED


def test_the_first_claim_waits_for_its_note_and_a_fault_that_stays_is_raised(here: World) -> None:
    process = here.process()
    here.note.fault = THROTTLED
    answer = process.ask(here.ledger)
    assert (answer.leave, answer.wait_seconds > 0) == (Leave.LATER, True)
    here.note.fault = REFUSED
    here.clock.tick(generation_blocks.RETRY_SECONDS + 0.1)
    with pytest.raises(QueueError, match="cannot be tagged"):
        process.ask(here.ledger)


def test_a_worker_that_died_at_its_note_holds_up_the_next_one_for_seconds(here: World) -> None:
    with here.ledger.writing() as connection:
        assert generation.begin_note(connection, generation.lock(connection))
    process = here.process()
    assert process.ask(here.ledger).leave is Leave.LATER
    here.clock.tick(generation.NOTING_SECONDS + 0.1)
    assert process.ask(here.ledger).leave is Leave.GRANTED


def test_an_end_is_noted_once(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    process.end(here.ledger)
    calls = here.note.calls
    process.end(here.ledger)
    process.end_what_is_over(here.ledger)
    assert here.note.calls == calls


def test_whoever_looks_ends_the_block_of_one_that_died_and_no_living_one(here: World) -> None:
    here.process().ask(here.ledger)
    watch = here.process()
    watch.end_what_is_over(here.ledger)
    assert here.note.outside.generation == 1
    here.clock.tick(generation.BLOCK_SECONDS)
    watch.end_what_is_over(here.ledger)
    assert here.note.outside.generation == 2


def test_a_copy_from_the_middle_of_a_block_is_behind_once_the_block_has_ended(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    copy = here.copy()
    process.ask(here.ledger)
    process.end(here.ledger)
    here.put_back(copy)
    assert here.process().ask(here.ledger).leave is Leave.RESTORED


def test_a_copy_that_is_put_back_under_a_running_process_stops_it(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    copy = here.copy()
    process.ask(here.ledger)
    here.put_back(copy)
    assert process.ask(here.ledger).leave is Leave.RESTORED
    assert here.is_restored()


def test_a_word_that_a_restored_ledger_may_send_needs_a_new_block(here: World) -> None:
    process = here.process()
    process.ask(here.ledger)
    with here.ledger.writing() as connection:
        restores.begin(connection, restores.FoundBy.COMMAND, "a test", ())
    assert process.ask(here.ledger).leave is Leave.RESTORED
    with here.ledger.writing() as connection:
        here.note.write(restores.accept(connection, here.note.look().generation, by="ann", reason="a test"))
    reached = here.note.outside.generation
    assert process.ask(here.ledger).leave is Leave.GRANTED
    assert here.note.outside.generation == reached + 1


# What happens in turn: a process asks, all restart, time passes, a worker ends in good order or is killed.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 2)),
        st.tuples(st.just("restart"), st.integers(0, 2)),
        st.tuples(st.just("tick"), st.sampled_from([1, 4, 7, 11, 700])),
        st.tuples(st.just("end"), st.integers(0, 2)),
        st.tuples(st.just("fault"), st.booleans().map(int)),
    ),
    max_size=25,
)


def play(here: World, steps: list[tuple[str, int]], processes: list[GenerationBlocks]) -> int:
    """Let the steps happen; return how many claims were let through."""
    granted = 0
    for step, value in steps:
        match step:
            case "ask":
                granted += processes[value].ask(here.ledger).leave is Leave.GRANTED
            case "restart":
                processes[value] = here.process()
            case "tick":
                here.clock.tick(value)
            case "end":
                processes[value].end(here.ledger)
            case "fault":
                here.note.fault = THROTTLED if value else None
    return granted


@given(before=STEPS, after=STEPS)
def test_whatever_happens_a_copy_from_before_a_send_never_sends_and_nothing_else_is_taken_for_one(
    here: World, before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    here.forget()
    processes = [here.process() for _ in range(3)]
    play(here, before, processes)
    copy = here.copy()
    sent = play(here, after, processes)
    assert not here.is_restored()
    # Whoever is left looks, the queue answers again, and it takes longer than a block to put a copy back.
    here.note.fault = None
    here.clock.tick(generation.NOTING_SECONDS + 1)
    here.process().end_what_is_over(here.ledger)
    here.put_back(copy)
    if sent:
        assert here.process().ask(here.ledger).leave is Leave.RESTORED


@pytest.fixture
def beside_another(here: World) -> World:
    """A new ledger whose queue bears the tag of another one, which has sent."""
    here.note.outside = Outside(0, ("of-another",))
    return here


def test_a_new_ledger_beside_another_one_is_refused_until_a_person_says_so(beside_another: World) -> None:
    here = beside_another
    for ask in (
        lambda: here.process().ask(here.ledger),
        lambda: refuse_queue_of_another(here.ledger, here.note),
    ):
        with pytest.raises(QueueOfAnother, match="campaign db adopt-queue --by WHO --reason WHY"):
            ask()
    assert here.note.outside.generation == 0
    assert adopt_queue(here.ledger, by="Ann", reason="two brands, one queue") is None
    refuse_queue_of_another(here.ledger, here.note)
    assert here.process().ask(here.ledger).leave is Leave.GRANTED
    again = adopt_queue(here.ledger, by="Ben", reason="again")
    assert again is not None
    assert (again.by, again.reason) == ("Ann", "two brands, one queue")


def test_a_ledger_that_has_sent_is_never_asked(here: World) -> None:
    here.process().ask(here.ledger)
    here.note.outside = Outside(here.note.outside.generation, ("of-another",))
    calls = here.note.calls
    refuse_queue_of_another(here.ledger, here.note)
    assert here.note.calls == calls
    assert here.process().ask(here.ledger).leave is Leave.GRANTED


def test_nor_is_one_that_sent_before_generations_were_kept(stage: Any) -> None:
    stage.enqueue(1)
    stage.send()
    note = Note()
    note.outside = Outside(0, ("of-another",))
    refuse_queue_of_another(stage.ledger, note)
    assert note.calls == 0


def test_the_sandboxes_own_queue_takes_every_ledger(here: World) -> None:
    here.note.outside = Outside(0, ("of-another",), is_sandbox=True)
    refuse_queue_of_another(here.ledger, here.note)
    assert here.process().ask(here.ledger).leave is Leave.GRANTED


def test_a_busy_queue_refuses_nobody_and_the_first_claim_asks_again(beside_another: World) -> None:
    here = beside_another
    here.note.fault = THROTTLED
    refuse_queue_of_another(here.ledger, here.note)
    here.note.fault = None
    with pytest.raises(QueueOfAnother):
        here.process().ask(here.ledger)
