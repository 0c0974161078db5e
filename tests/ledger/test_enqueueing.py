"""A campaign and all its recipients: whole, or not there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from ledger import campaigns, enqueueing
from ledger.campaigns import State
from ledger.enqueueing import NewMessage
from ledger.errors import CampaignConflict
from ledger.schema import campaign, campaign_change, message, tally
from ledger.statuses import Count, Fact, Stage, Status

TABLES = [campaign, campaign_change, message, tally]


def test_an_enqueued_campaign_runs_and_holds_every_recipient(scene) -> None:
    new = scene.new()
    with scene.ledger.writing() as connection:
        stored = enqueueing.enqueue(connection, new, [scene.messages(3)])
    assert (stored.name, stored.state, stored.epoch, stored.recipients) == (
        "spring-offer",
        State.RUNNING,
        1,
        3,
    )
    assert (stored.definition, stored.list_summary) == (new.definition, new.list_summary)
    assert (stored.list_digest, stored.template_digest, stored.seed) == ("1" * 64, "2" * 64, 7)
    first, *_ = scene.rows()
    assert (first["address"], first["address_key"]) == ("Reader.2@example.com", "reader.2@example.com")
    assert (first["fields"], first["source_row"], first["position"]) == ({"first_name": "Reader 2"}, 3, 0)
    assert (first["attempts"], first["failures"], first["claim_id"], first["detail"]) == (0, 0, None, None)
    assert scene.statuses() == [Status.QUEUED] * 3
    scene.check_tallies()


def test_batches_of_any_size_are_one_list(scene) -> None:
    whole = scene.messages(5)
    with scene.ledger.writing() as connection:
        stored = enqueueing.enqueue(connection, scene.new(), iter([whole[:2], [], whole[2:]]))
    assert stored.recipients == 5
    assert [row["position"] for row in scene.rows()] == [0, 1, 2, 3, 4]
    scene.check_tallies()


def test_an_address_that_ses_cannot_take_is_rejected_from_the_start(scene) -> None:
    refused = NewMessage("jörg@example.com", "jörg@example.com", "example.com", {}, 4, 3, refused="smtputf8")
    with scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, scene.new(), [[*scene.messages(2), refused]])
    last = scene.rows()[-1]
    assert (last["status"], last["detail"]) == (Status.REJECTED, "smtputf8")
    totals = scene.check_tallies()
    assert totals.by_status == dict.fromkeys(Status, 0) | {Status.QUEUED: 2, Status.REJECTED: 1}
    # SES was not asked, so it has answered nothing.
    assert totals.counts == dict.fromkeys(Count, 0)
    assert last["stage"] == Stage.REJECTED
    assert last[f"{Fact.REJECTED}_at"] is None


def test_a_fault_in_the_middle_leaves_nothing(scene) -> None:
    def batches() -> Iterator[list[NewMessage]]:
        yield scene.messages(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, scene.new(), batches())
    assert _rows(scene) == {table.name: 0 for table in TABLES}


def test_the_same_again_returns_the_same_and_stores_nothing(scene, frozen) -> None:
    first = scene.enqueue(3)
    rows = _rows(scene)
    frozen.tick(60)

    def untouched() -> Iterator[list[NewMessage]]:
        raise AssertionError("the list was read again")
        yield []

    with scene.ledger.writing() as connection:
        assert enqueueing.enqueue(connection, scene.new(), untouched()) == first
    assert _rows(scene) == rows


@pytest.mark.parametrize(("digest", "what"), [("list_digest", "list"), ("template_digest", "content")])
def test_another_list_or_content_under_the_name_is_refused_in_one_sentence(scene, digest, what) -> None:
    scene.enqueue(3)
    rows = _rows(scene)
    sentence = (
        rf"^the name spring-offer was already used with another {what}: give this campaign another name, "
        rf"or bring back the {what} it began with\.$"
    )
    with pytest.raises(CampaignConflict, match=sentence), scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, scene.new(**{digest: "9" * 64}), [scene.messages(3)])
    assert _rows(scene) == rows


def test_nobody_is_in_a_campaign_twice(scene) -> None:
    with pytest.raises(IntegrityError), scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, scene.new(), [scene.messages(2), scene.messages(1)])
    assert _rows(scene) == {table.name: 0 for table in TABLES}


def test_one_address_may_be_in_two_campaigns(scene) -> None:
    scene.enqueue(2, name="one")
    scene.enqueue(2, name="two")
    scene.check_tallies("one")
    scene.check_tallies("two")


def test_two_starters_of_one_campaign_store_it_once(scene) -> None:
    together = Barrier(2, timeout=30)

    def start(_: int) -> campaigns.Campaign:
        together.wait()
        return scene.enqueue(50)

    with ThreadPoolExecutor(2) as starters:
        first, second = starters.map(start, range(2))
    assert first == second
    assert _rows(scene)["message"] == 50
    scene.check_tallies()


def _rows(scene) -> dict[str, int]:
    with scene.ledger.reading() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        }
