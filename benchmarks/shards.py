"""A list cleaned by workers of a Prefect work pool, against one machine that cleans it alone, in one run.

    python benchmarks/shards.py [--rows 2000000] [--workers 2] [--files 4] [--folder DIR]
    python benchmarks/shards.py --stages      # what each stage costs in processor time, bytes and memory

A Prefect server and so many process workers, each with one run at a time, are started here and stopped. The
list lies in files, as an export in parts does; `--files 1` has it split first. The mail servers are not
asked. The outputs of both are compared byte for byte.
"""

import argparse
import filecmp
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter, process_time

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import realistic_list  # noqa: E402

from cli import guard, prefect_server  # noqa: E402
from lists.outputs import Writer  # noqa: E402
from lists.policy import HygienePolicy, ListSource  # noqa: E402
from lists.row_files import ROW_FILES  # noqa: E402
from reports import shard_cleaning  # noqa: E402
from reports.shard_cleaning import Stage  # noqa: E402

ROOT = Path(__file__).parent.parent
POOL = "shards"


def make(folder: Path, rows: int, files: int) -> tuple[Path, Path]:
    """Make the list twice: whole, and in files with a header each; return both."""
    whole, parts = folder / "list.csv", folder / "list"
    realistic_list.write(rows, whole)
    parts.mkdir()
    if files == 1:
        (parts / "part-0.csv").symlink_to(whole)
        return whole, parts
    # Cells of this list hold no line breaks.
    with whole.open("rb") as lines:
        header = next(lines)
        for number in range(files):
            with (parts / f"part-{number}.csv").open("wb") as part:
                part.write(header)
                for _ in range(rows * number // files, rows * (number + 1) // files):
                    part.write(next(lines))
    return whole, parts


@contextmanager
def workers(folder: Path, count: int) -> Iterator[None]:
    """Serve Prefect with a work pool and workers that do one run at a time."""
    port = prefect_server.free_port()
    variables = prefect_server.environment(port, folder / "prefect")
    os.environ.update(variables)
    os.environ["CAMPAIGN_DATABASE_URL"] = f"sqlite:///{folder / 'ledger.sqlite3'}"
    with ExitStack() as stack:
        stack.enter_context(prefect_server.serving(port, variables, folder / "server.log"))
        _once("work-pool", "create", POOL, "--type", "process")
        _once("deploy", "--name", "clean-shard", "--pool", POOL)
        for number in range(count):
            command = [*prefect_server.PREFECT, "worker", "start", "--pool", POOL, "--limit", "1"]
            process = guard.start(command, os.environ, folder / f"worker-{number}.log")
            stack.callback(guard.stop, process)
        yield


def _once(*arguments: str) -> None:
    subprocess.run([*prefect_server.PREFECT, *arguments], cwd=ROOT, check=True, capture_output=True)


def alone(source: Path, out: Path) -> float:
    """Return the seconds that one process takes."""
    program = f"""
from pathlib import Path
from ledger.engine import open_ledger
from lists.policy import HygienePolicy, ListSource
from reports import list_cleaning
from settings import settings
with open_ledger(settings().database_url) as ledger:
    list_cleaning.clean(
        ledger, ListSource(source={str(source)!r}), HygienePolicy(mx=False), "", Path({str(out)!r})
    )
"""
    started = perf_counter()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    return perf_counter() - started


def by_workers(source: Path, out: Path, shards: int) -> float:
    """Return the seconds that the flow takes with the workers."""
    program = f"""
from flows.clean_shards import clean_shards
from lists.policy import HygienePolicy, ListSource
clean_shards(
    ListSource(source={str(source)!r}), {str(out)!r}, HygienePolicy(mx=False), {shards},
    "clean-shard/clean-shard",
)
"""
    started = perf_counter()
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    seconds = perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    print("\n".join(line for line in done.stderr.splitlines() if "runs done" in line))
    return seconds


def stages(source: Path, out: Path, shards: int, rows: int) -> None:
    """Do every stage here, one run after the other, and print what it costs for a million rows."""
    from ledger.engine import open_ledger

    with open_ledger(f"sqlite:///{out.parent / 'ledger.sqlite3'}") as ledger, Writer(out) as writer:
        began = _used()
        policy = HygienePolicy(mx=False)
        plan = shard_cleaning.plan(ListSource(source=str(source)), policy, "", writer.work, shards=shards)
        _print("plan", began, writer.work, rows)
        for stage in Stage:
            if stage is Stage.WRITE:
                shard_cleaning.ask_mail_servers(ledger, writer.work, lambda *_: None)
            began = _used()
            for number in range(stage.runs(plan)):
                shard_cleaning.run(ledger, writer.work, stage, number, lambda *_: None)
            _print(stage, began, writer.work, rows)
        began = _used()
        shard_cleaning.join(writer, lambda: 0.0)
        _print("join", began, out, rows)


def _used() -> tuple[float, float]:
    return perf_counter(), process_time()


def _print(stage: str, began: tuple[float, float], folder: Path, rows: int) -> None:
    seconds, cpu = (now - then for now, then in zip(_used(), began, strict=True))
    files = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{stage:8} {cpu / rows * 1e6:6.2f} s of processor and {seconds / rows * 1e6:6.2f} s a million rows, "
        f"{files / rows:6.1f} bytes a row in the folder, {memory:,.0f} MB at most so far"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--shards", type=int, default=0, help="Otherwise as many as workers.")
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="Where the list may lie; it is removed again.")
    parser.add_argument("--stages", action="store_true", help="Measure each stage, in this process.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        whole, parts = make(folder, options.rows, options.files)
        if options.stages:
            print(f"{whole.stat().st_size / options.rows:.1f} bytes a row")
            stages(parts, folder / "out", options.shards or options.files, options.rows)
            return
        with workers(folder, options.workers):
            single = alone(whole, folder / "alone")
            shared = by_workers(parts, folder / "shared", options.shards or options.workers)
        print(f"one process: {single:.1f} s; {options.workers} workers: {shared:.1f} s")
        _, differ, missing = filecmp.cmpfiles(folder / "alone", folder / "shared", ROW_FILES, shallow=False)
        if differ or missing:
            raise SystemExit(f"the outputs differ: {[*differ, *missing]}")
        print("the outputs are the same, byte for byte")


if __name__ == "__main__":
    main()
