"""Owners of mail that is sent over the API, and the keys by which they are known."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from ledger import clock, dialects, suppression_scopes
from ledger.schema import api_key, owner


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an owner, and the member of that owner's space who holds the key."""

    key_id: int
    owner_id: int
    owner: str
    operator: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it can be shown: `hint` is its beginning; `revoked_at` is None while it is good."""

    id: int
    owner: str
    operator: str
    hint: str
    created_at: float
    revoked_at: float | None


def scope_of(name: str) -> str:
    """Return the scope of suppressions that hold for one owner's single messages alone."""
    return suppression_scopes.of_owner(name)


def ensure(connection: Connection, name: str) -> int:
    """Return the id of the owner of this name, who is made where there is none."""
    row = dialects.insert(connection, owner).values(name=name, created_at=clock.now(connection))
    connection.execute(row.on_conflict_do_nothing())
    return int(connection.execute(select(owner.c.id).where(owner.c.name == name)).scalar_one())


def add_key(connection: Connection, owner_id: int, operator: str, digest: str, hint: str) -> int:
    """Store a new key by its digest and return its id."""
    row = insert(api_key).values(
        owner_id=owner_id,
        operator=operator,
        digest=digest,
        hint=hint,
        created_at=clock.now(connection),
    )
    return int(connection.execute(row.returning(api_key.c.id)).scalar_one())


def caller_of(connection: Connection, digest: str) -> Caller | None:
    """Return whose key has this digest; None where there is none or it was revoked."""
    query = (
        select(api_key.c.id, owner.c.id, owner.c.name, api_key.c.operator)
        .join(owner, owner.c.id == api_key.c.owner_id)
        .where(api_key.c.digest == digest, api_key.c.revoked_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Caller(*row)


def revoke(connection: Connection, key_id: int) -> bool:
    """Take a key's power for good; return whether there is such a key."""
    known = connection.execute(select(api_key.c.id).where(api_key.c.id == key_id)).one_or_none()
    good = (api_key.c.id == key_id) & api_key.c.revoked_at.is_(None)
    connection.execute(update(api_key).where(good).values(revoked_at=clock.now(connection)))
    return known is not None


def keys(connection: Connection) -> list[Key]:
    """Return every key there ever was, the oldest first."""
    query = (
        select(
            api_key.c.id,
            owner.c.name,
            api_key.c.operator,
            api_key.c.hint,
            api_key.c.created_at,
            api_key.c.revoked_at,
        )
        .join(owner, owner.c.id == api_key.c.owner_id)
        .order_by(api_key.c.id)
    )
    return [Key(*row) for row in connection.execute(query)]
