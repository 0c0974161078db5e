"""A clock that is two hours ahead for a moment, or behind, under a live API and through its restart.

The processes' own clock is shifted by a small library before the C library's, which a file tells by how much.
"""

import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import processes
from front import Front, Stage, live, restart, stop
from outcome import LeftOut, require

_SHIFTS = (7200.0, -7200.0)
_SENT_SECONDS = 30.0
_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile double *shift(void) {
    static const volatile double *at;
    static const double none = 0;
    if (!at) {
        const char *name = getenv("ATTACK_CLOCK");
        int file = name ? open(name, O_RDONLY) : -1;
        void *found = file < 0 ? MAP_FAILED : mmap(0, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
        at = found == MAP_FAILED ? &none : found;
    }
    return at;
}

int clock_gettime(clockid_t id, struct timespec *found) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int status = real(id, found);
    if (!status && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) found->tv_sec += (long)*shift();
    return status;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone) {
    struct timespec now;
    int status = clock_gettime(CLOCK_REALTIME, &now);
    found->tv_sec = now.tv_sec;
    found->tv_usec = now.tv_nsec / 1000;
    return status;
}

time_t time(time_t *found) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (found) *found = now.tv_sec;
    return now.tv_sec;
}
"""


def clocks(stage: Stage) -> str:
    """Shift the clock both ways while mail goes out, and hold how long mail waits afterwards."""
    folder = stage.folder / "clock"
    folder.mkdir(exist_ok=True)
    library = _library(folder)
    set_to = _clock(folder / "shift")
    longest = 0.0
    set_to(0.0)
    with live(stage, LD_PRELOAD=str(library), ATTACK_CLOCK=str(folder / "shift")) as front:
        front.settled()
        with front.others() as others:
            for shift in _SHIFTS:
                name = "ahead" if shift > 0 else "behind"
                # Wrong for a moment, while mail is taken in and sent.
                set_to(shift)
                require(_reads(front, shift), "the clock of the API was not shifted")
                longest = max(longest, _goes_out(front, f"{name}-while"))
                set_to(0.0)
                longest = max(longest, _goes_out(front, f"{name}-after"))
                require(front.get("/healthz").status == 200, "/healthz asks for a new start")
        set_to(_SHIFTS[0])
        longest = max(longest, _goes_out(front, "before-the-end"))
        stop(front)
        set_to(0.0)
        restart(front)
        longest = max(longest, _goes_out(front, "after-the-restart"))
        return front.said(f"mail waits {longest:.1f} s at most", front.settled(), others.said())


def _goes_out(front: Front, name: str) -> float:
    """Have a mail taken in, and return how long it took to SES."""
    to = f"clock-{name}@mail.example"
    front.takes(to)
    return processes.until(
        lambda: any(to in each["recipients"] for each in front.stage.world.messages()),
        f"mail goes out with the clock {name}",
        _SENT_SECONDS,
    )


def _reads(front: Front, shift: float) -> bool:
    """Tell whether the API's answers bear the shifted time."""
    import time

    answer = front.post(front.mail(f"clock-read{shift:.0f}@mail.example".replace("-7", "minus7")))
    said = answer.json()["meta"]["timestamp"] / 1000
    return abs(said - time.time() - shift) < 60


def _library(folder: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        raise LeftOut("there is no C compiler to make a clock that can be shifted")
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_SOURCE, encoding="utf-8")
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise LeftOut(f"a clock that can be shifted cannot be compiled: {made.stderr.splitlines()[0]}")
    return library


def _clock(path: Path) -> Callable[[float], None]:
    """Make the file that says how far the clock is off, and return what sets it."""
    path.write_bytes(struct.pack("d", 0.0))
    file = os.open(path, os.O_RDWR)
    shared = mmap.mmap(file, 8)
    os.close(file)

    def set_to(seconds: float) -> None:
        shared[:] = struct.pack("d", seconds)

    return set_to
