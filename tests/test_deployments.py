"""prefect.yaml, held against the flows without a server: Prefect itself ignores what it does not know."""

import importlib
import re
from pathlib import Path
from typing import Any

import prefect
import pytest
import yaml
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.utilities.schema_tools.validation import validate

from flows.send_campaign import send_campaign
from mail.campaign_file import Campaign, load

ROOT = Path(__file__).parent.parent
FILE = ROOT / "prefect.yaml"
CONTENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
DEPLOYMENTS: list[dict[str, Any]] = CONTENT["deployments"]

each_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["name"])


def flow_of(deployment: dict[str, Any]) -> Flow[..., Any]:
    path, _, name = deployment["entrypoint"].partition(":")
    assert (ROOT / path).is_file()
    # By its module: loading the file a second time would make every class in it a second one.
    found = getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    assert isinstance(found, Flow)
    return found


def test_the_file_has_no_key_that_prefect_does_not_know() -> None:
    assert CONTENT.keys() == {"name", "prefect-version", "definitions", "deployments"}
    known = {
        "name",
        "description",
        "tags",
        "entrypoint",
        "parameters",
        "work_pool",
        "concurrency_limit",
        "schedules",
    }
    assert [each["name"] for each in DEPLOYMENTS if not each.keys() <= known] == []


def test_the_file_is_for_the_prefect_that_is_installed() -> None:
    assert CONTENT["prefect-version"] == prefect.__version__


def test_every_flow_has_a_deployment() -> None:
    flows = {f"flows/{path.name}" for path in (ROOT / "flows").glob("[!_]*.py")}
    assert {each["entrypoint"].partition(":")[0] for each in DEPLOYMENTS} == flows


def test_names_are_unique_within_a_flow() -> None:
    names = [(each["entrypoint"], each["name"]) for each in DEPLOYMENTS]
    assert len(names) == len(set(names))


def test_nothing_in_the_file_is_a_template_that_prefect_would_erase() -> None:
    assert re.findall(r"\{\{.*?\}\}", FILE.read_text(encoding="utf-8")) == []


@each_deployment
def test_the_parameters_fit_the_flow(deployment: dict[str, Any]) -> None:
    flow = flow_of(deployment)
    assert deployment["parameters"].keys() <= flow.parameters.properties.keys()
    required = set(flow.parameters.required or ())
    if required <= deployment["parameters"].keys():
        assert flow.validate_parameters(deployment["parameters"]).keys() >= required
    else:
        # Without them a person is asked when pressing Run; a schedule would fail every time.
        assert "schedules" not in deployment


@each_deployment
def test_the_files_that_the_parameters_name_are_there(deployment: dict[str, Any]) -> None:
    parameters = deployment["parameters"]
    if "campaign" in parameters:
        name = load(ROOT / parameters["campaign"]).name
        # What sends one campaign is called after it.
        assert name == deployment["name"] or "send_campaign" not in deployment["entrypoint"]
    if "source" in parameters:
        assert (ROOT / parameters["source"]["source"]).is_file()


@each_deployment
def test_schedules_and_limits_can_be_read(deployment: dict[str, Any]) -> None:
    for schedule in deployment.get("schedules", []):
        assert schedule.keys() <= {"slug", "cron", "timezone", "active", "parameters"}
        # Raises where either cannot be read.
        CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        assert isinstance(schedule["active"], bool)
    if "concurrency_limit" in deployment:
        assert deployment["concurrency_limit"].keys() == {"limit", "collision_strategy"}
        assert ConcurrencyLimitStrategy(deployment["concurrency_limit"]["collision_strategy"])
    assert deployment["work_pool"].keys() <= {"name", "work_queue_name", "job_variables"}


def test_the_watch_runs_by_itself_and_a_campaign_only_when_somebody_switches_it_on() -> None:
    active = {
        each["name"]: [schedule["active"] for schedule in each.get("schedules", [])] for each in DEPLOYMENTS
    }
    assert active["watch-statuses"] == [True]
    assert [name for name, found in active.items() if any(found)] == ["watch-statuses", "purge-inactive"]
    (purge,) = [each for each in DEPLOYMENTS if each["name"] == "purge-inactive"]
    # By itself it reports, and moves nobody out.
    assert purge["parameters"]["move_out"] is False


@each_deployment
def test_every_field_of_a_form_has_a_help_text(deployment: dict[str, Any]) -> None:
    fields = flow_of(deployment).parameters.properties
    assert [name for name, field in fields.items() if not field.get("description")] == []


def _switches(schema: dict[str, Any], place: str = "") -> list[str]:
    """Return where a form would show a switch for a value that may be empty."""
    found = []
    for name, each in {**schema.get("properties", {}), **schema.get("definitions", {})}.items():
        if {"type": "null"} in each.get("anyOf", []):
            found.append(f"{place}{name}")
        found += _switches(each, f"{place}{name}.")
    return found


@each_deployment
def test_no_form_shows_a_switch_for_a_value_that_may_be_empty(deployment: dict[str, Any]) -> None:
    assert _switches(flow_of(deployment).parameters.model_dump()) == []


@pytest.mark.parametrize("halt", [{}, {"bounce_rate": 0.04, "ladder": [5, 10]}])
def test_a_number_that_may_be_empty_is_taken_with_a_value_and_without(halt: dict[str, Any]) -> None:
    campaign = {
        "name": "a",
        "list": {"source": "a.csv"},
        "from": "a@mail.example",
        "subject": "s",
        "html": "h",
        "postal_address": "p",
        "halt": halt,
    }
    # As the server checks the parameters of a run.
    validate({"campaign": campaign}, send_campaign.parameters.model_dump(), raise_on_error=True)
    assert Campaign.model_validate(campaign).halt.rules.bounce_rate == (halt.get("bounce_rate") or 0.05)
    assert Campaign.model_validate(campaign | {"halt": {"bounce_rate": None}}).halt.bounce_rate is None
