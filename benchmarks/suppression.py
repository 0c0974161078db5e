"""How long a list of N rows takes against M suppressions, and in how much memory.

    python benchmarks/suppression.py                        10M rows against 10M entries on SQLite
    python benchmarks/suppression.py --rows 1000000 --entries 1000000
    python benchmarks/suppression.py --database postgresql+psycopg://USER@/EMPTY_DATABASE?host=...

Needs about 250 bytes of disk an entry under --folder. The entries are made first, in a database that must be
empty; then a process of its own, which holds no more than one batch of the list, looks every row up.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from ledger import migrating, suppressions
from ledger.engine import Ledger, connect, open_ledger
from lists import lookups

# What a stream of record batches brings at a time.
BATCH_ROWS = 65_536
HITS_A_HUNDRED = 2
# So many rows for the ways that are slow, told as seconds a million.
SAMPLE_ROWS = 500_000
AS_OF_ROWS = 200_000


def key(number: int) -> str:
    """Return an address key; the numbers are spread over the alphabet and over domains as lists are."""
    spread = number * 2_654_435_761 % 2**32
    return f"reader{spread:08x}.{number % 89}@d{number % 20_000}.example"


def main() -> None:
    """Fill the ledger, look the list up in another process, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; else SQLite")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the SQLite file goes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        url = asked.database or f"sqlite:///{Path(folder) / 'ledger.sqlite3'}"
        if asked.database:
            engine = connect(url)
            migrating.upgrade(engine)
            engine.dispose()
        with open_ledger(url) as ledger:
            started = time.perf_counter()
            fill(ledger, asked.entries)
            print(
                f"{asked.entries:,} entries with their history made in {time.perf_counter() - started:,.0f} s"
            )
        joining = multiprocessing.get_context("spawn").Process(
            target=join, args=(url, asked.rows, asked.entries)
        )
        joining.start()
        joining.join()
    sys.exit(joining.exitcode)


def fill(ledger: Ledger, entries: int) -> None:
    """Store the entries, in the order of their keys."""
    keys = sorted(key(number) for number in range(entries))
    tables = {
        "suppression": ("address_key, scope, reason, since, source", ("", "hard_bounce", 1.0, "a bench")),
        "suppression_change": (
            'address_key, scope, reason, "by", at, action, source',
            ("", "hard_bounce", "", 1.0, "added", "a bench"),
        ),
    }
    raw = ledger.engine.raw_connection()
    cursor = raw.cursor()
    for table, (columns, same) in tables.items():
        if ledger.engine.dialect.name == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for found in keys:
                    copy.write_row((found, *same))
            raw.commit()
            cursor.execute(f"ANALYZE {table}")
        else:
            cursor.execute("BEGIN")
            marks = ", ".join("?" * (len(same) + 1))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            for start in range(0, len(keys), BATCH_ROWS):
                cursor.executemany(statement, [(found, *same) for found in keys[start : start + BATCH_ROWS]])
        raw.commit()
    raw.close()


def join(url: str, rows: int, entries: int) -> None:
    """Look every row of a list up and print seconds and memory."""
    with open_ledger(url) as ledger:
        before = _peak_megabytes()
        generating, _ = _timed(listed(rows, entries), lambda keys: ())
        suppressed = lookups.open_lookups(ledger.reading).suppressed
        seconds, hits = _timed(listed(rows, entries), suppressed)
        peak = _peak_megabytes()
        expected = sum(number % 100 < HITS_A_HUNDRED for number in range(rows))
        assert hits == expected, f"{hits} of {expected} suppressed rows were found"
        each = (seconds - generating) / rows * 1e6
        spent = seconds - generating
        print(f"{rows:,} rows, {hits:,} suppressed: {spent:.1f} s, {each:.2f} s a million")
        print(f"memory: {before:.0f} MB before, {peak:.0f} MB at the most")

        def straight(keys: Sequence[str]) -> Sequence[str]:
            with ledger.reading() as connection:
                return list(suppressions.reasons(connection, keys))

        sample = min(SAMPLE_ROWS, rows)
        seconds, _ = _timed(listed(sample, entries), straight)
        direct = seconds / sample * 1e6 - generating / rows * 1e6
        print(f"without the filter: {direct:.2f} s a million, {direct / each:.1f} times as long")
        then = lookups.open_lookups(ledger.reading, as_of=_today()).suppressed
        sample = min(AS_OF_ROWS, rows)
        seconds, _ = _timed(listed(sample, entries), then)
        print(f"as of a day: {seconds / sample * 1e6 - generating / rows * 1e6:.2f} s a million")


def listed(rows: int, entries: int) -> Iterator[list[str]]:
    """Yield the keys of a list in batches; of each hundred the first few are suppressed."""
    batch: list[str] = []
    for number in range(rows):
        batch.append(key(number % entries if number % 100 < HITS_A_HUNDRED else entries + number))
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _timed(
    batches: Iterator[list[str]], look_up: Callable[[Sequence[str]], Collection[str]]
) -> tuple[float, int]:
    """Return the seconds that it took and how many keys were found, the making of the list included."""
    started = time.perf_counter()
    found = sum(len(look_up(batch)) for batch in batches)
    return time.perf_counter() - started, found


def _today() -> date:
    return datetime.now(UTC).date()


def _peak_megabytes() -> float:
    """Return the most memory that this process has held; Linux alone tells it without its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
