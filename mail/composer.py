"""Single messages composed in bounded time and memory: here where that is sure, else in another process."""

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from ledger.json_text import decoded, encoded
from ledger.singles import Mail
from mail import single_message
from mail.composer_process import LENGTH
from mail.errors import MailError, TemplateError, Uncomposable
from mail.harmless import is_harmless
from mail.message import Content, MessageContext

# `-P`: the working folder is no place to import from.
_COMMAND = (sys.executable, "-P", "-m", "mail.composer_process")
_LONGEST_START_SECONDS = 30.0

Compose = Callable[[Mail, MessageContext], Content]


class ComposerBusy(MailError):
    """The text was not composed, and that is not known to be its fault: the machine, or the process."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What composing one message may take: seconds of a processor, seconds by the clock, and memory."""

    processor_seconds: float
    seconds: float
    megabytes: int


# What was taken in under the first must also be composed under the second, on a busier machine.
WHEN_POSTED = Limits(processor_seconds=1.5, seconds=4.0, megabytes=48)
WHEN_SENT = Limits(processor_seconds=2.0, seconds=10.0, megabytes=64)


def compose(mail: Mail, context: MessageContext, limits: Limits = WHEN_SENT) -> Content:
    """Compose a message. Raises Uncomposable with the reason, and ComposerBusy."""
    if is_harmless(mail.text):
        return compose_here(mail, context)
    return process().compose(mail, context, limits)


def compose_here(mail: Mail, context: MessageContext) -> Content:
    """Compose a message in this process. Raises Uncomposable with the reason."""
    try:
        return single_message.compose(mail, context)
    except TemplateError as err:
        raise Uncomposable(str(err).rstrip(".")) from err
    except MailError:
        raise
    except MemoryError as err:
        raise ComposerBusy("There is no memory left to compose a mail in.") from err
    except Exception as err:
        raise Uncomposable(f"no mail can be made of it ({type(err).__name__})") from err


@lru_cache(1)
def process() -> "ComposerProcess":
    """Return the process that all threads of this one share."""
    return ComposerProcess()


class ComposerProcess:
    """A process that composes, started when it is first needed and again whenever it has ended.

    Safe to share between threads; it composes one message at a time.
    """

    def __init__(self, command: tuple[str, ...] = _COMMAND) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._finish: weakref.finalize[..., ComposerProcess] | None = None
        self._number = 0

    def compose(self, mail: Mail, context: MessageContext, limits: Limits) -> Content:
        """Compose a message. Raises Uncomposable with the reason, and ComposerBusy."""
        with self._lock:
            answer = self._ask(mail, context, limits)
        if "content" in answer:
            found = answer["content"]
            headers = tuple((name, value) for name, value in found["headers"])
            return Content(found["subject"], found["html"], found["text"], headers)
        if "reason" in answer:
            raise Uncomposable(str(answer["reason"]))
        match answer["ended"]:
            case signal.SIGPROF:
                raise Uncomposable(
                    f"it takes more than {limits.processor_seconds:g} seconds to lay out: make it simpler"
                )
            case signal.SIGALRM:
                raise ComposerBusy(f"It was not composed within {limits.seconds:g} seconds.")
            case _:
                raise Uncomposable("laying it out breaks off: make it simpler")

    def start(self) -> None:
        """Start the process where it does not run, so that the first message need not wait for it."""
        with self._lock:
            self._begin()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _ask(self, mail: Mail, context: MessageContext, limits: Limits) -> dict[str, Any]:
        self._number += 1
        request = {"number": self._number, "mail": asdict(mail), "context": asdict(context)} | asdict(limits)
        body = encoded(request)
        deadline = time.monotonic() + limits.seconds + _LONGEST_START_SECONDS
        try:
            running = self._begin()
            assert running.stdin is not None
            assert running.stdout is not None
            _write(running.stdin.fileno(), LENGTH.pack(len(body)) + body, deadline)
            while True:
                length = LENGTH.unpack(_read(running.stdout.fileno(), LENGTH.size, deadline))[0]
                answer: dict[str, Any] = decoded(_read(running.stdout.fileno(), length, deadline))
                # A child may have ended after its last answer; nobody waits for that.
                if answer["number"] == self._number:
                    return answer
        except (OSError, ValueError) as err:
            self._end()
            raise ComposerBusy(
                "The process that composes mails does not answer; it is started again."
            ) from err

    def _begin(self) -> "subprocess.Popen[bytes]":
        if self._running is not None and self._running.poll() is not None:
            self._end()
        if self._running is None:
            self._running = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                # So that it and its child can be ended together.
                start_new_session=True,
            )
            for pipe in (self._running.stdin, self._running.stdout):
                assert pipe is not None
                os.set_blocking(pipe.fileno(), False)
            # It ends with this object, and with the interpreter.
            self._finish = weakref.finalize(self, _finish, self._running)
        return self._running

    def _end(self) -> None:
        if self._finish is not None:
            self._finish()
        self._running = self._finish = None


def _finish(running: "subprocess.Popen[bytes]") -> None:
    for pipe in (running.stdin, running.stdout):
        if pipe is not None:
            pipe.close()
    try:
        running.wait(timeout=1)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def _write(descriptor: int, data: bytes, deadline: float) -> None:
    left = memoryview(data)
    while left:
        _when_ready(descriptor, selectors.EVENT_WRITE, deadline)
        left = left[os.write(descriptor, left) :]


def _read(descriptor: int, length: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        _when_ready(descriptor, selectors.EVENT_READ, deadline)
        part = os.read(descriptor, length - len(parts))
        if not part:
            raise BrokenPipeError
        parts += part
    return bytes(parts)


def _when_ready(descriptor: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
