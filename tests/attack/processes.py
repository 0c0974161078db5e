"""Commands of the product as processes of this suite's own: watched from outside, and ended by their ids."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from outcome import Fell

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
_SAMPLE_SECONDS = 0.1
_STARTED: list["Command"] = []


@dataclass
class Command:
    """`campaign ...`, in a session of its own; what it says goes to `log`."""

    process: "subprocess.Popen[bytes]"
    log: Path
    # Whom it started, with the moment at which each of them began: a number is given to others afterwards.
    known: dict[int, str] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def descendants(self) -> set[int]:
        """Return whom it has started, and they, of those that still run; all of them are kept in mind."""
        running = parents()
        found = {self.pid} if self.pid in running else set()
        found |= {pid for pid in self.known if pid in running and _began(pid) == self.known[pid]}
        size = 0
        while len(found) != size:
            size = len(found)
            found |= {pid for pid, parent in running.items() if parent in found}
        found.discard(self.pid)
        self.known |= {pid: _began(pid) for pid in found if pid not in self.known}
        return found

    def tell(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the process, or to its whole group."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def wait(self, seconds: float) -> int:
        """Return its exit code. Raises Fell where it does not end."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired as err:
            raise Fell(f"a process had not ended after {seconds:.0f} s") from err

    def end(self) -> None:
        """End it and whomever it started. Calling it twice does no harm."""
        left = self.descendants()
        if self.process.poll() is None:
            self.tell(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        for pid in left | self.descendants():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def start(
    arguments: list[str],
    environment: Mapping[str, str],
    log: Path,
    *,
    before: Callable[[], None] | None = None,
) -> Command:
    """Start `campaign ARGUMENTS`."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=before,
        )
    command = Command(process, log)
    _STARTED.append(command)
    return command


def end_all() -> None:
    """End everything that was started and still runs."""
    while _STARTED:
        _STARTED.pop().end()


@contextmanager
def started(arguments: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Command]:
    """Start a command which ends with the block at the latest."""
    command = start(arguments, environment, log)
    try:
        yield command
    finally:
        command.end()


def until(true: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """Wait until it is so, and return how long that took. Raises Fell."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise Fell(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Memory:
    """The most that a process, and whom it started, held at one time while this was watching, in MB."""

    commands: list[Command] = field(default_factory=list)
    alone: float = 0.0
    together: float = 0.0

    def __enter__(self) -> "Memory":
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            for command in list(self.commands):
                # What it was at most since the last look is known as well.
                alone = _megabytes(command.pid, "VmHWM")
                others = sum(_megabytes(pid, "VmRSS") for pid in command.descendants())
                self.alone = max(self.alone, alone)
                self.together = max(self.together, _megabytes(command.pid, "VmRSS") + others)


def parents() -> dict[int, int]:
    """Return the parent of every process that runs."""
    found = {}
    for each in os.listdir("/proc"):
        if each.isdigit() and (fields := _stat(int(each))) and fields[0] != "Z":
            found[int(each)] = int(fields[1])
    return found


def _began(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if fields else ""


def _stat(pid: int) -> list[str]:
    """Return what follows the name in /proc/PID/stat; nothing where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def _megabytes(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
