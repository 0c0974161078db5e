"""/healthz: what lives, what has died, and what stands in the way, within a second and without a guess."""

import asyncio
import os
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.drain_report import SILENT_AFTER_SECONDS, SendingProcess, Trouble, write
from api.vitals import SILENT_AT_MOST_SECONDS, Health, Readiness, Vitals
from ledger.engine import Ledger
from ledger.errors import LedgerLost, LedgerUnreachable
from ledger.vital_signs import VitalSigns
from mail.thread_watch import ThreadState
from reports.health import QUEUED_AT_MOST_SECONDS

WELL = VitalSigns(None, None, None, 0.0)


def signs(**changes: float) -> VitalSigns:
    return VitalSigns(**({field: getattr(WELL, field) for field in VitalSigns.__slots__} | changes))


def checked(vitals: Vitals) -> tuple[Health, list[str]]:
    found = asyncio.run(vitals.check())
    vitals.close()
    return found.health, found.reasons


def readiness(vitals: Vitals) -> Readiness:
    found = asyncio.run(vitals.check())
    vitals.close()
    return found.readiness


def raising(error: Exception) -> Callable[[], VitalSigns]:
    def read() -> VitalSigns:
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "health", "reason"),
    [
        (lambda: WELL, Health.OK, ""),
        (lambda: signs(oldest_queued_seconds=QUEUED_AT_MOST_SECONDS), Health.OK, ""),
        (lambda: signs(oldest_queued_seconds=900.0), Health.DEGRADED, "has waited for 900 s"),
        (lambda: signs(last_event_seconds=1e6), Health.OK, ""),
        (lambda: signs(unanswered_seconds=1000.0), Health.DEGRADED, "no event has come since"),
        (lambda: signs(clock_ahead_seconds=3600.0), Health.DEGRADED, r"\+3600 s from this machine's clock"),
        (lambda: signs(clock_ahead_seconds=-61.0), Health.DEGRADED, "-61 s"),
        (lambda: signs(forged=2), Health.DEGRADED, "2 message.* not to be of SES"),
        (lambda: signs(stopped_owners=1), Health.DEGRADED, "1 owner.* stopped for their hard bounces"),
        (raising(LedgerLost("the ledger's file x has vanished.")), Health.FAILED, "vanished"),
        (raising(OperationalError("", {}, Exception("locked"))), Health.DEGRADED, "OperationalError"),
        (raising(OSError("no route")), Health.DEGRADED, "OSError"),
    ],
)
def test_what_the_ledger_shows_decides(read: Callable[[], VitalSigns], health: Health, reason: str) -> None:
    found, reasons = checked(Vitals(read))
    assert found is health
    assert bool(reasons) is bool(reason)
    if reason:
        assert re.search(reason, reasons[0])


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda: WELL, Readiness.OK),
        # Whoever wants to unsubscribe is served all the same.
        (lambda: signs(oldest_queued_seconds=90_000.0), Readiness.DEGRADED),
        (lambda: signs(unanswered_seconds=90_000.0), Readiness.DEGRADED),
        (lambda: signs(clock_ahead_seconds=90_000.0), Readiness.DEGRADED),
        (raising(OperationalError("", {}, Exception("database is locked"))), Readiness.DEGRADED),
        (lambda: replace(WELL, unwritable="the ledger's disk is full."), Readiness.UNREADY),
        (raising(LedgerUnreachable("the ledger cannot be written.")), Readiness.UNREADY),
        (raising(LedgerLost("the ledger's file x has vanished.")), Readiness.UNREADY),
        (raising(OperationalError("", {}, Exception("connection refused"))), Readiness.UNREADY),
        (raising(OSError("no route")), Readiness.UNREADY),
    ],
)
def test_only_what_keeps_requests_from_being_served_makes_unready(
    read: Callable[[], VitalSigns], expected: Readiness
) -> None:
    assert readiness(Vitals(read)) is expected


@pytest.mark.parametrize(
    "read",
    [
        lambda: replace(WELL, unwritable="the ledger's disk is full."),
        raising(LedgerUnreachable("the ledger cannot be written.")),
        raising(OperationalError("", {}, Exception("connection refused"))),
    ],
)
def test_what_starting_anew_does_not_end_is_no_failed_process(read: Callable[[], VitalSigns]) -> None:
    assert checked(Vitals(read))[0] is Health.DEGRADED


@pytest.mark.parametrize(
    "vitals",
    [
        Vitals(lambda: WELL, [lambda: [ThreadState("callbacks", alive=False, faults=6, fault="ValueError")]]),
        Vitals(lambda: WELL, sending=SendingProcess(running=True, told_at=-1e6)),
    ],
)
def test_a_process_whose_sender_died_still_takes_requests(vitals: Vitals) -> None:
    assert readiness(vitals) is Readiness.DEGRADED


def test_a_ledger_that_is_silent_for_long_makes_unready_and_a_busy_one_does_not() -> None:
    go = threading.Event()

    def read() -> VitalSigns:
        go.wait()
        return WELL

    vitals = Vitals(read, patience_seconds=0.01)

    async def run() -> list[Readiness]:
        found = [(await vitals.check()).readiness]
        assert vitals.silent_since is not None
        vitals.silent_since -= SILENT_AT_MOST_SECONDS
        found.append((await vitals.check()).readiness)
        go.set()
        while (await vitals.check()).readiness is not Readiness.OK:
            pass
        return found

    assert asyncio.run(run()) == [Readiness.DEGRADED, Readiness.UNREADY]
    assert vitals.silent_since is None
    vitals.close()


def test_a_ledger_that_does_not_answer_is_not_waited_for_and_not_asked_twice() -> None:
    go, asked = threading.Event(), []

    def read() -> VitalSigns:
        asked.append(1)
        go.wait()
        return WELL

    vitals = Vitals(read, patience_seconds=0.05)

    async def run() -> list[Health]:
        waiting = [(await vitals.check()).health for _ in range(3)]
        assert len(asked) == 1
        go.set()
        while (found := (await vitals.check()).health) is not Health.OK:
            pass
        return [*waiting, found]

    assert asyncio.run(run()) == [Health.DEGRADED] * 3 + [Health.OK]
    vitals.close()


@pytest.mark.parametrize(
    ("state", "health"),
    [
        (ThreadState("callbacks", alive=True), Health.OK),
        (ThreadState("callbacks", alive=True, faults=2, fault="ValueError"), Health.DEGRADED),
        (ThreadState("callbacks", alive=False, faults=6, fault="ValueError"), Health.FAILED),
    ],
)
def test_a_dead_thread_fails_and_one_that_was_started_again_is_told(
    state: ThreadState, health: Health
) -> None:
    assert checked(Vitals(lambda: WELL, [lambda: [state]]))[0] is health
    sending = SendingProcess(running=True, threads=[state])
    assert checked(Vitals(lambda: WELL, sending=sending))[0] is health
    keepers = SendingProcess(running=True, keepers=lambda: [state])
    assert checked(Vitals(lambda: WELL, sending=keepers))[0] is health


def test_a_sending_process_that_ends_again_and_again_is_told() -> None:
    sending = SendingProcess()
    sending.begin()
    sending.end()
    assert checked(Vitals(lambda: WELL, sending=sending)) == (
        Health.DEGRADED,
        ["the process that sends and collects has ended 1 times in a row."],
    )


def test_a_sending_process_that_hangs_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    sending = SendingProcess(running=True)
    sending.told_at -= SILENT_AFTER_SECONDS + 1
    assert checked(Vitals(lambda: WELL, sending=sending))[0] is Health.FAILED


def test_what_a_process_writes_is_read(tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    os.set_blocking(writes, False)
    trouble = Trouble()
    sending = SendingProcess()
    sending.begin()
    sending.read(reads)
    states = [ThreadState("send", alive=True), ThreadState("collect", alive=True, faults=1, fault="KeyError")]
    write(writes, states, trouble)
    trouble.note("send", "SES is away.")
    trouble.note("collect", "")
    write(writes, states, trouble)
    sending.read(reads)
    assert list(sending.threads) == states
    assert sending.trouble == {"send": "SES is away."}
    # Nobody reads: it goes on all the same.
    for _ in range(2_000):
        write(writes, states, trouble)
    os.close(reads)
    write(writes, states, trouble)
    os.close(writes)


def test_the_page_says_all_of_it(client: Any) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "reasons": [], "oldestQueuedSeconds": None, "lastEventSeconds": None},
    )


@pytest.mark.parametrize("damage", ["removed", "overwritten"])
def test_a_ledger_that_is_gone_is_503(client: Any, configured: Any, damage: str) -> None:
    path = Path(configured.database_url.removeprefix("sqlite:///"))
    path.unlink() if damage == "removed" else path.write_text("something else" * 1_000)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert str(path) in answer.json()["reasons"][0]


def test_a_locked_ledger_is_degraded_at_the_worst(client: Any, ledger: Ledger) -> None:
    with ledger.writing():
        answer = client.get("/healthz")
    assert answer.status_code == 200
