"""Repeats across shards: keys parted by their hash, so that one worker sees all rows with a key."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger import private_files
from lists import duplicates
from lists.duplicates import DateCells, Duplicates, Reader
from lists.errors import ListError
from lists.rulings import Rulings
from lists.seen_keys import SeenKeys
from lists.shards import Plan, ShardReading, read_json, whole, write_json
from lists.stream import Progress, checked_rows

_KEY = np.dtype([("low", "<u8"), ("high", "<u8"), ("row", "<i8")])


def write_keys(plan: Plan, work: Path, shard: int, report: Progress) -> None:
    """First pass, for each shard: leave the hash of every well-formed row's key, by partition, and the rows.

    Where the plan has a question, what the rows say stands beside their hashes. Rows count from 1 within the
    shard: how many came before it is known once all shards were read.
    """
    reading = ShardReading(plan, shard)
    reader = Reader(plan.question) if plan.question is not None else None
    with whole(_keys(work, shard)) as folder:
        files = [
            private_files.opened(folder / f"{partition:05}", "wb") for partition in range(plan.partitions)
        ]
        try:
            for rulings in checked_rows(reading.opened(0), plan.policy):
                keys = reader.records(rulings) if reader is not None else _keys_alone(rulings)
                for partition, some in _parted(keys, plan.partitions):
                    some.tofile(files[partition])
                report("keys", reading.rows_read, reading.rows_read)
        finally:
            for file in files:
                file.close()
        cells = reader.order_cells if reader is not None else DateCells()
        order = [cells.filled, cells.unreadable, cells.example]
        write_json(folder / "read.json", [reading.rows_read, reading.nul_cells, reading.fingerprints, order])


def write_repeats(plan: Plan, work: Path, partition: int) -> None:
    """Second pass, for each partition: leave the rows that make way for another one, by shard.

    The shards are taken in the order of the rows, so that the outcome is that of one machine. Raises
    ListError where most cells that `--keep newest` goes by hold no date.
    """
    before = rows_before(plan, work)
    question = plan.question
    if question is not None:
        duplicates.refuse_unreadable(question, _order_cells(plan, work))
    with whole(_repeats(work, partition)) as folder:
        if question is None:
            _write_first(plan, work, partition, folder, before)
            return
        parts = []
        for shard in range(len(plan.shards)):
            records = np.fromfile(_keys(work, shard) / f"{partition:05}", duplicates.RECORD)
            records["row"] += before[shard]
            parts.append(records)
        repeats, together = duplicates.settle(np.concatenate(parts), question.keep)
        for shard in range(len(plan.shards)):
            for name, found in (("repeats", repeats), ("together", together)):
                start, end = np.searchsorted(found["row"], (before[shard] + 1, before[shard + 1] + 1))
                found[start:end].tofile(folder / f"{shard:05}.{name}")


def _write_first(plan: Plan, work: Path, partition: int, folder: Path, before: Sequence[int]) -> None:
    """Leave the rows that repeat an earlier one; only the hashes of the keys are kept in memory."""
    seen = SeenKeys()
    for shard in range(len(plan.shards)):
        keys = np.fromfile(_keys(work, shard) / f"{partition:05}", _KEY)
        hashed = np.stack([keys["low"], keys["high"]], axis=1)
        rows = keys["row"] + before[shard]
        first = seen.first_rows(hashed, rows)
        again = first != rows
        found = np.empty(int(again.sum()), duplicates.REPEAT)
        found["row"], found["stays"] = rows[again], first[again]
        found.tofile(folder / f"{shard:05}.repeats")
        np.empty(0, duplicates.TOGETHER).tofile(folder / f"{shard:05}.together")


def known_repeats(plan: Plan, work: Path, shard: int) -> Duplicates:
    """Return what the second pass found out about a shard."""

    def found(name: str, kind: np.dtype[np.void]) -> duplicates.Records:
        parts = [
            np.fromfile(_repeats(work, partition) / f"{shard:05}.{name}", kind)
            for partition in range(plan.partitions)
        ]
        return duplicates.by_row(parts)

    return Duplicates(found("repeats", duplicates.REPEAT), found("together", duplicates.TOGETHER))


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


def _read(work: Path, shard: int) -> tuple[int, int, list[str], DateCells]:
    rows, nul, prints, order = read_json(_keys(work, shard) / "read.json")
    return rows, nul, prints, DateCells(*order)


def _order_cells(plan: Plan, work: Path) -> DateCells:
    found = [_read(work, shard)[3] for shard in range(len(plan.shards))]
    return DateCells(
        sum(cells.filled for cells in found),
        sum(cells.unreadable for cells in found),
        next((cells.example for cells in found if cells.example), ""),
    )


def _keys_alone(rulings: Rulings) -> duplicates.Records:
    keys = np.empty(len(rulings.hashes), _KEY)
    keys["low"], keys["high"] = rulings.hashes.T
    keys["row"] = rulings.open_numbers()
    return keys


def _keys(work: Path, shard: int) -> Path:
    return work / "keys" / f"{shard:05}"


def _repeats(work: Path, partition: int) -> Path:
    return work / "repeats" / f"{partition:05}"
