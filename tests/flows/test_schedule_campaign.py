"""A campaign is looked at before it is sent, and sent later: what is wrong is refused at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled

from flows.check_campaign import check_campaign
from flows.schedule_campaign import schedule_campaign
from lists.errors import ListError
from mail import controls
from mail.errors import MailError
from tasks import checks

if TYPE_CHECKING:
    from conftest import Office

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = (datetime.now(BERLIN) + timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
WHEN = f"{MORNING:%Y-%m-%d %H:%M}"


@pytest.fixture
def deployed(prefect_client: SyncPrefectClient) -> Iterator[UUID]:
    """The deployment that sends any campaign, and that no worker serves."""
    from flows.send_campaign import send_campaign

    found = prefect_client.create_deployment(
        prefect_client.create_flow(send_campaign),
        "send-campaign",
        parameter_openapi_schema=send_campaign.parameters.model_dump(),
        enforce_parameter_schema=True,
    )
    yield found
    prefect_client.delete_deployment(found)


def scheduled(client: SyncPrefectClient, deployed: UUID) -> list[FlowRun]:
    return [run for run in client.read_flow_runs() if run.deployment_id == deployed]


def test_a_campaign_that_can_be_sent_is_scheduled_once_by_local_time(
    office: "Office", deployed: UUID, prefect_client: SyncPrefectClient
) -> None:
    file = office.campaign(["ann", "bob"])
    for _ in range(2):
        state = schedule_campaign(str(file), WHEN, "Europe/Berlin", return_state=True)
        assert state.is_completed(), state
    utc = f"{MORNING.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    assert f"spring-offer will be sent at {WHEN} in Europe/Berlin ({utc})" in state.message
    assert state.message in str(office.last_run().data("campaign-schedule"))
    (run,) = scheduled(prefect_client, deployed)
    assert run.parameters == {"campaign": str(file)}
    assert run.expected_start_time == MORNING.astimezone(UTC)
    assert run.name == f"send spring-offer, {WHEN} in Europe/Berlin ({utc})"
    assert office.world.summary()["accepted"] == 0

    # Taken back, it can be scheduled again.
    prefect_client.set_flow_run_state(run.id, Cancelled(), force=True)
    assert schedule_campaign(str(file), WHEN, "Europe/Berlin", return_state=True).is_completed()
    states = [run.state and run.state.name for run in scheduled(prefect_client, deployed)]
    assert sorted(map(str, states)) == ["Cancelled", "Scheduled"]


def test_a_recurring_campaign_is_the_one_of_the_day_that_was_meant(
    office: "Office", deployed: UUID, prefect_client: SyncPrefectClient
) -> None:
    # Half an hour past midnight in Berlin is the day before in UTC.
    night = MORNING.replace(hour=0, minute=30)
    file = office.campaign(["ann"], name="daily@{date}")
    state = schedule_campaign(str(file), f"{night:%Y-%m-%d %H:%M}", "Europe/Berlin", return_state=True)
    assert state.is_completed(), state
    (run,) = scheduled(prefect_client, deployed)
    assert run.parameters["occurrence"] == f"{night:%Y-%m-%d}"


def test_what_cannot_be_sent_is_refused_when_it_is_scheduled(
    office: "Office", deployed: UUID, prefect_client: SyncPrefectClient
) -> None:
    good = str(office.campaign(["ann"]))
    broken = office.campaign(["ann"], name="broken", html="nowhere.html.j2")
    unlisted = office.campaign(["ann"], name="unlisted", list={"source": "gone.csv"})
    wrong = office.folder / "wrong.yaml"
    wrong.write_text("name: [spring\n")
    for file, when, zone, told in (
        (str(office.folder / "none.yaml"), WHEN, "Europe/Berlin", "none.yaml"),
        (str(wrong), WHEN, "Europe/Berlin", "wrong.yaml"),
        (str(broken), WHEN, "Europe/Berlin", "nowhere.html.j2"),
        (str(unlisted), WHEN, "Europe/Berlin", "gone.csv"),
        (good, "2020-01-01 09:00", "Europe/Berlin", "is over"),
        (good, "tomorrow", "Europe/Berlin", "is no time"),
        (good, WHEN, "Berlin", "is no time zone"),
    ):
        with pytest.raises((MailError, ListError), match=told):
            checks.schedule.fn(file, when, zone)
    state = schedule_campaign("nowhere.yaml", WHEN, return_state=True)
    assert (state.type.value, state.name, "nowhere.yaml" in state.message) == ("FAILED", "Refused", True)
    assert scheduled(prefect_client, deployed) == []


def test_a_campaign_that_is_over_or_stopped_is_not_scheduled(office: "Office", deployed: UUID) -> None:
    from flows.send_campaign import send_campaign

    file = str(office.campaign(["ann"]))
    assert send_campaign(file, return_state=True).is_completed()
    state = schedule_campaign(file, WHEN, "Europe/Berlin", return_state=True)
    assert "spring-offer is COMPLETED: nothing would be sent" in state.message

    other = office.campaign(["bob"], name="halted", send={"rate_per_second": 1})
    _halted(office, other)
    state = schedule_campaign(str(other), WHEN, "Europe/Berlin", return_state=True)
    assert "campaign resume halted --by WHO --reason WHY" in state.message


def _halted(office: "Office", file: Path) -> None:
    from mail.campaign_file import load
    from reports import list_cleaning
    from tasks import sending

    found = load(file)
    with office.ledger() as ledger:
        list_cleaning.clean(ledger, found.list, found.hygiene, "", office.folder / "clean")
        sending.enqueue_recipients.fn(found, str(office.folder / "clean"))
        controls.halt(ledger, found.name, by="ann", reason="wrong price")


def test_without_its_deployment_a_campaign_is_not_scheduled(office: "Office") -> None:
    state = schedule_campaign(str(office.campaign(["ann"])), WHEN, "Europe/Berlin", return_state=True)
    assert (state.name, "prefect deploy --all" in state.message) == ("Refused", True)


def test_a_check_shows_three_mails_and_sends_nothing(office: "Office") -> None:
    file = office.campaign(["info", *(f"calm.{number}" for number in range(9))])
    state = check_campaign(str(file), return_state=True)
    assert state.is_completed(), state
    assert state.message.startswith("spring-offer: 9 of 10 rows would be written to, at ")
    shown = office.last_run()
    (text,) = shown.data("campaign-check")
    assert text.startswith(f"**{state.message}**")
    assert "- 1 role_alias" in text
    for row in (2, 6, 10):
        assert f"## What row {row} would get" in text
        assert f"Subject: **Reader {row - 1}, spring is here**" in text
        page = office.output / "previews" / "spring-offer" / f"row-{row}.html"
        assert f"Reader {row - 1}" in page.read_text()
        assert page.stat().st_mode & 0o077 == 0
    assert "calm." not in text
    assert office.world.summary()["accepted"] == 0
    with pytest.raises(Exception, match="no campaign is named spring-offer"):
        office.stored()


def test_a_check_refuses_what_a_row_would_break(office: "Office") -> None:
    file = office.campaign(["ann", "bob"], subject="{{ first_name }}: {{ discount }}")
    state = check_campaign(str(file), return_state=True)
    assert (state.name, "discount" in state.message) == ("Refused", True)
    nobody = office.campaign(["info"], name="nobody")
    state = check_campaign(str(nobody), return_state=True)
    assert (state.name, "none of its 1 row" in state.message) == ("Refused", True)
