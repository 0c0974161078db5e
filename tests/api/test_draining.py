"""Sending beside the API: what arrives goes out, trouble passes, and the end waits for what is under way."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from api import draining
from api.drain_report import Trouble
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


@pytest.mark.parametrize(
    "error",
    [
        ValueError("someone@mail.example"),
        KeyError("someone@mail.example"),
        RecursionError(),
        MemoryError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "someone@mail.example"),
        OperationalError("SELECT", {"address": "someone@mail.example"}, Exception("locked")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_breaks_a_round_the_next_one_comes_with_a_new_client(
    run: Callable[..., Sender], caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    assert run(error, error, NOTHING_LEFT).opened == 3
    assert type(error).__name__ in caplog.text
    assert "someone@" not in caplog.text


def test_what_breaks_again_and_again_is_tried_after_growing_pauses() -> None:
    trouble = Trouble()
    guard = draining._Guard("send", trouble)

    def broken() -> float:
        raise ZeroDivisionError

    pauses = [guard.do(broken) for _ in range(8)]
    assert pauses == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0]
    assert trouble.all() == {"send": "it breaks off: ZeroDivisionError"}
    assert guard.do(lambda: 0.0) == 0.0
    assert trouble.all() == {}
    assert guard.do(broken) == 5.0


def test_what_keeps_collecting_from_its_work_keeps_nothing_else(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, configured: Settings
) -> None:
    stop, trouble, expired = threading.Event(), Trouble(), []

    class Collector:
        def drain(self, wait_seconds: int) -> None:
            raise TypeError

    class Blocks:
        def end_what_is_over(self, _ledger: Ledger) -> None:
            pass

    def expire(_ledger: Ledger) -> None:
        expired.append(1)
        if len(expired) == 3:
            stop.set()

    monkeypatch.setattr(working, "open_collector", lambda *_: Collector())
    monkeypatch.setattr(draining.doubts, "expire_singles", expire)
    monkeypatch.setattr(working, "blocks", lambda *_: Blocks())
    monkeypatch.setattr(draining, "_TROUBLE_SECONDS", 0)
    draining.collect(ledger, configured, stop, trouble)
    assert trouble.all() == {"collect": "it breaks off: TypeError"}


def test_a_process_that_ends_is_started_again_and_that_is_known(
    monkeypatch: pytest.MonkeyPatch, configured: Settings
) -> None:
    begun = threading.Semaphore(0)
    real = subprocess.Popen

    def start(_: object, **options: Any) -> Any:
        begun.release()
        return real([sys.executable, "-S", "-c", "raise SystemExit(3)"], **options)

    monkeypatch.setattr(draining.subprocess, "Popen", start)
    monkeypatch.setattr(draining, "_TROUBLE_SECONDS", 0)
    monkeypatch.setattr(draining, "LOOK_AGAIN_SECONDS", 0.01)
    whole = configured.model_copy(update={"configuration_set": "c", "event_queue_url": "q"})
    with draining.draining(whole, threading.Event()) as known:
        for _ in range(3):
            assert begun.acquire(timeout=20)
        assert known.faults >= 2


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
