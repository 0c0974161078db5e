"""Consent: only who has confirmed."""

from ledger import subscribers
from ledger.schema import subscriber
from ledger.subscribers import Consent


def test_only_a_confirmed_subscriber_has_consented(scene) -> None:
    with scene.ledger.writing() as connection:
        connection.execute(
            subscriber.insert(),
            [
                {"address_key": f"{state}@example.com", "address": f"{state}@example.com", "state": state}
                for state in Consent
            ],
        )
    keys = ["confirmed@example.com", "pending@example.com", "stranger@example.com"]
    with scene.ledger.reading() as connection:
        assert subscribers.confirmed(connection, keys) == {"confirmed@example.com"}
        assert subscribers.confirmed(connection, []) == set()


def test_a_long_list_is_looked_up_whole(scene) -> None:
    keys = [f"reader.{number}@example.com" for number in range(25_000)]
    with scene.ledger.writing() as connection:
        connection.execute(
            subscriber.insert(),
            [{"address_key": key, "address": key, "state": Consent.CONFIRMED} for key in (keys[0], keys[-1])],
        )
    with scene.ledger.reading() as connection:
        assert subscribers.confirmed(connection, keys) == {keys[0], keys[-1]}


def test_whose_confirmation_is_pending_is_nobody_yet(scene) -> None:
    row = {"address_key": "a@example.com", "address": "a@example.com", "state": Consent.PENDING}
    with scene.ledger.writing() as connection:
        assert not subscribers.anybody(connection)
        connection.execute(subscriber.insert().values(row))
        assert not subscribers.anybody(connection)
        connection.execute(subscriber.update().values(state=Consent.CONFIRMED))
        assert subscribers.anybody(connection)
