"""Delivering callbacks: whatever is due goes to its receiver, each receiver at its own pace.

Several deliverers may run at once, in the API, beside a sender and in a flow: leases in the ledger keep them
apart. One that dies leaves its leases to run out, and a receiver may then be told the same again, under the
same webhook-id.
"""

import asyncio
import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ledger import callback_receivers, callbacks
from ledger.callback_receivers import Receiver
from ledger.callbacks import Callback, Ending, Outcome
from ledger.engine import Ledger
from mail import callback_posting, signing
from mail.callback_body import body_of
from mail.callback_lookups import Lookups
from mail.callback_posting import Line, NoAnswer, Resolve
from mail.callback_shares import PLACES, PROVEN, admitted
from mail.callback_urls import BadCallbackUrl, parse

log = logging.getLogger(__name__)

# Messages that one receiver is told of at the same time, once it is known to answer.
_LINES = 8
# More than there are places: those at hosts that have no room are passed over.
_CANDIDATES = 4 * PLACES
_POLL_SECONDS = 0.5
_JITTER = 0.2
# After what is no receiver's answer but a fault of our own.
_REST_SECONDS = 5.0
_LONGEST_REST_SECONDS = 300.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Delivered:
    """Tries by how they ended."""

    delivered: int = 0
    failed: int = 0


@dataclass
class Deliverer:
    """Tells receivers what the outbox holds for them."""

    ledger: Ledger
    secret_key: str
    allow_private: bool = False
    resolve: Resolve = callback_posting.resolve
    timeout_seconds: float = callback_posting.TIMEOUT_SECONDS
    jitter: Callable[[], float] = lambda: 1 + random.uniform(0, _JITTER)
    clock: Callable[[], float] = time.time
    _endings: list[Ending] = field(default_factory=list, init=False)

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; what is under way then is still finished."""
        asyncio.run(self._serve(stop.is_set, until_idle=False))

    def drain(self, seconds: float) -> Delivered:
        """Deliver until nothing is due, or for `seconds` and what is under way then."""
        self._endings.clear()
        end = time.monotonic() + seconds
        asyncio.run(self._serve(lambda: time.monotonic() >= end, until_idle=True))
        delivered = self._endings.count(Ending.DELIVERED)
        return Delivered(delivered, len(self._endings) - delivered)

    async def _serve(self, over: Callable[[], bool], *, until_idle: bool) -> None:
        # A thread for every name that resolves slowly, so that no other name waits for it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(PLACES, "callback-dns"))
        with ThreadPoolExecutor(4, "callback-ledger") as database:
            round_ = _Round(self, database, over)
            while not over():
                await round_.start_due()
                if until_idle and not round_.working:
                    break
                await round_.wait()
            await round_.finish()


@dataclass(frozen=True, slots=True)
class _Break:
    """How often in a row a receiver's turn broke off, and until when (monotonic seconds) it rests."""

    times: int
    until: float


@dataclass
class _Round:
    """The receivers that are being told just now."""

    deliverer: Deliverer
    database: ThreadPoolExecutor
    over: Callable[[], bool]
    working: dict[asyncio.Task[None], Receiver] = field(default_factory=dict)
    # By the receivers' ids.
    breaks: dict[int, _Break] = field(default_factory=dict)
    lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self.lookups = Lookups(self.deliverer.resolve)

    async def start_due(self) -> None:
        """Begin with the receivers for whom something is due and room is left."""
        now = time.monotonic()
        # A place is taken until the look-up for it has ended, too.
        busy = {receiver.id: receiver for receiver in (*self.lookups.waiting(), *self.working.values())}
        resting = {id_ for id_, found in self.breaks.items() if found.until > now}
        found = await self._in_ledger(lambda: self._due(busy.keys() | resting))
        for receiver in admitted(found or (), list(busy.values())):
            self.working[asyncio.create_task(self._tell(receiver))] = receiver

    async def wait(self) -> None:
        """Wait until a receiver has been told, or for the next look."""
        if not self.working:
            await asyncio.sleep(_POLL_SECONDS)
            return
        done, _ = await asyncio.wait(self.working, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self._ended(self.working.pop(task), task.exception())

    def _ended(self, receiver: Receiver, error: BaseException | None) -> None:
        """Let a receiver whose turn broke off rest, for longer each time, and the others go on."""
        if error is None:
            self.breaks.pop(receiver.id, None)
            return
        times = self.breaks[receiver.id].times + 1 if receiver.id in self.breaks else 1
        seconds = min(_REST_SECONDS * 2 ** (times - 1), _LONGEST_REST_SECONDS)
        self.breaks[receiver.id] = _Break(times, time.monotonic() + seconds)
        # Its text may hold an address.
        log.error("a receiver's callbacks break off and are tried again: %s", type(error).__name__)

    async def finish(self) -> None:
        """Let what is under way end."""
        while self.working:
            await self.wait()

    def _due(self, busy: Collection[int]) -> list[Receiver]:
        with self.deliverer.ledger.reading() as connection:
            return callback_receivers.due(connection, _CANDIDATES, busy, PROVEN.of_an_owner)

    async def _tell(self, receiver: Receiver) -> None:
        """Tell one receiver until nothing more is due to it or it fails; then others have a turn.

        One that is not proven has a turn of one message: it comes again among the proven ones, or later.
        """
        try:
            target = parse(receiver.url, allow_private=self.deliverer.allow_private)
        except BadCallbackUrl as err:
            await self._refuse(receiver, f"the address {err}")
            return
        resolve = self.lookups.of(receiver)
        lines = [
            Line(target, resolve, self.deliverer.allow_private, self.deliverer.timeout_seconds)
            for _ in range(_LINES if receiver.proven else 1)
        ]
        try:
            while not self.over():
                leased = await self._in_ledger(lambda: self._lease(receiver, len(lines)))
                tries = [
                    self._try_message(line, receiver, told)
                    for line, told in zip(lines, leased or (), strict=False)
                ]
                outcomes = [outcome for found in await asyncio.gather(*tries) for outcome in found]
                await self._settle(receiver, outcomes)
                broken_off = any(each.ending is not Ending.DELIVERED for each in outcomes)
                if not outcomes or broken_off or not receiver.proven:
                    return
        finally:
            for line in lines:
                line.close()

    async def _refuse(self, receiver: Receiver, answer: str) -> None:
        leased = await self._in_ledger(lambda: self._lease(receiver, _LINES)) or ()
        await self._settle(receiver, [self._outcome(told[0], Ending.FAILED, answer) for told in leased])

    async def _try_message(self, line: Line, receiver: Receiver, told: Sequence[Callback]) -> list[Outcome]:
        """Post a message's callbacks one after another, up to the first that fails."""
        outcomes: list[Outcome] = []
        for each in told:
            try:
                outcome = await self._try(line, receiver, each)
            except Exception as err:  # noqa: BLE001 - this callback is at fault, and the others are not.
                log.error("a callback cannot be told: %s", type(err).__name__)
                outcome = self._outcome(each, Ending.FAILED, f"it cannot be told: {type(err).__name__}")
            outcomes.append(outcome)
            if outcome.ending is not Ending.DELIVERED:
                break
        return outcomes

    async def _try(self, line: Line, receiver: Receiver, told: Callback) -> Outcome:
        body = body_of(told)
        secrets = signing.secrets_of(self.deliverer.secret_key, receiver.owner)
        headers = signing.headers(secrets, self._webhook_id(told), int(self.deliverer.clock()), body)
        try:
            status = await line.post(headers, body)
        except NoAnswer as err:
            return self._outcome(told, Ending.FAILED, str(err))
        if 200 <= status < 300:
            return self._outcome(told, Ending.DELIVERED, str(status))
        return self._outcome(told, Ending.GONE if status == 410 else Ending.FAILED, str(status))

    def _webhook_id(self, told: Callback) -> str:
        # With the time: a ledger restored from an older copy gives the same numbers to other changes. Only as
        # a hash: whoever knows the ledger's id can make up events that look like its own.
        parts = f"{self.deliverer.ledger.ledger_id}_{told.id}_{told.at * 1000:.0f}"
        return f"msg_{hashlib.sha256(parts.encode()).hexdigest()[:32]}"

    def _outcome(self, told: Callback, ending: Ending, answer: str) -> Outcome:
        return Outcome(told, ending, answer, self.deliverer.jitter())

    def _lease(self, receiver: Receiver, messages: int) -> list[list[Callback]]:
        with self.deliverer.ledger.writing() as connection:
            return callbacks.lease(connection, receiver, messages)

    async def _settle(self, receiver: Receiver, outcomes: Sequence[Outcome]) -> None:
        def write() -> None:
            with self.deliverer.ledger.writing() as connection:
                callbacks.settle(connection, receiver, outcomes)

        if outcomes:
            await self._in_ledger(write)
            self.deliverer._endings += [outcome.ending for outcome in outcomes]

    async def _in_ledger(self, act: Callable[[], _T]) -> _T | None:
        """Do something in the ledger from a thread; None where it does not answer, and is asked again."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.database, act)
        except SQLAlchemyError as err:
            # The error's text may hold an address among the query's parameters.
            log.warning("callbacks wait, the ledger does not answer: %s", type(err).__name__)
            await asyncio.sleep(_POLL_SECONDS)
            return None
