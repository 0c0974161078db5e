"""Each thing that is waited for has its pool, and what is large is read beside the event loop."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from sqlalchemy.exc import OperationalError

import api.pools
from api.pools import LARGE_BYTES, Pools, runs_in, write_patiently


@dataclass
class Here:
    """As much of the context as a route needs to find its pool."""

    pools: Pools


@pytest.mark.parametrize(("length", "on_a_thread"), [(LARGE_BYTES, False), (LARGE_BYTES + 1, True)])
def test_a_large_body_alone_is_read_on_a_thread(length: int, on_a_thread: bool) -> None:
    pools = Pools()

    def read(body: bytes, least: int) -> tuple[bool, str]:
        return len(body) >= least, threading.current_thread().name

    enough, thread = asyncio.run(pools.read_body(b" " * length, read, 5))
    assert enough
    assert thread.startswith("bodies") is on_a_thread
    pools.close()


def test_each_route_that_waits_runs_where_it_says() -> None:
    here = Here(Pools())

    def thread(here: Here, n: int) -> str:
        return f"{threading.current_thread().name} {n}"

    def chosen(pools: Pools, name: str) -> object:
        return getattr(pools, name)

    for pool in here.pools.all():
        choose: Callable[..., object] = partial(chosen, name=pool.name.replace("-", "_"))
        route = runs_in(choose)(thread)  # type: ignore[arg-type]
        assert asyncio.run(route(here=here, n=3)) == f"{pool.name}-1 3"
    here.pools.close()


def test_no_two_of_them_share_their_threads() -> None:
    pools = Pools().all()
    assert len({id(pool) for pool in pools}) == len({pool.name for pool in pools}) == len(pools)


def test_who_unsubscribes_is_tried_again_where_a_lock_was_held_and_nobody_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    locked = OperationalError("", {}, Exception("database is locked"))
    tries = []

    def write() -> str:
        tries.append(len(tries))
        if len(tries) < 3:
            raise locked
        return "left"

    # What fails at once was no lock.
    with pytest.raises(OperationalError):
        write_patiently(write)
    assert tries == [0]
    tries.clear()
    monkeypatch.setattr(api.pools, "LOCK_SECONDS", 0.0)
    assert write_patiently(write) == "left"
    tries.clear()
    with pytest.raises(ValueError, match="no"):
        write_patiently(partial(_refuse, tries))
    assert tries == [0]


def _refuse(tries: list[int]) -> None:
    tries.append(0)
    raise ValueError("no")
