"""`python tests/attack [NAME ...]`: the product is attacked as it runs, and has to hold; `make attack`.

Everything is on loopback: live `campaign api` and `campaign send` before a sandbox, on ledgers of their own.
One line for each attack, with figures; exit code 1 where one of them fell. What makes others wait for too
long is tried once more before it counts, for something else may keep the machine busy. All of it ends by
itself within ten minutes, and what it started ends with it.
"""

import argparse
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import processes  # noqa: E402
from black_holes import black_holes  # noqa: E402
from bodies import bodies  # noqa: E402
from bombs import bombs  # noqa: E402
from callback_urls import callback_urls  # noqa: E402
from clocks import clocks  # noqa: E402
from disks import disk_full, read_only  # noqa: E402
from forged_events import forged_events  # noqa: E402
from front import Stage  # noqa: E402
from kills import kills  # noqa: E402
from ledgers import lost_ledger, two_apis  # noqa: E402
from links import links  # noqa: E402
from outcome import Fell, LeftOut, TooSlow  # noqa: E402
from postgres import postgres  # noqa: E402
from signals_sent import signals  # noqa: E402
from slow_clients import slow_clients  # noqa: E402

import sandbox  # noqa: E402

# The attacks, and how long each may take: then it has fallen.
ATTACKS: dict[str, tuple[Callable[[Stage], str], float]] = {
    "bodies": (bodies, 90),
    "bombs": (bombs, 200),
    "slow-clients": (slow_clients, 90),
    "links": (links, 60),
    "callback-urls": (callback_urls, 60),
    "black-holes": (black_holes, 240),
    "clocks": (clocks, 120),
    "signals": (signals, 200),
    "disk-full": (disk_full, 60),
    "read-only": (read_only, 60),
    "lost-ledger": (lost_ledger, 90),
    "two-apis": (two_apis, 60),
    "forged-events": (forged_events, 120),
    "postgres": (postgres, 120),
    "kills": (kills, 420),
}
_ALTOGETHER_SECONDS = 590.0


class _TimeUp(BaseException):
    """The attack has taken all its time."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/attack", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(ATTACKS)}")
    parser.add_argument("--kills", type=int, default=100, help="processes killed under load")
    options = parser.parse_args()
    if unknown := set(options.names) - ATTACKS.keys():
        parser.error(f"there is no attack {', '.join(sorted(unknown))}")
    for name in list(os.environ):
        if name.startswith(("CAMPAIGN_", "AWS_")):
            del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # Each attack makes ledgers, and each is told of.
    logging.getLogger("ledger").setLevel(logging.ERROR)
    signal.signal(signal.SIGALRM, _time_is_up)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    fallen = []
    with (
        TemporaryDirectory(prefix="attack") as folder,
        sandbox.start(sandbox.SandboxOptions(s3=False)) as world,
    ):
        stage = Stage(world, Path(folder), options.kills)
        for name in options.names or ATTACKS:
            if not _holds(name, stage, began + _ALTOGETHER_SECONDS):
                fallen.append(name)
    processors = sum(os.times()[:4])
    print(
        f"{len(options.names or ATTACKS)} attacks in {time.monotonic() - began:.0f} s, {processors:.0f} s of "
        f"processors, load {_load()}; " + (f"FELL: {', '.join(fallen)}" if fallen else "all held")
    )
    return 1 if fallen else 0


def _holds(name: str, stage: Stage, end: float) -> bool:
    """Make one attack, print what came of it, and return whether the product held."""
    attack, seconds = ATTACKS[name]
    before = ""
    for is_last in (False, True):
        began = time.monotonic()
        try:
            with _bounded(min(seconds, end - began)):
                said = f"held: {attack(stage)}"
        except LeftOut as why:
            said = f"left out: {why}"
        except TooSlow as err:
            if not is_last:
                before = f" (before: {err})"
                continue
            said = f"FELL: {err}"
        except Fell as err:
            said = f"FELL: {err}"
        except _TimeUp:
            said = f"FELL: it was not over after {time.monotonic() - began:.0f} s"
        except Exception:  # noqa: BLE001 - the others are made all the same.
            said = f"FELL: the attack itself broke off\n{traceback.format_exc()}"
        finally:
            processes.end_all()
        print(f"{name}: {said}{before}; {time.monotonic() - began:.0f} s, load {_load()}", flush=True)
        return not said.startswith("FELL")
    raise AssertionError


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_REAL, max(0.001, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _time_is_up(_number: int, _frame: object) -> None:
    raise _TimeUp


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main())
