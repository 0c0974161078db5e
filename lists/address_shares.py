"""How many cells of each column of a list are addresses, or were meant as such."""

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import syntax
from lists.text_columns import mask_of, one_array

# Text that was meant as an address, well-formed or not.
_MEANT = r"\S@|[(\[]\s*[aA][tT]\s*[)\]]"


class AddressShares:
    """Which shares of the filled cells of each column are addresses, counted when asked."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._counted: dict[str, _Counts] = {}

    def meant(self, name: str) -> float:
        """Return the share of the cells that were meant as addresses, whatever is wrong with them.

        A column without any text yet holds none.
        """
        counts = self._of(name)
        return counts.meant / counts.filled if counts.filled else 0.0

    def held(self, name: str) -> float:
        """Return the share of cells that are addresses, also wrapped ones that can be taken apart."""
        counts = self._of(name)
        return counts.held / counts.filled if counts.filled else 0.0

    def well_formed(self, name: str) -> float:
        """Return the share of cells that are addresses and nothing else."""
        counts = self._of(name)
        return counts.well_formed / counts.filled if counts.filled else 0.0

    def of_all_rows(self, name: str) -> float:
        """Return the share of rows with an address in this column."""
        return self._of(name).held / int(self._table.num_rows)

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return list(self._table.column_names)

    def _of(self, name: str) -> "_Counts":
        if name not in self._counted:
            self._counted[name] = _Counts(one_array(self._table.column(name)))
        return self._counted[name]


class _Counts:
    """How many cells of a column are filled, and how many of these are what."""

    def __init__(self, cells: pa.Array) -> None:
        self.filled = int(np.count_nonzero(mask_of(pc.not_equal(pc.utf8_trim_whitespace(cells), ""))))
        likely = mask_of(pc.match_substring_regex(cells, _MEANT + "|%40"))
        self._likely = cells.filter(pa.array(likely))
        self.meant = len(self._likely)

    @cached_property
    def _checked(self) -> syntax.Checked:
        return syntax.check(self._likely)

    @cached_property
    def well_formed(self) -> int:
        return int(self._checked.well_formed.sum()) if self.meant else 0

    @cached_property
    def held(self) -> int:
        if not self.meant:
            return 0
        suggested = mask_of(pc.not_equal(self._checked.suggestion, ""))
        return int(np.count_nonzero(self._checked.well_formed | suggested))
