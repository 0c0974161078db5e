"""What of a claim waits to be sent, and how far ahead of its call it is rendered."""

from collections.abc import Iterator

import pytest

from mail import waiting
from mail.message import Content
from mail.ses_requests import MAX_CALL_BYTES, Outgoing
from mail.waiting import Waiting

CONTENT = Content("Spring", "", "Hello", ())


class Rendering:
    """Messages of one size; `done` counts those that were rendered."""

    def __init__(self, messages: int, size: int = 1_000) -> None:
        self.done = 0
        self.messages = messages
        self.size = size

    def __iter__(self) -> Iterator[Outgoing]:
        for number in range(self.messages):
            self.done += 1
            yield Outgoing(number, f"send-{number}", "a@reader.example", CONTENT, self.size)


def ids(messages: list[Outgoing]) -> list[int]:
    return [message.message_id for message in messages]


def test_a_call_has_its_messages_rendered_and_no_others() -> None:
    rendering = Rendering(7)
    claim = Waiting(iter(rendering))
    assert ids(claim.take(3)) == [0, 1, 2]
    assert rendering.done == 3
    assert ids(claim.take(3)) == [3, 4, 5]
    assert ids(claim.take(3)) == [6]
    assert claim.take(3) == []


def test_a_call_holds_no_more_bytes_than_ses_takes() -> None:
    claim = Waiting(iter(Rendering(4, MAX_CALL_BYTES // 2)))
    assert ids(claim.take(50)) == [0, 1]
    assert ids(claim.take(50)) == [2, 3]


def test_one_message_alone_goes_out_however_large_it_is() -> None:
    claim = Waiting(iter(Rendering(2, 2 * MAX_CALL_BYTES)))
    assert ids(claim.take(50)) == [0]
    assert ids(claim.take(50)) == [1]


def test_what_must_go_at_once_is_taken_from_what_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_AHEAD_BYTES", 5_000)
    rendering = Rendering(9)
    claim = Waiting(iter(rendering))
    assert claim.take(3, ready=True) == []
    claim.render()
    assert rendering.done == 5
    assert ids(claim.take(3, ready=True)) == [0, 1, 2]
    assert ids(claim.take(3, ready=True)) == [3, 4]
    assert claim.take(3, ready=True) == []
    assert rendering.done == 5
    assert ids(claim.take(3)) == [5, 6, 7]


def test_rendering_ahead_fills_up_and_does_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_AHEAD_BYTES", 5_000)
    rendering = Rendering(9)
    claim = Waiting(iter(rendering))
    claim.render()
    claim.render()
    assert rendering.done == 5
    claim.take(2)
    claim.render()
    assert rendering.done == 7
    claim.take(9)
    claim.render()
    assert (rendering.done, claim.take(9)) == (9, [])


def test_what_is_put_back_comes_first_again() -> None:
    claim = Waiting(iter(Rendering(5)))
    claim.put_back(claim.take(3))
    assert ids(claim.take(2)) == [0, 1]
    assert ids(claim.take(9)) == [2, 3, 4]
