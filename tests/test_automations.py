"""The automations, held against Prefect's own model and our events without a server."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore, EventTrigger

from reports import announcement

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "automations").glob("*.yaml"))
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


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_events_that_are_waited_for_are_those_that_are_emitted(file: Path) -> None:
    expected = {event for each in described(file) for event in each["trigger"]["expect"]}
    ours = {event for event in expected if event.startswith("campaign.")}
    assert ours <= EVENTS
    assert {"campaign.halted", "campaign.breached", "campaign.paused", "campaign.in_doubt"} <= ours


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_told_is_in_the_payload(file: Path) -> None:
    assert {"campaign", "reason", "waiting", "next"} <= PAYLOAD
    assert set(re.findall(r"event\.payload\.(\w+)", file.read_text("utf-8"))) <= PAYLOAD


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_the_block_takes_the_place_of_the_zeros(kind: str, create: ModuleType) -> None:
    block = "0c1f8a5e-5d5f-4f0e-9a55-0f6a1c1b2d3e"
    actions = [action for each in create.automations(kind, block) for action in each.actions]
    assert {str(action.block_document_id) for action in actions} == {block}


def test_names_say_how_they_tell(create: ModuleType) -> None:
    names = [each.name for kind in ("webhook", "email") for each in create.automations(kind)]
    assert len(set(names)) == len(names)
