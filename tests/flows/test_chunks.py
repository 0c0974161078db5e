"""The loop of chunks goes on whatever becomes of what is merely shown."""

from typing import Any

import pytest

from flows import _chunks


class Future:
    """A chunk that is done at the second look."""

    def __init__(self) -> None:
        self.looks = 0
        self.state = self

    def is_final(self) -> bool:
        self.looks += 1
        return self.looks > 2

    def wait(self, timeout: float) -> None:
        pass

    def result(self) -> dict[str, Any]:
        return {"answers": {"accepted": 3}, "ended": "nothing_left"}


def test_a_progress_bar_that_cannot_be_drawn_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ConnectionError("someone@mail.example")

    monkeypatch.setattr(_chunks.sending.send_chunk, "submit", lambda *_: Future())
    assert _chunks.send("spring-offer", 2, broken) == ("nothing_left", 6)
    assert "ConnectionError" in caplog.text
    assert "someone@" not in caplog.text
