"""What the databases are told of how long anybody waits; what a URL says of the same counts."""

import pytest
from sqlalchemy import make_url

from ledger.ledger_names import BUSY_TIMEOUT_SECONDS
from ledger.patience import USUAL, Patience

HASTY = Patience(lock_seconds=1.5, read_seconds=2, write_seconds=3, connect_seconds=4, bounded=False)
FILE, SERVER = make_url("sqlite:////srv/l.sqlite3"), make_url("postgresql+psycopg://host/ledger")


def test_usually_nothing_is_told_but_the_busy_timeout() -> None:
    assert USUAL.of_sqlite(FILE) == {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}
    assert USUAL.of_postgresql(SERVER, writing=True) == {"connect_args": {}}
    assert not USUAL.tells_reads_apart


@pytest.mark.parametrize(("writing", "milliseconds"), [(False, 2000), (True, 3000)])
def test_locks_and_statements_have_their_time(writing: bool, milliseconds: int) -> None:
    options = f"-c lock_timeout=1500 -c statement_timeout={milliseconds}"
    assert HASTY.of_postgresql(SERVER, writing=writing) == {
        "connect_args": {"options": options, "connect_timeout": 4},
        "max_overflow": -1,
    }
    assert HASTY.of_sqlite(FILE) == {"connect_args": {"timeout": 1.5}, "max_overflow": -1}


def test_what_the_url_says_comes_last_and_counts() -> None:
    url = SERVER.update_query_dict({"options": "-c lock_timeout=9", "connect_timeout": "9"})
    options = HASTY.of_postgresql(url, writing=False)["connect_args"]
    assert options == {"options": "-c lock_timeout=1500 -c statement_timeout=2000 -c lock_timeout=9"}


def test_a_ledger_in_memory_has_the_pool_that_it_needs() -> None:
    assert HASTY.of_sqlite(make_url("sqlite://")) == {"connect_args": {"timeout": 1.5}}
