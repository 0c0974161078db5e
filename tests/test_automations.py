"""The automations, held against Prefect's own model and our events without a server."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.settings.models.flows import FlowsSettings

from reports import announcement

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "automations").glob("*.yaml"))
ALERTS = [file for file in FILES if file.stem.startswith("by-")]
# Names of a run's state by which somebody is told already, or that are no fault.
TOLD_OTHERWISE = {"Halted", "Breached", "Paused", "NotEnqueued", "Terminated"}
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
