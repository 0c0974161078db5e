"""List hygiene against its limits, in one run: the library's loop for syntax, plain read and write for all.

    python benchmarks/list_cleaning.py [--rows 1000000] [--repeat 3] [--folder DIR]

Every figure is measured in a process of its own, in turn, and the best of the repetitions counts: a shared
machine only ever makes things slower. The chain is read, syntax, duplicates, roles, disposable domains,
suppression (a million entries) and writing; mail servers have a benchmark of their own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import EmailSyntaxError, validate_email
from pyarrow import csv as pacsv
from pyarrow import parquet

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import realistic_list  # noqa: E402

from lists import syntax  # noqa: E402
from lists.cleaning import Cleaning  # noqa: E402
from lists.key_hashes import hashes  # noqa: E402
from lists.outputs import Writer  # noqa: E402
from lists.policy import HygienePolicy, ListSource  # noqa: E402

SUPPRESSED = 1_000_000
# The library's loop is measured on so many rows: its speed does not depend on their number.
LOOP_ROWS = 30_000
SYNTAX_ROWS_AT_A_TIME = 100_000


def read_and_write(source: Path, folder: Path) -> None:
    """Do nothing but read the list and write what a cleaning writes: the same columns and formats."""
    names = pacsv.open_csv(source).schema.names
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    accepted_parquet = accepted_csv = rejected_csv = None
    reader = pacsv.open_csv(
        source,
        read_options=pacsv.ReadOptions(block_size=8 << 20),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=convert,
    )
    for batch in reader:
        table = pa.Table.from_batches([batch])
        own = {
            "address": table["email"],
            "domain": table["city"],
            "flags": pa.repeat("", len(table)),
        }
        for name, column in own.items():
            table = table.append_column(name, column)
        rejected = table.select(["id", "email", "plan", "email", "plan"]).slice(0, len(table) * 7 // 100)
        rejected = rejected.rename_columns(["row", "address", "reason", "detail", "suggestion"])
        if accepted_parquet is None:
            accepted_parquet = parquet.ParquetWriter(folder / "accepted.parquet", table.schema)
            accepted_csv = pacsv.CSVWriter(folder / "accepted.csv", table.schema)
            rejected_csv = pacsv.CSVWriter(folder / "rejected.csv", rejected.schema)
        accepted_parquet.write_table(table)
        accepted_csv.write_table(table)
        rejected_csv.write_table(rejected)
    for writer in (accepted_parquet, accepted_csv, rejected_csv):
        if writer is not None:
            writer.close()


def whole_chain(source: Path, folder: Path) -> None:
    """Clean the list into a folder, as `campaign clean --no-mx` does with suppressions in memory."""
    listed = np.sort(np.concatenate([_hashes(start) for start in range(0, SUPPRESSED, 100_000)]))

    def suppressed(keys: Sequence[str]) -> Mapping[str, str]:
        wanted = hashes(pa.array(keys, pa.string()))[:, 0]
        places = np.minimum(np.searchsorted(listed, wanted), len(listed) - 1)
        return {keys[hit]: "hard_bounce" for hit in np.flatnonzero(listed[places] == wanted)}

    cleaning = Cleaning(
        ListSource(source=str(source)),
        HygienePolicy(mx=False),
        suppressed=suppressed,
        confirmed=lambda keys: set(),
        resolver=None,
        today=date(2026, 11, 23),
    )
    with Writer(folder) as writer:
        for part in cleaning.parts(writer.work):
            writer.write(part)
        writer.finish(cleaning.summary())


def _hashes(start: int) -> np.ndarray:
    numbers = range(start, start + 100_000)
    return hashes(pa.array([f"anna.adler.{number}@postbox.example" for number in numbers]))[:, 0]


def syntax_by_columns(source: Path) -> float:
    """Return rows a second (of processor time) of the rule of syntax, suggestions and all."""
    cells = _cells(source)
    started = process_time()
    for start in range(0, len(cells), SYNTAX_ROWS_AT_A_TIME):
        syntax.check(cells.slice(start, SYNTAX_ROWS_AT_A_TIME))
    return len(cells) / (process_time() - started)


def syntax_by_the_library(source: Path) -> float:
    """Return rows a second (of processor time) of the library in a loop."""
    cells = _cells(source).slice(0, LOOP_ROWS).to_pylist()
    started = process_time()
    for cell in cells:
        try:
            validate_email(cell.strip(), check_deliverability=False, strict=True, allow_smtputf8=True)
        except EmailSyntaxError:
            continue
    return len(cells) / (process_time() - started)


def _cells(source: Path) -> pa.Array:
    only = pacsv.ConvertOptions(
        include_columns=["email"], column_types={"email": pa.string()}, strings_can_be_null=False
    )
    return pc.cast(pacsv.read_csv(source, convert_options=only).column(0), pa.string()).combine_chunks()


def measured(job: str, source: Path) -> dict[str, float]:
    """Run one job here and return its figures."""
    figures: dict[str, float] = {}
    jobs: dict[str, Callable[[Path, Path], None]] = {"plain": read_and_write, "chain": whole_chain}
    if job in jobs:
        with tempfile.TemporaryDirectory(dir=source.parent) as folder:
            started, used = perf_counter(), _cpu_seconds()
            jobs[job](source, Path(folder))
            figures = {"seconds": perf_counter() - started, "cpu_seconds": _cpu_seconds() - used}
    else:
        figures["rows_a_second"] = (syntax_by_columns if job == "columns" else syntax_by_the_library)(source)
    figures["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _in_a_process(job: str, source: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--job", job, "--source", str(source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _best(runs: list[dict[str, float]]) -> dict[str, float]:
    return {
        name: (max if name in ("megabytes", "rows_a_second") else min)(run[name] for run in runs)
        for name in runs[0]
    }


def compare(source: Path, repeat: int) -> None:
    """Measure everything in turn and print the ratios."""
    runs: dict[str, list[dict[str, float]]] = {job: [] for job in ("library", "columns", "plain", "chain")}
    for _ in range(repeat):
        for job, found in runs.items():
            found.append(_in_a_process(job, source))
    best = {job: _best(found) for job, found in runs.items()}
    loop, columns = best["library"]["rows_a_second"], best["columns"]["rows_a_second"]
    print(
        f"syntax: {columns:,.0f} rows/s, the library's loop {loop:,.0f}: {columns / loop:.1f} times as fast"
    )
    plain, chain = best["plain"], best["chain"]
    for name in ("seconds", "cpu_seconds"):
        ours, limit = chain[name], plain[name]
        print(f"chain, {name}: {ours:.2f}, read and write alone {limit:.2f}: {ours / limit:.2f} times")
    print(f"memory: {chain['megabytes']:,.0f} MB, read and write alone {plain['megabytes']:,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="Where the list may lie; it is removed again.")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        print(json.dumps(measured(options.job, options.source)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source = Path(folder) / "list.csv"
        realistic_list.write(options.rows, source)
        print(f"{options.rows:,} rows, {source.stat().st_size / 1e6:,.0f} MB")
        compare(source, options.repeat)


if __name__ == "__main__":
    main()
