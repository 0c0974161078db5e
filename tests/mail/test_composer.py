"""Composing where it can be left: what takes too much ends alone, and the next text is composed."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from ledger.singles import Mail
from mail import composer
from mail.composer import WHEN_POSTED, ComposerBusy, ComposerProcess, Limits
from mail.errors import Uncomposable
from mail.harmless import MAX_TAGS
from mail.message import Content, MessageContext

URL = "https://mail.shop.example/unsubscribe/token"
# It takes about a tenth of a second.
HEAVY = "<table>" + "<tr><td><p>word</p>" * 5_000 + "</table>"
LIGHT = "<p>Hello</p>"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def process() -> Iterator[ComposerProcess]:
    process = ComposerProcess()
    yield process
    process.close()


def mail_of(text: str) -> Mail:
    return Mail("news@shop.example", "Promo é", text, "Unsubscribe", "EliPackage")


def composed(process: ComposerProcess, text: str, limits: Limits = WHEN_POSTED) -> Content:
    return process.compose(mail_of(text), MessageContext("someone@mail.example", URL), limits)


@pytest.mark.parametrize("text", [LIGHT, "plain", HEAVY, "<p>ж 😀 &amp; \ud800</p>"])
def test_it_makes_of_a_text_what_this_process_would(process: ComposerProcess, text: str) -> None:
    here = composer.compose_here(mail_of(text), MessageContext("someone@mail.example", URL))
    assert composed(process, text) == here


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(0.02, 10.0, 64), "more than 0.02 seconds to lay out"),
        (Limits(2.0, 10.0, 1), "MB to lay out|no mail can be made of it|breaks off"),
    ],
)
def test_what_takes_too_much_is_refused_and_the_next_text_is_composed(
    process: ComposerProcess, limits: Limits, reason: str
) -> None:
    with pytest.raises(Uncomposable, match=reason):
        composed(process, HEAVY, limits)
    assert "Hello" in composed(process, LIGHT).text


def test_a_busy_machine_is_not_the_texts_fault(process: ComposerProcess) -> None:
    with pytest.raises(ComposerBusy, match=r"not composed within 0\.02 seconds"):
        composed(process, HEAVY, Limits(2.0, 0.02, 64))
    assert "Hello" in composed(process, LIGHT).text


def test_a_process_that_was_killed_is_started_again(process: ComposerProcess) -> None:
    composed(process, LIGHT)
    assert process._running is not None
    os.killpg(process._running.pid, signal.SIGKILL)
    process._running.wait()
    assert "Hello" in composed(process, LIGHT).text


def test_a_process_that_cannot_run_is_not_the_texts_fault() -> None:
    process = ComposerProcess((sys.executable, "-c", "pass"))
    with pytest.raises(ComposerBusy):
        composed(process, LIGHT)
    process.close()


def test_what_is_not_harmless_is_composed_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Elsewhere:
        def compose(self, mail: Mail, context: MessageContext, limits: Limits) -> Content:
            asked.append(len(mail.text))
            return composer.compose_here(mail, context)

    monkeypatch.setattr(composer, "process", Elsewhere)
    context = MessageContext("someone@mail.example", URL)
    composer.compose(mail_of(LIGHT), context)
    composer.compose(mail_of("<b>" * (MAX_TAGS + 1)), context)
    assert asked == [3 * (MAX_TAGS + 1)]


def test_what_breaks_here_is_that_texts_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Content:
        raise ZeroDivisionError("someone@mail.example")

    monkeypatch.setattr(composer.single_message, "compose", broken)
    with pytest.raises(Uncomposable, match=r"^no mail can be made of it \(ZeroDivisionError\)$"):
        composer.compose(mail_of(LIGHT), MessageContext("someone@mail.example", URL))
