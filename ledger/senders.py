"""Which owner has which sender: an address with its plus-parts, or a domain with what is below it.

The closest entry decides: an address in somebody's domain can be another's. What nobody has is everybody's,
but for a domain that SES has verified as a whole: there no mail proves whose an address is, so once an owner
has an address in it, no other owner comes in by itself; what is left of one that several have, an operator
shares out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select

from ledger import clock
from ledger.dialects import insert
from ledger.schema import owner, sender, single
from ledger.spellings import Person

# How far back it is looked whether others send from an address.
_MESSAGES_LOOKED_AT = 50_000


@dataclass(frozen=True, slots=True)
class Sender:
    """An address, or a domain as `@shop.example`, and whose it is."""

    key: str
    owner: str
    created_at: float


def onboard(connection: Connection, address_key: str, owner_id: int, by_domain: str = "") -> bool:
    """Make the address the owner's; return False where it is another's, or another writes from it.

    It is another's where its address without the plus-part is, or its domain. `by_domain` is the domain that
    SES has verified as a whole, where one covers the address.
    """
    holders = owners_of(connection, [address_key])
    if address_key not in holders and _is_used_by_another(connection, address_key, owner_id):
        return False
    if address_key not in holders and by_domain and is_of_others(connection, by_domain, owner_id):
        return False
    if holders.get(address_key, owner_id) != owner_id:
        return False
    row = insert(connection, sender).values(
        address_key=address_key, owner_id=owner_id, created_at=clock.now(connection)
    )
    connection.execute(row.on_conflict_do_nothing())
    return owners_of(connection, [address_key])[address_key] == owner_id


def give(connection: Connection, key: str, owner_id: int) -> None:
    """Make an address or a domain (`@shop.example`) an owner's, whoever has it now, on an operator's word."""
    row = insert(connection, sender).values(
        address_key=key, owner_id=owner_id, created_at=clock.now(connection)
    )
    connection.execute(row.on_conflict_do_update(index_elements=["address_key"], set_={"owner_id": owner_id}))


def release(connection: Connection, key: str) -> bool:
    """Take an address or a domain from whoever has it; return whether anybody had."""
    return connection.execute(delete(sender).where(sender.c.address_key == key)).rowcount > 0


def every(connection: Connection) -> list[Sender]:
    """Return all senders that somebody has, in the order of the alphabet."""
    query = select(sender.c.address_key, owner.c.name, sender.c.created_at).join(
        owner, owner.c.id == sender.c.owner_id
    )
    return [Sender(*row) for row in connection.execute(query.order_by(sender.c.address_key))]


def owners_of(connection: Connection, address_keys: Sequence[str]) -> dict[str, int]:
    """Return the owner's id of each of the addresses that somebody has, by itself or with its domain."""
    entries = {key: _entries(key) for key in address_keys}
    wanted = sorted({entry for found in entries.values() for entry in found})
    query = select(sender.c.address_key, sender.c.owner_id).where(sender.c.address_key.in_(wanted))
    holders = dict(connection.execute(query).all()) if wanted else {}
    return {
        key: holders[closest]
        for key, found in entries.items()
        if (closest := next((entry for entry in found if entry in holders), None)) is not None
    }


def holders_within(connection: Connection, domain: str) -> frozenset[int]:
    """Return the ids of the owners who have the domain, one below it, or an address there."""
    key = sender.c.address_key
    within = or_(
        key == f"@{domain}",
        key.endswith(f"@{domain}", autoescape=True),
        key.endswith(f".{domain}", autoescape=True),
    )
    return frozenset(connection.execute(select(sender.c.owner_id).where(within).distinct()).scalars())


def is_of_others(connection: Connection, domain: str, owner_id: int) -> bool:
    """Tell whether another owner has anything of a domain: an operator then shares out the rest."""
    return bool(holders_within(connection, domain) - {owner_id})


def of_owner(connection: Connection, owner_id: int) -> list[str]:
    """Return the addresses and domains that an owner has, in the order of the alphabet."""
    query = select(sender.c.address_key).where(sender.c.owner_id == owner_id)
    return list(connection.execute(query.order_by(sender.c.address_key)).scalars())


def _entries(address_key: str) -> list[str]:
    """Return the entries under which an address can stand, the closest first."""
    local_part, _, domain = address_key.rpartition("@")
    labels = domain.split(".")
    base = local_part.partition("+")[0] or local_part
    domains = [f"@{'.'.join(labels[start:])}" for start in range(len(labels))]
    return list(dict.fromkeys([address_key, f"{base}@{domain}", *domains]))


def _is_used_by_another(connection: Connection, address_key: str, owner_id: int) -> bool:
    """Tell whether another owner has sent from the address lately, which it never asked for."""
    local_part = address_key.rpartition("@")[0]
    newest = (
        select(single.c.owner_id, single.c.sender)
        .order_by(single.c.message_id.desc())
        .limit(_MESSAGES_LOOKED_AT)
        .subquery()
    )
    query = select(newest.c.sender).distinct()
    query = query.where(
        newest.c.owner_id != owner_id, newest.c.sender.icontains(f"{local_part}@", autoescape=True)
    )
    person = Person(address_key)
    return any(person.is_named(text) for text in connection.execute(query).scalars())
