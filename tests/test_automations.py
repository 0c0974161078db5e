"""The automations, held against Prefect's own model and our events without a server."""

import importlib.util
import json
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prefect.events import Event
from prefect.events.actions import CallWebhook, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.server.events.jinja_filters import all_filters
from prefect.server.utilities.user_templates import register_user_template_filters, render_user_template_sync
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.settings.models.flows import FlowsSettings

from reports import announcement

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "automations").glob("*.yaml"))
ALERTS = [file for file in FILES if file.stem.startswith("by-")]
# Names of a run's state by which somebody is told already, or that are no fault.
TOLD_OTHERWISE = {"Halted", "Breached", "Paused", "NotEnqueued", "Terminated"}
# Whoever sends a test mail or decides has just pressed a button, and looks.
TOLD_OTHERWISE |= {"NotSent", "InDoubt", "NotDecided"}
EVENTS = set(re.findall(r'"(campaign\.\w+)"', Path(announcement.__file__).read_text("utf-8")))
PAYLOAD = set(
    re.findall(r'^            "(\w+)":', Path(announcement.__file__).read_text("utf-8"), re.MULTILINE)
)


@pytest.fixture(scope="module")
def create() -> ModuleType:
    spec = importlib.util.spec_from_file_location("create_automations", ROOT / "automations" / "create.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["automations"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_prefect_knows_every_key_of_the_file(file: Path, create: ModuleType) -> None:
    kind = file.stem.removeprefix("by-")
    for raw, core in zip(described(file), create.automations(kind), strict=True):
        assert isinstance(core, AutomationCore)
        assert raw.keys() <= AutomationCore.model_fields.keys()
        assert isinstance(core.trigger, EventTrigger)
        assert raw["trigger"].keys() <= EventTrigger.model_fields.keys()
        for action, read in zip(raw["actions"], core.actions, strict=True):
            assert action.keys() <= type(read).model_fields.keys()


def expectations(file: Path) -> set[str]:
    return {event for each in described(file) for event in each["trigger"]["expect"]}


@pytest.mark.parametrize("file", ALERTS, ids=lambda file: file.stem)
def test_the_events_that_are_waited_for_are_those_that_are_emitted(file: Path) -> None:
    expected = expectations(file)
    ours = {event for event in expected if event.startswith("campaign.")}
    assert ours <= EVENTS
    assert EVENTS - {"campaign.completed"} <= ours


@pytest.mark.parametrize("file", ALERTS, ids=lambda file: file.stem)
def test_every_way_in_which_a_run_can_end_badly_wakes_somebody(file: Path) -> None:
    code = "".join(
        each.read_text("utf-8") for room in ("flows", "tasks") for each in (ROOT / room).glob("*.py")
    )
    named = set(re.findall(r'Failed\(\s*name="(\w+)"', code))
    assert {"Missed", "Halted"} <= named
    expected = expectations(file)
    assert {f"prefect.flow-run.{name}" for name in named - TOLD_OTHERWISE} <= expected
    assert {f"prefect.flow-run.{name}" for name in ("Crashed", "Failed", "Late", "TimedOut")} <= expected
    assert "prefect.work-pool.not-ready" in expected


@pytest.mark.parametrize("file", ALERTS, ids=lambda file: file.stem)
def test_what_is_told_is_in_the_payload(file: Path) -> None:
    assert {"campaign", "reason", "waiting", "next"} <= PAYLOAD
    assert set(re.findall(r"event\.payload\.(\w+)", file.read_text("utf-8"))) <= PAYLOAD


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_the_block_takes_the_place_of_the_zeros(kind: str, create: ModuleType) -> None:
    block = "0c1f8a5e-5d5f-4f0e-9a55-0f6a1c1b2d3e"
    actions = [action for each in create.automations(kind, block) for action in each.actions]
    assert {str(action.block_document_id) for action in actions} == {block}


def test_names_say_how_they_tell(create: ModuleType) -> None:
    names = [each.name for kind in ("webhook", "email", "lost-runs") for each in create.automations(kind)]
    assert len(set(names)) == len(names)


def test_a_lost_run_is_missed_only_after_three_of_its_signs(create: ModuleType) -> None:
    (lost,) = create.automations("lost-runs")
    assert isinstance(lost.trigger, EventTrigger)
    every = FlowsSettings().heartbeat_frequency
    assert every is not None
    assert lost.trigger.within.total_seconds() > 3 * every
    assert lost.trigger.expect == {"prefect.flow-run.*"}


ODD = 'Hard bounces: 3 of 13 "now" <b>&amp; \\ {{ x }}'
TOLD = dict.fromkeys(PAYLOAD, "") | {
    "title": "spring-offer: 5 messages in doubt",
    "text": ODD,
    "run": "http://127.0.0.1:4200/runs/flow-run/1",
}


def rendered(template: str) -> str:
    """Return what Prefect's server makes of a template; no run belongs to the event."""
    register_user_template_filters(all_filters)
    event = Event(event="campaign.in_doubt", resource={"prefect.resource.id": "campaign.x"}, payload=TOLD)
    return render_user_template_sync(template, {"event": event})


def about_campaigns(kind: str, create: ModuleType) -> list[Any]:
    return [
        action
        for each in create.automations(kind)
        for action in each.actions
        if any(event.startswith("campaign.") for event in each.trigger.expect)
    ]


def test_a_webhook_gets_json_with_what_happened_and_the_page_of_the_run(create: ModuleType) -> None:
    actions = about_campaigns("webhook", create)
    assert len(actions) >= 3
    for action in actions:
        assert isinstance(action, CallWebhook)
        told = json.loads(rendered(action.payload))
        assert told["text"] == f"spring-offer: 5 messages in doubt. {ODD}"
        assert (told["event"], told["url"]) == ("campaign.in_doubt", TOLD["run"])
        assert told["campaign"] == TOLD


def test_a_mail_says_in_its_subject_what_happened_and_links_the_run(create: ModuleType) -> None:
    for action in about_campaigns("email", create):
        assert isinstance(action, SendNotification)
        assert rendered(action.subject) == TOLD["title"]
        body = rendered(action.body)
        assert ODD in body
        assert TOLD["run"] in body


# Apprise looks for plugins in modules that Python 3.13 has no more.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("webhook", ""),
        ("webhook", "hooks.example.com/campaigns"),
        ("webhook", "https://"),
        ("webhook", "ftp://hooks.example.com"),
        ("webhook", "https://hooks.example.com:99999/a"),
        ("webhook", "https://hooks.example.com/a b"),
        ("webhook", "mailtos://u:secret@smtp.example.com?to=o@example.com"),
        ("email", ""),
        ("email", "operators@example.com"),
        ("email", "mailtos://smtp.example.com"),
        ("email", "mailtos://u:secret@smtp.example.com?to=operators"),
        ("email", "https://hooks.example.com"),
    ],
)
def test_an_address_that_can_be_none_is_refused_and_not_repeated(
    kind: str, address: str, create: ModuleType
) -> None:
    with pytest.raises(create.AlertError) as refused:
        create.set_up(kind, address)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_without_a_server_one_sentence_says_so_and_none_is_started(create: ModuleType) -> None:
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(create.AlertError, match=r"^PREFECT_API_URL is not set: name the server"),
    ):
        create.set_up("webhook", "http://127.0.0.1:9/alerts")


def test_a_server_that_is_away_is_said_before_anything_goes_out(create: ModuleType) -> None:
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(create.AlertError, match=r"127\.0\.0\.1:9/api does not answer"),
    ):
        create.set_up("webhook", "http://127.0.0.1:9/alerts")


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return what `make alerts` would run."""
    command = ["make", "--dry-run", "--old-file", "install", "alerts", *arguments]
    kept = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("environment", [{}, {"EMAIL": "ada@shop.example"}], ids=["none", "an own address"])
def test_make_alerts_wants_to_know_where_to(environment: dict[str, str]) -> None:
    told = make(**environment)
    assert told.returncode == 2
    assert "Where to? make alerts WEBHOOK=https://..." in told.stderr


def test_make_alerts_takes_what_it_was_given_and_nothing_else() -> None:
    told = make("WEBHOOK=https://hooks.example.com", EMAIL="ada@shop.example")
    assert told.stdout.splitlines() == ['.venv/bin/python automations/create.py webhook "$WEBHOOK"']
    told = make("EMAIL=operators@example.com")
    assert told.stdout.splitlines() == ['.venv/bin/python automations/create.py email "$EMAIL"']
