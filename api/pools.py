"""The thread pools of the API: one for each thing that a request may have to wait for.

What comes without a key, and what tells how the process is, waits for nothing but the ledger, on threads that
nobody else has. Reads never wait behind writes: a write lock that somebody holds keeps only writers waiting.
"""

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, fields
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from sqlalchemy.exc import OperationalError

from api.thread_pools import ThreadPool
from ledger.patience import Patience

P = ParamSpec("P")
Result = TypeVar("Result")

LOCK_SECONDS = 8.0
# The loop reads what is smaller, in a few milliseconds.
LARGE_BYTES = 65_536
# A statement of the group commit may hold 200,000 e-mails.
_WRITE_SECONDS = 60.0
_LEDGER_SECONDS = LOCK_SECONDS + 1.0
# Whoever leaves a list may not come a second time, so that is tried again within the time that people and
# mailbox providers wait.
_PAGE_TRIES = 3
_PAGE_WRITE_SECONDS = _PAGE_TRIES * LOCK_SECONDS + 1.0
_KEY_SECONDS = 4.0
# SES answers such questions within a quarter of a second.
_SES_SECONDS = 4.0
# A domain is looked up twice, 1.5 s each time; after that it is unknown anyway.
_DNS_SECONDS = 4.0

# The threads below bound the connections.
LEDGER_PATIENCE = Patience(
    lock_seconds=LOCK_SECONDS,
    read_seconds=LOCK_SECONDS,
    write_seconds=_WRITE_SECONDS,
    connect_seconds=5,
    bounded=False,
)


def _ledger(
    name: str, threads: int, deadline_seconds: float = _LEDGER_SECONDS, waiting_at_most: int = 500
) -> Callable[[], ThreadPool]:
    return _pool(name, "The ledger", threads, deadline_seconds, waiting_at_most)


def _pool(
    name: str, what: str, threads: int, deadline_seconds: float, waiting_at_most: int
) -> Callable[[], ThreadPool]:
    return lambda: ThreadPool(
        name,
        what,
        threads=threads,
        waiting_at_most=waiting_at_most,
        deadline_seconds=deadline_seconds,
    )


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools, each named for what is waited for or for whom it is kept."""

    keys: ThreadPool = field(default_factory=_ledger("keys", 2, _KEY_SECONDS, 2_000))
    reads: ThreadPool = field(default_factory=_ledger("reads", 6))
    writes: ThreadPool = field(default_factory=_ledger("writes", 3))
    pages: ThreadPool = field(default_factory=_ledger("pages", 4))
    page_writes: ThreadPool = field(default_factory=_ledger("page-writes", 3, _PAGE_WRITE_SECONDS))
    metrics: ThreadPool = field(default_factory=_ledger("metrics", 1))
    # What the DNS said is kept in the ledger, and nobody waits for that.
    mx_answers: ThreadPool = field(default_factory=_ledger("mx-answers", 1))
    # What is large is read beside the loop, which would stand still for half a second for one request.
    bodies: ThreadPool = field(default_factory=_pool("bodies", "The reading of large requests", 1, 10.0, 30))
    ses: ThreadPool = field(default_factory=_pool("ses", "Amazon SES", 6, _SES_SECONDS, 60))
    dns: ThreadPool = field(default_factory=_pool("dns", "The DNS", 6, _DNS_SECONDS, 100))

    async def read_body(self, body: bytes, read: Callable[..., Result], *args: object) -> Result:
        """Return `read(body, ...)`; a large body is read on a thread."""
        return await self.bodies.run(read, body, *args) if len(body) > LARGE_BYTES else read(body, *args)

    def all(self) -> list[ThreadPool]:
        """Return every pool."""
        return [getattr(self, each.name) for each in fields(self)]

    def close(self) -> None:
        """End their threads, without waiting for any."""
        for pool in self.all():
            pool.close()


class _HasPools(Protocol):
    @property
    def pools(self) -> Pools: ...


def write_patiently(write: Callable[[], Result]) -> Result:
    """Return what `write` returns, which is tried again where somebody held a lock all the time."""
    for _ in range(_PAGE_TRIES - 1):
        began = time.monotonic()
        try:
            return write()
        except OperationalError:
            # What fails at once, as on a full disk, is not waited out.
            if time.monotonic() - began < LOCK_SECONDS / 2:
                raise
    return write()


def runs_in(
    choose: Callable[[Pools], ThreadPool],
) -> Callable[[Callable[P, Result]], Callable[P, Coroutine[Any, Any, Result]]]:
    """Let a route that waits, and that has the context as `here`, run in one of the pools."""

    def wrap(route: Callable[P, Result]) -> Callable[P, Coroutine[Any, Any, Result]]:
        @wraps(route)
        async def run(*args: P.args, **kwargs: P.kwargs) -> Result:
            here = cast(_HasPools, kwargs["here"])
            return await choose(here.pools).run(route, *args, **kwargs)

        return run

    return wrap
