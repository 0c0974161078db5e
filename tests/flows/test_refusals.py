"""Every flow against every error that is expected: a named red run with one sentence, and no traceback."""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from prefect import Flow, task
from prefect.client.orchestration import SyncPrefectClient
from prefect.flow_engine import run_flow
from prefect.logging.loggers import flow_run_logger
from sqlalchemy.exc import OperationalError

from ledger.errors import CampaignConflict, CampaignNotFound, LedgerLost, LedgerMissing, LedgerUnreachable
from lists.errors import ListError, NobodyAccepted
from lists.policy import ListSource
from mail.errors import CampaignFileError, MailError, TemplateError
from reports.errors import ReportError
from settings import SettingsError

if TYPE_CHECKING:
    from conftest import Office

pytestmark = pytest.mark.slow

LIST = {"source": ListSource(source="list.csv")}
# Each flow, the parameters of a run, and the first step of it, which meets the error.
FLOWS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "send_campaign.send_campaign": ({"campaign": "CAMPAIGN"}, "tasks.sending.check_ready"),
    "check_campaign.check_campaign": ({"campaign": "CAMPAIGN"}, "tasks.checks.check"),
    "schedule_campaign.schedule_campaign": (
        {"campaign": "CAMPAIGN", "when": "2030-01-01 09:00"},
        "tasks.checks.schedule",
    ),
    "decide_campaign.decide_campaign": ({"campaign": "spring-offer"}, "tasks.campaign_choice.stopped"),
    "send_trial.send_trial": ({"to": "me@shop.example", "campaign": "CAMPAIGN"}, "tasks.trials.send_tests"),
    "clean_list.clean_list": (LIST, "tasks.listing.clean"),
    "clean_shards.clean_shards": (LIST | {"directory": "FOLDER"}, "tasks.sharding.plan"),
    "clean_shards.clean_shard": ({"work": "x", "stage": "write", "number": 1}, "tasks.sharding.run"),
    "report_campaign.report_campaign": ({"name": "spring-offer"}, "tasks.reporting.write_report"),
    "purge_inactive.purge_inactive": ({}, "tasks.purging.find_inactive"),
    "send_messages.send_messages": ({}, "tasks.singles.send_chunk"),
    "send_part.send_part": ({"campaign": "spring-offer"}, "tasks.sending.send_chunk"),
    "watch_statuses.watch_statuses": ({}, "tasks.sending.states"),
}
SECRET = "ann.secret@reader.example"
DENIED = {"Error": {"Code": "AccessDenied", "Message": f"{SECRET} may not"}, "ResponseMetadata": {}}
ERRORS: Mapping[str, Exception] = {
    "a wrong file": CampaignFileError("spring.yaml: `send.rate` is no key: write `send.rate_per_second`."),
    "a wrong template": TemplateError("mail.html.j2, line 3: `nmae` is no column."),
    "a campaign that may not be sent": MailError("the sender is not verified: `campaign senders add`."),
    "a list without rows": ListError("list.csv is empty: give one with rows."),
    "nobody to write to": NobodyAccepted("none of its 2 rows was accepted: see rejected.csv."),
    "a name that is taken": CampaignConflict("spring-offer was enqueued with another list."),
    "a name that nobody knows": CampaignNotFound("no campaign is named spring-offer."),
    "no ledger": LedgerMissing("there is no ledger at ledger.sqlite3 yet."),
    "a lost ledger": LedgerLost("the ledger's file has vanished: put it back."),
    "a database that is away": LedgerUnreachable("the database cannot be reached: check that it runs."),
    "PostgreSQL that goes away": OperationalError(
        "SELECT 1", {"who": SECRET}, Exception("gone"), hide_parameters=True
    ),
    "a setting that is missing": SettingsError("CAMPAIGN_PUBLIC_URL must be set to send."),
    "figures that do not balance": ReportError("recipients and statuses differ by 1."),
    "a missing file": FileNotFoundError(2, "No such file or directory", "mail.html.j2"),
    "AWS that refuses": ClientError(DENIED, "SendBulkEmail"),
    "AWS that is away": EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
}
OUT_OF_REACH = {"a lost ledger", "figures that do not balance", "AWS that is away"}
EVERY = [(flow, error) for flow in FLOWS for error in ERRORS]
# All of them take minutes: each flow comes once, with errors of every kind; `REFUSALS=1` tries every pair.
SOME = [(flow, list(ERRORS)[3 * number % len(ERRORS)]) for number, flow in enumerate(FLOWS)]


@pytest.mark.parametrize(("flow", "error"), EVERY if os.environ.get("REFUSALS") else SOME)
def test_an_expected_error_ends_a_run_red_by_name_in_one_sentence(
    flow: str,
    error: str,
    office: "Office",
    prefect_client: SyncPrefectClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameters, step = FLOWS[flow]
    places = {"CAMPAIGN": str(office.campaign(["ann"])), "FOLDER": str(office.folder / "clean")}
    parameters = {
        name: places.get(value, value) if isinstance(value, str) else value
        for name, value in parameters.items()
    }

    @task(name="meets an error")
    def meet(*_: object, **__: object) -> None:
        raise ERRORS[error]

    module, _, name = step.rpartition(".")
    monkeypatch.setattr(importlib.import_module(module), name, meet)
    module, _, name = flow.rpartition(".")
    run = begin(getattr(importlib.import_module(f"flows.{module}"), name), parameters, prefect_client)

    shown = office.show(run)
    sentence = shown.message
    assert shown.kind == "FAILED"
    if flow.startswith("watch_statuses"):
        # What breaks in one of its steps keeps no other from being done.
        assert shown.state == "Incomplete"
    else:
        unavailable = error in OUT_OF_REACH or isinstance(ERRORS[error], EndpointConnectionError)
        assert shown.state == ("Unavailable" if unavailable else "Refused")
    assert sentence.strip().count("\n") == 0
    assert len(sentence) > 20
    whole = shown.text()
    assert "Traceback" not in whole
    assert "Engine execution exited" not in whole
    assert SECRET not in sentence + "".join(shown.log)
    (reason,) = shown.data("why-it-stopped")
    assert str(reason).startswith(f"**{sentence.split('@')[0][:40]}")
    assert str(reason).find(sentence[-20:]) > 0


def begin(flow: Flow[..., Any], parameters: Mapping[str, Any], client: SyncPrefectClient) -> Any:
    """Run a flow as a worker does, and return its run."""
    run = client.create_flow_run(flow, parameters=dict(parameters))
    with pytest.raises(Exception):  # noqa: B017, PT011 - the process of a run ends with whatever it is.
        run_flow(flow, flow_run=run, parameters=dict(parameters), error_logger=flow_run_logger(run))
    return run.id


def test_a_bug_keeps_its_traceback(
    office: "Office", prefect_client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.purge_inactive import purge_inactive
    from tasks import purging

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(purging, "find_inactive", broken)
    shown = office.show(begin(purge_inactive, {}, prefect_client))
    assert (shown.kind, shown.state) == ("FAILED", "Failed")
    assert "Traceback" in shown.text()


def test_every_flow_that_is_deployed_is_in_the_table() -> None:
    found = set()
    for path in Path("flows").glob("[!_]*.py"):
        module = importlib.import_module(f"flows.{path.stem}")
        flows = ((name, each) for name, each in vars(module).items() if isinstance(each, Flow))
        # Not those that it takes in from another.
        found |= {f"{path.stem}.{name}" for name, each in flows if each.fn.__module__ == module.__name__}
    assert found == FLOWS.keys()
