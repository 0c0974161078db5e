"""A process that composes mails for another, and that can be left: limits end it, and nobody waits for it.

It reads requests from its standard input and writes answers to its standard output, both with their length
before them. The process that is started only forks and waits; a child of it composes. What takes too much
time ends the child, by the kernel's hand, in the middle of whatever C code it is in; the next child is there
at once. The end of the input ends both.
"""

import mmap
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ledger.json_text import decoded, encoded
from ledger.singles import Mail
from mail.errors import MailError
from mail.message import MessageContext
from mail.single_message import compose

LENGTH = struct.Struct("!I")
# So that what a child keeps of its messages never adds up.
_MESSAGES_A_CHILD = 500
_INPUT_ENDED, _CHILD_DONE = 10, 11


def main() -> None:
    """Serve until the input ends."""
    # Ctrl-C reaches the whole group of processes; the end of the input tells this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The number of the request that the child is at, in memory that both see.
    at = mmap.mmap(-1, 8)
    requests, answers = sys.stdin.fileno(), sys.stdout.fileno()
    while True:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = _serve(requests, answers, at)
            except BrokenPipeError:
                code = _INPUT_ENDED
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == _INPUT_ENDED:
            return
        if code != _CHILD_DONE:
            (number,) = struct.unpack("!Q", at[:8])
            with suppress(BrokenPipeError):
                _write(answers, {"number": number, "ended": -code})


def _serve(requests: int, answers: int, at: mmap.mmap) -> int:
    for _ in range(_MESSAGES_A_CHILD):
        head = _read(requests, LENGTH.size)
        if head is None:
            return _INPUT_ENDED
        body = _read(requests, LENGTH.unpack(head)[0])
        if body is None:
            return _INPUT_ENDED
        request = decoded(body)
        at[:8] = struct.pack("!Q", request["number"])
        _write(answers, {"number": request["number"], **_answer(request)})
    return _CHILD_DONE


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compose within the request's limits."""
    megabytes = request["megabytes"]
    _limit_memory(megabytes)
    # Neither signal has a handler here, so that each ends the process.
    signal.setitimer(signal.ITIMER_PROF, request["processor_seconds"])
    signal.setitimer(signal.ITIMER_REAL, request["seconds"])
    try:
        content = compose(Mail(**request["mail"]), MessageContext(**request["context"]))
        return {
            "content": {
                "subject": content.subject,
                "html": content.html,
                "text": content.text,
                "headers": content.headers,
            }
        }
    except MailError as err:
        return {"reason": str(err).rstrip(".")}
    except MemoryError:
        return {"reason": f"it takes more than {megabytes} MB to lay out: shorten it"}
    except Exception as err:  # noqa: BLE001 - whatever it is, it is this text's own.
        return {"reason": f"no mail can be made of it ({type(err).__name__})"}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _limit_memory(None)


def _limit_memory(megabytes: int | None) -> None:
    """Let the process grow by so much, where the system can tell what it has now."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    sizes = Path("/proc/self/statm")
    if megabytes is None or not sizes.exists():
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        return
    present = int(sizes.read_text().split()[0]) * resource.getpagesize()
    limit = present + megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))


def _read(descriptor: int, length: int) -> bytes | None:
    """Return so many bytes, or None where the input ends before."""
    parts = bytearray()
    while len(parts) < length:
        part = os.read(descriptor, length - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _write(descriptor: int, answer: dict[str, Any]) -> None:
    body = encoded(answer)
    left = memoryview(LENGTH.pack(len(body)) + body)
    while left:
        left = left[os.write(descriptor, left) :]


if __name__ == "__main__":
    main()
