"""Names of lists and of owners live in different spaces, whatever they are and however long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import owners, suppressions
from ledger.engine import Ledger
from ledger.suppression_scopes import Kind, Scope, looks_like_another, of_list, of_owner, read
from ledger.suppressions import Suppression, SuppressionReason

NAMES = st.lists(
    st.sampled_from(["owner ", "list ", "owner#", "list#", "Ann", "a" * 60, "ü"]), max_size=4
).map(lambda parts: "".join(parts)[:200])


@given(st.sets(NAMES, max_size=6), st.sets(NAMES, max_size=6))
def test_no_two_names_have_one_scope(lists: set[str], people: set[str]) -> None:
    scopes = [of_list(name) for name in lists] + [of_owner(name) for name in people]
    assert len(set(scopes)) == len(scopes)
    assert all(len(scope) <= 200 for scope in scopes)


@given(NAMES)
def test_a_scope_is_read_as_it_was_written(name: str) -> None:
    if len(name) < 190:
        assert read(of_owner(name)) == Scope(Kind.OWNER, name)
        assert read(of_list(name)) == Scope(Kind.LIST if name else Kind.EVERYWHERE, name)
    else:
        assert (read(of_owner(name)).kind, read(of_list(name)).kind) == (Kind.OWNER, Kind.LIST)
        assert looks_like_another(of_owner(name))


@pytest.mark.parametrize("length", [190, 194, 195, 199, 200])
def test_an_owner_with_a_long_name_can_be_left(ledger: Ledger, length: int) -> None:
    name, other = "x" * length, "x" * (length - 1) + "y"
    key = "ann@mail.example"
    with ledger.writing() as connection:
        owners.ensure(connection, name)
        entry = Suppression(key, SuppressionReason.UNSUBSCRIBE, "a test", scope=owners.scope_of(name))
        assert suppressions.add(connection, [entry]) == 1
        assert suppressions.reasons(connection, [key], [owners.scope_of(name)])
        assert not suppressions.reasons(connection, [key], [owners.scope_of(other)])
