"""The processes below one, however far and in whichever session: found, told to end, and ended."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# prctl(2) of Linux.
_PR_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.1


def adopt_orphans() -> None:
    """Let whatever loses its parent below this process become a child of it, where the system can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def bury(except_for: int) -> None:
    """Take note of adopted children that have ended; without it they would stay as zombies."""
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid == except_for:
                return
            os.waitpid(ended.si_pid, 0)


def end(top: int, seconds: float) -> None:
    """Tell everything below a process to end, and kill after so many seconds what has not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in below(top):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while below(top):
            if time.monotonic() > until:
                break
            time.sleep(_LOOK_SECONDS)
        else:
            return


def below(top: int) -> list[int]:
    """Return the ids of the living processes below one."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid, parent in _living():
        children[parent].append(pid)
    found: list[int] = []
    waiting = [top]
    while waiting:
        waiting += (mine := children[waiting.pop()])
        found += mine
    return found


def _living() -> Iterator[tuple[int, int]]:
    """Give the id of every process that has not ended, with its parent's."""
    if not Path("/proc/self/stat").exists():
        yield from _told_by_ps()
        return
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                # The name of the program stands in brackets and may hold anything (proc_pid_stat(5)).
                state, parent = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(folder.name), int(parent)


def _told_by_ps() -> Iterator[tuple[int, int]]:
    with subprocess.Popen(
        ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat="], stdout=subprocess.PIPE, text=True
    ) as listing:
        assert listing.stdout is not None
        for line in listing.stdout:
            pid, parent, state = line.split(maxsplit=2)
            if int(pid) != listing.pid and not state.startswith("Z"):
                yield int(pid), int(parent)
