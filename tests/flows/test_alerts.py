"""`make alerts` against a Prefect server: a test goes out first; what worked stays until the new one does."""

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest
from prefect import flow
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL

from tasks import announcing

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Receiver:
    """A webhook that answers as told and keeps what it got: type of the content, and content."""

    url: str = ""
    status: int = 200
    got: list[tuple[str, str]] = field(default_factory=list)


pytestmark = pytest.mark.slow


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.got.append((self.headers["Content-Type"], body))
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(b"noted")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/alerts"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def create() -> ModuleType:
    spec = importlib.util.spec_from_file_location("create_automations", ROOT / "automations" / "create.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_alerts_move_only_once_the_new_place_took_a_test(
    prefect_client: SyncPrefectClient, receiver: Receiver, create: ModuleType
) -> None:
    told = create.set_up("webhook", receiver.url)
    assert "the webhook answered HTTP 200, noted" in told
    [(kind, body)] = receiver.got
    assert (kind, json.loads(body)["event"]) == ("application/json", "campaign.test")

    names = [each.name for each in create.automations("webhook")]
    made = {name: [each.id for each in prefect_client.read_automations_by_name(name)] for name in names}
    assert all(len(ids) == 1 for ids in made.values())
    block = Webhook.load("campaign-alerts-webhook")
    assert block.url.get_secret_value() == receiver.url
    assert block.headers.get_secret_value() == {"Content-Type": "application/json"}

    receiver.status = 410
    with pytest.raises(create.AlertError, match=r"did not take the test alert .HTTP 410, noted"):
        create.set_up("webhook", f"{receiver.url}/gone")
    with pytest.raises(create.AlertError, match="does not answer"):
        create.set_up("webhook", "http://127.0.0.1:9/nobody")
    assert Webhook.load("campaign-alerts-webhook").url.get_secret_value() == receiver.url

    receiver.status = 204
    create.set_up("webhook", f"{receiver.url}/new")
    assert Webhook.load("campaign-alerts-webhook").url.get_secret_value() == f"{receiver.url}/new"
    again = {name: [each.id for each in prefect_client.read_automations_by_name(name)] for name in names}
    # Brought up to date where they stand: no event in between wakes nobody, and none wakes twice.
    assert again == made


# Apprise looks for plugins in modules that Python 3.13 has no more.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
@pytest.mark.usefixtures("prefect_client")
def test_a_mail_server_that_is_away_is_said_with_its_reason(create: ModuleType) -> None:
    address = "mailto://user:secret@127.0.0.1:9?to=operators@example.com&from=alerts@example.com"
    with pytest.raises(create.AlertError, match="The test alert was not taken") as refused:
        create.set_up("email", address)
    assert "secret" not in str(refused.value)


@pytest.mark.usefixtures("prefect_client")
def test_a_run_announces_its_own_page() -> None:
    @flow
    def announcing_run() -> tuple[str, str]:
        return str(flow_run.id), announcing.run_page()

    run_id, page = announcing_run()
    assert page == f"{PREFECT_UI_URL.value()}/runs/flow-run/{run_id}"
    assert announcing.run_page() == ""
