"""Which of very many addresses can be suppressed at all, asked without the database.

A list of ten million rows against ten million suppressions is ten million look-ups in an index that no memory
holds. Eight bytes of hash an entry tell nearly all of the list's addresses apart from them, and a bit map in
front of the hashes answers for most of those without a search; the few that remain are looked up.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from ledger.erasures import Erased
from ledger.schema import suppression

_Hashes: TypeAlias = NDArray[np.uint64]

_ROWS_A_FETCH = 50_000
# With so many bits an entry, one address in sixteen or fewer passes the map by chance.
_BITS_AN_ENTRY = 16


class SuppressionFilter:
    """All suppressed keys of some scopes, as they were when it was made, in about ten bytes each.

    Make it in one reading transaction.
    """

    def __init__(self, connection: Connection, scopes: Sequence[str]) -> None:
        self._erased = Erased(connection)
        hashes = np.empty(size(connection), dtype=np.uint64)
        filled = 0
        for part in _fetched(connection, scopes):
            hashes[filled : filled + len(part)] = _hashes([key for (key,) in part])
            filled += len(part)
        self._hashes = hashes[:filled]
        # The map goes by the first bits of a hash, so that it is filled from one end to the other.
        self._hashes.sort()
        bits = max(3, (filled * _BITS_AN_ENTRY).bit_length())
        self._shift = np.uint64(64 - bits)
        self._map = np.zeros(1 << (bits - 3), dtype=np.uint8)
        for start in range(0, filled, _ROWS_A_FETCH):
            byte, bit = self._places(self._hashes[start : start + _ROWS_A_FETCH])
            np.bitwise_or.at(self._map, byte, bit)

    def possible(self, keys: Sequence[str]) -> list[str]:
        """Return those of `keys` that may be suppressed: all that are, and hardly any other."""
        if not len(self._hashes):
            return []
        return self._filtered(keys) + self._erased.among(keys)

    def _filtered(self, keys: Sequence[str]) -> list[str]:
        asked = _hashes(keys)
        byte, bit = self._places(asked)
        marked = np.flatnonzero(self._map[byte] & bit)
        found = np.searchsorted(self._hashes, asked[marked])
        found[found == len(self._hashes)] = 0
        return [keys[place] for place in marked[self._hashes[found] == asked[marked]].tolist()]

    def _places(self, hashes: _Hashes) -> tuple[_Hashes, NDArray[np.uint8]]:
        """Return for each hash its byte of the map, and its bit in there."""
        places = hashes >> self._shift
        return places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)


def size(connection: Connection) -> int:
    """Return how many entries there are, of all scopes."""
    return int(connection.execute(select(func.count()).select_from(suppression)).scalar_one())


def _fetched(connection: Connection, scopes: Sequence[str]) -> Iterator[Sequence[tuple[str]]]:
    """Yield the suppressed keys in pieces, as rows of the driver: SQLAlchemy's take three times as long."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        # A cursor with a name stays on the server; the driver would otherwise hold all rows at once.
        cursor, mark = driver.cursor("suppressed_keys"), "%s"
    else:
        cursor, mark = driver.cursor(), "?"
    try:
        marks = ", ".join([mark] * len(scopes))
        cursor.execute(f"SELECT address_key FROM suppression WHERE scope IN ({marks})", list(scopes))
        while part := cursor.fetchmany(_ROWS_A_FETCH):
            yield part
    finally:
        cursor.close()


def _hashes(keys: Sequence[str]) -> _Hashes:
    # Python's own hash is keyed anew in each process, so nobody can aim at a collision.
    return np.fromiter(map(hash, keys), dtype=np.int64, count=len(keys)).view(np.uint64)
