"""People of a list who said no to mail, where the campaign does not say whose word counts.

A column that looks like consent is found by its name (lists.consent_columns). It drops nobody by itself: a
cleaning warns of it, and a campaign is not enqueued before its file names the column or says that it may go
to everybody.
"""

import re
from collections.abc import Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from lists import consent_columns
from lists.consent_columns import Kind
from lists.errors import PeopleSaidNo
from lists.policy import ListSource

_COUNT = re.compile(r"\s*(?:[2-9]|[1-9]\d+)(?:[.,]0+)?\s*")
_MANY = re.compile(r"(?:mails|mailings|letters|notifications)\W*$", re.IGNORECASE)
# Only a yes depends on the day, and no yes is counted here.
_ANY_DAY = date(9000, 1, 1)


def counted(rows: pa.Table) -> dict[str, int]:
    """Return how many of these rows say no, by each column in which any does."""
    found = {}
    for column in rows.column_names:
        if (kind := consent_columns.kind_of(column)) is None:
            continue
        values = pc.value_counts(rows.column(column)).to_pylist()
        if (
            kind is Kind.ANSWER
            and _MANY.search(column)
            and any(_COUNT.fullmatch(each["values"] or "") for each in values)
        ):
            # `Marketing emails: 0, 3, 12` says how many there were.
            continue
        count = sum(
            each["counts"]
            for each in values
            if each["values"] and consent_columns.says_no(kind, each["values"], _ANY_DAY)
        )
        if count:
            found[column] = count
    return found


def is_undecided(source: ListSource) -> bool:
    """Tell whether nobody wrote down whose consent counts."""
    return source.consent != "any" and not source.consent_column


def sentences(said_no: Mapping[str, int], accepted: int) -> tuple[str, ...]:
    """Return a warning for each column in which accepted rows say no."""
    return tuple(
        f"{_told(column, count, f'{accepted:,} accepted')}: a campaign to this list stops, until its file "
        f'says `consent_column: "{column}"` or `consent: any` under `list`.'
        for column, count in said_no.items()
    )


def beforehand(said_no: Mapping[str, int], rows: int, source: ListSource) -> tuple[str, ...]:
    """Return the same warning about all rows of a list, which is not cleaned yet."""
    if not is_undecided(source):
        return ()
    return tuple(
        f"{_told(column, count, f'{rows:,}')}: unless all of these are rejected for another reason, the "
        f'campaign stops before its first mail, until its file says `consent_column: "{column}"` or '
        "`consent: any` under `list`."
        for column, count in said_no.items()
    )


def refuse(said_no: Mapping[str, int], accepted: int, source: ListSource) -> None:
    """Raise PeopleSaidNo where accepted rows say no and the campaign does not say whose word counts.

    The column with most of them is named, with how many they are.
    """
    if not said_no or not is_undecided(source):
        return
    column, count = max(said_no.items(), key=lambda item: item[1])
    others = sorted(set(said_no) - {column})
    also = f" (so do {', '.join(map(repr, others))})" if others else ""
    raise PeopleSaidNo(
        f"{source.source}: {_told(column, count, f'{accepted:,} accepted')}{also}; "
        f'write `consent_column: "{column}"` under `list` in the campaign file to leave them out, '
        "or `consent: any` if all of them may be written to."
    )


def _told(column: str, count: int, among: str) -> str:
    return f"{count:,} of {among} rows {'says' if count == 1 else 'say'} no in the column {column!r}"
