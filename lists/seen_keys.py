"""Which address keys a list had before, and in which row: a hash table for whole columns at once."""

import numpy as np
import numpy.typing as npt

from lists.key_hashes import Words
from lists.text_columns import Places

_FIRST_SLOTS = 1 << 16
_LARGEST_STEP = 1 << 20
# Past this load the chains of a table with linear probing grow long.
_FULLEST = 0.6


class SeenKeys:
    """The first row of every key so far; about 30 bytes a key, and never the key itself."""

    def __init__(self) -> None:
        self._count = 0
        # A slot holds the number of an entry plus one; entries lie in the order in which they came.
        self._slots = np.zeros(_FIRST_SLOTS, np.uint32)
        self._hashes = np.empty((_FIRST_SLOTS, 2), np.uint64)
        self._rows = np.empty(_FIRST_SLOTS, np.int64)

    def first_rows(self, hashed: Words, rows: Places) -> Places:
        """Return for each key, given by its hash, the row in which it came first: its own where it is new.

        `rows` are the numbers of these rows, in ascending order and above those of earlier calls.
        """
        entries = self._append(hashed, rows)
        return self._rows[self._find(entries, hashed)]

    def _append(self, hashed: Words, rows: Places) -> npt.NDArray[np.uint32]:
        end = self._count + len(rows)
        if end > len(self._rows):
            # In place, and by no more than is soon filled: a copy would double the memory for a moment.
            room = end + min(end, _LARGEST_STEP)
            self._hashes.resize((room, 2), refcheck=False)
            self._rows.resize(room, refcheck=False)
        self._hashes[self._count : end] = hashed
        self._rows[self._count : end] = rows
        entries = np.arange(self._count, end, dtype=np.uint32)
        if end > _FULLEST * len(self._slots):
            slots = len(self._slots)
            while end > _FULLEST * slots:
                slots *= 2
            self._slots = np.zeros(slots, np.uint32)
            step = _FIRST_SLOTS * 8
            for start in range(0, self._count, step):
                known = np.arange(start, min(start + step, self._count), dtype=np.uint32)
                self._find(known, self._hashes[known])
        self._count = end
        return entries

    def _find(self, entries: npt.NDArray[np.uint32], hashed: Words) -> npt.NDArray[np.uint32]:
        """Return the entry that stands for each hash: the earliest with it, put into the table where new."""
        found = entries.copy()
        last_slot = np.uint64(len(self._slots) - 1)
        slot = (hashed[:, 0] & last_slot).astype(np.int64)
        waiting = np.arange(len(entries))
        while len(waiting):
            there = self._slots[slot]
            free = np.flatnonzero(there == 0)
            # Backwards, so that of several that want the same slot the first one has it in the end.
            self._slots[slot[free][::-1]] = entries[waiting[free]][::-1] + np.uint32(1)
            there[free] = self._slots[slot[free]]
            holder = there - np.uint32(1)
            # Those that found a slot of their own need no look at what the entry holds.
            others = np.flatnonzero(holder != entries[waiting])
            held, wanted = self._hashes[holder[others]], hashed[waiting[others]]
            same = (held[:, 0] == wanted[:, 0]) & (held[:, 1] == wanted[:, 1])
            found[waiting[others[same]]] = holder[others[same]]
            left = others[~same]
            waiting, slot = waiting[left], (slot[left] + 1) & int(last_slot)
        return found
