"""Shares of the deliverer's places: whatever hangs for one owner or at one host, the others are told."""

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import callback_receivers, callbacks, outbox
from ledger.callback_receivers import Receiver
from ledger.engine import Ledger
from ledger.outbox import StatusChange
from ledger.statuses import Status
from mail.callback_delivery import Deliverer
from mail.callback_lookups import Lookups
from mail.callback_service import delivering
from mail.callback_shares import PROVEN, UNPROVEN, admitted, host_of

KEY = "a key for tests that is long enough"
PATIENCE_SECONDS = 30

RECEIVERS = st.builds(
    Receiver,
    id=st.integers(1, 1_000),
    owner=st.sampled_from("abcdefghijkl"),
    url=st.sampled_from([f"https://{host}.example/{path}" for host in "pqrst" for path in "xy"]),
    failures=st.integers(0, 2),
    proven=st.booleans(),
)


@given(candidates=st.lists(RECEIVERS, max_size=300), busy=st.lists(RECEIVERS, max_size=20))
def test_nobody_gets_more_than_a_share_and_nobody_waits_who_has_room(
    candidates: list[Receiver], busy: list[Receiver]
) -> None:
    found = admitted(candidates, busy)
    for share, proven in ((PROVEN, True), (UNPROVEN, False)):
        told = [each for each in found if each.proven is proven]
        all_ = told + [each for each in busy if each.proven is proven]
        owners = Counter(each.owner for each in all_)
        hosts = Counter(host_of(each.url) for each in all_)
        for each in told:
            assert len(all_) <= max(share.places, len(all_) - len(told))
            assert owners[each.owner] <= share.of_an_owner
            assert hosts[host_of(each.url)] <= share.at_a_host
        left_out = list((Counter(candidates) - Counter(found)).elements())
        for each in (each for each in left_out if each.proven is proven):
            assert (
                len(all_) >= share.places
                or owners[each.owner] >= share.of_an_owner
                or hosts[host_of(each.url)] >= share.at_a_host
            )


@pytest.mark.parametrize("url", ["https://[", "no address", "https://a.example./x", ""])
def test_every_address_has_something_like_a_host(url: str) -> None:
    assert isinstance(host_of(url), str)


class Hanging:
    """Receivers that never answer, each way that there is: no answer to the name, or none to the post."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.hanging: set[str] = set()
        self.posted = threading.Condition()
        self.told: Counter[str] = Counter()
        self.dead_names: set[str] = set()

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        if host in self.dead_names:
            # As the system's look-up does: in a thread that nothing breaks off.
            with self.posted:
                self.hanging.add(host)
                self.posted.notify_all()
            await asyncio.get_running_loop().run_in_executor(None, self.released.wait, PATIENCE_SECONDS)
            raise OSError(host)
        return ["127.0.0.1"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host = next(line for line in head.split("\r\n") if line.startswith("Host: "))[6:].partition(":")[0]
        with self.posted:
            self.told[host] += 1
            self.hanging |= {host} if host.startswith("dead") else set()
            self.posted.notify_all()
        if host.startswith("dead"):
            while not self.released.is_set():
                await asyncio.sleep(0.01)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    def await_(self, true: Callable[[], bool]) -> bool:
        with self.posted:
            return self.posted.wait_for(true, timeout=PATIENCE_SECONDS)


@pytest.fixture
def hanging() -> Iterator[tuple[Hanging, int]]:
    found, port, ready, over = Hanging(), 0, threading.Event(), threading.Event()

    def run() -> None:
        async def serve() -> None:
            nonlocal port
            server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            ready.set()
            while not over.is_set():
                await asyncio.sleep(0.01)
            server.close()

        asyncio.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    yield found, port
    found.released.set()
    over.set()
    thread.join()


class Outbox:
    """Callbacks of a campaign's messages to whichever receivers of whichever owners."""

    def __init__(self, stage: Any) -> None:
        self.ledger: Ledger = stage.ledger
        stage.enqueue(60)
        self.ids = [row["id"] for row in stage.rows()]

    def note(self, owner: str, *urls: str, messages: int = 1, before: Status = Status.QUEUED) -> None:
        status = {Status.QUEUED: Status.CLAIMED, Status.CLAIMED: Status.SENDING}[before]
        with self.ledger.writing() as connection:
            group_id = outbox.group(connection, urls, owner)
            ids = self.ids[:messages]
            outbox.note(connection, [StatusChange(id_, group_id, before, status, None) for id_ in ids])


@pytest.fixture
def waiting(stage) -> Outbox:
    return Outbox(stage)


def deliverer(ledger: Ledger, hanging: Hanging) -> Deliverer:
    return Deliverer(
        ledger, KEY, allow_private=True, resolve=hanging.resolve, timeout_seconds=PATIENCE_SECONDS
    )


@pytest.mark.parametrize("names_die", [True, False], ids=["their names", "their posts"])
def test_a_healthy_owners_first_callback_comes_while_another_owners_dead_receivers_hang(
    ledger, waiting, hanging, names_die: bool
) -> None:
    world, port = hanging
    dead = [f"dead-{number}.example" for number in range(10)]
    world.dead_names |= set(dead) if names_die else set()
    # Each mail names all ten, and no two of them the same path.
    for mail in range(50):
        waiting.note("greedy", *(f"http://{host}:{port}/{mail}" for host in dead), messages=1)
    with delivering(deliverer(ledger, world)):
        assert world.await_(lambda: len(world.hanging) == min(len(dead), UNPROVEN.of_an_owner))
        for owner in ("healthy", "another"):
            waiting.note(owner, f"http://{owner}.example:{port}/hook", messages=3)
            assert world.await_(lambda owner=owner: world.told[f"{owner}.example"] == 3)
        assert not world.released.is_set()
        assert len(world.hanging) <= UNPROVEN.of_an_owner
        world.released.set()


def test_a_proven_receiver_is_told_while_unproven_ones_hold_every_place_of_theirs(
    ledger, waiting, hanging
) -> None:
    world, port = hanging
    with delivering(deliverer(ledger, world)):
        waiting.note("old", f"http://old.example:{port}/hook")
        assert world.await_(lambda: world.told["old.example"] == 1)
        owners = -(-UNPROVEN.places // UNPROVEN.of_an_owner) + 3
        for owner, host in itertools.product(range(owners), range(UNPROVEN.of_an_owner)):
            waiting.note(f"owner-{owner}", f"http://dead-{owner}-{host}.example:{port}/")
        assert world.await_(lambda: len(world.hanging) == UNPROVEN.places)
        waiting.note("old", f"http://old.example:{port}/hook", before=Status.CLAIMED)
        assert world.await_(lambda: world.told["old.example"] == 2)
        assert len(world.hanging) == UNPROVEN.places
        world.released.set()


def test_a_receiver_that_takes_its_first_callback_is_proven_and_told_the_rest(
    ledger, waiting, hanging
) -> None:
    world, port = hanging
    waiting.note("new", f"http://new.example:{port}/hook", messages=40)
    with ledger.reading() as connection:
        (receiver,) = callback_receivers.due(connection, 10)
    assert not receiver.proven
    assert deliverer(ledger, world).drain(PATIENCE_SECONDS).delivered == 40
    waiting.note("new", f"http://new.example:{port}/hook", before=Status.CLAIMED)
    with ledger.reading() as connection:
        (receiver,) = callback_receivers.due(connection, 10)
    assert receiver.proven


def test_a_proven_receiver_that_fails_is_unproven_until_it_answers_again(ledger, waiting, hanging) -> None:
    world, port = hanging
    waiting.note("new", f"http://new.example:{port}/hook")
    assert deliverer(ledger, world).drain(PATIENCE_SECONDS).delivered == 1
    waiting.note("new", f"http://new.example:{port}/hook", before=Status.CLAIMED)
    with ledger.writing() as connection:
        (receiver,) = callback_receivers.due(connection, 10)
        ((told,),) = callbacks.lease(connection, receiver, 1)
        failed = callbacks.Outcome(told, callbacks.Ending.FAILED, "503")
        callbacks.settle(connection, receiver, [failed])
        connection.execute(callbacks.callback.update().values(due_at=0.0))
        (receiver,) = callback_receivers.due(connection, 10)
    assert (receiver.proven, receiver.failures) == (False, 1)


def test_the_rounds_hold_one_receiver_of_each_owner(ledger, waiting) -> None:
    for number in range(5):
        waiting.note("greedy", f"https://greedy-{number}.example/")
    waiting.note("modest", "https://modest.example/")
    with ledger.reading() as connection:
        found = [each.owner for each in callback_receivers.due(connection, 3)]
        at_most_two = [each.owner for each in callback_receivers.due(connection, 100, (), 2)]
    assert found == ["greedy", "modest", "greedy"]
    assert at_most_two == ["greedy", "modest", "greedy"]


def test_a_name_is_looked_up_once_for_all_who_want_it_and_kept_in_mind_until_it_ends() -> None:
    asked: list[str] = []

    async def run() -> None:
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()

        async def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return await answer

        lookups = Lookups(resolve)
        first, second = (Receiver(id_, "a", "https://dead.example/", 0) for id_ in (1, 2))
        tries = [asyncio.create_task(lookups.of(each)("dead.example", 443)) for each in (first, second)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tries[0].cancel()
        await asyncio.gather(tries[0], return_exceptions=True)
        # Whoever gave up has its place taken until the answer is there.
        assert lookups.waiting() == [first]
        answer.set_result(["192.0.2.1"])
        assert await tries[1] == ["192.0.2.1"]
        assert lookups.waiting() == []

    asyncio.run(run())
    assert asked == ["dead.example"]
