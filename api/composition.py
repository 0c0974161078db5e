"""What is posted is composed once before it is taken in: a text of which no mail can be made is refused.

Harmless texts need no try (mail.harmless). The others are composed by processes beside this one, each owner
in turn, within limits for each text and each request.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Protocol

from api.errors import Code, Refusal
from ledger.owners import Caller
from ledger.singles import Mail, NewSingle
from mail.composer import WHEN_POSTED, ComposerBusy, ComposerProcess, Limits
from mail.errors import MailError
from mail.harmless import is_harmless
from mail.message import Content, MessageContext

_PROCESSES = 2
# With what else a request takes, it is answered within ten seconds.
_SECONDS_A_REQUEST = 6.0
# As long as a real link.
_REHEARSAL_LINK = "https://unsubscribe.example/unsubscribe/" + "x" * 43
_TOO_LATE = Refusal(
    503,
    Code.UNAVAILABLE,
    "`text` was not composed in time, for others of this request took too long: send it in another one.",
    "text",
    headers={"Retry-After": "1"},
)


class Composes(Protocol):
    """What is used of `mail.composer.ComposerProcess`."""

    def compose(self, mail: Mail, context: MessageContext, limits: Limits) -> Content: ...

    def start(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Job:
    mail: Mail
    context: MessageContext
    # The reason against it, or None.
    done: "asyncio.Future[str | None]"


class Composing:
    """Composes texts on a few processes. Owners take turns, so that nobody waits for all of another's."""

    def __init__(
        self, processes: Sequence[Composes] = (), seconds_a_request: float = _SECONDS_A_REQUEST
    ) -> None:
        self._processes = list(processes) or [ComposerProcess() for _ in range(_PROCESSES)]
        self._seconds_a_request = seconds_a_request
        self._free: SimpleQueue[Composes] = SimpleQueue()
        for process in self._processes:
            self._free.put(process)
        self._threads = ThreadPoolExecutor(len(self._processes), "compose")
        self._busy = 0
        self._waiting: OrderedDict[int, deque[_Job]] = OrderedDict()

    def start(self) -> None:
        """Start the processes, so that the first text need not wait for that."""
        for process in self._processes:
            process.start()

    def close(self) -> None:
        """End threads and processes."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.close()

    async def check(self, items: Sequence[NewSingle | Refusal], caller: Caller) -> list[NewSingle | Refusal]:
        """Refuse the messages of which no mail can be made; what is refused already stays so.

        A message that there was no time for is taken, and fails alone if it must, unless another text of the
        same request took more than its share.
        """
        jobs = {
            place: self._job(item, caller)
            for place, item in enumerate(items)
            if isinstance(item, NewSingle) and not is_harmless(item.text)
        }
        if not jobs:
            return list(items)
        for job in jobs.values():
            self._waiting.setdefault(caller.owner_id, deque()).append(job)
        self._dispatch()
        await asyncio.wait([job.done for job in jobs.values()], timeout=self._seconds_a_request)
        reasons = {place: job.done.result() for place, job in jobs.items() if job.done.done()}
        for job in jobs.values():
            job.done.cancel()
        refused = {place: _refusal(reason) for place, reason in reasons.items() if reason is not None}
        late = {place: _TOO_LATE for place in jobs.keys() - reasons.keys() if refused}
        return [refused.get(place) or late.get(place) or item for place, item in enumerate(items)]

    def _job(self, item: NewSingle, caller: Caller) -> _Job:
        mail = Mail(item.sender, item.subject, item.text, item.unsubscribe_text, caller.owner)
        done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        return _Job(mail, MessageContext(item.address, _REHEARSAL_LINK), done)

    def _dispatch(self) -> None:
        """Give free processes the next texts, one of each owner in turn."""
        while self._busy < len(self._processes) and self._waiting:
            owner_id, jobs = self._waiting.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._waiting[owner_id] = jobs
            # Its request may have been answered meanwhile.
            if job.done.done():
                continue
            self._busy += 1
            composed = asyncio.get_running_loop().run_in_executor(self._threads, self._compose, job)
            composed.add_done_callback(partial(self._settle, job))

    def _settle(self, job: _Job, composed: "asyncio.Future[str | None]") -> None:
        self._busy -= 1
        if not job.done.done():
            # Only what the text is guilty of counts against it.
            known = not composed.cancelled() and composed.exception() is None
            job.done.set_result(composed.result() if known else None)
        self._dispatch()

    def _compose(self, job: _Job) -> str | None:
        """Return why no mail can be made of a text, or None; on a thread."""
        process = self._free.get()
        try:
            process.compose(job.mail, job.context, WHEN_POSTED)
        except ComposerBusy:
            return None
        except MailError as err:
            return str(err)
        finally:
            self._free.put(process)
        return None


def _refusal(reason: str) -> Refusal:
    return Refusal(422, Code.UNCOMPOSABLE, f"`text` cannot be sent as it is: {reason}.", "text")
