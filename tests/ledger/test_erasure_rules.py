"""Every column that can hold text has a rule, and an erased person stands in none of the searched ones."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Column, Float, Integer, LargeBinary, Table, insert, select, true
from sqlalchemy.types import JSON, Boolean, String

from ledger import erasing, mentions, unread
from ledger.engine import Ledger
from ledger.erasure_rules import RULES, Rule, columns_by, text_columns
from ledger.schema import (
    erasure_key,
    event,
    event_raw,
    idempotency,
    identity,
    message,
    metadata,
    unread_message,
)
from ledger.spellings import Person
from lists.addresses import address_key

ADDRESS = "Ann+News@bücher.example"
KEY = address_key(ADDRESS)
OTHER = "joann+news@bücher.example"
LABELS = "xn--bcher-kva"
PACKED = base64.b64encode(f"From: {KEY}".encode()).decode()
SPELLINGS = (
    ADDRESS,
    KEY.upper(),
    "Ann <ann+news@BÜCHER.example>",
    f"mailto:{quote(KEY)}",
    "https://hooks.example/?to=" + quote(ADDRESS.lower(), safe=""),
    json.dumps({"a": json.dumps({"to": [ADDRESS]})}),
    "To: ann+news=40xn--bcher-kva=2Eexample",
    f"an=\r\nn+news@{LABELS}.example",
    "return path <list+ann+news=xn--bcher-kva.example@lists.example>",
    PACKED,
    "ann&#43;news&#x40;bücher.example",
)
# What a reader of a dump would look for; what escapes it is taken apart first.
REMAINS = ("ann+news", "ann%2bnews", "ann&#43;news", "n+news@", PACKED.lower())


def test_every_column_that_can_hold_text_has_a_rule_and_every_rule_a_column() -> None:
    columns = {
        table.name: {column.name for column in text_columns(table)} for table in metadata.sorted_tables
    }
    assert {name: set(rules) for name, rules in RULES.items() if rules} == {
        name: names for name, names in columns.items() if names
    }
    plain = (Integer, Float, Boolean)
    unknown = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if not isinstance(column.type, plain) and column not in text_columns(table)
    ]
    assert unknown == []


# Behind what the sequences give.
_ID = 1_000


def value(column: Column[Any], text: str) -> Any:
    if column.foreign_keys or (column.primary_key and isinstance(column.type, Integer)):
        return _ID
    match column.type:
        case LargeBinary():
            return text.encode()
        case JSON():
            return {"of": [text]}
        case String(length=length):
            return text[:length]
        case Boolean():
            return False
        case _:
            return 1


def fill(ledger: Ledger, texts: Sequence[str], rules: frozenset[Rule]) -> list[tuple[Table, Column[Any]]]:
    """Put one row into every table, with the texts in turn in the columns of these rules; return those."""
    planted = []
    with ledger.writing() as connection:
        for table in metadata.sorted_tables:
            if table in (identity, erasure_key):
                continue
            row = {}
            for column in table.columns:
                rule = RULES.get(table.name, {}).get(column.name)
                text = texts[len(planted) % len(texts)] if rule in rules else "x"
                row[column.name] = value(column, text)
                if rule in rules:
                    planted.append((table, column))
            if "campaign_id" in row and table is message:
                row["campaign_id"] = None
            connection.execute(insert(table).values(row))
    return planted


def dump(ledger: Ledger) -> Iterator[tuple[str, str]]:
    with ledger.reading() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for name, cell in row.items():
                    text = cell.decode() if isinstance(cell, bytes) else json.dumps(cell, ensure_ascii=False)
                    yield f"{table.name}.{name}", text.lower()


def erase(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        erasing.erase(connection, KEY, by="Ada", reason="asked by letter")


SEARCHED = frozenset({Rule.SEARCHED})


@pytest.mark.parametrize("first", [0, 4, 8])
def test_who_is_named_anywhere_in_any_spelling_is_gone(ledger: Ledger, first: int) -> None:
    # No spelling is longer than the shortest of the columns.
    planted = fill(ledger, [*SPELLINGS[first:], *SPELLINGS[:first]], SEARCHED)
    assert {f"{table.name}.{column.name}" for table, column in planted} == set(named_in(ledger))
    erase(ledger)
    assert named_in(ledger) == []


def named_in(ledger: Ledger) -> list[str]:
    return [name for name, cell in dump(ledger) if any(each in cell for each in REMAINS)]


def test_nobody_elses_texts_are_touched(ledger: Ledger) -> None:
    fill(ledger, [f"{OTHER} and ann+news@bücher.example.org"], SEARCHED | {Rule.OWN})
    before = [each for each in dump(ledger) if not each[0].startswith(("erasure", "suppression"))]
    erase(ledger)
    after = [each for each in dump(ledger) if not each[0].startswith(("erasure", "suppression"))]
    assert after == before


def test_what_names_something_of_the_operators_stays_and_is_reported(ledger: Ledger) -> None:
    fill(ledger, [KEY], frozenset({Rule.KEPT}))
    erase(ledger)
    with ledger.reading() as connection:
        kept = mentions.kept(connection, Person(KEY))
    columns = columns_by(Rule.KEPT)
    assert set(kept) == {f"{table.name}.{each.name}" for table, found in columns.items() for each in found}


def test_a_text_of_several_persons_keeps_the_others(ledger: Ledger) -> None:
    fill(ledger, ["x"], SEARCHED)
    raw = {"bounce": {"bouncedRecipients": [{"emailAddress": KEY}, {"emailAddress": OTHER}]}, "n": 7}
    with ledger.writing() as connection:
        connection.execute(event_raw.update().values(raw=json.dumps(raw)))
        connection.execute(event.update().values(recipient=OTHER, diagnostic=None))
    erase(ledger)
    with ledger.reading() as connection:
        found = connection.execute(select(event_raw.c.raw, event.c.recipient).join(event, true())).one()
    raw["bounce"]["bouncedRecipients"][0]["emailAddress"] = "erased"  # type: ignore[index]
    assert (json.loads(found.raw), found.recipient) == (raw, OTHER)


def test_an_answer_to_several_is_still_known_without_the_person(ledger: Ledger) -> None:
    fill(ledger, ["x"], SEARCHED)
    mine = {"id": "1", "to": ADDRESS, "text": "Dear Ann", "status": "QUEUED", "clientId": "ann-4711"}
    other = {"id": "2", "to": OTHER, "text": f"You know {ADDRESS}?", "status": "QUEUED", "clientId": "b"}
    with ledger.writing() as connection:
        answer = json.dumps({"meta": {}, "data": [mine, other]})
        connection.execute(idempotency.update().values(answer=answer, key="k"))
    erase(ledger)
    with ledger.reading() as connection:
        kept = json.loads(connection.execute(select(idempotency.c.answer)).scalar_one())
    assert kept["data"] == [
        {"id": "1", "to": "erased", "text": "erased", "status": "QUEUED", "clientId": "erased"},
        other | {"text": "You know erased?"},
    ]


def test_what_the_queue_held_unread_is_emptied(ledger: Ledger) -> None:
    bodies = [f"<<{spelling}>>" for spelling in SPELLINGS]
    with ledger.writing() as connection:
        unread.keep(connection, dict.fromkeys([*bodies, OTHER], "no JSON"))
        assert erasing.erase(connection, KEY, by="Ada", reason="asked").unread == len(bodies)
        kept = connection.execute(select(unread_message.c.body)).scalars()
        assert sorted(set(kept)) == [b"", OTHER.encode()]
