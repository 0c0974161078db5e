"""Accounts that limit calls: the sign of it, the trials, what they lead to; on counts and a set clock."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ledger import call_limits
from ledger.call_limits import CallLimit
from ledger.statuses import Status
from mail import call_modes
from mail.call_modes import REMEMBERED_SECONDS, TRIAL_SECONDS, Mode
from mail.rate import ACCOUNT, Rate
from mail.ses import Reply
from mail.ses_errors import Verdict
from sandbox.behaviour import Behaviour
from sandbox.errors import ApiError
from sandbox.options import SandboxOptions
from sandbox.ses_bulk import send_bulk_email
from sandbox.ses_configuration import create
from sandbox.ses_sending import send_email
from sandbox.world import World

NOW = 1_800_000_000.0
TRIED = CallLimit(Mode.TENTHS, measuring=True, seconds=TRIAL_SECONDS, accepted=80, throttled=9)


def judged(found: CallLimit, per_second: float = 200.0) -> CallLimit:
    return call_modes.judge(found, NOW, per_second)[0]


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({}, Mode.FULL),
        ({"accepted": 999}, Mode.FULL),
        # Half of the rate goes out: the account is slower than it says, or shared; calls are not its limit.
        ({"accepted": 1_000}, Mode.TENTHS),
        ({"throttled": 2}, Mode.TENTHS),
        ({"seconds": TRIAL_SECONDS - 0.1}, Mode.TENTHS),
    ],
)
def test_calls_are_limited_where_they_are_throttled_under_half_of_the_rate(
    changes: dict[str, Any], after: Mode
) -> None:
    assert judged(replace(TRIED, **changes)).mode == after


@pytest.mark.parametrize(
    ("tenths", "full", "singles", "best"),
    [
        (12.0, 48.0, 190.0, Mode.SINGLES),
        (12.0, 48.0, 30.0, Mode.FULL),
        (12.0, 9.0, 12.0, Mode.TENTHS),
        (12.0, 48.0, 48.0, Mode.FULL),
    ],
)
def test_the_fastest_of_three_trials_is_kept_for_a_day(
    tenths: float, full: float, singles: float, best: Mode
) -> None:
    found = replace(TRIED, accepted=int(tenths * TRIAL_SECONDS))
    for per_second in (full, singles):
        found = judged(found)
        assert (found.measuring, found.accepted, found.seconds) == (True, 0, 0.0)
        found = replace(found, accepted=int(per_second * TRIAL_SECONDS), seconds=TRIAL_SECONDS)
    found, news = call_modes.judge(found, NOW, 200.0)
    assert (found.mode, found.measuring, found.since) == (best, False, NOW)
    assert found.rates == {"tenths": tenths, "full": full, "singles": singles}
    assert news.startswith(f"Sending goes on by {call_modes._NAMES[best]} (")
    kept = call_modes.judge(found, NOW + REMEMBERED_SECONDS - 1, 200.0)[0]
    assert kept == found
    assert call_modes.judge(found, NOW + REMEMBERED_SECONDS, 200.0)[0].mode == Mode.TENTHS


def test_a_trial_begins_with_the_first_throttled_call_and_counts_no_idle_time() -> None:
    found = call_modes.count(CallLimit(Mode.TENTHS), NOW, 20, throttled=False)
    assert not found.measuring
    found = call_modes.count(found, NOW, 0, throttled=True)
    found = call_modes.count(found, NOW + 2, 20, throttled=False)
    found = call_modes.count(found, NOW + 3_602, 20, throttled=True)
    assert (found.seconds, found.accepted, found.throttled) == (12.0, 40, 2)


@pytest.mark.parametrize(
    ("rate", "sizes"),
    [(200.0, (20, 50, 16)), (20.0, (2, 20, 2)), (10.0, (1, 10, 1)), (9_000.0, (50, 50, 16))],
)
def test_how_many_go_out_together(rate: float, sizes: tuple[int, int, int]) -> None:
    assert tuple(call_modes.size(mode, Rate(rate, 0.0, "spring-offer")) for mode in Mode) == sizes


class LimitedAccount:
    """The sandbox's SES in this process, by the stage's clock; `seconds` of a call pass where it is made."""

    def __init__(self, clock: Any, *, bulk_calls: float | None, bulk: float, single: float) -> None:
        class Timed(World):
            def now(self) -> float:
                return float(clock.now)

            monotonic = now

        behaviour = Behaviour(rate_per_second=200, bulk_calls_per_second=bulk_calls)
        self._world = Timed(SandboxOptions(behaviour=behaviour), "http://sandbox.example")
        create(self._world, {"ConfigurationSetName": "campaign"})
        self._clock = clock
        self._seconds = {"bulk": bulk, "single": single / call_modes.THREADS}
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]:
        return self._answer("bulk", lambda: send_bulk_email(self._world, request, 1, []))

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        return self._answer("single", lambda: send_email(self._world, request, 1))

    def _answer(self, kind: str, call: Any) -> Mapping[str, Any]:
        # The sandbox belongs to one thread.
        with self._lock:
            self._clock.tick(self._seconds[kind])
            try:
                answer: Mapping[str, Any] = call()
            except ApiError as err:
                self.calls[f"{kind} refused"] += 1
                error = {"Code": err.code, "Message": err.message}
                status = {"HTTPStatusCode": err.status}
                raise ClientError({"Error": error, "ResponseMetadata": status}, kind) from err
            self.calls[kind] += 1
            return answer

    def recipients(self) -> list[str]:
        return [address for each in self._world.log.newest_first() for address in each.recipients]


@pytest.mark.parametrize(
    ("single_seconds", "mode", "kind", "told"),
    [
        (0.05, Mode.SINGLES, "single", "Sending goes on by single mails, up to 16 at a time ("),
        # Where single mails are slow, full calls are the faster way.
        (2.0, Mode.FULL, "bulk", "Sending goes on by full calls of up to 50, one a second ("),
    ],
)
def test_in_the_sandbox_one_bulk_call_a_second_leads_to_the_faster_way(
    stage, monkeypatch: pytest.MonkeyPatch, single_seconds: float, mode: Mode, kind: str, told: str
) -> None:
    monkeypatch.setattr(call_modes, "TRIAL_SECONDS", 4.0)
    stage.enqueue(1_700)
    account = LimitedAccount(stage.clock, bulk_calls=1.0, bulk=0.05, single=single_seconds)
    news: list[str] = []
    work = stage.work(200.0, ses=account, tell=news.append)
    assert stage.send(work, recipients=1_300).ended == "chunk"
    assert [sentence.split(".")[0][:35] for sentence in news[:2]] == [
        "SES throttles calls though only " + news[0][32:35],
        "By full calls of up to 50, one a se",
    ]
    assert news[2].startswith(told)
    assert len(news) == 3
    with stage.ledger.reading() as connection:
        assert call_modes.present(connection) is mode
    account.calls.clear()
    # Whoever begins now knows it already.
    assert stage.send(stage.work(200.0, ses=account, tell=news.append)).ended == "nothing_left"
    assert set(account.calls) <= {kind, f"{kind} refused"}
    assert account.calls[f"{kind} refused"] <= account.calls[kind] / 20
    assert len(news) == 3
    assert stage.count() == {Status.SENT: 1_700}
    assert Counter(account.recipients()).most_common(1)[0][1] == 1


def test_an_account_that_limits_recipients_alone_is_left_as_it_is(stage) -> None:
    stage.enqueue(2_500)
    # It says 260 a second and takes 200: throttles come, with half of the rate and more going out.
    account = LimitedAccount(stage.clock, bulk_calls=None, bulk=0.01, single=0.05)
    news: list[str] = []
    stage.send(stage.work(260.0, ses=account, tell=news.append))
    assert account.calls["bulk refused"] > 0
    assert account.calls["single"] == 0
    assert news == []
    with stage.ledger.reading() as connection:
        assert call_modes.present(connection) is Mode.TENTHS


def test_a_worker_that_comes_late_with_another_mode_changes_nothing(stage) -> None:
    with stage.ledger.writing() as connection:
        call_limits.lock(connection, ACCOUNT, replace(TRIED, mode=Mode.FULL))
        late = Reply(Verdict.THROTTLED, [], throttled=True)
        rate = Rate(200.0, 0.0, "spring-offer")
        assert call_modes.note(connection, rate, Mode.TENTHS, late) == (Mode.FULL, "")
        assert call_limits.read(connection, ACCOUNT) == replace(TRIED, mode=Mode.FULL)
