"""The suppression list of the SES account and the ledger's, brought together against the sandbox."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger import clock, suppression_entries, suppression_history, suppressions
from ledger.engine import Ledger
from ledger.suppression_entries import Selection
from ledger.suppressions import Suppression, SuppressionReason
from mail import ses_suppression
from mail.ses_suppression import Direction, SyncError

BOUNCE, COMPLAINT = SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT


@pytest.fixture
def ses(world: Any) -> Any:
    return ses_suppression.client()


class Desk:
    """Both lists, and somebody who brings them together."""

    def __init__(self, ledger: Ledger, ses: Any) -> None:
        self.ledger, self.ses = ledger, ses
        self.slept: list[float] = []

    def here(self, *keys: str, reason: SuppressionReason = BOUNCE, scope: str = "") -> None:
        with self.ledger.writing() as connection:
            suppressions.add(connection, [Suppression(key, reason, "a test", scope) for key in keys])

    def there(self, *addresses: str, reason: str = "BOUNCE") -> None:
        for address in addresses:
            self.ses.put_suppressed_destination(EmailAddress=address, Reason=reason)

    def lift(self, key: str, by: str = "Ada", after_seconds: float = 60.0) -> None:
        """Take an entry off, so long after now: SES's clock and the database's are two."""
        at = time.time() + after_seconds
        with pytest.MonkeyPatch.context() as patch, self.ledger.writing() as connection:
            patch.setattr(clock, "now", lambda connection: at)
            suppressions.remove(connection, [(key, "")], by=by, source="by hand", note="asked to")

    def sync(self, direction: Direction = Direction.BOTH) -> tuple[int, ...]:
        """Return how many are listed, pulled, pushed, lifted, refused."""
        found = ses_suppression.sync(self.ledger, self.ses, direction, by="Ada", sleep=self.slept.append)
        return (found.listed, found.pulled, found.pushed, found.lifted, found.refused)

    @property
    def lists(self) -> tuple[dict[str, str], dict[str, str]]:
        """What stands here and what stands there, by address."""
        with self.ledger.reading() as connection:
            entries = suppression_entries.page(connection, Selection())
        summaries = self.ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]
        return (
            {entry.address_key: entry.reason.value for entry in entries},
            {entry["EmailAddress"]: entry["Reason"] for entry in summaries},
        )


@pytest.fixture
def desk(ledger: Ledger, ses: Any) -> Desk:
    return Desk(ledger, ses)


def test_each_learns_what_the_other_knows(desk: Desk) -> None:
    desk.here("here@shop.example", "both@shop.example")
    desk.here("angry@shop.example", reason=COMPLAINT)
    desk.there("There@shop.example", "both@shop.example")
    desk.there("furious@shop.example", reason="COMPLAINT")
    assert desk.sync() == (3, 2, 2, 0, 0)
    here, there = desk.lists
    assert here == {
        "here@shop.example": "hard_bounce",
        "both@shop.example": "hard_bounce",
        "angry@shop.example": "complaint",
        "there@shop.example": "hard_bounce",
        "furious@shop.example": "complaint",
    }
    assert {key.lower(): value for key, value in there.items()} == {
        key: {"hard_bounce": "BOUNCE", "complaint": "COMPLAINT"}[value] for key, value in here.items()
    }
    assert desk.sync() == (5, 0, 0, 0, 0)
    assert desk.slept == []


def test_who_did_it_and_where_it_came_from_is_remembered(desk: Desk) -> None:
    desk.there("a@shop.example")
    desk.sync()
    with desk.ledger.reading() as connection:
        (change,) = suppression_history.of(connection, "a@shop.example")
    assert (change.by, change.source) == ("Ada", "suppression list of the SES account")
    assert re.fullmatch(r"there since \d{4}-\d\d-\d\d", change.note or "")


@pytest.mark.parametrize("direction", [Direction.PULL, Direction.PUSH])
def test_one_direction_leaves_the_other_list_as_it_is(desk: Desk, direction: Direction) -> None:
    desk.here("here@shop.example")
    desk.there("there@shop.example")
    desk.sync(direction)
    here, there = desk.lists
    assert ("there@shop.example" in here) == (direction is Direction.PULL)
    assert ("here@shop.example" in there) == (direction is Direction.PUSH)


def test_only_bounces_and_complaints_that_hold_everywhere_are_told(desk: Desk) -> None:
    others = [reason for reason in SuppressionReason if reason not in (BOUNCE, COMPLAINT)]
    for reason in others:
        desk.here(f"{reason}@shop.example", reason=reason)
    desk.here("weekly@shop.example", scope="weekly")
    desk.here("j\xfcrgen@shop.example")
    assert desk.sync() == (0, 0, 0, 0, 1)
    assert desk.lists[1] == {}


def test_what_a_person_lifted_here_is_lifted_there_and_not_brought_back(desk: Desk) -> None:
    desk.there("Back@shop.example", "stays@shop.example")
    desk.sync()
    desk.lift("back@shop.example")
    assert desk.sync(Direction.PULL) == (2, 0, 0, 0, 0)
    assert desk.sync() == (2, 0, 0, 1, 0)
    here, there = desk.lists
    assert (list(here), list(there)) == (["stays@shop.example"], ["stays@shop.example"])


def test_a_bounce_after_the_lifting_counts_again(desk: Desk) -> None:
    desk.here("back@shop.example")
    desk.lift("back@shop.example", after_seconds=-60.0)
    desk.there("back@shop.example")
    assert desk.sync() == (1, 1, 0, 0, 0)


def test_what_only_an_event_took_off_is_no_person_s_word(desk: Desk) -> None:
    desk.here("back@shop.example")
    desk.there("back@shop.example")
    desk.lift("back@shop.example", by=suppression_history.NOBODY)
    assert desk.sync() == (1, 1, 0, 0, 0)


def test_a_list_of_several_pages_is_read_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ses_suppression, "_PAGE", 2)
    desk.there(*(f"{number}@shop.example" for number in range(5)))
    desk.here(*(f"x{number}@shop.example" for number in range(5)))
    assert desk.sync() == (5, 5, 5, 0, 0)
    assert [len(found) for found in desk.lists] == [10, 10]


def test_a_throttled_call_is_made_again_slower_and_then_faster(desk: Desk, world: Any) -> None:
    desk.here(*(f"{number}@shop.example" for number in range(6)))
    world.control(
        failures=[{"kind": "throttle", "operations": ["PutSuppressedDestination"], "nth_calls": [2, 3]}]
    )
    assert desk.sync() == (0, 0, 6, 0, 0)
    assert desk.slept[:2] == [0.2, 0.4]
    assert desk.slept[2:] == sorted(desk.slept[2:], reverse=True)
    assert len(desk.lists[1]) == 6


def test_a_broken_call_may_be_repeated(desk: Desk, world: Any) -> None:
    desk.here("a@shop.example")
    world.control(
        failures=[{"kind": kind, "operations": ["*"], "nth_calls": [1]} for kind in ("drop", "refuse_500")]
    )
    assert desk.sync() == (0, 0, 1, 0, 0)


@pytest.mark.parametrize("kind", ["throttle", "drop", "expired_token"])
def test_what_does_not_end_is_said_without_an_address(desk: Desk, world: Any, kind: str) -> None:
    desk.here("secret@shop.example")
    world.control(failures=[{"kind": kind, "operations": ["PutSuppressedDestination"]}])
    with pytest.raises(SyncError, match="SES's suppression list cannot be used") as error:
        desk.sync()
    assert "secret" not in str(error.value)
    assert max(desk.slept, default=0) <= 10


class Refusing:
    """An SES that lists what is no address, and takes none."""

    def list_suppressed_destinations(self, **request: Any) -> Any:
        summary = {"EmailAddress": "no address", "Reason": "BOUNCE", "LastUpdateTime": datetime.now(UTC)}
        return {"SuppressedDestinationSummaries": [summary]}

    def put_suppressed_destination(self, **request: Any) -> Any:
        error = {"Code": "BadRequestException", "Message": f"{request['EmailAddress']} is bad"}
        answer = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(answer, "PutSuppressedDestination")

    def delete_suppressed_destination(self, **request: Any) -> Any:
        raise AssertionError


def test_an_address_that_ses_does_not_take_keeps_nobody_else_back(ledger: Ledger) -> None:
    desk = Desk(ledger, Refusing())
    desk.here("a@shop.example", "b@shop.example")
    assert desk.sync() == (1, 0, 0, 0, 3)
