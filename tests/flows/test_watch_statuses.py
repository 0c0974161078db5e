"""What comes after a run: late events change states and reports."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import FailedRun
from prefect.flow_engine import run_flow
from prefect.states import Crashed
from sqlalchemy import update

import settings
import tasks.sending
from flows.watch_statuses import watch_statuses
from ledger.schema import campaign, claim
from mail import attending
from mail.campaign_file import load
from mail.errors import MailError
from mail.stalls import RESTARTS_AN_HOUR, STALLED_AFTER_SECONDS
from reports import campaign_report, list_cleaning
from sandbox import Failure, FailureKind, OutcomeRule
from tasks import restarts

if TYPE_CHECKING:
    from conftest import Office, Ran

    Send = Callable[[Path], Ran]

pytestmark = pytest.mark.slow

# Readers of whom SES never says more than that it took their message.
MUTE = OutcomeRule(match="^mute", silent=1)


def test_watching_with_nothing_to_see_does_nothing(office: "Office") -> None:
    assert watch_statuses() == {"events": 0, "campaigns": []}
    assert office.last_run().run.name.startswith("watch statuses, ")
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


@pytest.fixture
def deployed(prefect_client: SyncPrefectClient) -> Iterator[UUID]:
    """The deployment that takes any campaign, and that no worker serves."""
    from flows.send_campaign import send_campaign

    found = prefect_client.create_deployment(
        prefect_client.create_flow(send_campaign),
        "send-campaign",
        parameter_openapi_schema=send_campaign.parameters.model_dump(),
        enforce_parameter_schema=True,
    )
    yield found
    prefect_client.delete_deployment(found)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The payloads of the events that wake somebody, each id once, as Prefect keeps them."""
    found: dict[Any, dict[str, Any]] = {}

    def emit(event: str, *, payload: dict[str, Any], id: object, **_: object) -> None:
        assert event == "campaign.stalled"
        if id not in found:
            found[id] = payload
            payloads.append(payload)

    payloads: list[dict[str, Any]] = []
    monkeypatch.setattr(restarts, "emit_event", emit)
    return payloads


def abandoned(office: "Office", many: int = 5) -> None:
    """Enqueue a campaign, and let its run die before it has sent anything."""
    file = office.campaign([f"calm.{n}" for n in range(many)], send={"settle_seconds": 20})
    found, clean = load(file), office.folder / "clean"
    with office.ledger() as ledger:
        list_cleaning.clean(ledger, found.list, found.hygiene, "", clean)
        tasks.sending.enqueue_recipients.fn(found, str(clean))
        attending.begin(ledger, "spring-offer")
    age(office)


def age(office: "Office", seconds: float = STALLED_AFTER_SECONDS + 61) -> None:
    """Let what happened to the campaign have happened so long ago."""
    from ledger.schema import campaign_change

    with office.ledger() as ledger, ledger.writing() as connection:
        connection.execute(update(campaign).values(changed_at=campaign.c.changed_at - seconds))
        connection.execute(update(claim).values(leased_until=claim.c.leased_until - seconds))
        connection.execute(update(campaign_change).values(at=campaign_change.c.at - seconds))


def anew(client: SyncPrefectClient, deployed: UUID) -> list[FlowRun]:
    return [run for run in client.read_flow_runs() if run.deployment_id == deployed]


def test_a_campaign_whose_run_died_wakes_somebody_and_is_sent_by_a_new_run(
    office: "Office",
    deployed: UUID,
    told: list[dict[str, Any]],
    prefect_client: SyncPrefectClient,
) -> None:
    from flows.send_campaign import send_campaign

    abandoned(office)
    watch_statuses()
    assert any("Its run was started anew (1 of 3 within an hour)" in line for line in office.last_run().log)
    (run,) = anew(prefect_client, deployed)
    assert run.name.startswith("send spring-offer anew, ")
    assert run.state is not None
    assert run.state.is_scheduled()
    assert [each["campaign"] for each in told] == ["spring-offer"]
    assert "5 recipients wait, and nobody sends to them since" in told[0]["reason"]
    assert told[0]["next"] == ""

    # As long as no worker takes that run there is no second one, and somebody hears why.
    age(office)
    watch_statuses()
    watch_statuses()
    assert len(anew(prefect_client, deployed)) == 1
    assert [each["next"] for each in told[1:]] == ["prefect worker start --pool campaigns"]

    state = run_flow(send_campaign, flow_run=run, parameters=run.parameters, return_type="state")
    assert (state.type.value, office.stored().state) == ("COMPLETED", "COMPLETED")
    assert sorted(office.sent_to()) == sorted(f"calm.{n}@reader.example" for n in range(5))
    age(office)
    watch_statuses()
    assert len(told) == 2


def test_after_three_new_runs_in_an_hour_a_person_is_asked_for(
    office: "Office",
    deployed: UUID,
    told: list[dict[str, Any]],
    prefect_client: SyncPrefectClient,
) -> None:
    abandoned(office)
    for number in range(RESTARTS_AN_HOUR + 2):
        restarts.start_anew.fn("spring-offer")
        runs = anew(prefect_client, deployed)
        assert len(runs) == min(number + 1, RESTARTS_AN_HOUR)
        for run in runs:
            prefect_client.set_flow_run_state(run.id, Crashed(), force=True)
        age(office)
    assert [each["next"] for each in told[:RESTARTS_AN_HOUR]] == [""] * RESTARTS_AN_HOUR
    assert {each["next"] for each in told[RESTARTS_AN_HOUR:]} == {"campaign send FILE"}
    assert "3 times within an hour, to no avail" in told[-1]["reason"]
    assert office.world.summary()["accepted"] == 0


def test_without_a_deployment_to_go_on_with_somebody_is_told(
    office: "Office", told: list[dict[str, Any]]
) -> None:
    abandoned(office)
    assert restarts.find_stalled.fn() == ["spring-offer"]
    restarts.start_anew.fn("spring-offer")
    assert [each["next"] for each in told] == ["prefect deploy --all"]
    assert office.stored().changed_by != "watch-statuses"
