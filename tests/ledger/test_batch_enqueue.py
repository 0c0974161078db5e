"""A campaign enqueued a batch at a time: whatever happens at whichever border, all are claimable or none."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import func, select

from ledger import batch_enqueue, campaigns, cancelling, claims, enqueueing, restores
from ledger.campaigns import Campaign, State
from ledger.engine import Ledger, open_ledger
from ledger.enqueueing import NewCampaign, NewMessage
from ledger.errors import CampaignConflict
from ledger.restores import FoundBy
from ledger.schema import campaign, campaign_change, claim, message, tally
from ledger.statuses import Status

TABLES = [campaign, campaign_change, message, tally, claim]
BATCH = 2
PEOPLE = 7
# Transactions of a whole run: the first one, one a batch (the last is of one message), the switch.
BORDERS = 1 + 4 + 1


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_enqueue, "BATCH_MESSAGES", BATCH)


def run(scene, people: int = PEOPLE, sleep: Callable[[float], None] = lambda _: None, **changes) -> Campaign:
    new = scene.new(list_summary={"rows": people}, **changes)
    return batch_enqueue.enqueue(scene.ledger, new, lambda: [scene.messages(people)], sleep)


def counted(scene) -> dict[str, int]:
    with scene.ledger.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        }


def claimable(scene) -> int:
    """Return how many a sender would get: what a claim does once it has seen the state."""
    with scene.ledger.reading() as connection:
        found = campaigns.find(connection, "spring-offer")
        if found is None or found.state is not State.RUNNING:
            return 0
        return len(claims.candidates(connection, found, 100))


def hold_whole(scene, people: int = PEOPLE) -> None:
    assert (claimable(scene), counted(scene)["claim"]) == (people, 0)
    assert [row["position"] for row in scene.rows()] == list(range(people))
    assert scene.check_tallies().recipients == people
    with scene.ledger.reading() as connection:
        stored = campaigns.get(connection, "spring-offer")
    assert (stored.recipients, stored.list_summary) == (people, {"rows": people})


def test_an_enqueued_campaign_runs_and_nobody_holds_it(scene) -> None:
    assert run(scene).state is State.RUNNING
    hold_whole(scene)


class Killed(BaseException):
    """The end of a process at once: nothing of it is caught, and no other transaction is begun."""


class DyingLedger(Ledger):
    """A ledger whose process dies when it has committed so many transactions."""

    def __init__(self, ledger: Ledger, commits: int) -> None:
        super().__init__(ledger.engine, ledger.ledger_id)
        self.left = commits

    def writing(self):  # type: ignore[no-untyped-def]
        if self.left == 0:
            raise Killed
        self.left -= 1
        return super().writing()


@pytest.mark.parametrize("commits", range(BORDERS))
def test_killed_at_any_border_nobody_can_be_claimed_and_the_next_run_has_everybody(
    scene, frozen, commits: int
) -> None:
    new = scene.new(list_summary={"rows": PEOPLE})
    with pytest.raises(Killed):
        batch_enqueue.enqueue(
            DyingLedger(scene.ledger, commits), new, lambda: [scene.messages(PEOPLE)], lambda _: None
        )
    assert claimable(scene) == 0
    if commits:
        assert scene.check_tallies().recipients == counted(scene)["message"]
    # The next run waits until the dead one's lease is over; the list may have been cleaned to others since.
    run(scene, PEOPLE + 2, sleep=frozen.tick)
    hold_whole(scene, PEOPLE + 2)


def test_another_list_or_content_under_a_half_enqueued_name_is_refused(scene) -> None:
    with pytest.raises(Killed):
        batch_enqueue.enqueue(
            DyingLedger(scene.ledger, 3), scene.new(), lambda: [scene.messages(PEOPLE)], lambda _: None
        )
    before = counted(scene)
    for digest, what in (("list_digest", "list"), ("template_digest", "content")):
        with pytest.raises(CampaignConflict, match=f"already used with another {what}"):
            run(scene, **{digest: "9" * 64})
    assert counted(scene) == before


def test_a_fault_in_the_middle_leaves_nothing(scene) -> None:
    def broken() -> Iterator[Sequence[NewMessage]]:
        yield scene.messages(5)
        raise OSError("the list's file is gone")

    with pytest.raises(OSError, match="the list's file is gone"):
        batch_enqueue.enqueue(scene.ledger, scene.new(), broken, lambda _: None)
    assert counted(scene) == {table.name: 0 for table in TABLES}


def test_a_lease_that_another_took_over_stores_nothing_more(scene, frozen) -> None:
    """The stalled one finds it gone at its next batch, waits, and returns what the other stored."""

    def stalled() -> Iterator[Sequence[NewMessage]]:
        yield scene.messages(PEOPLE)[:4]
        frozen.tick(batch_enqueue.LEASE_SECONDS + 1)
        run(scene)
        yield scene.messages(PEOPLE)[4:]

    stored = batch_enqueue.enqueue(
        scene.ledger, scene.new(list_summary={"rows": PEOPLE}), stalled, lambda _: None
    )
    assert stored.state is State.RUNNING
    hold_whole(scene)


def test_a_lease_from_a_wrong_clock_keeps_nobody_waiting(scene, frozen) -> None:
    frozen.tick(7_200)
    with pytest.raises(Killed):
        batch_enqueue.enqueue(
            DyingLedger(scene.ledger, 3), scene.new(), lambda: [scene.messages(PEOPLE)], lambda _: None
        )
    frozen.tick(-7_200)

    def waits(_: float) -> None:
        # Only the pauses that let others in come here while nothing holds it up.
        assert counted(scene)["campaign"] == 1

    run(scene, sleep=waits)
    hold_whole(scene)


def test_two_starters_store_it_once_and_both_return_it(ledger, scene) -> None:
    together = Barrier(2, timeout=30)

    def start(_: int) -> Campaign:
        together.wait()
        return run(scene, sleep=lambda _: None)

    with ThreadPoolExecutor(2) as starters:
        first, second = starters.map(start, range(2))
    assert first == second
    hold_whole(scene)


def during(scene, act: Callable[[], None], people: int = PEOPLE) -> Campaign:
    """Enqueue the campaign, and act when some of it is stored."""

    def batches() -> Iterator[Sequence[NewMessage]]:
        whole = scene.messages(people)
        yield whole[:3]
        act()
        yield whole[3:]

    return batch_enqueue.enqueue(
        scene.ledger, scene.new(list_summary={"rows": people}), batches, lambda _: None
    )


def test_others_write_between_the_batches(scene) -> None:
    """A writer that begins in the middle is through before the last batch comes."""
    through = Event()

    def write() -> None:
        with scene.ledger.writing() as connection:
            enqueueing.enqueue(connection, scene.new("another"), [scene.messages(1)])
        through.set()

    def wait_for_it() -> None:
        with ThreadPoolExecutor(1) as other:
            other.submit(write).result(timeout=30)
        assert through.is_set()

    assert during(scene, wait_for_it).state is State.RUNNING


def test_a_campaign_cancelled_meanwhile_stays_so(scene) -> None:
    def cancel() -> None:
        with scene.locked() as (connection, locked):
            campaigns.change_state(connection, locked, State.CANCELLED, by="Ada", reason="the wrong list")
            cancelling.cancel_queued(connection, locked)

    assert during(scene, cancel).state is State.CANCELLED
    assert scene.statuses() == [Status.CANCELLED] * 3
    assert run(scene).state is State.CANCELLED
    scene.check_tallies()


def test_a_campaign_halted_meanwhile_is_halted_when_it_is_whole(scene) -> None:
    halt = {"rule": "manual", "k": 0, "n": 0, "known": 0, "at": 1.0, "by": "Ada", "reason": "wait"}

    def note() -> None:
        with scene.locked() as (connection, locked):
            campaigns.note_breach(connection, locked, halt)

    stored = during(scene, note)
    assert (stored.state, stored.halt, stored.changed_by) == (State.HALTED, halt, "Ada")
    assert (claimable(scene), len(scene.rows())) == (0, PEOPLE)


def test_a_copy_made_meanwhile_never_sends_what_may_have_gone_out_since(scene) -> None:
    with pytest.raises(Killed):
        batch_enqueue.enqueue(
            DyingLedger(scene.ledger, 3), scene.new(), lambda: [scene.messages(PEOPLE)], lambda _: None
        )
    with scene.ledger.writing() as connection:
        restores.begin(connection, FoundBy.COMMAND, "restored", ())
    assert run(scene).state is State.CANCELLED
    assert set(scene.statuses()) == {Status.CANCELLED}
    scene.check_tallies()


def _die_while_enqueueing(url: str, new: NewCampaign, messages: list[NewMessage], batches: int) -> None:
    """Enqueue in a process of its own, which kills itself in the middle of a batch's transaction."""
    batch_enqueue.BATCH_MESSAGES = BATCH
    add, left = enqueueing.add, batches

    def deadly(connection, locked, batch) -> None:  # type: ignore[no-untyped-def]
        nonlocal left
        add(connection, locked, batch)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    enqueueing.add = deadly
    with open_ledger(url) as ledger:
        batch_enqueue.enqueue(ledger, new, lambda: [messages], lambda _: None)


def test_a_process_killed_inside_a_batch_leaves_the_batches_before_it(scene, database_url, frozen) -> None:
    new = scene.new(list_summary={"rows": PEOPLE})
    context = multiprocessing.get_context("fork")
    died = context.Process(target=_die_while_enqueueing, args=(database_url, new, scene.messages(PEOPLE), 3))
    died.start()
    died.join(60)
    assert died.exitcode == -signal.SIGKILL
    assert (claimable(scene), counted(scene)["message"]) == (0, 2 * BATCH)
    frozen.now = 4_000_000_000.0
    run(scene)
    hold_whole(scene)
