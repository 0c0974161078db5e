import random

import numpy as np
import pytest

from lists import seen_keys
from lists.key_hashes import hashes
from lists.seen_keys import SeenKeys
from lists.text_columns import texts


def first_rows(keys, sizes):
    seen, start, found = SeenKeys(), 0, []
    while start < len(keys):
        part = keys[start : start + next(sizes)]
        rows = np.arange(start, start + len(part)) * 3 + 1
        found += seen.first_rows(hashes(texts(part)), rows).tolist()
        start += len(part)
    return found


@pytest.mark.parametrize("slots", [4, 64, 1 << 16])
@pytest.mark.parametrize("largest", [1, 7, 1_000, 10_000])
def test_every_key_has_the_row_in_which_it_came_first(monkeypatch, slots, largest):
    monkeypatch.setattr(seen_keys, "_FIRST_SLOTS", slots)
    generator = random.Random(slots + largest)
    keys = [f"k{generator.randint(0, 1_500)}" for _ in range(3_000)]
    earliest: dict[str, int] = {}
    expected = [earliest.setdefault(key, place * 3 + 1) for place, key in enumerate(keys)]
    assert first_rows(keys, iter(lambda: generator.randint(1, largest), None)) == expected


def test_keys_that_share_a_slot_are_told_apart():
    seen = SeenKeys()
    same_slot = np.array([[5, 1], [5, 2], [5, 1], [5, 3]], np.uint64)
    assert seen.first_rows(same_slot, np.array([1, 2, 3, 4])).tolist() == [1, 2, 1, 4]
    assert seen.first_rows(same_slot[::-1].copy(), np.array([5, 6, 7, 8])).tolist() == [4, 1, 2, 1]


def test_no_keys_are_no_trouble():
    assert SeenKeys().first_rows(hashes(texts([])), np.zeros(0, np.int64)).tolist() == []
