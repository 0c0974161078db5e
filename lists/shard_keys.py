"""Repeats across shards: keys parted by their hash, so that one worker sees all rows with a key."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from lists.errors import ListError
from lists.key_hashes import Words
from lists.seen_keys import SeenKeys
from lists.shards import Plan, ShardReading, read_json, whole, write_json
from lists.stream import Progress, checked_rows
from lists.text_columns import Places

_KEY = np.dtype([("low", "<u8"), ("high", "<u8"), ("row", "<i8")])
_REPEAT = np.dtype([("row", "<i8"), ("first", "<i8")])


def write_keys(plan: Plan, work: Path, shard: int, report: Progress) -> None:
    """First pass, for each shard: leave the hash of every well-formed row's key, by partition, and the rows.

    Rows count from 1 within the shard: how many came before it is known once all shards were read.
    """
    reading = ShardReading(plan, shard)
    with whole(_keys(work, shard)) as folder:
        files = [(folder / f"{partition:05}").open("wb") for partition in range(plan.partitions)]
        try:
            for rulings in checked_rows(reading.opened(0), plan.policy):
                keys = np.empty(len(rulings.hashes), _KEY)
                keys["low"], keys["high"] = rulings.hashes.T
                keys["row"] = rulings.rows.numbers[rulings.open]
                for partition, some in _parted(keys, plan.partitions):
                    some.tofile(files[partition])
                report("keys", reading.rows_read, reading.rows_read)
        finally:
            for file in files:
                file.close()
        write_json(folder / "read.json", [reading.rows_read, reading.nul_cells, reading.fingerprints])


def write_repeats(plan: Plan, work: Path, partition: int) -> None:
    """Second pass, for each partition: leave the rows that repeat an earlier one, by shard.

    The shards are taken in the order of the rows, so the first occurrence in the list is the one that stays.
    """
    seen = SeenKeys()
    before = rows_before(plan, work)
    with whole(_repeats(work, partition)) as folder:
        for shard in range(len(plan.shards)):
            keys = np.fromfile(_keys(work, shard) / f"{partition:05}", _KEY)
            hashed = np.stack([keys["low"], keys["high"]], axis=1)
            rows = keys["row"] + before[shard]
            first = seen.first_rows(hashed, rows)
            again = first != rows
            found = np.empty(int(again.sum()), _REPEAT)
            found["row"], found["first"] = rows[again], first[again]
            found.tofile(folder / f"{shard:05}")


class KnownRepeats:
    """What the second pass found out about a shard, as `batch_rules.FirstRows`."""

    def __init__(self, plan: Plan, work: Path, shard: int) -> None:
        found = np.concatenate(
            [
                np.fromfile(_repeats(work, partition) / f"{shard:05}", _REPEAT)
                for partition in range(plan.partitions)
            ]
        )
        self._repeats = found[np.argsort(found["row"])]

    def first_rows(self, hashed: Words, rows: Places) -> Places:
        """Return the row in which each row's key came first: its own where it is new."""
        first = rows.copy()
        known = self._repeats["row"]
        if len(rows) and len(known):
            start, end = np.searchsorted(known, (rows[0], rows[-1] + 1))
            first[np.searchsorted(rows, known[start:end])] = self._repeats["first"][start:end]
        return first


def rows_before(plan: Plan, work: Path) -> list[int]:
    """Return how many rows come before each shard, and how many there are in all."""
    counts = [_read(work, shard)[0] for shard in range(len(plan.shards))]
    return [0, *np.cumsum(counts).tolist()]


def nul_cells(plan: Plan, work: Path) -> int:
    """Return how many cells of the list NUL characters were taken out of."""
    return plan.nul_cells + sum(_read(work, shard)[1] for shard in range(len(plan.shards)))


def fingerprints(plan: Plan, work: Path) -> list[str]:
    """Return those of all files, in their order; none where the list was split."""
    return [each for shard in range(len(plan.shards)) for each in _read(work, shard)[2]]


def refuse_change(plan: Plan, work: Path, reading: ShardReading) -> None:
    """Raise ListError where a shard is not what the first pass read: its rows would be of two lists."""
    if reading.fingerprints != _read(work, reading.number)[2]:
        raise ListError(
            f"{plan.source.source} changed while it was read: wait until it is complete, try again."
        )


def _parted(keys: npt.NDArray[np.void], partitions: int) -> list[tuple[int, npt.NDArray[np.void]]]:
    """Part keys by their hash, each part in the order of the rows."""
    # The other word: the low bits of the first one are the places in the table of `SeenKeys`.
    of = keys["high"] % np.uint64(partitions)
    order = np.argsort(of, kind="stable")
    ends = np.searchsorted(of[order], np.arange(partitions), side="right")
    return [
        (partition, keys[order[start:end]])
        for partition, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True))
        if end > start
    ]


def _read(work: Path, shard: int) -> tuple[int, int, list[str]]:
    rows, nul, prints = read_json(_keys(work, shard) / "read.json")
    return rows, nul, prints


def _keys(work: Path, shard: int) -> Path:
    return work / "keys" / f"{shard:05}"


def _repeats(work: Path, partition: int) -> Path:
    return work / "repeats" / f"{partition:05}"
