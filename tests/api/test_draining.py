"""Sending beside the API: what arrives goes out, trouble passes, and the end waits for what is under way."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from api import draining
from ledger.engine import Ledger
from mail import single_sending, working
from mail.readiness import NotReady
from mail.single_sending import SinglesSent
from settings import Settings, SettingsError

_Event = threading.Event


class Sender:
    """Plays the sending; it ends the loop when its plan is over."""

    def __init__(self, *plan: SinglesSent | Exception) -> None:
        self.plan = list(plan)
        self.opened = 0
        self.stop = _Event()
        self.pauses: list[float] = []

    def open(self, *_: object, **__: object) -> object:
        self.opened += 1
        return object()

    def send(self, *_: object) -> SinglesSent:
        step = self.plan.pop(0)
        if not self.plan:
            self.stop.set()
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, ledger: Ledger, configured: Settings) -> Callable[..., Sender]:
    """Return a function that lets the loop run through a plan."""

    def play(*plan: SinglesSent | Exception) -> Sender:
        sender = Sender(*plan)
        monkeypatch.setattr(working, "open_single_work", sender.open)
        monkeypatch.setattr(single_sending, "send_messages", sender.send)
        monkeypatch.setattr(draining, "LOOK_AGAIN_SECONDS", 0)
        monkeypatch.setattr(draining, "GATHER_SECONDS", 0)
        monkeypatch.setattr(draining, "_TROUBLE_SECONDS", 0)
        draining.send(ledger, configured, threading.Event(), sender.stop)
        return sender

    return play


NOTHING_LEFT = SinglesSent({}, "nothing_left")


def test_it_looks_again_and_again_with_the_same_client(run: Callable[..., Sender]) -> None:
    assert run(NOTHING_LEFT, NOTHING_LEFT, SinglesSent({}, "chunk"), NOTHING_LEFT).opened == 1


class Waits(threading.Event):
    """Counts how often it is waited for."""

    count = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.count += 1
        return True


@pytest.mark.parametrize("ended", ["chunk", "later"])
def test_while_there_is_more_to_send_it_waits_for_no_arrival(
    run: Callable[..., Sender], monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    arrived = Waits()
    monkeypatch.setattr(draining.threading, "Event", lambda: arrived)
    run(SinglesSent({}, ended), SinglesSent({}, ended), NOTHING_LEFT, NOTHING_LEFT)
    # Before the first run, and before the one after nothing was left.
    assert arrived.count == 2


def test_after_a_fault_of_the_account_it_takes_a_new_client(run: Callable[..., Sender]) -> None:
    assert run(SinglesSent({}, "stopped"), NOTHING_LEFT).opened == 2


def test_trouble_outside_does_not_end_it(
    run: Callable[..., Sender], caplog: pytest.LogCaptureFixture
) -> None:
    run(
        NotReady("SES is away."),
        SinglesSent({}, "suspended"),
        SinglesSent({}, "no_answers", 60.0),
        NOTHING_LEFT,
    )
    assert [record.getMessage() for record in caplog.records] == ["SES is away."]


def test_without_the_settings_it_does_not_start() -> None:
    bare = Settings(secret_key=SecretStr("a key for tests that is long enough"))
    with (
        pytest.raises(SettingsError, match="CAMPAIGN_PUBLIC_URL and CAMPAIGN_CONFIGURATION_SET"),
        draining.draining(bare, threading.Event()),
    ):
        pass


def test_its_process_hears_of_arrivals_and_of_the_end(
    monkeypatch: pytest.MonkeyPatch, configured: Settings, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    script = f"import sys; heard = sys.stdin.buffer.read(); open({str(heard)!r}, 'wb').write(heard)"
    real = subprocess.Popen
    monkeypatch.setattr(
        draining.subprocess, "Popen", lambda _, **options: real([sys.executable, "-c", script], **options)
    )
    whole = configured.model_copy(update={"configuration_set": "c", "event_queue_url": "q"})
    arrived = threading.Event()
    with draining.draining(whole, arrived):
        arrived.set()
        while arrived.is_set():
            pass
    assert heard.read_bytes() == b"."
    assert "drain" not in {thread.name for thread in threading.enumerate()}
