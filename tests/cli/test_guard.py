"""What a guard runs ends with it, wherever that went to."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from cli import descendants, guard

# A command that ends at once when told to, and leaves behind what does not: a child in its own group, one in
# a session of its own, and a grandchild whose parent is gone.
_DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("on", flush=True)
time.sleep(600)
"""
_LEAVE = """
import subprocess, sys
left = subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=subprocess.PIPE, text=True)
left.stdout.readline()
print(left.pid)
"""
_TREE = f"""
import os, subprocess, sys
deaf = [sys.executable, "-c", {_DEAF!r}]
out = dict(stdout=subprocess.PIPE, text=True)
near = subprocess.Popen(deaf, **out)
far = subprocess.Popen(deaf, start_new_session=True, **out)
orphaned = subprocess.run([sys.executable, "-c", {_LEAVE!r}, *deaf], check=True, **out).stdout.strip()
near.stdout.readline(), far.stdout.readline()
with open(sys.argv[1], "w") as ready:
    print(os.getpid(), near.pid, far.pid, orphaned, file=ready)
near.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an orphan is nobody's to find")
def test_a_guard_leaves_nothing_behind(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    command = [sys.executable, "-c", _TREE, str(ready)]
    held = guard.start(command, os.environ, tmp_path / "log", stop_seconds=0.2)
    started = [int(pid) for pid in ready.read_text().split()]
    assert len(started) == 4
    assert set(started) <= set(descendants.below(held.pid))
    watched = [os.pidfd_open(pid) for pid in started]
    guard.stop(held)
    assert [_ended(each, 0) for each in watched] == [True] * 4


def test_the_exit_code_is_that_of_the_command(tmp_path: Path) -> None:
    held = guard.start([sys.executable, "-c", "raise SystemExit(7)"], os.environ, tmp_path / "log")
    assert held.wait() == 7


def test_the_guard_of_a_process_that_is_gone_ends_what_it_runs(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    tell = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    start = "import os, sys; from pathlib import Path; from cli import guard; "
    start += "held = guard.start(sys.argv[2:], os.environ, Path(sys.argv[1])); print(held.pid, flush=True); "
    start += "sys.stdin.read(); os._exit(0)"
    command = [sys.executable, "-c", start, str(tmp_path / "log"), sys.executable, "-c", tell, str(ready)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, guarded = int(parent.stdout.readline()), int(ready.read_text())
        watched = [os.pidfd_open(each) for each in (pid, guarded)]
        parent.kill()
        parent.wait()
        for each in watched:
            assert _ended(each, 30)


def _ended(descriptor: int, seconds: float) -> bool:
    """Tell whether a process has ended, waiting so many seconds for it."""
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
