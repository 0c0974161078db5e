"""An unsubscribe link that was used: once, twice, or with a number of nobody."""

from sqlalchemy import select

from ledger import enqueueing, suppressions, unsubscribes
from ledger.attempts import Answer, Result
from ledger.schema import suppression
from ledger.statuses import Count, Status


def unsubscribe(scene, row, by: str = "one-click", **changes: int) -> bool:
    of = {"message_id": row["id"], "campaign_id": row["campaign_id"]} | changes
    with scene.ledger.writing() as connection:
        return unsubscribes.unsubscribe(connection, by=by, **of)


def test_the_messages_own_address_is_suppressed_everywhere(scene) -> None:
    (send_id,) = scene.sending(1)
    scene.record(Result(send_id, Answer.ACCEPTED))
    (row,) = scene.rows()
    assert unsubscribe(scene, row) is True
    with scene.ledger.reading() as connection:
        assert suppressions.reasons(connection, [row["address_key"]]) == {
            row["address_key"]: suppressions.SuppressionReason.UNSUBSCRIBE
        }
        (entry,) = connection.execute(select(suppression))
    assert (entry.source, entry.note) == ("campaign spring-offer", "one-click")
    assert scene.statuses() == [Status.SENT]
    assert scene.check_tallies().counts[Count.UNSUBSCRIBED] == 1


def test_using_a_link_again_changes_nothing(scene, frozen) -> None:
    scene.sending(1)
    (row,) = scene.rows()
    unsubscribe(scene, row)
    before = scene.rows()
    frozen.tick(3600)
    assert unsubscribe(scene, row, by="page") is True
    assert scene.rows() == before
    with scene.ledger.reading() as connection:
        assert connection.execute(select(suppression.c.note)).scalars().all() == ["one-click"]
    assert scene.check_tallies().counts[Count.UNSUBSCRIBED] == 1


def test_a_link_of_no_message_or_of_another_campaign_suppresses_nobody(scene) -> None:
    scene.sending(1)
    other = scene.enqueue(1, name="other-list")
    before = scene.rows()
    row = before[0]
    assert unsubscribe(scene, row, message_id=999_999) is False
    assert unsubscribe(scene, row, campaign_id=other.id) is False
    assert scene.rows() == before
    with scene.ledger.reading() as connection:
        assert connection.execute(select(suppression)).all() == []


def test_a_campaign_can_say_that_unsubscribing_leaves_its_list_alone(scene) -> None:
    definition = {"name": "weekly", "list": {"name": "news", "unsubscribe": "list"}}
    with scene.ledger.writing() as connection:
        new = scene.new("weekly", definition=definition)
        stored = enqueueing.enqueue(connection, new, [scene.messages(1)])
    (row,) = scene.rows()
    assert unsubscribe(scene, row) is True
    with scene.ledger.reading() as connection:
        found = connection.execute(select(suppression.c.scope, suppression.c.reason)).all()
    assert found == [("news", "unsubscribe")]
    scene.check_tallies(stored.name)
