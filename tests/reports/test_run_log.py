"""The log of a run that sends: figures twice a minute, and what it waits for."""

from dataclasses import replace

import pytest

from mail.holdups import Cause, Holdup
from reports import run_log, status
from reports.run_log import COUNTS_SECONDS, RunLog

AT_NINE = 1_795_424_400.0
OUTCOMES = Holdup(Cause.OUTCOMES, "outcomes: 100 messages are out", AT_NINE)


@pytest.fixture
def found(told):
    with told.ledger.reading() as connection:
        return status.of(connection, "spring-offer")


def test_every_cause_is_a_sentence_with_its_time() -> None:
    for cause in Cause:
        said = run_log.sentence(Holdup(cause, "somebody", AT_NINE))
        assert said.startswith("Waits for somebody; ")
        assert said.endswith(" 2026-11-23 09:00:00 UTC.")
        assert run_log.sentence(Holdup(cause, "somebody")) == "Waits for somebody."


def test_the_figures_come_twice_a_minute(found) -> None:
    log = RunLog(0.0)
    lines = {now: log.lines(float(now), found) for now in range(0, 121, 2)}
    assert [now for now, each in lines.items() if each] == [30, 60, 90, 120]
    assert COUNTS_SECONDS == 30.0
    assert lines[30] == [
        "13 of 20 sent, 6 delivered, 3 hard bounced (23.08 %), 2 without an outcome yet, 1 in doubt."
    ]


def test_a_wait_is_told_once_it_lasts_and_again_with_the_figures_and_its_end(found) -> None:
    log, waits = RunLog(0.0), replace(found, holdups=(OUTCOMES,))
    said = run_log.sentence(OUTCOMES)
    assert log.lines(2.0, waits) == []
    assert log.lines(4.0, waits) == [said]
    assert log.lines(6.0, waits) == []
    assert log.lines(30.0, waits) == [said, f"{run_log.counts(found)}."]
    assert log.lines(32.0, found) == ["Goes on."]
    assert log.lines(34.0, found) == []


def test_what_one_look_alone_sees_is_no_wait(found) -> None:
    log, waits = RunLog(0.0), replace(found, holdups=(OUTCOMES,))
    for second in range(1, 29, 2):
        assert log.lines(float(second), waits if second % 4 == 1 else found) == []


def test_a_halt_is_told_at_once_and_once(found) -> None:
    log, asks = RunLog(0.0), Holdup(Cause.DECISION, "a person", AT_NINE)
    halted = replace(found, holdups=(asks,))
    assert log.lines(1.0, halted) == [run_log.sentence(asks)]
    assert log.lines(3.0, halted) == []


def test_another_wait_is_told_as_well(found) -> None:
    log, outage = RunLog(0.0), Holdup(Cause.OUTAGE, "SES", AT_NINE)
    first, second = replace(found, holdups=(OUTCOMES,)), replace(found, holdups=(outage,))
    log.lines(1.0, first)
    log.lines(2.0, first)
    assert log.lines(3.0, second) == []
    assert log.lines(4.0, second) == [run_log.sentence(outage)]


def test_one_line_has_figures_and_waits(found) -> None:
    waits = replace(found, holdups=(OUTCOMES,))
    assert run_log.line(waits) == f"{run_log.counts(found)}. {run_log.sentence(OUTCOMES)}"


def test_the_status_shows_in_lines_what_it_does_not_show_already(found) -> None:
    shown = replace(found, holdups=(OUTCOMES, Holdup(Cause.OUTAGE, "SES"), Holdup(Cause.WARM_UP, "a day")))
    assert run_log.waits(shown) == [run_log.sentence(OUTCOMES)]
