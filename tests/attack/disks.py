"""A ledger whose disk is full, or read-only: a small tmpfs of this suite's own."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import processes
from front import Front, Stage, live, restart, stop
from outcome import LeftOut, require

_SIZE = "24m"


def disk_full(stage: Stage) -> str:
    """Fill the disk under load, and make room again."""
    with _disk(stage.folder) as folder, live(stage, folder=folder) as front:
        allowed = {"post": {202, 503}, "healthz": {200}, "page": {200}}
        with front.others(allowed) as others:
            time.sleep(1)
            filler = folder / "filler"
            _fill(filler)
            unready = processes.until(
                lambda: front.get("/readyz").status == 503, "/readyz tells of a full disk", 30
            )
            refused = _refused(front)
            reasons = front.get("/readyz").json()["reasons"]
            require(any("disk is full" in each for each in reasons), f"/readyz says {reasons}")
            filler.unlink()
            ready = processes.until(lambda: front.get("/readyz").status == 200, "/readyz is well again", 30)
            front.takes("after-the-disk@mail.example")
        require(others.statuses("post")[202] > 0, "others' mail was not taken in again")
        out = front.settled()
        return front.said(
            f"told within {unready:.1f} s, well again within {ready:.1f} s, {refused} posts answered 503",
            out,
            others.said(),
        )


def read_only(stage: Stage) -> str:
    """Start on a disk that is read-only: it is told at once, nothing is made, and afterwards all goes on."""
    with _disk(stage.folder) as folder, live(stage, folder=folder) as front:
        front.settled()
        stop(front)
        processes.until(lambda: not front.api.descendants(), "its children end")
        before = {path.name: path.stat().st_size for path in folder.iterdir()}
        _mount("-o", "remount,ro", str(folder))
        log = stage.folder / "read-only.log"
        arguments = ["api", "--port", str(front.port)]
        with processes.started(arguments, {**front.environment, "HOME": str(stage.folder)}, log) as api:
            said = _served_or_refused(front, api)
        after = {path.name: path.stat().st_size for path in folder.iterdir()}
        require(before == after, "something was written to a disk that is read-only")
        _mount("-o", "remount,rw", str(folder))
        restart(front)
        front.takes("after-read-only@mail.example")
        return front.said(said, front.settled())


def _served_or_refused(front: Front, api: processes.Command) -> str:
    """Return what it did: one sentence and exit code, or pages that are served and posts that are not."""
    processes.until(
        lambda: api.process.poll() is not None or front.get("/readyz").status in (200, 503),
        "it says something",
        30,
    )
    if api.process.poll() is not None:
        require(api.process.returncode not in (0, -9), f"it ended with {api.process.returncode}")
        require("Traceback" not in api.said(), f"it ends in a traceback: {api.said()[-300:]}")
        require(
            str(front.url.removeprefix("sqlite:///")) in api.said(),
            f"it does not say why: {api.said()[-300:]}",
        )
        return f"refused with exit code {api.process.returncode} and a sentence"
    require(front.get("/readyz").status == 503, "/readyz does not tell that nothing can be written")
    require(_refused(front) > 0, "a post is not refused")
    require(front.get("/healthz").status == 200, "/healthz asks for a new start, which would not help")
    return "readyz 503, posts 503, pages served"


def _refused(front: Front) -> int:
    """Post, which has to be answered by 503 with a time to come again."""
    for number in range(5):
        answer = front.post(front.mail(f"refused{number}.{time.monotonic_ns()}@mail.example"))
        require(answer.status == 503, f"a post was answered {answer.status} {answer.body[:200]!r}")
        require(b"retry-after:" in answer.head.lower(), "a 503 says no time")
    return 5


def _fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 14, 1 << 12):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


@contextmanager
def _disk(within: Path) -> Iterator[Path]:
    """Mount a small disk. Raises LeftOut where that is not for us to do."""
    folder = within / f"disk{time.monotonic_ns()}"
    folder.mkdir()
    if os.geteuid() != 0:
        raise LeftOut("only root can mount a small disk")
    try:
        _mount("-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError):
        raise LeftOut("a small disk cannot be mounted here") from None
    try:
        yield folder
    finally:
        processes.end_all()
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
