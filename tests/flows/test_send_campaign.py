"""Whole campaigns through the flow, started as a person starts them, on every way that they can end."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.schedules import CronSchedule
from prefect.flow_engine import run_flow
from prefect.states import Scheduled

from sandbox import Failure, FailureKind, OutcomeRule

if TYPE_CHECKING:
    from conftest import Office, Ran

    Send = Callable[[Path], Ran]

pytestmark = pytest.mark.slow

WHOLE_ADDRESS = r"[\w.+-]+@(?:[\w-]+\.)*reader\.example"
RESUME = "campaign resume spring-offer --by WHO --reason WHY"
DECIDE = "run the deployment decide-campaign"
WHO_AND_WHY = ("--by", "ann", "--reason", "mended")
# What becomes of a reader is told by the beginning of the address.
OUTCOMES = [
    OutcomeRule(match="^hard", hard_bounce=1),
    OutcomeRule(match="^soft", soft_bounce=1),
    OutcomeRule(match="^away", auto_reply=1),
    OutcomeRule(match="^spam", complaint=1),
    OutcomeRule(match="^late", delayed_then_delivered=1),
    OutcomeRule(match="^mute", silent=1),
]
# The status that each outcome of the sandbox ends in.
STATUS_OF = {
    "delivered": "DELIVERED",
    "auto_reply": "DELIVERED",
    "delayed_then_delivered": "DELIVERED",
    "hard_bounce": "HARD_BOUNCED",
    "soft_bounce": "SOFT_BOUNCED",
    "complaint": "COMPLAINED",
}
UNRULY = {"duplicate_probability": 0.2, "reorder_probability": 0.2, "reorder_seconds": 0.3}


def readers(**numbers: int) -> list[str]:
    """Return local parts: so many that begin with each word."""
    return [f"{word}.{number}" for word, many in numbers.items() for number in range(many)]


def test_a_campaign_completes_with_the_figures_that_the_sandbox_has(office: "Office", send: "Send") -> None:
    office.world.control(outcomes=OUTCOMES, events=UNRULY)
    everybody = readers(calm=185, hard=4, soft=3, away=3, spam=1, late=4)
    ran = send(office.campaign(everybody))
    assert ran.code == 0, ran
    report, summary = office.report(), office.world.summary()
    assert report["state"] == "COMPLETED"
    assert report["sent"] == report["recipients"] == summary["accepted"] == 200
    assert sorted(office.sent_to()) == sorted(f"{each}@reader.example" for each in everybody)
    expected: Counter[str] = Counter()
    for outcome, count in summary["outcomes"].items():
        expected[STATUS_OF[outcome]] += count
    assert {status: count for status, count in report["by_status"].items() if count} == expected
    shown = office.last_run()
    assert (shown.kind, shown.state) == ("COMPLETED", "Completed")
    assert re.fullmatch(r"send spring-offer, \d{4}-\d\d-\d\d \d\d:\d\d UTC", shown.run.name)
    assert "200 recipients: " in shown.message
    [bar] = [each for each in shown.artifacts if each.key == "campaign-progress-spring-offer"]
    assert "spring-offer: 200 of 200 sent, " in (bar.description or "")
    assert "spring-offer: COMPLETED" in ran.out

    again = send(office.folder / "spring-offer.yaml")
    assert again.code == 0
    assert office.world.summary()["accepted"] == 200
    assert office.last_run().state == "AlreadySent"


def test_nothing_that_prefect_shows_holds_a_whole_address(office: "Office", send: "Send") -> None:
    office.world.control(outcomes=OUTCOMES)
    kept = readers(calm=300, hard=8, soft=2, spam=1)
    # Roles and repetitions: rows that the cleaning rejects, more of them than a table may show.
    dropped = [*readers(calm=240), *["info"] * 10]
    ran = send(office.campaign([*kept, *dropped]))
    assert ran.code == 0, ran
    shown = office.last_run()
    assert re.findall(WHOLE_ADDRESS, shown.text()) == []
    assert re.findall(WHOLE_ADDRESS, ran.out + ran.err) == []
    assert {each.key for each in shown.artifacts} == {
        "campaign-progress-spring-offer",
        "list-cleaning-spring-offer",
        "list-cleaning-progress-spring-offer",
        "list-rejected-spring-offer",
        "campaign-report-spring-offer",
        "campaign-messages-spring-offer",
    }
    (rejected,), (attention,) = (
        shown.data("list-rejected-spring-offer"),
        shown.data("campaign-messages-spring-offer"),
    )
    assert len(rejected) == 200
    assert {row["address"] for row in rejected} == {"c***@reader.example"}
    assert len(attention) == 9
    assert {row["address"] for row in attention} == {"h***@reader.example", "s***@reader.example"}
    (cleaning,), (report,) = (
        shown.data("list-cleaning-spring-offer"),
        shown.data("campaign-report-spring-offer"),
    )
    assert "311 of 561 rows accepted" in cleaning
    assert "COMPLETED" in report
    assert {each.name for each in shown.task_runs} == {
        "check spring-offer",
        "clean list",
        "enqueue spring-offer",
        "collect outcomes of spring-offer",
        "send spring-offer #1",
        "finish spring-offer",
        "report spring-offer",
        "announce spring-offer",
    }
    assert shown.log != []


def test_a_bad_list_halts_red_and_says_how_to_go_on(office: "Office", send: "Send") -> None:
    office.world.control(outcomes=OUTCOMES)
    file = office.campaign(readers(calm=240, hard=60), send={"rate_per_second": 200})
    ran = send(file)
    assert ran.code == 3, ran
    assert RESUME in ran.out
    shown, report = office.last_run(), office.report()
    assert (shown.kind, shown.state) == ("FAILED", "Halted")
    assert shown.message.endswith(f"To go on: {DECIDE} (a retry finds it as it is), or {RESUME}")
    assert report["halt"]["reason"] in shown.message
    assert (report["state"], report["halt"]["by"]) == ("HALTED", "gate")
    took = office.world.summary()["accepted"]
    assert took == report["counts"]["accepted"] < 300
    assert report["by_status"]["QUEUED"] == 300 - took

    again = send(file)
    assert again.code == 3
    assert (office.last_run().state, office.last_run().message) == ("Halted", shown.message)
    assert office.world.summary()["accepted"] == took


@pytest.mark.parametrize("people", [1, 70])
def test_a_campaign_that_ses_rejects_halts_red_with_the_text_of_ses(
    office: "Office", send: "Send", command: Callable[..., "Ran"], people: int
) -> None:
    refused = Failure(
        kind=FailureKind.ENTRY,
        entries=list(range(50)),
        entry_status="MESSAGE_REJECTED",
        error="Content is refused.",
    )
    office.world.control(failures=[refused])
    file = office.campaign(readers(calm=people))
    ran = send(file)
    assert ran.code == 3, ran
    shown, report = office.last_run(), office.report()
    assert (shown.kind, shown.state) == ("FAILED", "Halted")
    assert "It says: MESSAGE_REJECTED: Content is refused." in shown.message
    assert shown.message.endswith(f"To go on: {DECIDE} (a retry finds it as it is), or {RESUME}")
    assert (report["state"], report["halt"]["rule"]) == ("HALTED", "rejected")
    assert report["by_status"]["REJECTED"] == min(people, 50)
    assert send(file).code == 3
    assert office.world.summary()["accepted"] == 0

    office.world.control(failures=[])
    assert command("resume", "spring-offer", *WHO_AND_WHY).code == 0
    # Nothing was taken of the only message: that does not become done by going on.
    assert send(file).code == (3 if people == 1 else 0)
    assert office.stored().state == ("COMPLETED_BREACHED" if people == 1 else "COMPLETED")
    assert office.world.summary()["accepted"] == max(0, people - 50)


def test_an_edited_file_holds_whole_from_the_next_run_on(
    office: "Office", send: "Send", command: Callable[..., "Ran"]
) -> None:
    office.world.control(failures=[Failure(kind=FailureKind.EXPIRED_TOKEN)])
    everybody = readers(calm=30)
    assert send(office.campaign(everybody)).code == 4
    office.world.control(failures=[])
    assert command("resume", "spring-offer", *WHO_AND_WHY).code == 0
    paced = {"ladder": [], "unknown_at_most": 1_000_000}

    refused = send(office.campaign(everybody, hygiene={"mx": False, "free_mail": "drop"}))
    assert refused.code == 2
    assert "`hygiene.free_mail` was keep and is drop now" in refused.err
    looser = office.campaign(everybody, halt={**paced, "minimum_bounces": 3})
    assert "`halt.minimum_bounces` was 1 and is 3 now" in send(looser).err
    assert office.world.summary()["accepted"] == 0

    assert command("change", looser, "--by", "ann", "--reason", "one bounce is no halt").code == 0
    edited = office.campaign(
        everybody,
        send={"settle_seconds": 10, "workers": 2, "rate_per_second": 60},
        halt={**paced, "minimum_bounces": 3, "on_halt": "ask"},
    )
    ran = send(edited)
    assert ran.code == 0, ran
    assert "changed since it was enqueued: `send.workers` from 1 to 2" in ran.err
    stored = office.stored().definition
    assert (stored["send"]["workers"], stored["send"]["rate_per_second"]) == (2, 60)
    assert (stored["halt"]["on_halt"], stored["halt"]["minimum_bounces"]) == ("ask", 3)
    assert "`send.workers` from 1 to 2" in str(office.report()["history"])
    assert len(office.sent_to()) == len(set(office.sent_to())) == 30


def test_a_fault_of_the_account_pauses_and_the_campaign_goes_on_after_a_resume(
    office: "Office", send: "Send", command: Callable[..., "Ran"]
) -> None:
    office.world.control(failures=[Failure(kind=FailureKind.EXPIRED_TOKEN)])
    file = office.campaign(readers(calm=60))
    ran = send(file)
    assert ran.code == 4, ran
    assert "ExpiredTokenException" in ran.out
    shown = office.last_run()
    assert (shown.kind, shown.state) == ("FAILED", "Paused")
    assert shown.message.endswith(f"To go on: {DECIDE} (a retry finds it as it is), or {RESUME}")
    assert office.report()["by_status"]["QUEUED"] == 60

    assert send(file).code == 4
    office.world.control(failures=[])
    assert command("resume", "spring-offer", *WHO_AND_WHY).code == 0
    assert send(file).code == 0
    assert sorted(office.sent_to()) == sorted(set(office.sent_to()))
    assert office.world.summary()["accepted"] == office.report()["by_status"]["DELIVERED"] == 60


def test_what_nobody_can_know_is_in_doubt_until_its_events_come(
    office: "Office", send: "Send", command: Callable[..., "Ran"]
) -> None:
    dropped = Failure(kind=FailureKind.ACCEPT_THEN_DROP, nth_calls=[2])
    office.world.control(failures=[dropped], events={"withheld": True})
    file = office.campaign(readers(calm=120), send={"settle_seconds": 0})
    ran = send(file)
    assert ran.code == 5, ran
    report = office.report()
    assert (report["state"], report["by_status"]["IN_DOUBT"], report["by_status"]["SENT"]) == (
        "RUNNING",
        50,
        70,
    )
    shown = office.last_run()
    assert (shown.kind, shown.state) == ("COMPLETED", "InDoubt")
    assert "50 IN_DOUBT" in shown.message
    assert office.world.summary()["accepted"] == 120

    office.world.control(events={"withheld": False})
    office.campaign(readers(calm=120), send={"settle_seconds": 20})
    again = send(file)
    assert again.code == 0, again
    assert office.report()["by_status"]["DELIVERED"] == 120
    assert sorted(office.sent_to()) == sorted(set(office.sent_to()))


def test_a_cancelled_campaign_sends_nothing_more(
    office: "Office", send: "Send", command: Callable[..., "Ran"]
) -> None:
    office.world.control(failures=[Failure(kind=FailureKind.EXPIRED_TOKEN)])
    file = office.campaign(readers(calm=30))
    assert send(file).code == 4
    office.world.control(failures=[])
    assert command("cancel", "spring-offer", *WHO_AND_WHY).code == 0
    ran = send(file)
    assert ran.code == 1, ran
    assert "spring-offer: CANCELLED" in ran.out
    assert (office.last_run().kind, office.last_run().state) == ("CANCELLED", "Cancelled")
    assert office.world.summary()["accepted"] == 0
    assert office.report()["by_status"]["CANCELLED"] == 30


def test_bounces_after_the_last_message_end_the_run_breached(office: "Office", send: "Send") -> None:
    office.world.control(outcomes=OUTCOMES, events={"delay_seconds_by_type": {"Bounce": 1.0}})
    ran = send(office.campaign(readers(calm=36, hard=4)))
    assert ran.code == 3, ran
    report, shown = office.report(), office.last_run()
    assert (report["state"], report["halt"]["k"], report["sent"]) == ("COMPLETED_BREACHED", 4, 40)
    assert (shown.kind, shown.state) == ("FAILED", "Breached")


def test_a_run_that_cannot_read_the_queue_pauses_the_campaign(office: "Office", send: "Send") -> None:
    denied = Failure(kind=FailureKind.EXPIRED_TOKEN, operations=["ReceiveMessage"])
    office.world.control(failures=[denied])
    ran = send(office.campaign(readers(calm=200), send={"rate_per_second": 50}))
    assert ran.code == 4, ran
    assert "CAMPAIGN_EVENT_QUEUE_URL" in ran.out
    stored, shown = office.stored(), office.last_run()
    assert stored.state == "PAUSED"
    assert "cannot be read" in stored.change_reason
    assert (shown.kind, shown.state) == ("FAILED", "Paused")
    assert (
        shown.message == f"{stored.change_reason} To go on: {DECIDE} (a retry finds it as it is), or {RESUME}"
    )
    assert office.world.summary()["accepted"] < 200


def test_a_run_that_breaks_pauses_the_campaign(
    office: "Office", send: "Send", monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import _chunks

    def broken(future: object, look: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(_chunks, "_watched", broken)
    office.world.control(failures=[Failure(kind=FailureKind.WAIT, seconds=0.5)])
    file = office.campaign(readers(calm=400), send={"rate_per_second": 20})
    ran = send(file)
    assert ran.code == 1, ran
    assert "RuntimeError" in ran.err
    stored = office.stored()
    assert (stored.state, stored.changed_by) == ("PAUSED", "sender")
    assert "interrupted or broke" in stored.change_reason
    assert office.last_run().kind == "FAILED"
    assert sorted(office.sent_to()) == sorted(set(office.sent_to()))


def test_a_row_that_may_not_be_sent_stops_the_campaign_before_its_first_mail(
    office: "Office", send: "Send"
) -> None:
    file = office.campaign(readers(calm=5))
    with (office.folder / "spring-offer.csv").open("a") as rows:
        rows.write('evil.1@reader.example,"Eve\nBcc: everybody"\n')
    ran = send(file)
    assert (ran.code, ran.out) == (2, "")
    assert "row 6" in ran.err
    assert re.findall(WHOLE_ADDRESS, ran.err) == []
    assert re.findall(WHOLE_ADDRESS, office.last_run().text()) == []
    assert office.world.summary()["accepted"] == 0
    with pytest.raises(Exception, match="no campaign is named spring-offer"):
        office.stored()


def test_a_list_of_which_nothing_is_left_is_named_with_its_rejected_rows(
    office: "Office", send: "Send"
) -> None:
    ran = send(office.campaign(["info", "postmaster"]))
    assert (ran.code, ran.out) == (1, "")
    assert "none of its 2 rows was accepted" in ran.err
    assert "rejected.csv" in ran.err


def test_a_form_sends_as_a_file_does(office: "Office") -> None:
    from flows.send_campaign import send_campaign
    from mail.campaign_file import load

    state = send_campaign(load(office.campaign(readers(calm=3), name="by-form")), return_state=True)
    assert state.is_completed()
    assert office.last_run().run.name.startswith("send by-form, ")
    assert office.world.summary()["accepted"] == 3


def test_a_warm_up_ends_the_run_for_today_and_schedules_the_next(
    office: "Office", send: "Send", monkeypatch: pytest.MonkeyPatch, prefect_client: SyncPrefectClient
) -> None:
    from flows.send_campaign import send_campaign

    file = office.campaign(readers(calm=30), send={"settle_seconds": 20, "warm_up": {"start": 12}})
    ran = send(file)
    assert ran.code == 4, ran
    assert office.world.summary()["accepted"] == 12
    shown = office.last_run()
    assert (shown.kind, shown.state) == ("COMPLETED", "GoesOnLater")
    assert "18 recipients wait and are written to from" in shown.message
    assert "when it is run again" in shown.message
    assert shown.message.split(",")[0] in ran.out

    deployed = prefect_client.create_deployment(prefect_client.create_flow(send_campaign), "warm-up")
    # What Prefect's runtime reads in place of the worker's own word.
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", str(deployed))
    assert send(file).code == 4
    assert send(file).code == 4
    only = DeploymentFilter(id=DeploymentFilterId(any_=[deployed]))
    (scheduled,) = prefect_client.read_flow_runs(deployment_filter=only)
    assert scheduled.parameters["campaign"] == str(file)
    assert re.fullmatch(r"send spring-offer, \d{4}-\d\d-\d\d 00:00 UTC", scheduled.name)
    assert scheduled.next_scheduled_start_time.timestamp() % 86_400 == 0
    assert office.world.summary()["accepted"] == 12


def test_a_run_that_comes_too_late_by_itself_does_nothing(
    office: "Office", monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import _due
    from flows.send_campaign import send_campaign

    monkeypatch.setattr(_due, "missed", lambda allowed_seconds: f"More than {allowed_seconds:.0f} s late.")
    file = office.campaign(readers(calm=3), send={"allowed_lateness_seconds": 1_800})
    state = send_campaign(str(file), return_state=True)
    assert (state.type.value, state.name, state.message) == ("FAILED", "Missed", "More than 1800 s late.")
    assert office.world.summary()["accepted"] == 0
    with pytest.raises(Exception, match="no campaign is named spring-offer"):
        office.stored()


def test_each_day_of_a_recurring_campaign_is_a_campaign_of_its_own(office: "Office") -> None:
    from flows.send_campaign import send_campaign

    file = office.campaign(readers(calm=3), name="weekly@{date}")
    for day, accepted in (("2026-11-15", 3), ("2026-11-22", 6), ("2026-11-22", 6)):
        assert send_campaign(str(file), occurrence=day, return_state=True).is_completed()
        assert office.world.summary()["accepted"] == accepted
    assert [office.stored(f"weekly@{day}").state for day in ("2026-11-15", "2026-11-22")] == ["COMPLETED"] * 2


def test_a_schedules_day_is_the_one_of_its_own_zone_and_a_run_without_work_says_so(
    office: "Office", send: "Send", prefect_client: SyncPrefectClient
) -> None:
    from flows.send_campaign import send_campaign

    file = office.campaign(readers(calm=3), name="daily@{date}")
    evenings = DeploymentScheduleCreate(
        schedule=CronSchedule(cron="30 19 * * *", timezone="America/New_York"), active=True
    )
    deployed = prefect_client.create_deployment(
        prefect_client.create_flow(send_campaign), "evenings", schedules=[evenings]
    )
    # A Saturday and the Sunday on which the clocks are put forward: both fall on one day in UTC.
    for due, accepted, state in (
        ("2026-03-08T00:30:00+00:00", 3, "Completed"),
        ("2026-03-08T23:30:00+00:00", 6, "Completed"),
        ("2026-03-08T23:30:00+00:00", 6, "AlreadySent"),
    ):
        run = prefect_client.create_flow_run_from_deployment(
            deployed,
            parameters={"campaign": str(file)},
            state=Scheduled(scheduled_time=datetime.fromisoformat(due)),
        )
        ended = run_flow(send_campaign, flow_run=run, parameters=run.parameters, return_type="state")
        assert (ended.type.value, ended.name) == ("COMPLETED", state)
        assert office.world.summary()["accepted"] == accepted
    assert ended.message.startswith(
        "Nothing was sent: daily@2026-03-08 was over before this run began. 3 recipients: "
    )
    assert office.stored("daily@2026-03-07").definition["timezone"] == "America/New_York"
    assert office.stored("daily@2026-03-08").state == "COMPLETED"


def test_the_command_line_says_that_nothing_was_sent(office: "Office", send: "Send") -> None:
    file = office.campaign(readers(calm=3), name="daily@{date}", timezone="Pacific/Kiritimati")
    assert "Nothing was sent" not in send(file).out
    again = send(file)
    day = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    assert again.code == 0
    assert f"Nothing was sent: daily@{day.isoformat()} was over before this run began." in again.out
    assert office.world.summary()["accepted"] == 3
