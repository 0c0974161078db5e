"""An API that is killed under load: what it has answered goes out, once. `make load` does it with wrk."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from sqlalchemy import select

import sandbox
from api import keys
from cli.prefect_server import free_port
from ledger.engine import Ledger, open_ledger
from ledger.schema import message, single
from ledger.statuses import Status

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# A deadline only: nothing is measured by it.
PATIENCE_SECONDS = 90
ANSWERS_BEFORE_THE_KILL = 40
UNDERWAY = {Status.QUEUED, Status.CLAIMED, Status.SENDING}


@pytest.fixture
def world() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour(rate_per_second=500)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


class Callers:
    """Threads that post e-mails, each to somebody else, and keep the ids of those that were answered."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.headers = {"Authorization": f"Bearer {key}"}
        self.answered: list[str] = []
        self.threads = [threading.Thread(target=self._post, args=(number,)) for number in range(4)]

    def _post(self, thread: int) -> None:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)) as connection:
            for number in range(10_000):
                email = {
                    "to": f"reader.{thread}.{number}@mail.example",
                    "from": "news@brightbooks.example",
                    "subject": "Promo",
                    "text": "we have a new offer",
                }
                try:
                    connection.request("POST", "/emails", json.dumps(email), self.headers)
                    with connection.getresponse() as response:
                        answer = json.loads(response.read())
                except (OSError, HTTPException, ValueError):
                    return
                assert response.status == 202, answer
                self.answered.append(answer["data"]["id"])


@contextmanager
def serving(environment: dict[str, str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "cli", "api", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        _until(lambda: _answers(port))
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        with connection.getresponse() as response:
            return response.status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _stored(ledger: Ledger) -> dict[str, tuple[str, str]]:
    query = select(single.c.public_id, message.c.address, message.c.status).join(
        message, message.c.id == single.c.message_id
    )
    with ledger.reading() as connection:
        return {row.public_id: (row.address, row.status) for row in connection.execute(query)}


def test_what_was_answered_before_the_kill_goes_out_once(
    world: sandbox.RunningSandbox, tmp_path: Path
) -> None:
    url, port = f"sqlite:///{tmp_path}/ledger.sqlite3", free_port()
    environment = os.environ | world.environment
    environment |= {"CAMPAIGN_DATABASE_URL": url, "CAMPAIGN_API_REQUESTS_PER_SECOND": "0"}
    environment["PYTHONPATH"] = str(ROOT)
    with open_ledger(url) as ledger:
        callers = Callers(port, keys.create(ledger, "EliPackage", "ann"))
        with serving(environment, port) as process:
            for thread in callers.threads:
                thread.start()
            _until(lambda: len(callers.answered) >= ANSWERS_BEFORE_THE_KILL)
            # The process that sends goes with the one that answers.
            os.killpg(process.pid, signal.SIGKILL)
            for thread in callers.threads:
                thread.join()
        # Nobody waits in the test for the leases of the dead process to end: they end now.
        with ledger.writing() as connection:
            connection.exec_driver_sql("UPDATE claim SET leased_until = 0")
        with serving(environment, port):
            _until(lambda: not UNDERWAY & {status for _, status in _stored(ledger).values()})
        stored = _stored(ledger)
    mails = Counter(mail["recipients"][0] for mail in world.messages())
    assert set(callers.answered) <= stored.keys()
    assert [address for address, count in mails.items() if count > 1] == []
    # A call that was under way when it was killed leaves its messages in doubt, and they are not repeated.
    sent = {address for address, status in stored.values() if status != Status.IN_DOUBT}
    assert sent <= mails.keys()
