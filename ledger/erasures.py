"""Persons who were erased: a keyed hash is all that is left of an address, so that suppressions still hold.

Whoever was erased is known in the ledger by the hash alone. Every look-up by address comes through here: it
costs one small query as long as nobody was erased.

The key lies in the ledger itself, so that hashes outlive every change of CAMPAIGN_SECRET_KEY. It keeps an
address from being read out of a hash, not from being tried by somebody who holds a copy of the ledger.
"""

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from ledger.key_batches import among, batches
from ledger.schema import erasure, erasure_key
from ledger.spellings import ERASED

__all__ = ["ERASED", "Erased", "hash_of", "is_anybody", "is_hash", "known_as"]

# No address holds a colon before its @-sign without quotes, and none lacks the @-sign.
_MARK = "erased:"


def is_hash(key: str) -> bool:
    """Tell whether an address key is what an erased person is known by."""
    return key.startswith(_MARK) and "@" not in key


def hash_of(connection: Connection, key: str) -> str:
    """Return what the owner of an address key is known by once erased."""
    return _hash(_secret(connection), key)


def is_anybody(connection: Connection) -> bool:
    """Return whether anybody was ever erased."""
    return connection.execute(select(erasure.c.id).limit(1)).first() is not None


def known_as(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """Return those of the keys whose owner was erased, each with the hash that the ledger has instead."""
    if not keys or not is_anybody(connection):
        return {}
    secret = _secret(connection)
    found: dict[str, str] = {}
    for part in batches(keys):
        by_hash = {_hash(secret, key): key for key in part}
        query = select(erasure.c.address_hash).where(among(connection, erasure.c.address_hash, list(by_hash)))
        found.update({by_hash[known]: known for known in connection.execute(query).scalars()})
    return found


class Erased:
    """Everybody who was erased, as of one reading transaction, for very many look-ups."""

    def __init__(self, connection: Connection) -> None:
        self._hashes = frozenset(connection.execute(select(erasure.c.address_hash)).scalars())
        self._secret = _secret(connection) if self._hashes else b""

    def among(self, keys: Iterable[str]) -> list[str]:
        """Return those of the keys whose owner was erased."""
        if not self._hashes:
            return []
        return [key for key in keys if _hash(self._secret, key) in self._hashes]


def _secret(connection: Connection) -> bytes:
    return bytes.fromhex(connection.execute(select(erasure_key.c.key)).scalar_one())


def _hash(secret: bytes, key: str) -> str:
    return _MARK + hashlib.blake2b(key.encode(), key=secret, digest_size=20).hexdigest()
