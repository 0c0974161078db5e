"""API keys: made here, known afterwards by their digest alone."""

import hashlib
import secrets

from ledger import owners
from ledger.engine import Ledger

_PREFIX = "ck_"
_HINT_LETTERS = 8


def create(ledger: Ledger, owner: str, operator: str) -> str:
    """Make a key for an operator in an owner's space and return it; it cannot be read again."""
    key = _PREFIX + secrets.token_urlsafe(32)
    with ledger.writing() as connection:
        owner_id = owners.ensure(connection, owner)
        owners.add_key(connection, owner_id, operator, digest_of(key), key[:_HINT_LETTERS])
    return key


def digest_of(key: str) -> str:
    """Return what is stored of a key.

    A plain hash does: a key is 256 random bits, which nobody can try one after another.
    """
    return hashlib.sha256(key.encode()).hexdigest()
