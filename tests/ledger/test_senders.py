"""A sender is one owner's with its plus-parts, a domain with what is below it; the closest entry decides."""

import pytest
from sqlalchemy import Connection

from ledger import owners, senders, singles
from ledger.engine import Ledger
from ledger.singles import NewSingle

GIVEN = {
    "ceo@shop.example": "Ann",
    "@shop.example": "Bob",
    "news@shop.example": "Cleo",
    "@deep.host.example": "Ann",
}


def give(connection: Connection) -> dict[int, str]:
    names = {owners.ensure(connection, name): name for name in ("Ann", "Bob", "Cleo")}
    ids = {name: id_ for id_, name in names.items()}
    for key, name in GIVEN.items():
        senders.give(connection, key, ids[name])
    return names


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("ceo@shop.example", "Ann"),
        ("ceo+spring@shop.example", "Ann"),
        ("ceo+a+b@shop.example", "Ann"),
        ("news+x@shop.example", "Cleo"),
        ("other@shop.example", "Bob"),
        ("ceo@mail.shop.example", "Bob"),
        ("ceo@ashop.example", None),
        ("ceo@host.example", None),
        ("a@very.deep.host.example", "Ann"),
        ("+x@free.example", None),
        ("ceo@example", None),
    ],
)
def test_the_closest_entry_says_whose_an_address_is(ledger: Ledger, address: str, whose: str | None) -> None:
    with ledger.writing() as connection:
        names = give(connection)
        found = senders.owners_of(connection, [address])
    assert {key: names[id_] for key, id_ in found.items()} == ({address: whose} if whose else {})


def test_what_is_anothers_in_any_way_is_not_onboarded(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        names = give(connection)
        ids = {name: id_ for id_, name in names.items()}
        for address in ("ceo@shop.example", "ceo+x@shop.example", "other@shop.example", "a@b.shop.example"):
            assert not senders.onboard(connection, address, ids["Cleo"])
        assert senders.onboard(connection, "news+x@shop.example", ids["Cleo"])
        assert senders.onboard(connection, "free@free.example", ids["Cleo"])
        assert not senders.onboard(connection, "free+x@free.example", ids["Ann"])


def a_mail(owner_id: int, sender: str) -> NewSingle:
    to = "r@mail.example"
    return NewSingle("id", owner_id, "op", sender, to, to, to, "mail.example", "s", "t", "Unsubscribe")


@pytest.mark.parametrize("sender", ["News <NEWS@bücher.example>", "news@xn--bcher-kva.example"])
def test_nobody_takes_an_address_from_which_another_sends(ledger: Ledger, sender: str) -> None:
    with ledger.writing() as connection:
        ann, bob = owners.ensure(connection, "Ann"), owners.ensure(connection, "Bob")
        singles.add(connection, [a_mail(ann, sender)])
        assert not senders.onboard(connection, "news@xn--bcher-kva.example", bob)
        assert senders.onboard(connection, "ews@xn--bcher-kva.example", bob)
        assert senders.onboard(connection, "news@xn--bcher-kva.example", ann)
        senders.give(connection, "news@xn--bcher-kva.example", bob)
        assert senders.of_owner(connection, bob) == [
            "ews@xn--bcher-kva.example",
            "news@xn--bcher-kva.example",
        ]
        assert senders.release(connection, "news@xn--bcher-kva.example")
        assert not senders.release(connection, "news@xn--bcher-kva.example")
        assert [(each.key, each.owner) for each in senders.every(connection)] == [
            ("ews@xn--bcher-kva.example", "Bob")
        ]
