"""How the sending process says where it stands: a line of JSON on its standard output, now and then."""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from mail.thread_watch import ThreadState

# It says so every second; after so long it hangs.
SILENT_AFTER_SECONDS = 60.0


@dataclass
class Trouble:
    """What keeps a thread from its work just now, by the thread's name: sentences without an address."""

    _known: dict[str, str] = field(default_factory=dict)

    def note(self, thread: str, sentence: str) -> None:
        """Keep a thread's trouble; an empty sentence ends it."""
        self._known[thread] = sentence

    def all(self) -> dict[str, str]:
        """Return those that are in trouble."""
        return {thread: sentence for thread, sentence in list(self._known.items()) if sentence}


def write(descriptor: int, states: Sequence[ThreadState], trouble: Trouble) -> None:
    """Write where the threads stand; never waits for a reader, who has lost little then."""
    line = json.dumps({"threads": [asdict(state) for state in states], "trouble": trouble.all()})
    with suppress(BlockingIOError, BrokenPipeError):
        os.write(descriptor, f"{line}\n".encode())


@dataclass
class SendingProcess:
    """What is known of the sending process. `faults` counts how often in a row it ended."""

    running: bool = False
    faults: int = 0
    threads: Sequence[ThreadState] = ()
    trouble: dict[str, str] = field(default_factory=dict)
    told_at: float = field(default_factory=time.monotonic)
    # Where the threads of this process stand that keep the other one running.
    keepers: Callable[[], Sequence[ThreadState]] = tuple
    # Tells it to end, and waits for nothing.
    end_soon: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._rest = b""

    def begin(self) -> None:
        """Note that it was started."""
        self.running, self.told_at, self._rest = True, time.monotonic(), b""

    def end(self) -> None:
        """Note that it ended."""
        self.running, self.faults, self.threads = False, self.faults + 1, ()

    def read(self, descriptor: int) -> None:
        """Take in what it has said since; the descriptor never waits."""
        with suppress(BlockingIOError):
            while part := os.read(descriptor, 65_536):
                self._rest += part
        *lines, self._rest = self._rest.split(b"\n")
        if not lines:
            return
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(lines[-1])
            self.threads = [ThreadState(**state) for state in told["threads"]]
            self.trouble = dict(told["trouble"])
            self.told_at = time.monotonic()
            if all(not state.faults for state in self.threads):
                self.faults = 0

    @property
    def silent_seconds(self) -> float:
        """How long ago it last said where it stands."""
        return time.monotonic() - self.told_at
