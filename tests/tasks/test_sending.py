"""The steps of a campaign, each by itself, in the order that the flow gives them."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ledger import campaigns, tallies
from ledger.engine import Ledger
from ledger.statuses import Status
from mail import collecting, controls
from mail.callback_posting import Line
from mail.campaign_file import Campaign
from mail.queue import QueueError
from reports import status
from sandbox import Failure, FailureKind, RunningSandbox
from tasks import listing, reporting, sending

NAME = "spring-offer"


@pytest.fixture
def enqueued(campaign: Campaign, tmp_path: Path) -> Campaign:
    assert sending.enqueue_recipients.fn(campaign, str(tmp_path / "clean")) == 30
    return campaign


def stored(ledger: Ledger) -> campaigns.Campaign:
    with ledger.reading() as connection:
        return campaigns.get(connection, NAME)


def percent_done(ledger: Ledger) -> float:
    with ledger.reading() as connection:
        return status.of(connection, NAME).percent_done


def count(ledger: Ledger, status: Status) -> int:
    with ledger.reading() as connection:
        return tallies.read(connection, campaigns.get(connection, NAME).id).by_status[status]


def test_checking_says_what_is_there_before_and_after_the_campaign_began(
    campaign: Campaign, tmp_path: Path
) -> None:
    ready = sending.check_ready.fn(campaign)
    assert (ready["rows"], ready["rate_per_second"], ready["state"]) == (30, 100_000, None)
    assert "no-reply" in ready["warnings"][0]
    sending.enqueue_recipients.fn(campaign, str(tmp_path / "clean"))
    assert sending.check_ready.fn(campaign)["state"] == "RUNNING"


def test_the_steps_send_to_everybody_once(enqueued: Campaign, world: RunningSandbox, ledger: Ledger) -> None:
    sent = sending.send_chunk.fn(NAME, 1, 1_000)
    assert sent == {"answers": {"accepted": 30}, "ended": "nothing_left"}
    assert percent_done(ledger) == 100.0
    collected = sending.collect_during.fn(NAME, 20.0)
    # Send and Delivery of each message.
    assert (collected["events"], collected["unmatched"]) == (60, 0)
    assert sending.running.fn() == [NAME]
    assert sending.finish.fn(NAME) == "COMPLETED"
    assert sending.running.fn() == []
    assert count(ledger, Status.DELIVERED) == world.summary()["accepted"] == 30


@pytest.fixture
def hooked(campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statuses that a receiver of the enqueued campaign's callbacks has been told."""
    told: list[str] = []

    async def post(line: Line, headers: Mapping[str, str], body: bytes) -> int:
        told.append(json.loads(body)["status"])
        return 200

    monkeypatch.setattr(Line, "post", post)
    with_callbacks = campaign.model_copy(update={"callbacks": ("https://hooks.shop.example/mail",)})
    sending.enqueue_recipients.fn(with_callbacks, str(tmp_path / "clean"))
    return told


def test_callbacks_go_out_beside_the_collecting(hooked: list[str]) -> None:
    sending.send_chunk.fn(NAME, 1, 1_000)
    assert hooked == []
    sending.collect_during.fn(NAME, 20.0)
    assert Counter(hooked) == dict.fromkeys(["CLAIMED", "SENDING", "SENT", "DELIVERED"], 30)
    assert sending.deliver_callbacks.fn(10.0) == {"delivered": 0, "failed": 0}


def test_callbacks_that_nobody_delivered_are_delivered_by_the_watch(hooked: list[str]) -> None:
    sending.send_chunk.fn(NAME, 1, 1_000)
    assert sending.deliver_callbacks.fn(10.0) == {"delivered": 90, "failed": 0}
    assert len(hooked) == 90


def test_a_chunk_ends_where_it_is_full(enqueued: Campaign, world: RunningSandbox, ledger: Ledger) -> None:
    assert sending.send_chunk.fn(NAME, 1, 10)["ended"] == "chunk"
    assert world.summary()["accepted"] == 10
    assert percent_done(ledger) == pytest.approx(100 / 3)


def test_a_halted_campaign_sends_no_chunk(enqueued: Campaign, world: RunningSandbox, ledger: Ledger) -> None:
    controls.halt(ledger, NAME, by="ann", reason="wrong price")
    assert sending.send_chunk.fn(NAME, 1, 1_000) == {"answers": {}, "ended": "HALTED"}
    assert sending.finish.fn(NAME) == "HALTED"
    assert world.summary()["accepted"] == 0


def test_collecting_once_names_the_campaigns_that_changed(
    enqueued: Campaign, world: RunningSandbox, ledger: Ledger
) -> None:
    sending.send_chunk.fn(NAME, 1, 1_000)
    found: list[dict[str, Any]] = []
    while sum(each["events"] for each in found) < 60:
        found.append(sending.collect_once.fn())
    assert {name for each in found for name in each["campaigns"]} == {NAME}
    assert sending.collect_once.fn() == {
        "events": 0,
        "unmatched": 0,
        "broken": 0,
        "campaigns": [],
        "warning": "",
    }


def test_a_queue_that_cannot_be_read_pauses_the_campaign(
    enqueued: Campaign, world: RunningSandbox, ledger: Ledger
) -> None:
    world.control(failures=[Failure(kind=FailureKind.EXPIRED_TOKEN, operations=["ReceiveMessage"])])
    with pytest.raises(QueueError):
        sending.collect_during.fn(NAME, 0.0)
    assert stored(ledger).state is campaigns.State.PAUSED
    assert "cannot be read" in stored(ledger).change_reason


def test_whatever_breaks_the_collecting_pauses_the_campaign(
    enqueued: Campaign, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("reader.1@reader.example")

    monkeypatch.setattr(collecting, "collect_during", broken)
    with pytest.raises(KeyError):
        sending.collect_during.fn(NAME, 0.0)
    assert stored(ledger).state is campaigns.State.PAUSED
    # What a foreign error quotes may be an address.
    assert "@" not in stored(ledger).change_reason


def test_what_tasks_return_is_plain_enough_to_be_stored(enqueued: Campaign) -> None:
    returned = [
        sending.check_ready.fn(enqueued),
        sending.send_chunk.fn(NAME, 1, 1_000),
        sending.collect_once.fn(),
        sending.running.fn(),
        sending.finish.fn(NAME),
    ]
    assert json.loads(json.dumps(returned)) == returned


def test_only_steps_that_are_harmless_to_repeat_are_repeated() -> None:
    repeated = {
        task.name: task.retries
        for task in (
            sending.check_ready,
            sending.enqueue_recipients,
            sending.send_chunk,
            sending.collect_during,
            sending.collect_once,
            sending.running,
            sending.finish,
            listing.clean,
            reporting.write_report,
        )
        if task.retries
    }
    assert repeated == {"collect_once": 2, "clean": 1, "write_report": 1}
