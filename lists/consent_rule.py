"""The rule of consent: who has agreed, by the list's own column or by the ledger."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow.compute as pc

from lists import consent_columns
from lists.consent import Say
from lists.duplicates import Duplicates, by_cell
from lists.reasons import Reason
from lists.rulings import Rulings
from lists.suppression import ConfirmedLookup
from lists.text_columns import Mask, Places, mask_of, texts


@dataclass(frozen=True, slots=True)
class ConsentRule:
    """Judges by `column`, and by what other rows of an address say there; without a column by the ledger."""

    column: str
    confirmed: ConfirmedLookup
    today: date
    duplicates: Duplicates | None = None

    def missing(self, rulings: Rulings) -> Mask:
        """Tell which of the open rows are of people who have not agreed."""
        return self._missing(rulings)[0]

    def reject(self, rulings: Rulings) -> None:
        """Reject those who have not agreed."""
        missing, no_rows = self._missing(rulings)
        told = (
            f"the column {self.column!r} does not say yes" if self.column else "has not confirmed the sign-up"
        )
        own = rulings.open_numbers()[missing].tolist()
        details = [
            f"row {no} says no in the column {self.column!r}" if no and no != row else told
            for row, no in zip(own, no_rows[missing].tolist(), strict=True)
        ]
        rulings.reject(rulings.among_open(missing), Reason.UNCONFIRMED, details)

    def _missing(self, rulings: Rulings) -> tuple[Mask, Places]:
        """Return the mask, and for each open row the one that says no, 0 where none or only itself does."""
        nobody = np.zeros(int(rulings.open.sum()), np.int64)
        if not self.column:
            keys = rulings.open_keys()
            return ~mask_of(pc.is_in(keys, texts(sorted(self.confirmed(keys.to_pylist()))))), nobody
        said = consent_columns.reader(self.column, self.today)
        says = by_cell(rulings.open_cells(self.column), said, np.int8)
        if self.duplicates is not None:
            says, nobody = self.duplicates.say(rulings.open_numbers(), says)
        return says != Say.YES, nobody
