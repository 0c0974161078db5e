"""The printed IAM policy is exactly what is called in AWS: whatever the code can call is called here."""

import ast
import io
import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.client
import botocore.session
import pytest
from botocore import xform_name

from api import keys
from api.main import create_app
from ledger.suppressions import Suppression, SuppressionReason, add
from lists import s3
from mail import collecting, preflight, sending, single_sending, working
from mail.campaign_file import load
from settings import settings

with warnings.catch_warnings():
    # Starlette warns on import that it would rather have httpx2; httpx comes with Prefect and serves.
    warnings.filterwarnings("ignore", message="Using `httpx` with")
    from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from conftest import Command, Office

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("api", "cli", "flows", "ledger", "lists", "mail", "reports", "tasks")
SERVICES = ("s3", "sesv2", "sns", "sqs", "sts")
LIST = b"email,first_name\nann@reader.example,Ann\nben@reader.example,Ben\n"

# https://docs.aws.amazon.com/service-authorization/latest/reference/ : what is not named after its call.
ACTIONS = {
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("sqs", "DeleteMessageBatch"): "sqs:DeleteMessage",
}
# Words of ours that SNS happens to have as well.
OURS = {"unsubscribe"}
Call = tuple[str, str]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[Call]:
    """Record what every client calls; S3, which this sandbox lacks, is answered here."""
    found: set[Call] = set()
    real = botocore.client.BaseClient._make_api_call

    def record(client: Any, operation: str, request: dict[str, Any]) -> Any:
        service = client.meta.service_model.service_name
        found.add((service, operation))
        match service, operation:
            case "s3", "GetObject":
                return {"Body": io.BytesIO(LIST)}
            case "s3", "ListObjectsV2":
                return {"Contents": [{"Key": f"{request['Prefix']}list.csv", "Size": len(LIST)}]}
        return real(client, operation, request)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", record)
    return found


def policy(command: "Command") -> set[str]:
    printed = command("setup", "--dry-run").out
    statements = json.loads(printed[printed.index("{") :])["Statement"]
    return {action for each in statements for action in each["Action"]}


def set_up(command: "Command") -> None:
    names = ("--configuration-set", "new", "--topic", "new", "--queue", "new")
    # The second time everything is there.
    assert [command("setup", *names).code for _ in range(2)] == [0, 0]


def send_a_campaign(office: "Office", command: "Command", per_second: int, name: str) -> None:
    office.world.control(rate_per_second=per_second)
    file = office.write_campaign(file=f"{name}.yaml", name=name)
    with office.ledger() as ledger:
        preflight.examine(ledger, settings(), load(file))
    office.begin(file)
    with office.ledger() as ledger:
        work = working.open_work(ledger, settings(), name)
        assert sending.send_chunk(work, 100).answers == {"accepted": 3}
        collecting.collect_during(working.open_collector(ledger, settings()), name, 20)
    assert command("collect").code == 0
    assert command("account").code == 0
    # The queue of the tests has no dead-letter queue.
    assert command("doctor").code == 4


def read_lists_of_s3(command: "Command") -> None:
    ran = command("clean", "s3://lists/list.csv", "--no-mx", "--out", "cleaned")
    assert (ran.code, ran.err) == (0, "")
    # What the workers that share a list begin with.
    assert s3.inside("s3://lists/parts/") == [("s3://lists/parts/list.csv", len(LIST))]


def use_the_api(office: "Office") -> None:
    with office.ledger() as ledger:
        key = keys.create(ledger, "Shop", "Ann")
        with TestClient(create_app(settings()), headers={"Authorization": f"Bearer {key}"}) as client:
            assert client.post("/senders", json={"address": "news@shop.example"}).status_code == 202
            assert client.get("/senders/news@shop.example").status_code == 200
            mail = {
                "to": "ann@reader.example",
                "from": "news@brightbooks.example",
                "subject": "Hello",
                "text": "Hello",
            }
            posted = client.post("/emails", params={"unsubscribeMsg": "No more mail"}, json=mail)
            assert posted.status_code == 202
        sent = single_sending.send_messages(working.open_single_work(ledger, settings()), 10)
        assert sent.answers == {"accepted": 1}


def suppress(office: "Office", command: "Command") -> None:
    with office.ledger() as ledger, ledger.writing() as connection:
        add(connection, [Suppression("gone@reader.example", SuppressionReason.HARD_BOUNCE, "a test")])
    assert command("suppress", "sync").code == 0
    removed = command("suppress", "remove", "gone@reader.example", "--by", "Ann", "--reason", "back again")
    assert removed.code == 0
    assert command("suppress", "sync").code == 0


def test_the_policy_is_what_is_called_and_everything_that_can_be_called_is(
    office: "Office", command: "Command", called: set[Call]
) -> None:
    set_up(command)
    send_a_campaign(office, command, 1_000, "bulk")
    send_a_campaign(office, command, 10, "slow")
    read_lists_of_s3(command)
    assert command("senders", "add", "orders@shop.example").code == 0
    use_the_api(office)
    suppress(office, command)
    assert {ACTIONS.get(call, f"{_prefix(call[0])}:{call[1]}") for call in called} == policy(command)
    assert {xform_name(operation) for _, operation in called} == written_in_the_code()


def written_in_the_code() -> set[str]:
    """Return the names of AWS's operations that the code calls, or names as texts."""
    session = botocore.session.get_session()
    known = {
        xform_name(operation)
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
    }
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Attribute(attr=name) | ast.Constant(value=str(name)) if name in known:
                        found.add(name)
    return found - OURS


def _prefix(service: str) -> str:
    return {"sesv2": "ses"}.get(service, service)
