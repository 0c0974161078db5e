"""Runs a command that ends when the process that asked for it is gone, however that went.

`python -m cli.guard SECONDS COMMAND...`: the command gets a session of its own, so Ctrl-C in the terminal
does not reach it; SIGTERM to the guard, or the death of the guard's parent, ends it and whatever it started,
also what runs in a session of its own or has lost its parent, after so many seconds by SIGKILL.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from cli import descendants

_LOOK_SECONDS = 0.5
_STOP_SECONDS = 10.0


def start(
    command: list[str], environment: Mapping[str, str], log: Path, *, stop_seconds: float = _STOP_SECONDS
) -> "subprocess.Popen[bytes]":
    """Start `command` under a guard, its output going to `log`; end it with `stop`."""
    from ledger import private_files

    with private_files.opened(log, "wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "cli.guard", str(stop_seconds), *command],
            env=dict(environment),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(guard: "subprocess.Popen[bytes]") -> None:
    """End what a guard runs, and the guard."""
    if guard.poll() is None:
        guard.terminate()
        guard.wait()


def main(stop_seconds: float, command: list[str]) -> int:
    """Run the command until it ends, the parent is gone, or SIGTERM comes; return its exit code."""
    parent = os.getppid()
    told_to_stop = False

    def stop_soon(_number: int, _frame: object) -> None:
        nonlocal told_to_stop
        told_to_stop = True

    signal.signal(signal.SIGTERM, stop_soon)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descendants.adopt_orphans()
    child = subprocess.Popen(command, start_new_session=True)
    while child.poll() is None and not told_to_stop and os.getppid() == parent:
        descendants.bury(except_for=child.pid)
        time.sleep(_LOOK_SECONDS)
    descendants.end(os.getpid(), stop_seconds)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
