"""A list in pieces: the rows that one reader saw, wherever it is cut."""

import pytest

from lists import pieces, sources
from lists.policy import ListSource

LINES = [
    "a@shop.example,x",
    '"b@shop.example","two\nlines"',
    "broken",
    "c@shop.example,N/A",
    "too,many,cells",
]


def cells(parts):
    """Every row's number with its cells, broken ones too, and the numbers as they come."""
    found = {}
    for rows in parts:
        for number, row in zip(rows.numbers.tolist(), rows.table.to_pylist(), strict=True):
            found[number] = tuple(row.values())
        found |= {row.row: row.cells for row in rows.ragged}
    return found


@pytest.mark.parametrize("rows_a_piece", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("block_bytes", [60, 0])
def test_pieces_hold_the_rows_of_the_list_in_their_order(make_list, tmp_path, rows_a_piece, block_bytes):
    source = ListSource(source=make_list("\n".join(["email,name", *LINES * 5, ""])))
    with sources.opened(source, block_bytes) as listed:
        expected = cells(listed.rows())
    assert sorted(expected) == list(range(1, 26))
    with sources.opened(source, block_bytes) as listed:
        found = list(pieces.split(listed.rows(), tmp_path, rows_a_piece))
    counts = [count for _, count in found]
    assert sum(counts) == 25
    assert max(counts) < 2 * rows_a_piece
    assert min(counts[:-1], default=rows_a_piece) >= rows_a_piece
    before, again = 0, {}
    for path, count in found:
        rows = cells(pieces.read_piece(path))
        assert sorted(rows) == list(range(1, count + 1))
        again |= {number + before: row for number, row in rows.items()}
        before += count
    assert again == expected
