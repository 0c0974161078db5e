"""Whoever is to be woken reads the log: each reason as it comes and as it goes; a lost ledger ends it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

import sandbox
from api import health_alerts
from api.health_alerts import Alerts
from api.vitals import Vitals
from cli.prefect_server import free_port
from ledger.engine import open_ledger
from ledger.errors import LedgerLost
from ledger.vital_signs import VitalSigns

LATE = VitalSigns(None, None, 1_000.0, 0.0)
WELL = VitalSigns(None, None, None, 0.0)
PATIENCE_SECONDS = 60


def test_a_reason_is_told_once_however_its_figures_grow() -> None:
    told: list[str] = []
    alerts = Alerts(told.append)
    alerts.note([])
    alerts.note(["SES took mail 900 s ago, and no event has come since."])
    alerts.note(["SES took mail 910 s ago, and no event has come since.", "the disk is full."])
    alerts.note(["the disk is full."])
    alerts.note([])
    alerts.note(["the disk is full."])
    assert told == [
        "ALERT: SES took mail 900 s ago, and no event has come since.",
        "ALERT: the disk is full.",
        "over: SES took mail 910 s ago, and no event has come since.",
        "over: the disk is full.",
        "ALERT: the disk is full.",
    ]


def test_late_events_are_told_in_the_log_and_then_that_they_came(caplog: pytest.LogCaptureFixture) -> None:
    signs = [LATE, LATE, WELL]

    async def run() -> None:
        vitals = Vitals(lambda: signs.pop(0) if len(signs) > 1 else signs[0])
        watch = asyncio.create_task(
            health_alerts.watch(vitals, lambda: None, file_seconds=0, check_seconds=0)
        )
        while len(caplog.messages) < 2:
            await asyncio.sleep(0)
        watch.cancel()
        vitals.close()

    asyncio.run(run())
    assert [message.split()[0] for message in caplog.messages] == ["ALERT:", "over:"]


def test_a_lost_ledger_ends_the_process_that_serves(caplog: pytest.LogCaptureFixture) -> None:
    lost: list[LedgerLost] = []

    def check() -> None:
        raise LedgerLost("the ledger's file has vanished.")

    vitals = Vitals(lambda: WELL, on_lost=lost.append)
    asyncio.run(health_alerts.watch(vitals, check, file_seconds=0))
    vitals.close()
    assert [str(each) for each in lost] == caplog.messages == ["the ledger's file has vanished."]


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("SIGNALS"), reason="`make signals` starts live servers")
@pytest.mark.parametrize("damage", ["deleted", "replaced"])
def test_a_live_api_ends_with_a_sentence_and_does_not_begin_anew(tmp_path: Path, damage: str) -> None:
    path, port = tmp_path / "ledger.sqlite3", free_port()
    with sandbox.start(sandbox.SandboxOptions(s3=False)) as world:
        environment = os.environ | world.environment | {"CAMPAIGN_DATABASE_URL": f"sqlite:///{path}"}
        command = [sys.executable, "-m", "cli", "api", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not is_ready(port):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            if damage == "deleted":
                path.unlink()
            else:
                open_ledger(f"sqlite:///{tmp_path}/other.sqlite3").close()
                (tmp_path / "other.sqlite3").replace(path)
            told = process.communicate(timeout=PATIENCE_SECONDS)[1].decode()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 1
        assert ("vanished" if damage == "deleted" else "replaced") in told.splitlines()[-1]
        assert path.exists() is (damage == "replaced")
        if damage == "deleted":
            again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert (again.returncode, path.exists()) == (1, False)
            assert "has vanished" in again.stderr


def is_ready(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
