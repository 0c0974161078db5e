"""The event of a state, with the id that makes a repetition the same event."""

from pathlib import Path
from typing import Any

import pytest

from ledger.engine import Ledger
from ledger.vital_signs import VitalSigns, VitalSignsReader
from mail import controls
from mail.campaign_file import Campaign
from tasks import announcing, sending

NAME = "spring-offer"


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(
        announcing, "emit_event", lambda event, **details: found.append({"event": event} | details)
    )
    return found


def test_a_halt_is_one_event_however_often_it_is_announced(
    campaign: Campaign, ledger: Ledger, tmp_path: Path, emitted: list[dict[str, Any]]
) -> None:
    sending.enqueue_recipients.fn(campaign, str(tmp_path / "clean"))
    assert announcing.announce.fn(NAME) == ""
    controls.halt(ledger, NAME, by="Ada", reason="wrong price")
    assert [announcing.announce.fn(NAME) for _ in range(2)] == ["campaign.halted"] * 2
    assert [each["event"] for each in emitted] == ["campaign.halted"] * 2
    assert emitted[0] == emitted[1]
    assert emitted[0]["resource"]["prefect.resource.id"] == f"campaign.{NAME}"
    assert emitted[0]["payload"]["reason"] == "wrong price"
    controls.resume(ledger, NAME, by="Ada", reason="right price")
    controls.halt(ledger, NAME, by="Ada", reason="wrong again")
    announcing.announce.fn(NAME)
    assert emitted[2]["id"] != emitted[0]["id"]


def test_late_events_are_one_event_a_day_however_long_they_are_late(
    ledger: Ledger, emitted: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert announcing.announce_health.fn() == []
    assert emitted == []
    seconds = iter((900.0, 1_200.0))
    monkeypatch.setattr(VitalSignsReader, "read", lambda self: VitalSigns(None, None, next(seconds), 0.0))
    reasons = [announcing.announce_health.fn() for _ in range(2)]
    assert reasons[0] != reasons[1]
    assert [each["event"] for each in emitted] == ["campaign.degraded"] * 2
    assert emitted[0]["id"] == emitted[1]["id"]
    assert emitted[0]["payload"]["reason"] == "SES took mail 900 s ago, and no event has come since."
