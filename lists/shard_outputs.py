"""The files of each shard, and all of them joined: byte for byte what one machine writes."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from ledger import private_files
from lists import refusals, shard_judging, shard_keys
from lists.errors import ListError
from lists.output_files import ACCEPTED_CSV, ACCEPTED_PARQUET, REJECTED_CSV, REJECTED_PARQUET, in_one_sentence
from lists.parquet_groups import ParquetGroups
from lists.row_files import RowFiles
from lists.shards import Plan, whole
from lists.sources import nul_sentence
from lists.summary import Summary
from lists.tally import Tally, summarised

_ROWS_AT_A_TIME = 1 << 16


def is_written(work: Path, shard: int) -> bool:
    """Tell whether the files of a shard are there."""
    return written(work, shard).exists()


def written(work: Path, shard: int) -> Path:
    """Return the folder of the files of a shard."""
    return work / "written" / f"{shard:05}"


@contextmanager
def writing(work: Path, shard: int) -> Iterator[tuple[Path, RowFiles]]:
    """Give the row files of a shard, and their folder for what goes with them; they appear at the end."""
    with whole(written(work, shard)) as folder:
        # One header is enough for all shards.
        files = RowFiles(folder, header=not shard)
        try:
            yield folder, files
            files.finish()
        finally:
            files.drop()


def join(work: Path, shards: int) -> None:
    """Join the files of all shards in `work`; those of the shards go, one after the other."""
    folders = [written(work, shard) for shard in range(shards)]
    with in_one_sentence(work):
        for name in (ACCEPTED_PARQUET, REJECTED_PARQUET):
            _join_parquet([folder / name for folder in folders], work / name)
        for name in (ACCEPTED_CSV, REJECTED_CSV):
            with private_files.opened(work / name, "wb") as joined:
                for folder in folders:
                    with (folder / name).open("rb") as file:
                        shutil.copyfileobj(file, joined, 1 << 20)
                    (folder / name).unlink()


def summary(plan: Plan, work: Path, tally: Tally, seconds: float) -> Summary:
    """Return the summary of all shards. Raises ListError where they hold no row at all."""
    if not tally.accepted + tally.rejected:
        raise ListError(f"{plan.source.source} has a header but no rows: give at least one recipient.")
    nul = nul_sentence(shard_keys.nul_cells(plan, work))
    warnings = filter(None, [plan.header_note, plan.address.sentence(), nul])
    return summarised(
        tally,
        source=plan.source.source,
        fingerprint=plan.fingerprint or _of_all(shard_keys.fingerprints(plan, work)),
        seconds=seconds,
        warnings=(*warnings, *shard_judging.read_servers(work).warnings),
        renamed=plan.renamed,
        address_column=plan.address_column,
        encoding=plan.encoding,
        delimiter=plan.delimiter,
        quote=plan.source.quote,
        header=plan.source.header,
        mistyped=shard_judging.mistyped(plan, work),
        with_risk=True,
        with_said_no=refusals.is_undecided(plan.source),
    )


def _of_all(fingerprints: Iterable[str]) -> str:
    """Return one fingerprint for several files."""
    return hashlib.sha256("".join(f"{each}\n" for each in fingerprints).encode()).hexdigest()


def _join_parquet(paths: list[Path], joined: Path) -> None:
    groups = ParquetGroups(joined)
    try:
        for path in paths:
            if not path.exists():
                continue
            with parquet.ParquetFile(path) as file:
                # Without this an empty file would leave no schema.
                groups.write(file.schema_arrow.empty_table())
                for batch in file.iter_batches(batch_size=_ROWS_AT_A_TIME):
                    groups.write(pa.Table.from_batches([batch]))
            path.unlink()
        groups.finish()
    finally:
        groups.close()
