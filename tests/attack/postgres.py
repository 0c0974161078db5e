"""PostgreSQL held up for a while, and killed: a server of one's own, under load."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import processes
import psycopg
from front import Front, Stage, live
from outcome import LeftOut, require

from sandbox.errors import SandboxError
from sandbox.postgres import PostgresServer

_HELD_SECONDS = 12.0
_ALLOWED = {"post": {202, 503}, "healthz": {200}, "page": {200, 503}}


def postgres(stage: Stage) -> str:
    """Stop all its processes for a while and let them go on; kill all of them, and start it again."""
    with TemporaryDirectory(prefix="attackpg") as name:
        try:
            server = PostgresServer(Path(name))
        except SandboxError as err:
            raise LeftOut(str(err)) from None
        with server:
            with psycopg.connect(host=name, user="postgres", autocommit=True) as connection:
                connection.execute("CREATE DATABASE attack TEMPLATE template0")
            with live(stage, url=server.url("attack")) as front:
                return _attacked(front, server)


def _attacked(front: Front, server: PostgresServer) -> str:
    figures = []
    with front.others() as others:
        front.takes("before@mail.example")
    figures.append(others.said())
    for what in ("stopped", "killed"):
        pids = _processes(server)
        require(len(pids) > 3, f"PostgreSQL has {len(pids)} processes")
        began = time.monotonic()
        _tell(pids, signal.SIGSTOP if what == "stopped" else signal.SIGKILL)
        try:
            longest = _while_away(front)
        finally:
            if what == "stopped":
                _tell(pids, signal.SIGCONT)
            else:
                server.start()
        away = time.monotonic() - began
        back = processes.until(
            lambda: front.post(front.mail(f"back{time.monotonic_ns()}@mail.example")).status == 202,
            f"mail is taken in after PostgreSQL was {what}",
            40,
        )
        with front.others() as others:
            front.takes(f"after-{what}@mail.example")
        figures.append(
            f"{what} for {away:.0f} s: answers within {longest:.1f} s, back after {back:.1f} s, "
            f"{others.said()}"
        )
    return front.said(*figures, front.settled(90))


def _while_away(front: Front) -> float:
    """Ask everything while it is away; return the longest wait. Nobody is told that mail was taken in."""
    longest = 0.0
    until = time.monotonic() + _HELD_SECONDS
    while time.monotonic() < until:
        for kind, answer in (
            ("healthz", front.get("/healthz")),
            ("page", front.get(front.page)),
            ("post", front.post(front.mail(f"away{time.monotonic_ns()}@mail.example"))),
        ):
            require(answer.status in _ALLOWED[kind] - {202}, f"{kind}: {answer.status} {answer.body[:100]!r}")
            longest = max(longest, answer.seconds)
    # The longest wait for a write that is stated is 10 s, beside a key's 4.
    require(longest < 20, f"an answer came after {longest:.1f} s")
    return longest


def _processes(server: PostgresServer) -> list[int]:
    """Return the postmaster and its children, the postmaster first."""
    first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    parents = processes.parents()
    return [first, *[pid for pid, parent in parents.items() if parent == first]]


def _tell(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
