"""Nobody vanishes from a damaged list: random tables by many writers, then one character is wrong somewhere.

DAMAGED_LISTS says how many lists are damaged; some hundred in a usual run.
"""

import csv
import io
import os
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from lists import cleaning
from lists.csv_layout import DELIMITERS
from lists.errors import ListError
from lists.policy import HygienePolicy, ListSource
from lists.suppression import nobody_confirmed, nobody_suppressed

LISTS = int(os.environ.get("DAMAGED_LISTS", "200"))
SHARES = 4
WORDS = ("Oslo", "Zoë", "Rom", "pipe", "Ltd", "call me", "thanks", "O'Neil", "", "7", "Straße 5", "a\\b")
STRAY = "\",;\t\n\r|x \\'ä"


@dataclass(frozen=True)
class Written:
    """A list as text: its rows with their line ends, the header first, and the address of each data row."""

    rows: tuple[str, ...]
    people: tuple[str, ...]
    delimiter: str
    encoding: str

    @property
    def text(self) -> str:
        return "".join(self.rows)


Cells = Sequence[Sequence[str]]
Writer = Callable[[random.Random, Cells, str, str], list[str]]


def by_csv(chance: random.Random, table: Cells, delimiter: str, line_end: str) -> list[str]:
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    return _lines(table, delimiter=delimiter, lineterminator=line_end, quoting=quoting)


def by_csv_with_escapes(chance: random.Random, table: Cells, delimiter: str, line_end: str) -> list[str]:
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    return _lines(
        table,
        delimiter=delimiter,
        lineterminator=line_end,
        quoting=quoting,
        doublequote=False,
        escapechar="\\",
    )


def like_excel(chance: random.Random, table: Cells, delimiter: str, line_end: str) -> list[str]:
    def cell(text: str) -> str:
        needs = any(sign in text for sign in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    return [delimiter.join(map(cell, row)) + line_end for row in table]


def without_quotes(chance: random.Random, table: Cells, delimiter: str, line_end: str) -> list[str]:
    return [delimiter.join(_plain(text, delimiter) for text in row) + line_end for row in table]


def in_quotes_undoubled(chance: random.Random, table: Cells, delimiter: str, line_end: str) -> list[str]:
    def cell(text: str) -> str:
        return f'"{_plain(text, delimiter)}"'

    return [delimiter.join(map(cell, row)) + line_end for row in table]


def carelessly(chance: random.Random, table: Cells, delimiter: str, line_end: str) -> list[str]:
    """Quotes where it must, leaves a quote inside as it is."""

    def cell(text: str) -> str:
        if delimiter in text or "\n" in text:
            return '"' + text.replace('"', '""') + '"'
        return text

    return [delimiter.join(map(cell, row)) + line_end for row in table]


def _plain(text: str, delimiter: str) -> str:
    return text.replace(delimiter, " ").replace("\n", " ").replace("\r", " ")


def _lines(table: Cells, **dialect: object) -> list[str]:
    lines = []
    for row in table:
        line = io.StringIO()
        csv.writer(line, **dialect).writerow(row)
        lines.append(line.getvalue())
    return lines


WRITERS: tuple[Writer, ...] = (
    by_csv,
    by_csv_with_escapes,
    like_excel,
    without_quotes,
    in_quotes_undoubled,
    carelessly,
)


def a_name(chance: random.Random) -> str:
    word = chance.choice(("Ann", "Bob", "Cy", "Dee"))
    return chance.choice(
        (word, word, f'{word} "Ace" Berg', f'Tube 5" {word}', 'Tube 5"', f"Berg, {word}", f'"{word}" Berg')
    )


def a_message(chance: random.Random) -> str:
    lines = []
    for _ in range(chance.randint(1, 4)):
        someone = f"q{chance.randint(1, 99)}@shop.example"
        lines.append(
            chance.choice(
                (
                    "Hello,",
                    someone,
                    f"{someone}, please call me back",
                    f'my "work" address: {someone}, or',
                    "",
                    "Regards",
                    f'"{chance.choice(WORDS)}", he said',
                )
            )
        )
    # A lone CR is left without quotes by Python's own writer, and ends a row then.
    return chance.choice(("\n", "\n", "\r\n")).join(lines)


def a_list(chance: random.Random) -> Written:
    width = chance.randint(1, 5)
    place = chance.randrange(width)
    kinds = [chance.choice((a_name, a_message, lambda c: c.choice(WORDS))) for _ in range(width)]
    names = [f"field {number}" for number in range(width)]
    names[place] = "email"
    table: list[list[str]] = [names]
    people = []
    for number in range(chance.randint(1, 12)):
        person = f"p{number:02}@mail.example"
        people.append(person)
        row = [kind(chance) for kind in kinds]
        row[place] = chance.choice((person,) * 6 + (f"Ann <{person}>", f"mailto:{person}"))
        if chance.random() < 0.05 and place + 1 < width:
            row = row[: place + 1]
        table.append(row)
    delimiter = chance.choice((",", ",", ",", ";", "\t", "|"))
    writer = chance.choice(WRITERS)
    rows = writer(chance, table, delimiter, chance.choice(("\n", "\n", "\r\n", "\r")))
    if chance.random() < 0.3:
        rows[-1] = rows[-1].rstrip("\r\n")
    encoding = chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16"))
    return Written(tuple(rows), tuple(people), delimiter, encoding)


@dataclass(frozen=True)
class Damage:
    """What was taken out of the text at a place, and what was put there."""

    place: int
    taken: str
    put: str

    def done_to(self, text: str) -> str:
        return text[: self.place] + self.put + text[self.place + len(self.taken) :]

    def touches_structure(self, written: Written) -> bool:
        escape = "\\" if '\\"' in written.text else ""
        # In the header any delimiter may be taken for the list's.
        # One that is put before a quote makes an escape where there was none.
        makes_escape = self.put == "\\" and '"' in written.text[self.place : self.place + 2]
        return makes_escape or bool(set(self.taken + self.put) & {'"', "\n", "\r", *escape, *DELIMITERS})


def a_damage(chance: random.Random, text: str) -> Damage:
    place = chance.randrange(len(text))
    # Every other time at a quote, which is where it hurts.
    if chance.random() < 0.5 and '"' in text:
        place = chance.choice([found.start() for found in re.finditer('"', text)])
    match chance.choice(("delete", "insert", "replace")):
        case "delete":
            return Damage(place, text[place], "")
        case "insert":
            return Damage(place, "", chance.choice(STRAY + '""'))
        case _:
            return Damage(place, text[place], chance.choice(STRAY + '""'))


def touched(written: Written, damage: Damage) -> set[int]:
    """Return the data rows that the damage is in; two where a line end is gone, 0 for the header."""
    end = 0
    for number, row in enumerate(written.rows):
        end += len(row)
        if damage.place < end:
            return {number, number + 1} if damage.taken in ("\n", "\r") else {number}
    raise AssertionError("no row is there")


def standing(path: str) -> str:
    """Return all that stands in the address columns of the accepted and the rejected rows."""
    result = cleaning.clean(
        ListSource(source=path),
        HygienePolicy(mx=False),
        suppressed=nobody_suppressed,
        confirmed=nobody_confirmed,
        resolver=None,
        today=None,
    )
    return "\n".join([*result.accepted["address"], *result.rejected["address"]])


def standing_or_refused(path: str) -> tuple[str, str]:
    try:
        return standing(path), ""
    except ListError as err:
        return "", str(err)


def save(make_list: Callable[..., str], written: Written, text: str) -> str:
    return make_list(text.encode(written.encoding))


@pytest.mark.parametrize("share", range(SHARES))
def test_everybody_in_an_undamaged_list_is_in_an_address_column(make_list, share):
    for seed in range(share, LISTS, SHARES):
        written = a_list(random.Random(seed))
        seen = standing(save(make_list, written, written.text))
        missing = [person for person in written.people if person not in seen]
        assert not missing, (seed, written)


@pytest.mark.parametrize("share", range(SHARES))
def test_one_wrong_character_hides_nobody_else(make_list, share):
    for seed in range(share, LISTS, SHARES):
        chance = random.Random(seed)
        written = a_list(chance)
        damage = a_damage(chance, written.text)
        path = save(make_list, written, damage.done_to(written.text))
        rows = touched(written, damage)
        untouched = [person for number, person in enumerate(written.people, 1) if number not in rows]
        seen, refusal = standing_or_refused(path)
        if refusal:
            # A header that no longer names the addresses leaves them to their content.
            unnamed = 0 in rows and "address_column" in refusal
            structural = damage.touches_structure(written)
            assert structural or unnamed, (seed, refusal, written, damage)
            assert re.search(r"row \d+|the header|--no-header|address_column", refusal), (seed, refusal)
        else:
            missing = [person for person in untouched if person not in seen]
            assert not missing, (seed, missing, written, damage)
