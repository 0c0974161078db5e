"""What the machines that watch are told, state by state."""

import json
from dataclasses import replace

import pytest

from ledger.campaigns import State
from ledger.statuses import Status
from reports import announcement, status


@pytest.fixture
def found(told):
    with told.ledger.reading() as connection:
        return status.of(connection, "spring-offer")


def in_state(found, state: State, **statuses: int):
    by_status = dict.fromkeys(Status, 0) | {Status(name): count for name, count in statuses.items()}
    return replace(
        found,
        campaign=replace(found.campaign, state=state),
        totals=replace(found.totals, by_status=by_status),
    )


@pytest.mark.parametrize(
    ("state", "statuses", "event"),
    [
        (State.DRAFT, {}, None),
        (State.CANCELLED, {}, None),
        (State.HALTED, {}, "campaign.halted"),
        (State.PAUSED, {}, "campaign.paused"),
        (State.COMPLETED, {}, "campaign.completed"),
        (State.COMPLETED_BREACHED, {}, "campaign.breached"),
        (State.RUNNING, {}, None),
        (State.RUNNING, {"IN_DOUBT": 3}, "campaign.in_doubt"),
        # Not yet: some of it still goes out.
        (State.RUNNING, {"IN_DOUBT": 3, "QUEUED": 1}, None),
    ],
)
def test_each_state_has_its_event(found, state: State, statuses: dict[str, int], event: str | None) -> None:
    announced = announcement.of(in_state(found, state, **statuses))
    assert (announced and announced.event) == event


def test_a_halt_is_told_with_its_figures_and_the_way_on(found) -> None:
    announced = announcement.of(found)
    assert announced is not None
    assert announced.resource == {
        "prefect.resource.id": "campaign.spring-offer",
        "prefect.resource.name": "spring-offer",
    }
    payload = announced.payload
    assert (payload["rule"], payload["hard_bounces"], payload["sent"]) == ("literal", 3, 13)
    assert payload["reason"] == "Hard bounces: 3 of 13 (23.08 %) accepted; the limit is 5 %."
    assert payload["next"] == "campaign resume spring-offer --by WHO --reason WHY"


def test_no_address_is_announced_whatever_a_person_typed(found) -> None:
    typed = {"reason": "ann@shop.example complained", "by": "bo@shop.example"}
    halted = replace(
        found,
        campaign=replace(found.campaign, changed_by=typed["by"], halt=dict(found.campaign.halt) | typed),
    )
    assert "@shop" not in json.dumps(announcement.of(halted).payload).replace("***@shop", "")


@pytest.mark.parametrize(
    ("state", "statuses", "title", "text"),
    [
        (State.HALTED, {"QUEUED": 1_200}, "spring-offer halted", "the limit is 5 %. 1,200 of "),
        (State.PAUSED, {}, "spring-offer is paused", "the limit is 5 %."),
        (State.COMPLETED, {}, "spring-offer is complete", "13 of "),
        (State.COMPLETED_BREACHED, {}, "spring-offer went out and breached its limit", "3 of 13"),
        (State.RUNNING, {"IN_DOUBT": 5}, "spring-offer: 5 messages in doubt", "5 messages in doubt: perhaps"),
        (State.RUNNING, {"IN_DOUBT": 1}, "spring-offer: 1 message in doubt", "1 message in doubt: perhaps"),
    ],
)
def test_title_and_text_say_what_happened(
    found, state: State, statuses: dict[str, int], title: str, text: str
) -> None:
    payload = announcement.of(in_state(found, state, **statuses), "http://127.0.0.1/run").payload
    assert payload["title"] == title
    assert text in payload["text"]
    assert payload["run"] == "http://127.0.0.1/run"
