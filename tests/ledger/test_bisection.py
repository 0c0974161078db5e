"""A batch that breaks: the poisoned item ends up alone, the rest is done once."""

from collections.abc import Callable, Sequence

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError

from ledger import owners
from ledger.bisection import halve, is_outage
from ledger.engine import Ledger, open_ledger
from ledger.errors import CampaignNotFound, LedgerLost, LedgerUnreachable
from ledger.patience import Patience

HASTY = Patience(lock_seconds=0.05, read_seconds=20, write_seconds=30, connect_seconds=20, bounded=False)


@given(st.lists(st.booleans(), max_size=40))
def test_the_poisoned_are_alone_and_the_rest_is_done_once_and_in_order(poisoned: list[bool]) -> None:
    done: list[int] = []

    def work(batch: Sequence[int]) -> int:
        if any(poisoned[item] for item in batch):
            raise ValueError(batch)
        done.extend(batch)
        return len(batch)

    parts, broken = halve(range(len(poisoned)), work, lambda err: False)
    assert done == [item for item, bad in enumerate(poisoned) if not bad]
    assert [item for batch, _ in parts for item in batch] == done
    assert [each.item for each in broken] == [item for item, bad in enumerate(poisoned) if bad]


def test_an_outage_is_raised_at_once() -> None:
    tries: list[int] = []

    def work(batch: Sequence[int]) -> None:
        tries.append(len(batch))
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk"):
        halve(range(100), work, lambda err: isinstance(err, OSError))
    assert tries == [100]


def sqlalchemy_error(kind: Callable[..., Exception], text: str) -> Exception:
    return kind("INSERT", {}, Exception(text))


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (ValueError("a date"), False),
        (RecursionError(), False),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), False),
        (sqlalchemy_error(DataError, "string or blob too big"), False),
        (sqlalchemy_error(IntegrityError, "NOT NULL constraint failed"), False),
        (sqlalchemy_error(InterfaceError, "Error binding parameter 3"), False),
        (sqlalchemy_error(OperationalError, "too many SQL variables"), False),
        (sqlalchemy_error(OperationalError, "index row size 3000 exceeds btree maximum"), False),
        (CampaignNotFound("no campaign is named x"), False),
        (sqlalchemy_error(OperationalError, "database is locked"), True),
        (sqlalchemy_error(OperationalError, "disk I/O error"), True),
        (sqlalchemy_error(OperationalError, "database or disk is full"), True),
        (sqlalchemy_error(OperationalError, "attempt to write a readonly database"), True),
        (LedgerUnreachable("it does not answer"), True),
        (LedgerLost("its file has vanished"), True),
        (OSError("no route to host"), True),
        (MemoryError(), True),
    ],
)
def test_what_is_an_outage_and_what_is_in_an_item(ledger: Ledger, error: Exception, outage: bool) -> None:
    assert is_outage(ledger, error) is outage


def test_a_database_that_takes_nothing_is_an_outage_whatever_it_said(ledger: Ledger) -> None:
    error = sqlalchemy_error(OperationalError, "server closed the connection unexpectedly")
    assert not is_outage(ledger, error)
    ledger.engine.dispose()
    ledger._for_writing.connect = _refuse  # type: ignore[method-assign]
    assert is_outage(ledger, error)


def _refuse(*_: object) -> None:
    raise OperationalError("", {}, psycopg.OperationalError("connection refused"))


def test_a_lock_that_somebody_holds_is_an_outage_and_the_wait_for_it_ends(database_url: str) -> None:
    with open_ledger(database_url) as other, open_ledger(database_url, patience=HASTY) as ledger:
        with other.writing() as holding:
            owner_id = owners.ensure(holding, "Ann")
            with pytest.raises(OperationalError) as caught, ledger.writing() as connection:
                owners.ensure(connection, "Ann")
            assert is_outage(ledger, caught.value)
            # Whoever only looks waits for no writer.
            with ledger.reading() as connection:
                assert owners.keys(connection) == []
        with ledger.writing() as connection:
            assert owners.ensure(connection, "Ann") == owner_id
