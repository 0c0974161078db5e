"""`campaign send` told to end during a call: nothing is in doubt, and it goes on when it is sent again."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml
from sqlalchemy import func, select

import sandbox
from ledger import campaigns
from ledger.campaigns import State
from ledger.engine import Ledger, open_ledger
from ledger.schema import claim, message
from ledger.statuses import Status
from mail.termination import GRACE_SECONDS

ROOT = Path(__file__).parents[1]
# Deadlines only: nothing is measured by them.
PATIENCE_SECONDS = 120
READERS = 40
NAME = "spring-offer"
# Each starts a Prefect server twice: `make signals` runs them.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get("SIGNALS"), reason="`make signals` sends signals to live commands"),
]


@pytest.fixture
def world() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour(rate_per_second=10)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@pytest.fixture
def environment(world: sandbox.RunningSandbox, tmp_path: Path) -> dict[str, str]:
    own = {
        "CAMPAIGN_DATABASE_URL": f"sqlite:///{tmp_path}/ledger.sqlite3",
        "CAMPAIGN_OUTPUT_DIR": str(tmp_path / "output"),
        "PYTHONPATH": str(ROOT),
    }
    return os.environ | world.environment | own


@pytest.fixture
def campaign_file(tmp_path: Path) -> Path:
    rows = [f"reader.{number}@reader.example" for number in range(READERS)]
    (tmp_path / "list.csv").write_text("\n".join(["email", *rows, ""]))
    (tmp_path / "mail.html.j2").write_text(
        '<p>Hello <a href="{{ unsubscribe_url }}">{{ unsubscribe_text }}</a> {{ postal_address }}</p>'
    )
    path = tmp_path / "campaign.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "name": NAME,
                "list": {"source": "list.csv", "address_column": "email"},
                "from": "Bright Books <news@brightbooks.example>",
                "subject": "Spring is here",
                "html": "mail.html.j2",
                "postal_address": "Bright Books, 1 High Street, Exampletown",
                "send": {"settle_seconds": 5},
                "halt": {"ladder": [], "unknown_at_most": 1_000_000},
            }
        )
    )
    return path


@contextmanager
def sending(environment: dict[str, str], file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "send", str(file)], env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def statuses(ledger: Ledger) -> Counter[str]:
    with ledger.reading() as connection:
        rows = connection.execute(select(message.c.status, func.count()).group_by(message.c.status))
        return Counter(dict(rows.all()))


def held(ledger: Ledger) -> bool:
    with ledger.reading() as connection:
        return connection.execute(select(claim.c.id)).first() is not None


@pytest.mark.parametrize("to_the_group", [False, True])
def test_sigterm_records_the_call_under_way_and_the_campaign_goes_on_later(
    world: sandbox.RunningSandbox, environment: dict[str, str], campaign_file: Path, to_the_group: bool
) -> None:
    with open_ledger(environment["CAMPAIGN_DATABASE_URL"]) as ledger:
        world.control(failures=[{"kind": "accept_then_wait", "seconds": 3, "count": 5}])
        with sending(environment, campaign_file) as process:
            until(lambda: statuses(ledger)[Status.SENDING] > 0)
            if to_the_group:
                os.killpg(process.pid, signal.SIGTERM)
            else:
                process.send_signal(signal.SIGTERM)
            assert process.wait(GRACE_SECONDS) == -signal.SIGTERM
        found = statuses(ledger)
        assert set(found) <= {Status.QUEUED, Status.SENT, Status.DELIVERED}
        assert found[Status.QUEUED] > 0
        assert READERS - found[Status.QUEUED] == world.summary()["accepted"]
        assert not held(ledger)
        with ledger.reading() as connection:
            assert campaigns.get(connection, NAME).state is State.RUNNING
        world.control(failures=[])
        with sending(environment, campaign_file) as process:
            assert process.wait(PATIENCE_SECONDS) == 0
        assert world.summary()["accepted"] == READERS
        assert len({tuple(each["recipients"]) for each in world.messages()}) == READERS


def test_sigint_ends_though_ses_is_silent(
    world: sandbox.RunningSandbox, environment: dict[str, str], campaign_file: Path
) -> None:
    with open_ledger(environment["CAMPAIGN_DATABASE_URL"]) as ledger:
        world.control(failures=[{"kind": "wait", "seconds": 600}])
        with sending(environment, campaign_file) as process:
            until(lambda: statuses(ledger)[Status.SENDING] > 0)
            for _ in range(3):
                process.send_signal(signal.SIGINT)
                time.sleep(1)
            assert process.wait(GRACE_SECONDS) != 0
        # At most the calls that were under way.
        assert statuses(ledger)[Status.SENDING] + statuses(ledger)[Status.IN_DOUBT] <= 4
