"""Mentions of a person in what the ledger says of others: found in every table, and taken out.

A search reads whole tables. It is made in a transaction that only reads, so that senders go on meanwhile;
what it found is then taken out row by row.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    Table,
    Text,
    and_,
    cast,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.types import JSON

from ledger import clock, event_texts
from ledger.erasure_rules import Rule, columns_by
from ledger.json_text import decoded, encoded
from ledger.schema import callback, callback_url, event, idempotency
from ledger.spellings import ERASED, Person

_ROWS_AT_A_TIME = 1_000
# What an answer says that is nobody's.
_NOBODYS = frozenset({"id", "status", "code"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A row that names the person, by its primary key."""

    table: str
    key: tuple[Any, ...]


def find(connection: Connection, person: Person) -> list[Mention]:
    """Return the rows that name the person where anybody can be named."""
    searched = columns_by(Rule.SEARCHED)
    return [
        Mention(table.name, key)
        for table, columns in searched.items()
        for key in _rows_naming(connection, person, table, columns)
    ]


def kept(connection: Connection, person: Person) -> tuple[str, ...]:
    """Return the columns in which the person goes on standing, as something of the operator's."""
    found = []
    for table, columns in columns_by(Rule.KEPT).items():
        for column in columns:
            with closing(_rows_naming(connection, person, table, [column])) as rows:
                if next(rows, None) is not None:
                    found.append(f"{table.name}.{column.name}")
    return tuple(found)


def take_out(connection: Connection, person: Person, found: Sequence[Mention]) -> dict[str, int]:
    """Write `erased` in the person's place in these rows; return how many rows those were, by table."""
    by_table: dict[str, list[tuple[Any, ...]]] = {}
    for each in found:
        by_table.setdefault(each.table, []).append(each.key)
    searched = {table.name: (table, columns) for table, columns in columns_by(Rule.SEARCHED).items()}
    changed = {
        name: sum(_take_out(connection, person, *searched[name], key) for key in keys)
        for name, keys in by_table.items()
    }
    return {name: count for name, count in changed.items() if count}


def forget_answers(connection: Connection, person: Person) -> None:
    """Take the person out of what was answered to requests in the last day.

    What was answered for others as well is still answered, else their mail would go out a second time.
    """
    query = select(idempotency.c.owner_id, idempotency.c.key, idempotency.c.answer)
    rows = connection.execute(query.execution_options(yield_per=_ROWS_AT_A_TIME))
    theirs = [row for row in rows if person.is_named(row.key) or person.is_named(row.answer)]
    for row in theirs:
        place = (idempotency.c.owner_id == row.owner_id, idempotency.c.key == row.key)
        left = None if person.is_named(row.key) else _answer_left(person, row.answer)
        if left is None:
            connection.execute(delete(idempotency).where(*place))
        else:
            connection.execute(update(idempotency).where(*place).values(answer=left))


def _answer_left(person: Person, answer: str) -> str | None:
    """Return an answer without the person; None for one that nobody else stands in."""
    try:
        content = decoded(answer)
    except (ValueError, RecursionError):
        return None
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, list) or all(_is_theirs(person, each) for each in data):
        return None
    content["data"] = [
        {name: value if name in _NOBODYS else ERASED for name, value in each.items()}
        if _is_theirs(person, each)
        else person.without_in(each)
        for each in data
    ]
    return encoded(person.without_in(content)).decode()


def _is_theirs(person: Person, item: Any) -> bool:
    return isinstance(item, dict) and isinstance(to := item.get("to"), str) and person.is_named(to)


def _rows_naming(
    connection: Connection, person: Person, table: Table, columns: Sequence[Column[Any]]
) -> Generator[tuple[Any, ...], None, None]:
    keys = list(table.primary_key.columns)
    possible = or_(*(_possible(column, person) for column in columns))
    rows = connection.execute(
        select(*keys, *columns).where(possible), execution_options={"yield_per": _ROWS_AT_A_TIME}
    )
    with closing(rows):
        for row in rows:
            if any(_without(person, value) != value for value in row[len(keys) :]):
                yield tuple(row[: len(keys)])


def _possible(column: Column[Any], person: Person) -> ColumnElement[bool]:
    """What the database can tell quicker: a text that lacks a run of the address's plain letters, and
    anything that escapes one, does not name the person."""
    text: ColumnElement[Any] = cast(column, Text) if isinstance(column.type, JSON) else column
    if not person.runs:
        return text.is_not(None)
    plain = and_(*(text.icontains(run, autoescape=True) for run in person.runs))
    escapes = [text.contains(sign, autoescape=True) for sign in ("\\u00", "&#", "=\n", "=\r\n")]
    packed = [text.contains(part, autoescape=True) for part in person.packed]
    return or_(plain, *escapes, *packed)


def _take_out(
    connection: Connection,
    person: Person,
    table: Table,
    columns: Sequence[Column[Any]],
    key: tuple[Any, ...],
) -> bool:
    at = and_(*(column == value for column, value in zip(table.primary_key.columns, key, strict=True)))
    row = connection.execute(select(*columns).where(at).with_for_update()).one_or_none()
    if row is None:
        return False
    values = dict(zip((column.name for column in columns), row, strict=True))
    left = {name: _without(person, value) for name, value in values.items()}
    changes = {name: _fitting(table, name, value) for name, value in left.items() if value != values[name]}
    if not changes:
        return False
    if table is event and "recipient" in changes and _is_of_no_message(connection, key[0]):
        changes = {"recipient": None, "diagnostic": None, "raw_digest": None, "note": None}
        event_texts.empty(connection, event_texts.of_events(connection, [key[0]]))
    if table is callback_url:
        _close(connection, key[0])
        changes = {"url": f"{ERASED}:{key[0]}", "disabled_at": clock.now(connection)}
    connection.execute(update(table).where(at).values(changes))
    return True


def _is_of_no_message(connection: Connection, event_id: int) -> bool:
    """Tell whether an event is of nobody whom this ledger wrote to: all of it is about its recipient."""
    query = select(event.c.message_id).where(event.c.id == event_id)
    return connection.execute(query).scalar_one() is None


def _close(connection: Connection, url_id: int) -> None:
    """Tell a receiver nothing more whose URL named the person."""
    waiting = (callback.c.url_id == url_id, callback.c.due_at.is_not(None))
    ended: Mapping[str, Any] = {"due_at": None, "failed_at": clock.now(connection), "answer": ERASED}
    connection.execute(update(callback).where(*waiting).values(ended))


def _without(person: Person, value: Any) -> Any:
    return person.without(value) if isinstance(value, str) else person.without_in(value)


def _fitting(table: Table, name: str, value: Any) -> Any:
    """The shortest addresses are shorter than what stands in their place."""
    kind = table.columns[name].type
    longest = kind.length if isinstance(kind, String) else None
    return value[:longest] if isinstance(value, str) else value
