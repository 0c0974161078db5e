"""The windows of a campaign's domains, on both databases."""

from ledger import domain_brakes
from ledger.domain_brakes import Window


def test_windows_are_kept_changed_and_forgotten_for_their_own_campaign(scene) -> None:
    first, second = scene.enqueue(), scene.enqueue(name="autumn-offer")
    watched = Window("a.example", 10.0, 3, 1)
    braked = Window("b.example", 20.0, times=1, braked_until=20.0, let_through=4)
    with scene.ledger.writing() as connection:
        domain_brakes.store(connection, first.id, [braked, watched])
        domain_brakes.store(connection, second.id, [watched])
        domain_brakes.store(connection, first.id, [Window("a.example", 10.0, 9, 2)])
    with scene.ledger.reading() as connection:
        assert domain_brakes.read(connection, first.id) == [Window("a.example", 10.0, 9, 2), braked]
        assert domain_brakes.read(connection, second.id) == [watched]
    with scene.ledger.writing() as connection:
        domain_brakes.forget(connection, first.id, ["a.example", "b.example"])
        domain_brakes.forget(connection, first.id, [])
        assert domain_brakes.read(connection, first.id) == []
        assert domain_brakes.read(connection, second.id) == [watched]


def test_the_domains_of_messages_are_read_by_id(scene) -> None:
    scene.enqueue(2)
    ids = [row["id"] for row in scene.rows()]
    with scene.ledger.reading() as connection:
        assert domain_brakes.domains_of(connection, ids) == dict.fromkeys(ids, "example.com")
