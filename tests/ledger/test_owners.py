"""Owners and keys: one owner a name, a key known by its digest until it is revoked."""

from sqlalchemy import Connection

from ledger import owners
from ledger.engine import Ledger
from ledger.owners import Caller


def add(connection: Connection, owner: str, digest: str, operator: str = "ann") -> int:
    return owners.add_key(connection, owners.ensure(connection, owner), operator, digest, "ck_12345")


def test_an_owner_of_the_same_name_is_the_same(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        first = owners.ensure(connection, "EliPackage")
        assert owners.ensure(connection, "EliPackage") == first
        assert owners.ensure(connection, "elipackage") != first


def test_a_key_is_found_by_its_digest_alone(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        key_id = add(connection, "EliPackage", "d1", "ann")
        found = owners.caller_of(connection, "d1")
        assert found == Caller(key_id, owners.ensure(connection, "EliPackage"), "EliPackage", "ann")
        assert owners.caller_of(connection, "d2") is None


def test_a_revoked_key_is_nobodys_and_stays_in_the_list(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        kept, lost = add(connection, "A", "d1"), add(connection, "B", "d2")
        assert owners.revoke(connection, lost)
        assert owners.caller_of(connection, "d2") is None
        assert owners.caller_of(connection, "d1") is not None
        assert [(key.id, key.revoked_at is None) for key in owners.keys(connection)] == [
            (kept, True),
            (lost, False),
        ]


def test_revoking_twice_keeps_the_first_time(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        key_id = add(connection, "A", "d1")
        owners.revoke(connection, key_id)
        first = owners.keys(connection)[0].revoked_at
        assert owners.revoke(connection, key_id)
        assert owners.keys(connection)[0].revoked_at == first
        assert not owners.revoke(connection, key_id + 1)
