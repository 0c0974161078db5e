"""Which owner has onboarded which sender. An address that nobody onboarded is everybody's."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from ledger import clock
from ledger.dialects import insert
from ledger.schema import sender


def onboard(connection: Connection, address_key: str, owner_id: int) -> bool:
    """Make the address the owner's; return False where it is another's."""
    row = insert(connection, sender).values(
        address_key=address_key, owner_id=owner_id, created_at=clock.now(connection)
    )
    connection.execute(row.on_conflict_do_nothing())
    return owners_of(connection, [address_key])[address_key] == owner_id


def owners_of(connection: Connection, address_keys: Sequence[str]) -> dict[str, int]:
    """Return the owner's id of each of the addresses that somebody has onboarded."""
    query = select(sender.c.address_key, sender.c.owner_id).where(sender.c.address_key.in_(address_keys))
    return dict(connection.execute(query).all())


def of_owner(connection: Connection, owner_id: int) -> list[str]:
    """Return the addresses that an owner has onboarded, in the order of the alphabet."""
    query = select(sender.c.address_key).where(sender.c.owner_id == owner_id)
    return list(connection.execute(query.order_by(sender.c.address_key)).scalars())
