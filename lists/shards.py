"""A list for several workers: its pieces, dealt to shards in the order of the rows, and how a shard is read.

The workers share a folder. What one leaves there for the others appears whole or not at all.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from ledger import private_files
from lists import columns, duplicates, sources
from lists.address_column import AddressColumn
from lists.csv_rows import RaggedRow, Rows
from lists.duplicates import Question
from lists.errors import ListError
from lists.output_files import in_one_sentence
from lists.pieces import read_piece
from lists.policy import HygienePolicy, ListSource
from lists.rulings import OWN_COLUMNS
from lists.sources import OpenList

PLAN_JSON = "plan.json"


class Piece(BaseModel):
    """A file of the list, or a part that was split off it (`split`), which has a file of its own then."""

    model_config = ConfigDict(frozen=True)

    path: str
    split: bool = False


class Plan(BaseModel):
    """What every worker must know: it lies in the shared folder, as JSON.

    today:        the day that silence is counted to; `as_of` where that is one in the past.
    shards:       the pieces of each shard, in the order of the rows.
    partitions:   in so many parts the keys are looked through for repeats.
    address:      the column of addresses, and how it was found; `header_note` is as in `OpenList`.
    fingerprint:  of the list where it was split; otherwise of its files, once they were read.
    """

    model_config = ConfigDict(frozen=True)

    source: ListSource
    policy: HygienePolicy
    nameservers: str
    today: date
    as_of: date | None
    shards: list[list[Piece]]
    partitions: int
    names: list[str]
    address: AddressColumn
    encoding: str
    delimiter: str
    header_note: str = ""
    fingerprint: str = ""
    nul_cells: int = 0

    @property
    def renamed(self) -> dict[str, str]:
        """The columns that make way for ours, with their new names."""
        return columns.renamed(self.names, OWN_COLUMNS)

    @property
    def address_column(self) -> str:
        """The name of the column of addresses."""
        return self.address.name

    @property
    def question(self) -> Question | None:
        """What is asked of every row, where it takes all rows of an address to judge one of them."""
        if not duplicates.is_asked(self.source, self.policy):
            return None
        return Question.of(self.names, self.source.source, self.source, self.policy, self.today)

    def write(self, work: Path) -> None:
        """Leave the plan for the workers."""
        with in_one_sentence(work):
            private_files.write_text(work / PLAN_JSON, self.model_dump_json())


def read_plan(work: Path) -> Plan:
    """Return the plan of a folder. Raises ListError where its cleaning is over."""
    try:
        return Plan.model_validate_json((work / PLAN_JSON).read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise ListError(f"{work} is gone: its cleaning ended, or this worker does not share it.") from err


@dataclass(slots=True)
class ShardReading:
    """A shard while it is read; the figures are complete once `rows` has come to its end."""

    plan: Plan
    number: int
    rows_read: int = 0
    nul_cells: int = 0
    fingerprints: list[str] = field(default_factory=list)

    def opened(self, rows_before: int) -> OpenList:
        """Return the shard as a list whose rows are numbered after `rows_before`."""
        plan = self.plan
        return OpenList(
            plan.source.source,
            plan.names,
            plan.address,
            plan.encoding,
            plan.delimiter,
            may_be_empty=True,
            _rows=self._rows(rows_before),
        )

    def _rows(self, rows_before: int) -> Iterator[Rows]:
        for piece in self.plan.shards[self.number]:
            before = rows_before + self.rows_read
            for rows in self._piece(piece):
                self.rows_read += rows.count
                ragged = [RaggedRow(row.row + before, row.cells, row.expected) for row in rows.ragged]
                yield Rows(rows.table, rows.numbers + before, ragged)
        if not self.rows_read:
            nothing = pa.table({name: pa.array([], pa.string()) for name in self.plan.names})
            yield Rows(nothing, np.zeros(0, np.int64))

    def _piece(self, piece: Piece) -> Iterator[Rows]:
        if piece.split:
            yield from read_piece(Path(piece.path))
            return
        with sources.opened(file_source(self.plan.source, piece.path, self.plan.address_column)) as listed:
            if listed.names != self.plan.names:
                raise ListError(
                    f"{piece.path} has other columns than the first file of {self.plan.source.source}: "
                    "give all files of a list the same header."
                )
            # Whoever exports in parts may leave one without rows.
            listed.may_be_empty = True
            yield from listed.rows()
            self.nul_cells += listed.nul_cells
            self.fingerprints.append(listed.fingerprint)


def file_source(source: ListSource, path: str, address_column: str) -> ListSource:
    """Return one file of a list as a list of its own."""
    return source.model_copy(update={"source": path, "address_column": address_column})


def dealt(weights: Sequence[int], shards: int) -> list[list[int]]:
    """Deal places to at most so many shards, in their order and about equally by weight; none is empty."""
    reached = np.cumsum(weights)
    middles = reached - np.array(weights) / 2
    of = np.minimum(middles * shards // max(int(reached[-1]), 1), shards - 1).astype(int).tolist()
    return [[place for place, each in enumerate(of) if each == shard] for shard in sorted(set(of))]


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Give a folder to write into that appears under its name once all is well, in place of an older one."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    with in_one_sentence(folder.parent):
        shutil.rmtree(part, ignore_errors=True)
        private_files.make_folder(part)
        yield part
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)


def write_json(path: Path, value: object) -> None:
    """Write a value for another worker."""
    private_files.write_text(path, json.dumps(value, ensure_ascii=False))


def read_json(path: Path) -> Any:
    """Read what another worker wrote."""
    return json.loads(path.read_text(encoding="utf-8"))
