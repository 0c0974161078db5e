"""The plan of a cleaning by several workers: which files a list has, or how the one it has is split."""

import glob
from collections.abc import Callable, Iterable
from datetime import date
from math import ceil
from pathlib import Path

from ledger import private_files
from lists import columns, pieces, s3, sources
from lists.duplicates import is_asked
from lists.errors import ListError
from lists.pieces import ROWS_A_PIECE
from lists.policy import HygienePolicy, ListSource
from lists.shards import Piece, Plan, dealt, file_source
from lists.sources import OpenList

# The keys of so many rows take half a gigabyte to look through.
ROWS_A_PARTITION = 10_000_000
# Where rows are asked more than their keys, so many take about as much.
ROWS_A_PARTITION_WITH_SAY = 3_000_000
# Fewer than most lists have, for a guess.
BYTES_A_ROW = 50
_PACKED_TIMES = 4


def plan(
    source: ListSource,
    policy: HygienePolicy,
    work: Path,
    *,
    shards: int,
    nameservers: str,
    today: date,
    as_of: date | None = None,
    rows_a_piece: int = ROWS_A_PIECE,
    on_progress: Callable[[int, float], None] = lambda rows, share: None,
) -> Plan:
    """Plan the cleaning of a list by at most so many shards, and leave the plan in `work`.

    The source is a folder, a pattern such as `exports/*.csv`, or `s3://bucket/folder/`, whose files are taken
    in the order of their names; or one file, which is split into pieces here. `on_progress` is called with
    the rows split off so far and the share of the file read. Raises ListError.
    """
    files = files_of(source.source)
    if len(files) == 1:
        path = files[0][0]
        with sources.opened(file_source(source, path, source.address_column)) as listed:
            found = []
            folder = work / "pieces"
            private_files.make_folder(folder, is_there=False)
            for piece, count in pieces.split(listed.rows(), folder, rows_a_piece):
                found.append((Piece(path=str(piece), split=True), count))
                on_progress(sum(rows for _, rows in found), listed.share_read)
            fingerprint, nul_cells = listed.fingerprint, listed.nul_cells
    else:
        # The others are held against the first when their turn comes.
        with sources.opened(file_source(source, files[0][0], source.address_column)) as listed:
            found = [(Piece(path=path), size) for path, size in files]
            fingerprint, nul_cells = "", 0
    sizes = [size for _, size in found]
    rows = sum(sizes) if fingerprint else sum(sizes) // BYTES_A_ROW
    a_partition = ROWS_A_PARTITION_WITH_SAY if is_asked(source, policy) else ROWS_A_PARTITION
    made = Plan(
        source=source,
        policy=policy,
        nameservers=nameservers,
        today=today,
        as_of=as_of,
        shards=[[found[place][0] for place in places] for places in dealt(sizes, shards)],
        partitions=max(shards, ceil(rows / a_partition)),
        names=listed.names,
        address=listed.address,
        encoding=listed.encoding,
        delimiter=listed.delimiter,
        header_note=listed.header_note,
        fingerprint=fingerprint,
        nul_cells=nul_cells,
    )
    _refuse_missing_columns(made, listed)
    made.write(work)
    return made


def files_of(source: str) -> list[tuple[str, int]]:
    """Return the files of a list, each with its bytes as unpacked, in their order.

    Raises ListError where there are none. A single file is not looked at.
    """
    if source.startswith("s3://"):
        found = s3.inside(source) if source.endswith("/") else [(source, 0)]
    elif Path(source).is_dir():
        # Hidden files are of the system, or half written.
        found = _sizes(path for path in Path(source).iterdir() if path.name[0] not in "._")
    elif any(sign in source for sign in "*?[") and not Path(source).exists():
        found = _sizes(map(Path, glob.glob(source, recursive=True)))
    else:
        path = Path(source)
        found = [(source, path.stat().st_size if path.is_file() else 0)]
    if not found:
        raise ListError(f"{source} holds no file: give a list of at least one.")
    return [(path, size * (_PACKED_TIMES if path.lower().endswith(".gz") else 1)) for path, size in found]


def _sizes(paths: Iterable[Path]) -> list[tuple[str, int]]:
    return [(str(path.absolute()), path.stat().st_size) for path in sorted(paths) if path.is_file()]


def _refuse_missing_columns(made: Plan, listed: OpenList) -> None:
    """Raise ListError for a column of the list that is not there, before any worker starts."""
    source = made.source
    for wanted, key in (
        (source.consent_column, "list.consent_column"),
        (source.last_engaged_column, "list.last_engaged_column"),
        (made.policy.kept_row[1], "hygiene.keep"),
    ):
        if wanted:
            columns.find(listed.names, wanted, listed.source, key)
