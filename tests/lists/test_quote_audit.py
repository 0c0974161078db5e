"""The audit of quotes comes to the same for every cut of the text, and to what reading row by row gives."""

import random

import pytest

from lists.csv_lines import Lines
from lists.errors import OpenQuote
from lists.open_quotes import Meaning, Rewritten
from lists.quote_audit import audited

LETTERS = 'ab@. \\,,""""\n\n\r'


def outcome(blocks, width):
    lines = Lines(",")
    found = []
    try:
        found.extend(audited(blocks, lines, Meaning(lines, width, [], strict=False), width, 1 << 20))
    except OpenQuote as err:
        return err.offset
    return b"".join(found)


def row_by_row(text, width):
    lines = Lines(",")
    meaning = Meaning(lines, width, [], strict=False)
    found, place = [], 0
    while place < len(text):
        row = lines.row(text, place)
        try:
            meant = False
            if row.irregular or row.opened >= 0 or not row.closed:
                last = text.rfind(b'"', 0, max(place, row.opened))
                odd = last >= 0 and text[last + 1] not in lines.bounds
                meant = meaning.of(text, place, row, after_odd=odd, final=True)
        except OpenQuote as err:
            return err.offset
        end = meant.end if isinstance(meant, Rewritten) else row.end
        found.append(meant.text if isinstance(meant, Rewritten) else text[place:end])
        place = end
    return b"".join(found)


def a_text(chance):
    """Rows of addresses and random cells, some in quotes, so that quotes, line ends and rows meet."""
    parts = []
    for number in range(chance.randint(1, 8)):
        cell = "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, 8)))
        quoted = '"' + cell.replace('"', '""') + '"'
        parts.append(f"p{number}@x.example,{chance.choice((cell, quoted, quoted, 'Ann'))}\n")
    return "".join(parts).encode()


@pytest.mark.parametrize("seed", range(8))
def test_whole_columns_of_bytes_say_what_one_row_after_the_other_says(seed):
    chance = random.Random(seed)
    for _ in range(60):
        text = a_text(chance)
        assert outcome([text], 2) == row_by_row(text, 2), text


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_same_wherever_the_text_is_cut(seed):
    chance = random.Random(100 + seed)
    for _ in range(60):
        text = a_text(chance)
        size = chance.randint(1, 30)
        cut = [text[start : start + size] for start in range(0, len(text), size)]
        assert outcome(cut, 2) == outcome([text], 2), (text, size)


def test_a_row_longer_than_any_is_refused_and_not_kept(recwarn):
    def blocks():
        yield b'a,b\nc,"'
        while True:
            yield b"x" * 1_000

    lines = Lines(",")
    with pytest.raises(OpenQuote) as refused:
        list(audited(blocks(), lines, Meaning(lines, 2, [], strict=False), 2, 100_000))
    assert refused.value.offset == len(b"a,b\n")
    assert refused.value.longest_bytes == 100_000
