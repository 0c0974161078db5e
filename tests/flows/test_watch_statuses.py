"""What comes after a run: late events change states and reports."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prefect.exceptions import FailedRun

import settings
import tasks.sending
from flows.watch_statuses import watch_statuses
from mail.errors import MailError
from reports import campaign_report
from sandbox import Failure, FailureKind, OutcomeRule

if TYPE_CHECKING:
    from conftest import Office, Ran

    Send = Callable[[Path], Ran]

pytestmark = pytest.mark.slow

# Readers of whom SES never says more than that it took their message.
MUTE = OutcomeRule(match="^mute", silent=1)


def test_watching_with_nothing_to_see_does_nothing(office: "Office") -> None:
    assert watch_statuses() == {"events": 0, "campaigns": []}
    assert office.last_run().run.name == "watch statuses"
    assert not (office.output / "reports").exists()


def test_late_bounces_turn_a_completed_campaign_into_a_breached_one(office: "Office", send: "Send") -> None:
    office.world.control(outcomes=[MUTE])
    file = office.campaign([f"mute.{n}" for n in range(40)], send={"settle_seconds": 0})
    assert send(file).code == 0
    assert office.report()["by_status"]["SENT"] == 40
    for sequence in (1, 2):
        office.world.push_event(type="Bounce", sequence=sequence)
    watched = watch_statuses()
    while not office.stored().halt:
        watched = watch_statuses()
    assert watched["campaigns"] == ["spring-offer"]
    report = office.report()
    assert (report["state"], report["hard_bounced"], report["halt"]["by"]) == (
        "COMPLETED_BREACHED",
        2,
        "gate",
    )
    again = send(file)
    assert again.code == 3
    assert office.last_run().state == "Breached"
    assert office.world.summary()["accepted"] == 40


def test_what_was_in_doubt_is_settled_by_its_events_and_completes(office: "Office", send: "Send") -> None:
    dropped = Failure(kind=FailureKind.ACCEPT_THEN_DROP, nth_calls=[1])
    office.world.control(failures=[dropped], events={"withheld": True})
    file = office.campaign([f"calm.{n}" for n in range(20)], send={"settle_seconds": 0})
    assert send(file).code == 5
    office.world.control(events={"withheld": False})
    while office.stored().state == "RUNNING":
        watch_statuses()
    assert office.stored().state == "COMPLETED"
    assert office.report()["by_status"]["DELIVERED"] == 20


def test_events_of_another_ledger_are_a_warning_and_no_error(
    office: "Office", send: "Send", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    office.world.control(outcomes=[MUTE])
    assert send(office.campaign(["mute.1"], send={"settle_seconds": 0})).code == 0
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'another.sqlite3'}")
    settings.settings.cache_clear()
    office.world.push_event(type="Delivery", sequence=1)
    while not (log := [line for line in _watched_log(office) if "belong to no message" in line]):
        pass
    assert "1 events" in log[0]
    assert "@" not in log[0]


def _watched_log(office: "Office") -> list[str]:
    watch_statuses()
    return office.last_run().log


def test_what_breaks_for_one_campaign_keeps_no_other_from_its_report(
    office: "Office", send: "Send", monkeypatch: pytest.MonkeyPatch
) -> None:
    office.world.control(outcomes=[MUTE])
    for name in ("first", "second"):
        assert send(office.campaign([f"mute.{name}"], name, send={"settle_seconds": 0})).code == 0
    real = campaign_report.write

    def write(connection: Any, name: str, directory: Path) -> Any:
        if name == "first":
            raise ZeroDivisionError
        return real(connection, name, directory)

    monkeypatch.setattr(campaign_report, "write", write)
    for sequence in (1, 2):
        office.world.push_event(type="Delivery", sequence=sequence)
    failed: list[str] = []
    while not failed or not office.report("second")["by_status"]["DELIVERED"]:
        try:
            watch_statuses()
        except FailedRun as err:
            failed.append(str(err))
            shown = office.last_run()
    assert "These steps broke, the others are done: reporting first." in failed[0]
    assert shown.kind == "FAILED"


@pytest.mark.parametrize("step", ["collect_once", "states", "deliver_callbacks", "running"])
def test_a_step_that_breaks_keeps_no_other_from_being_done(
    office: "Office", monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    done: list[str] = []

    def broken() -> None:
        raise MailError("SES is away.")

    for name, value in (
        ("states", {}),
        ("collect_once", {"events": 0, "unmatched": 0, "broken": 0, "campaigns": [], "warning": ""}),
        ("running", []),
        ("deliver_callbacks", None),
    ):
        monkeypatch.setattr(
            tasks.sending,
            name,
            lambda *_, name=name, value=value: broken() if name == step else (done.append(name), value)[1],
        )
    with pytest.raises(FailedRun):
        watch_statuses()
    assert len(done) == 3
    assert any("SES is away." in line for line in office.last_run().log)
