"""`python tests/chaos`: rounds of killing until enough kills have fallen while mail was moving.

A round that fails prints its seed; CHAOS_SEED=SEED plays that round alone.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import places
import plans
from flow_kills import kill_flows
from invariants import Violated
from rounds import Round

import sandbox

_FIRST_SEED = 20_261_123


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kills on each database")
    parser.add_argument("--kills-a-round", type=int, default=12)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--flow-kills", type=int, default=0, help="kills of `campaign send` after that")
    options = parser.parse_args()
    for kind in options.database or ["sqlite", "postgresql"]:
        if not _on(kind, options.kills, options.kills_a_round):
            return 1
    if options.flow_kills:
        try:
            print(kill_flows(options.flow_kills))
        except Violated as err:
            print(f"VIOLATED in the flow: {err}")
            return 1
    return 0


def _on(kind: str, kills: int, kills_a_round: int) -> bool:
    given = os.environ.get("CHAOS_SEED")
    seed = int(given or _FIRST_SEED)
    began = time.monotonic()
    totals: Counter[str] = Counter()
    by_point: Counter[str] = Counter()
    with (
        TemporaryDirectory() as folder,
        places.database(kind) as place,
        sandbox.start(sandbox.SandboxOptions(s3=False)) as world,
    ):
        while by_point.total() < kills:
            # The turn of the named points follows from the seed as well, so that a seed is a whole round.
            plan = plans.draw(seed, kills_a_round, first_point=(seed - _FIRST_SEED) * kills_a_round)
            played = Round(plan, place, world, Path(folder))
            try:
                played.run()
            except Violated as err:
                print(f"VIOLATED on {kind}: {err}. CHAOS_SEED={seed} plays this round again.", flush=True)
                return False
            except BaseException:
                print(f"BROKEN on {kind}: CHAOS_SEED={seed} plays this round again.", flush=True)
                raise
            by_point.update(played.kills)
            for figure in (
                "enqueue_kills",
                "idle_kills",
                "broken",
                "resumed",
                "outages",
                "unknown",
                "doubtful",
            ):
                totals[figure] += getattr(played, figure)
            totals["rounds"] += 1
            totals["recipients"] += plan.recipients
            if given:
                break
            seed += 1
    print(f"{kind}: {by_point.total()} kills while mail was moving, {time.monotonic() - began:.0f} s")
    print("  " + ", ".join(f"{number} {name}" for name, number in totals.items()))
    print("  " + ", ".join(f"{number} {name}" for name, number in sorted(by_point.items())), flush=True)
    return True


if __name__ == "__main__":
    # The processes begin with this one's path, and with all that they need already imported.
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["programs"])
    sys.exit(main())
