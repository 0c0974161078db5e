"""Ids that nobody else makes."""

import re

from ledger.fresh_ids import fresh_id


def test_an_id_fits_into_a_tag_and_its_column() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", fresh_id())


def test_no_two_ids_of_one_millisecond_are_the_same() -> None:
    assert len({fresh_id() for _ in range(10_000)}) == 10_000


def test_later_ids_stand_behind_earlier_ones() -> None:
    made = [fresh_id()[:12] for _ in range(10_000)]
    assert made == sorted(made)
