"""An unsubscribe link that was used: once, twice, or with a number of nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ledger import enqueueing, owners, singles, suppressions, unsubscribes
from ledger.attempts import Answer, Result
from ledger.schema import suppression
from ledger.singles import NewSingle
from ledger.statuses import Count, Status
from ledger.suppression_scopes import of_list
from ledger.unsubscribes import Extent
from lists.suppression import scopes_of


def unsubscribe(scene, row, by: str = "one-click", extent: Extent | None = None, **changes: int) -> bool:
    of = {"message_id": row["id"], "campaign_id": row["campaign_id"] or 0} | changes
    with scene.ledger.writing() as connection:
        return unsubscribes.unsubscribe(connection, by=by, extent=extent, **of) is not None


def scopes(scene) -> list[str]:
    with scene.ledger.reading() as connection:
        return sorted(connection.execute(select(suppression.c.scope)).scalars())


def enqueue_to(scene, **recipients: str) -> None:
    """Store a campaign of one message whose list is this."""
    new = scene.new("weekly", definition={"name": "weekly", "list": recipients})
    with scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, new, [scene.messages(1)])


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


NEWS = {"name": "news", "unsubscribe": "everywhere"}
NEWS_ALONE = {"name": "news", "unsubscribe": "list"}
UNNAMED = {"name": "", "unsubscribe": "everywhere"}


@pytest.mark.parametrize(
    ("recipients", "extent", "expected"),
    [
        (NEWS, None, ""),
        (NEWS, Extent.LIST, "news"),
        (NEWS, Extent.EVERYTHING, ""),
        (NEWS_ALONE, None, "news"),
        (NEWS_ALONE, Extent.LIST, "news"),
        (NEWS_ALONE, Extent.EVERYTHING, ""),
        # A list without a name of its own cannot be left alone: the file is renamed without a thought.
        (UNNAMED, Extent.LIST, ""),
        ({}, None, ""),
    ],
)
def test_somebody_leaves_the_list_or_everything(scene, recipients, extent, expected) -> None:
    enqueue_to(scene, **recipients)
    (row,) = scene.rows()
    assert unsubscribe(scene, row, extent=extent) is True
    assert scopes(scene) == [expected]
    scene.check_tallies("weekly")


def test_everything_of_a_campaign_with_an_owner_is_what_that_owner_sends(scene) -> None:
    definition = {"name": "weekly", "owner": "Ann", "list": NEWS}
    with scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, scene.new("weekly", definition=definition), [scene.messages(1)])
    (row,) = scene.rows()
    unsubscribe(scene, row)
    assert scopes(scene) == [owners.scope_of("Ann")]


def test_leaving_a_list_that_is_called_like_an_owners_mail_leaves_no_owner(scene) -> None:
    enqueue_to(scene, **NEWS_ALONE | {"name": "owner Ann"})
    (row,) = scene.rows()
    unsubscribe(scene, row)
    assert owners.scope_of("Ann") not in scopes(scene)
    assert set(scopes(scene)) <= set(scopes_of("owner Ann"))
    assert owners.scope_of("Ann") not in scopes_of("owner Ann")
    assert owners.scope_of("Ann") in scopes_of("owner Ann", "Ann")


@given(
    name=st.sampled_from(["owner ", "list ", "Ann", "own", " ", "#", "a" * 190, "a" * 200])
    | st.text(max_size=8),
    repeat=st.integers(0, 3),
)
def test_no_list_has_the_scope_of_an_owner_or_of_another_list(name: str, repeat: int) -> None:
    names = ["list " * times + f"owner {name}" for times in range(repeat + 1)] + [name, f"list {name}"]
    found = {each: of_list(each) for each in names}
    assert len(set(found.values())) == len(found)
    assert not any(scope.startswith(("owner ", "owner#")) for scope in found.values())
    assert found[name] == name or "owner" in name


def test_the_list_can_be_left_first_and_everything_later(scene) -> None:
    enqueue_to(scene, **NEWS_ALONE)
    (row,) = scene.rows()
    unsubscribe(scene, row)
    unsubscribe(scene, row, by="page", extent=Extent.EVERYTHING)
    assert scopes(scene) == ["", "news"]
    assert scene.check_tallies("weekly").counts[Count.UNSUBSCRIBED] == 1


def test_a_single_messages_link_leaves_what_its_owner_sends_and_no_more(scene) -> None:
    with scene.ledger.writing() as connection:
        owner_id = owners.ensure(connection, "EliPackage")
        new = NewSingle(
            public_id="67f6bce6cd",
            owner_id=owner_id,
            operator="EliPackage",
            sender="Eli <news@shop.example>",
            recipient="reader@example.com",
            address="reader@example.com",
            address_key="reader@example.com",
            domain="example.com",
            subject="Promo",
            text="Hello",
            unsubscribe_text="Unsubscribe",
        )
        singles.add(connection, [new])
    (row,) = scene.rows()
    assert unsubscribe(scene, row, extent=Extent.LIST) is True
    assert scopes(scene) == [owners.scope_of("EliPackage")]
    assert scene.rows()[0]["unsubscribed_at"] is not None
    assert unsubscribe(scene, row, message_id=999_999) is False
