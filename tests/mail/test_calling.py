"""A worker's calls, one after the other: what is done between them, and what it remembers."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from botocore import exceptions as boto
from sqlalchemy import select, update

from ledger.breaker import FIRST_PROBE_SECONDS
from ledger.campaigns import State
from ledger.claims import Claim
from ledger.schema import breaker, limiter
from ledger.statuses import Status
from mail import claiming, rate, sending, steady
from mail.call_modes import Mode
from mail.calling import Calls, Work
from mail.rate import Rate
from mail.ses_requests import Outgoing

FAST = Rate(1e9, 0.0, "spring-offer")


def claimed(stage, recipients: int, work: Work) -> Claim:
    held = claiming.claim(stage.ledger, "spring-offer", work.owner, recipients)
    assert isinstance(held, Claim)
    return held


def rendered(work: Work, held: Claim, each: Callable[[int], None]) -> Iterator[Outgoing]:
    """Render a claim's messages, telling `each` the place of every one before it."""
    for place, message in enumerate(sending.rendered(work, held, Counter())):
        each(place)
        yield message


def next_at(stage) -> float:
    with stage.ledger.reading() as connection:
        return float(connection.execute(select(limiter.c.next_at)).scalar_one())


def test_nothing_is_rendered_between_an_intent_and_its_call(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    # Whether a turn recorded the answer before as well.
    together: list[bool] = []
    original = steady.turn

    def noting(*arguments: Any, **named: Any) -> steady.Turn | None:
        found = original(*arguments, **named)
        together.append(bool(arguments[3]))
        done.append("intent" if found is not None and found.intended else "turn")
        return found

    def calling(fake: Any, request: Mapping[str, Any]) -> Any:
        done.append("call")
        return fake.accept(request)

    monkeypatch.setattr(steady, "turn", noting)
    stage.enqueue(600)
    stage.ses.always = calling
    work = stage.work(rate=FAST)
    held = claimed(stage, 600, work)
    Calls(work, Mode.TENTHS).send(held, rendered(work, held, lambda place: done.append("render")))
    after_intents = [then for now, then in pairwise(done) if now == "intent"]
    assert set(after_intents) == {"call"}
    # Every call has its intent from a turn, most from that of the call before.
    assert (done.count("call"), len(after_intents)) == (12, 12)
    # The second call finds nothing rendered for the third; from there on there is enough.
    assert together == [False, True, False, *[True] * 9]
    assert stage.count() == {Status.SENT: 600}


def test_a_place_is_given_back_where_the_messages_for_it_cannot_be_made(stage) -> None:
    stage.enqueue(200)
    work = stage.work(500.0)
    held = claimed(stage, 200, work)
    booked: list[float] = []

    def breaks(place: int) -> None:
        if place == 100:
            # The second call's place is booked by now, and the third call's messages are wanted.
            booked.append(next_at(stage))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        Calls(work, Mode.TENTHS).send(held, rendered(work, held, breaks))
    assert stage.count() == {Status.SENT: 50, Status.CLAIMED: 150}
    assert next_at(stage) == pytest.approx(booked[0] - 50 / 500, abs=1e-6)


def test_time_that_rendering_took_is_not_waited_for_again(stage) -> None:
    stage.enqueue(150)
    work = stage.work(500.0)
    held = claimed(stage, 150, work)
    took = {100: 0.04}
    Calls(work, Mode.TENTHS).send(
        held, rendered(work, held, lambda place: stage.clock.tick(took.get(place, 0.0)))
    )
    assert stage.clock.slept == pytest.approx([0.06, 0.1])


@pytest.fixture
def answered_elsewhere(stage) -> Callable[[Any, Mapping[str, Any]], Any]:
    """A step that takes a call, just after another worker's answer has brought the breaker's count down."""

    def step(fake: Any, request: Mapping[str, Any]) -> Any:
        with stage.ledger.writing() as connection:
            connection.execute(update(breaker).values(failures=0))
        return fake.accept(request)

    return step


def test_an_answer_breaks_the_row_of_calls_without_one(stage, raising, answered_elsewhere) -> None:
    silence = raising(boto.ReadTimeoutError(endpoint_url="https://email.example"))
    stage.enqueue(400)
    stage.ses.steps = {1: silence, 2: answered_elsewhere, 3: silence, 4: silence}
    stage.send(stage.work(500.0))
    assert stage.ses.sizes() == [50] * 8
    assert max(stage.clock.slept) < FIRST_PROBE_SECONDS
    assert stage.count() == {Status.IN_DOUBT: 150, Status.SENT: 250}


def test_an_answer_ends_the_growth_of_pauses(
    stage, raising, answered_elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(rate, "hold", lambda ledger, allowed, seconds: pauses.append(seconds))
    unreachable = raising(boto.EndpointConnectionError(endpoint_url="https://email.example"))
    stage.enqueue(300)
    stage.ses.steps = {1: unreachable, 2: unreachable, 3: answered_elsewhere, 4: unreachable}
    stage.send(stage.work(500.0))
    assert pauses == [0.5, 1.0, 0.5]
    assert stage.count() == {Status.SENT: 300}


def test_a_call_that_was_taken_whole_breaks_the_row_of_refused_messages(stage, client_error) -> None:
    def refusing(fake: Any, request: Mapping[str, Any]) -> Any:
        addresses = [entry["Destination"]["ToAddresses"][0] for entry in request["BulkEmailEntries"]]
        if any(address.startswith("bad.") for address in addresses):
            raise client_error("BadRequestException", 400, "Illegal address.")
        return fake.accept(request)

    people = ["bad.1", "bad.2", *(f"good.{number}" for number in range(298)), "bad.3", "good.298"]
    stage.enqueue([f"{name}@reader.example" for name in people])
    stage.ses.always = refusing
    assert stage.send(stage.work(20.0)).ended == "nothing_left"
    assert stage.stored().state is State.RUNNING
    assert stage.count() == {Status.REJECTED: 3, Status.SENT: 299}
