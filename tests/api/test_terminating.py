"""SIGTERM to a live API: the call under way is recorded, nothing is in doubt, and everything ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import func, select

import sandbox
from api import keys
from cli.prefect_server import free_port
from ledger.engine import Ledger, open_ledger
from ledger.schema import claim, message
from ledger.statuses import Status
from mail.termination import GRACE_SECONDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
# A deadline only: nothing is measured by it.
PATIENCE_SECONDS = 90
MAILS = 30
PER_SECOND = 10.0
# A container tells the parent, a terminal or systemd the group. `make signals` takes all of them.
WHOM = ["parent", "group", "the one that sends first"] if os.environ.get("SIGNALS") else ["group"]


@pytest.fixture
def world() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour(rate_per_second=PER_SECOND)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@contextmanager
def serving(environment: dict[str, str], port: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "cli", "api", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until(lambda: answers(port))
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except OSError:
            return False


def post(port: int, key: str) -> None:
    mails = [
        {
            "to": f"reader.{number}@mail.example",
            "from": "news@brightbooks.example",
            "subject": "Promo",
            "text": "we have a new offer",
        }
        for number in range(MAILS)
    ]
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as connection:
        headers = {"Authorization": f"Bearer {key}"}
        connection.request("POST", "/emails", json.dumps(mails), headers)
        response = connection.getresponse()
        assert response.status == 202, response.read()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def statuses(ledger: Ledger) -> Counter[str]:
    with ledger.reading() as connection:
        rows = connection.execute(select(message.c.status, func.count()).group_by(message.c.status))
        return Counter(dict(rows.all()))


def processes_of_group(group: int) -> set[int]:
    found = set()
    for each in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if int((each / "stat").read_text().rsplit(")", 1)[1].split()[2]) == group:
                found.add(int(each.name))
    return found


@pytest.mark.parametrize("whom", WHOM)
def test_sigterm_records_the_call_under_way_and_leaves_nothing_in_doubt(
    world: sandbox.RunningSandbox, tmp_path: Path, whom: str
) -> None:
    url, port = f"sqlite:///{tmp_path}/ledger.sqlite3", free_port()
    environment = os.environ | world.environment
    environment |= {"CAMPAIGN_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with open_ledger(url) as ledger:
        key = keys.create(ledger, "EliPackage", "ann")
        # Every call is taken, and answered after a while.
        world.control(failures=[{"kind": "accept_then_wait", "seconds": 2}])
        with serving(environment, port) as process:
            post(port, key)
            until(lambda: statuses(ledger)[Status.SENDING] > 0)
            match whom:
                case "parent":
                    process.send_signal(signal.SIGTERM)
                case "group":
                    os.killpg(process.pid, signal.SIGTERM)
                case _:
                    # As systemd does with all processes of a service, the one that sends first.
                    for each in processes_of_group(process.pid) - {process.pid}:
                        os.kill(each, signal.SIGTERM)
                    process.send_signal(signal.SIGTERM)
            assert process.wait(GRACE_SECONDS) == -signal.SIGTERM
            # The one that sends has ended before its parent: what is left would be killed after the grace.
            assert not processes_of_group(process.pid)
        found = statuses(ledger)
        assert set(found) <= {Status.QUEUED, Status.SENT, Status.DELIVERED}
        assert found[Status.QUEUED] > 0
        assert found.total() == MAILS
        assert found.total() - found[Status.QUEUED] == world.summary()["accepted"]
        with ledger.reading() as connection:
            assert connection.execute(select(claim.c.id)).first() is None


@pytest.mark.skipif(not os.environ.get("SIGNALS"), reason="`make signals` waits for SES's time-out")
def test_where_ses_is_silent_the_calls_under_way_alone_are_in_doubt(
    world: sandbox.RunningSandbox, tmp_path: Path
) -> None:
    url, port = f"sqlite:///{tmp_path}/ledger.sqlite3", free_port()
    environment = os.environ | world.environment
    environment |= {"CAMPAIGN_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with open_ledger(url) as ledger:
        key = keys.create(ledger, "EliPackage", "ann")
        world.control(failures=[{"kind": "wait", "seconds": 600}])
        with serving(environment, port) as process:
            post(port, key)
            until(lambda: statuses(ledger)[Status.SENDING] > 0)
            os.killpg(process.pid, signal.SIGTERM)
            assert process.wait(GRACE_SECONDS) == -signal.SIGTERM
        assert statuses(ledger) == {Status.IN_DOUBT: 1, Status.QUEUED: MAILS - 1}


@pytest.mark.skipif(not os.environ.get("SIGNALS"), reason="`make signals` kills what is left")
def test_what_is_killed_after_the_grace_leaves_the_call_under_way_in_doubt_and_nothing_else(
    world: sandbox.RunningSandbox, tmp_path: Path
) -> None:
    url, port = f"sqlite:///{tmp_path}/ledger.sqlite3", free_port()
    environment = os.environ | world.environment
    environment |= {"CAMPAIGN_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with open_ledger(url) as ledger:
        key = keys.create(ledger, "EliPackage", "ann")
        world.control(failures=[{"kind": "wait", "seconds": 600}])
        with serving(environment, port) as process:
            post(port, key)
            until(lambda: statuses(ledger)[Status.SENDING] > 0)
            os.killpg(process.pid, signal.SIGTERM)
            os.killpg(process.pid, signal.SIGKILL)
        found = statuses(ledger)
        assert found[Status.SENDING] == 1
        assert found.total() - 1 == found[Status.QUEUED] + found[Status.CLAIMED]
