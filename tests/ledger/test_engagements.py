"""Since when somebody has been silent, by what the ledger has seen."""

from sqlalchemy import insert, update

from ledger import engagements
from ledger.schema import message, subscriber
from ledger.statuses import Fact

START = 1_800_000_000.0
KEYS = [f"reader.{number}@example.com" for number in range(4)]


def deliver(scene, an_event, name: str, at: float, **seen: dict[int, float]) -> None:
    """Deliver a campaign to the four readers at `at`; `opened` and `clicked` say who did so when."""
    scene.enqueue(4, name=name)
    held = scene.claim(name=name)
    by_key = {item.address_key: f"{name}-{item.message_id}" for item in held.recipients}
    scene.intend(held, {item.message_id: by_key[item.address_key] for item in held.recipients}, name=name)
    for key in KEYS:
        scene.apply(an_event(by_key[key], facts={Fact.ACCEPTED: at, Fact.DELIVERED: at}))
    for fact, readers in seen.items():
        for reader, when in readers.items():
            scene.apply(an_event(by_key[KEYS[reader]], facts={Fact.ACCEPTED: at, Fact(fact): when}))


def last(scene, *keys: str, until: float | None = None) -> dict[str, float]:
    with scene.ledger.reading() as connection:
        watched = engagements.watched_since(connection)
        return engagements.last_engaged(connection, keys or KEYS, watched=watched, until=until)


def test_the_last_sign_of_life_counts_and_without_one_the_first_delivery(scene, an_event) -> None:
    deliver(scene, an_event, "first", START + 100, opened={0: START + 50})
    deliver(
        scene,
        an_event,
        "second",
        START + 200,
        opened={0: START + 210},
        clicked={0: START + 220, 1: START + 230},
    )
    assert last(scene) == {
        KEYS[0]: START + 220,
        KEYS[1]: START + 230,
        KEYS[2]: START + 100,
        KEYS[3]: START + 100,
    }


def test_silence_counts_only_from_the_first_open_that_the_ledger_saw(scene, an_event) -> None:
    deliver(scene, an_event, "first", START)
    deliver(scene, an_event, "second", START + 1_000, opened={0: START + 1_500})
    assert last(scene, KEYS[1]) == {KEYS[1]: START + 1_500}


def test_without_any_open_or_click_nobody_is_silent(scene, an_event) -> None:
    deliver(scene, an_event, "first", START)
    assert last(scene) == {}


def test_who_was_never_written_to_is_not_known(scene, an_event) -> None:
    deliver(scene, an_event, "first", START, opened={0: START + 1})
    assert last(scene, "stranger@example.com") == {}


def test_a_confirmation_or_what_the_subscriber_table_knows_is_a_sign_of_life(scene, an_event) -> None:
    deliver(scene, an_event, "first", START + 100, opened={2: START + 900})
    with scene.ledger.writing() as connection:
        rows = [
            (KEYS[0], 500.0, None),
            (KEYS[1], 400.0, 600.0),
            (KEYS[2], 700.0, None),
            ("new@example.com", None, None),
        ]
        connection.execute(
            insert(subscriber),
            [
                {
                    "address_key": key,
                    "address": key,
                    "state": "confirmed",
                    "confirmed_at": confirmed and START + confirmed,
                    "last_engaged_at": engaged and START + engaged,
                }
                for key, confirmed, engaged in rows
            ],
        )
    found = last(scene, *KEYS[:3], "new@example.com")
    assert found == {KEYS[0]: START + 500, KEYS[1]: START + 600, KEYS[2]: START + 900}


def test_what_came_later_is_not_known_then(scene, an_event) -> None:
    deliver(scene, an_event, "first", START + 10, opened={0: START + 10, 1: START + 50})
    assert last(scene, *KEYS[:3], until=START + 20) == dict.fromkeys(KEYS[:3], START + 10)
    assert last(scene, KEYS[1], until=START + 5) == {}


def test_a_single_message_of_the_api_counts_too(scene, an_event) -> None:
    deliver(scene, an_event, "first", START, opened={0: START + 1})
    deliver(scene, an_event, "second", START + 2, clicked={1: START + 3})
    with scene.ledger.writing() as connection:
        connection.execute(update(message).where(message.c.clicked_at.is_not(None)).values(campaign_id=None))
    assert last(scene, KEYS[1]) == {KEYS[1]: START + 3}


def test_who_was_mailed_is_whom_ses_took_a_message_for(scene, an_event) -> None:
    with scene.ledger.reading() as connection:
        assert not engagements.any_message(connection)
    deliver(scene, an_event, "first", START)
    scene.enqueue(4, name="second")
    with scene.ledger.reading() as connection:
        assert engagements.any_message(connection)
        assert engagements.mailed(connection, [*KEYS[:2], "new@example.com"]) == set(KEYS[:2])
        assert engagements.mailed(connection, KEYS, START - 1) == set()
