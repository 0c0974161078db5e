"""Which of very many addresses can be suppressed at all, asked without the database.

A list of ten million rows against ten million suppressions is twenty million look-ups in an index that no
memory holds. Eight bytes of hash an entry tell nearly all of the list's addresses apart from them; the few
that remain are looked up.
"""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, func, select

from ledger.schema import suppression

_ROWS_A_FETCH = 50_000


class SuppressionFilter:
    """The hashes of all suppressed keys of some scopes, as they were when it was made: 8 bytes each.

    Make it in one reading transaction.
    """

    def __init__(self, connection: Connection, scopes: Sequence[str]) -> None:
        total = size(connection)
        hashes = np.empty(total, dtype=np.int64)
        query = select(suppression.c.address_key).where(suppression.c.scope.in_(scopes))
        # Rows come in pieces: psycopg would otherwise hold all of them at once.
        rows = connection.execute(query, execution_options={"yield_per": _ROWS_A_FETCH}).scalars()
        filled = 0
        for part in rows.partitions():
            # Python's own hash is keyed anew in each process, so nobody can aim at a collision.
            hashes[filled : filled + len(part)] = _hashes(part)
            filled += len(part)
        self._hashes = hashes[:filled]
        self._hashes.sort()

    def possible(self, keys: Sequence[str]) -> list[str]:
        """Return those of `keys` that may be suppressed: all that are, and hardly any other."""
        if not len(self._hashes):
            return []
        asked = _hashes(keys)
        places = np.searchsorted(self._hashes, asked)
        places[places == len(self._hashes)] = 0
        return [keys[place] for place in np.flatnonzero(self._hashes[places] == asked).tolist()]


def size(connection: Connection) -> int:
    """Return how many entries there are, of all scopes."""
    return int(connection.execute(select(func.count()).select_from(suppression)).scalar_one())


def _hashes(keys: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.fromiter(map(hash, keys), dtype=np.int64, count=len(keys))
