"""Some rows of a list under judgement: the first rule that rejects a row is the one that counts."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import spreadsheets, syntax
from lists.csv_rows import RaggedRow, Rows
from lists.key_hashes import hashes
from lists.reasons import FLAG_SEPARATOR, Flag, Reason
from lists.text_columns import Mask, Places, mask_of, one_array, texts

OWN_COLUMNS = ("address", "domain", "flags")
# The number of a row among the accepted ones; no list has a column of this name.
ROW = "\0row"
_FLAG_BITS = {flag: np.uint32(1 << place) for place, flag in enumerate(Flag)}
_ADDRESS_LIKE = re.compile(r"""[^\s,;:<>"()|]+@[^\s,;:<>"()|]+""")
_HEADER_AGAIN = "repeats the header row"


@dataclass(frozen=True, slots=True)
class Part:
    """What became of some rows, in their order.

    kept:    the source's columns, `address`, `domain`, `flags` (bits, see `flag_texts`, and the marks of
             `lists.risk`) and ROW.
    dropped: `row`, `address` (as given, trimmed), `reason`, `detail`, `suggestion` and `domain`.
    """

    kept: pa.Table
    dropped: pa.Table


class Rulings:
    """The verdicts on rows of the source; every mask and column has one entry for each row of the table.

    Ragged rows are rejected from the start and appear in `part` alone.
    """

    def __init__(self, rows: Rows, address_column: str, *, repair: bool) -> None:
        """Judge the syntax of every address."""
        self.rows = rows
        self.checked = syntax.check(one_array(rows.table.column(address_column)), repair=repair)
        self.open: Mask = self.checked.well_formed.copy()
        # Here and not where duplicates are looked for, because this part of the work has several threads.
        self.hashes = hashes(self.checked.key.filter(pa.array(self.open)))
        self._address_column = address_column
        self._reasons = np.where(self.open, "", Reason.MALFORMED.value).astype(object)
        self._details = np.full(len(self.open), "", dtype=object)
        self._flags = np.zeros(len(self.open), np.uint32)
        self._suggestions = self.checked.suggestion
        malformed = ~self.open
        self._details[malformed] = self.checked.detail.filter(pa.array(malformed)).to_pylist()
        self._details[self._headers_again(malformed)] = _HEADER_AGAIN
        self.flag(self.checked.repaired, Flag.REPAIRED)
        self.flag(self.checked.smtputf8, Flag.SMTPUTF8)
        self.flag(self.checked.one_letter_tld, Flag.ONE_LETTER_TLD)
        self.flag(spreadsheets.formulas(self.checked.address), Flag.FORMULA)

    @property
    def count(self) -> int:
        """How many rows these are, ragged ones too."""
        return self.rows.count

    def reject(self, where: Mask, reason: str, detail: str | Sequence[str]) -> None:
        """Reject those of the rows that are still open; `detail` may differ by row of the mask."""
        fresh = where & self.open
        self._reasons[fresh] = str(reason)
        if isinstance(detail, str):
            self._details[fresh] = detail
        else:
            self._details[fresh] = np.array(detail, dtype=object)[fresh[where]]
        self.open = self.open & ~where

    def flag(self, where: Mask, flag: str) -> None:
        """Mark rows without rejecting them."""
        self._flags[where] |= _FLAG_BITS[Flag(flag)]

    def mark(self, where: Mask, bit: np.uint32) -> None:
        """Mark rows with a bit that is no flag's."""
        self._flags[where] |= bit

    def suggest(self, where: Mask, addresses: Sequence[str]) -> None:
        """Note which addresses were probably meant, one for each row of the mask; the rows' own stay."""
        if where.any():
            self._suggestions = pc.replace_with_mask(self._suggestions, pa.array(where), texts(addresses))

    @property
    def domains(self) -> list[str]:
        """The domains of the open rows, each once."""
        found: list[str] = pc.unique(self.checked.domain.filter(pa.array(self.open))).to_pylist()
        return found

    def at(self, domains: Collection[str]) -> tuple[Mask, list[str]]:
        """Return the open rows whose domain is one of these, and the domain of each of them."""
        open_domains = self.checked.domain.filter(pa.array(self.open))
        hits = mask_of(pc.is_in(open_domains, texts(sorted(domains))))
        return self.among_open(hits), open_domains.filter(pa.array(hits)).to_pylist()

    def open_keys(self) -> pa.Array:
        """Return the keys of the rows that no rule has rejected yet."""
        return self.checked.key.filter(pa.array(self.open))

    def among_open(self, hits: Mask) -> Mask:
        """Turn a mask over the open rows into one over all."""
        where = np.zeros(len(self.open), dtype=np.bool_)
        where[np.flatnonzero(self.open)[hits]] = True
        return where

    def cells(self, name: str) -> pa.Array:
        """Return a column of the source."""
        return one_array(self.rows.table.column(name))

    def open_cells(self, name: str) -> pa.Array:
        """Return the cells of the rows that no rule has rejected yet in a column of the source."""
        return self.cells(name).filter(pa.array(self.open))

    def open_numbers(self) -> Places:
        """Return the numbers of the rows that no rule has rejected yet."""
        return self.rows.numbers[self.open]

    def part(self, renamed: dict[str, str]) -> Part:
        """Return the rows accepted so far and those rejected; `renamed` columns make way for ours."""
        chosen = pa.array(self.open)
        table = self.rows.table.filter(chosen)
        names = [renamed.get(name, name) for name in table.column_names]
        own = (
            self.checked.address.filter(chosen),
            self.checked.domain.filter(chosen),
            pa.array(self._flags[self.open]),
            pa.array(self.rows.numbers[self.open]),
        )
        kept = pa.table([*table.columns, *own], names=[*names, *OWN_COLUMNS, ROW])
        taken = ~self.open
        left = pa.array(taken)
        dropped = dropped_table(
            self.rows.numbers[taken],
            self.checked.cells.filter(left),
            self._reasons[taken],
            self._details[taken],
            self._suggestions.filter(left),
            self.checked.domain.filter(left),
        )
        position = self.rows.table.column_names.index(self._address_column)
        return Part(kept, in_order([dropped, _ragged(self.rows.ragged, position)]))

    def _headers_again(self, malformed: Mask) -> list[int]:
        """Find rows that are the header once more, as in lists that were put together from several."""
        names = self.rows.table.column_names
        again = mask_of(pc.equal(self.checked.cells, self._address_column)) & malformed
        return [
            place
            for place in np.flatnonzero(again).tolist()
            if [str(cell).strip() for cell in self.rows.table.slice(place, 1).to_pylist()[0].values()]
            == names
        ]


def dropped_table(
    rows: object, cells: pa.Array, reasons: object, details: object, suggestions: pa.Array, domains: pa.Array
) -> pa.Table:
    """Return rejected rows as `Part.dropped` holds them."""
    return pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "address": cells,
            "reason": pa.array(reasons, pa.string()),
            "detail": pa.array(details, pa.string()),
            "suggestion": suggestions,
            "domain": domains,
        }
    )


def in_order(tables: Sequence[pa.Table]) -> pa.Table:
    """Return the rejected rows of several tables by their numbers."""
    filled = [table for table in tables if table.num_rows]
    if len(filled) < 2:
        return (filled or list(tables))[0]
    table = pa.concat_tables(filled)
    return table.take(pc.sort_indices(table.column("row")))


def accepted_table(kept: pa.Table) -> pa.Table:
    """Return accepted rows as people get them: the source's columns, `address`, `domain` and `flags`."""
    flags = flag_texts(kept.column("flags"))
    return kept.drop_columns([ROW]).set_column(kept.column_names.index("flags"), "flags", flags)


def flag_texts(bits: pa.ChunkedArray) -> pa.Array:
    """Return flags as they are written: names in the order of `Flag`, joined by FLAG_SEPARATOR."""
    encoded = pc.dictionary_encode(one_array_of_numbers(bits))
    names = [
        FLAG_SEPARATOR.join(flag.value for flag, bit in _FLAG_BITS.items() if bit & value)
        for value in encoded.dictionary.to_pylist()
    ]
    return texts(names).take(encoded.indices) if names else texts([])


def flag_counts(bits: pa.ChunkedArray) -> dict[Flag, int]:
    """Count the rows that bear each flag."""
    values = np.asarray(one_array_of_numbers(bits))
    if not values.any():
        return {}
    return {flag: int(np.count_nonzero(values & bit)) for flag, bit in _FLAG_BITS.items()}


def flag_bit(flag: str) -> int:
    """Return the bit that stands for a flag."""
    return int(_FLAG_BITS[Flag(flag)])


def one_array_of_numbers(column: pa.ChunkedArray) -> pa.Array:
    """Return a column of numbers as one array."""
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _ragged(rows: Sequence[RaggedRow], position: int) -> pa.Table:
    details = [f"has {len(row.cells)} cells where the header has {row.expected}" for row in rows]
    nothing = texts([""] * len(rows))
    return dropped_table(
        [row.row for row in rows],
        texts([_address_like(row.cells, position) for row in rows]),
        [Reason.MALFORMED.value] * len(rows),
        details,
        nothing,
        nothing,
    )


def _address_like(cells: Sequence[str], position: int) -> str:
    """Return what may be addresses in a broken row, the likeliest first, for a person to find somebody.

    Which cell is the address cannot be known there, and two rows may have run together.
    """
    if "@" not in "".join(cells):
        return ""
    likely = [*cells[position : position + 1], *cells]
    return "; ".join(dict.fromkeys(found for cell in likely for found in _ADDRESS_LIKE.findall(cell)))
