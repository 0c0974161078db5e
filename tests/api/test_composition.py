"""Texts are composed when they are posted: in turns, within a request's time, refused with the reason."""

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from api.composition import Composing
from api.errors import Refusal
from ledger.engine import Ledger
from ledger.owners import Caller
from ledger.schema import message
from ledger.singles import Mail, NewSingle
from mail.composer import ComposerBusy, Limits
from mail.errors import Uncomposable
from mail.harmless import MAX_CHARACTERS
from mail.message import Content, MessageContext

ANN, BEN = Caller(1, 1, "Ann", "ann"), Caller(2, 2, "Ben", "ben")


class Process:
    """Composes nothing: what stands first in a text says what becomes of it. `go` lets it go on."""

    def __init__(self) -> None:
        self.composed: list[str] = []
        self.go = threading.Semaphore(1_000)
        self.closed = False

    def compose(self, mail: Mail, context: MessageContext, limits: Limits) -> Content:
        self.go.acquire()
        word = mail.text.split()[0]
        self.composed.append(word)
        match word:
            case "bad":
                raise Uncomposable("its tags are bad")
            case "busy":
                raise ComposerBusy("It was not composed within 4 seconds.")
            case "broken":
                raise RuntimeError
        return Content("s", "", mail.text, ())

    def start(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


def new(word: str) -> NewSingle:
    return NewSingle(
        public_id=word,
        owner_id=1,
        operator="ann",
        sender="news@shop.example",
        recipient="someone@mail.example",
        address="someone@mail.example",
        address_key="someone@mail.example",
        domain="mail.example",
        subject="Promo",
        text=f"{word} <p>" + "x" * MAX_CHARACTERS,
        unsubscribe_text="Unsubscribe",
    )


def words(items: list[NewSingle | Refusal]) -> list[str]:
    return [item.code.value if isinstance(item, Refusal) else item.public_id for item in items]


def checked(composing: Composing, *of: str) -> list[str]:
    return words(asyncio.run(composing.check([new(word) for word in of], ANN)))


def test_each_bad_text_is_refused_with_its_reason_and_no_other() -> None:
    composing = Composing([Process(), Process()])
    found = asyncio.run(composing.check([new("good"), new("bad"), new("fine")], ANN))
    assert words(found) == ["good", "uncomposable", "fine"]
    assert isinstance(found[1], Refusal)
    assert (found[1].status, found[1].message) == (422, "`text` cannot be sent as it is: its tags are bad.")
    composing.close()


@pytest.mark.parametrize("trouble", ["busy", "broken"])
def test_trouble_that_is_not_the_texts_own_refuses_nobody(trouble: str) -> None:
    composing = Composing([Process()])
    assert checked(composing, trouble, "good") == [trouble, "good"]
    composing.close()


def test_owners_take_turns() -> None:
    process = Process()
    process.go = threading.Semaphore(0)
    composing = Composing([process])

    async def run() -> None:
        first = asyncio.create_task(composing.check([new(f"ann{n}") for n in range(4)], ANN))
        await asyncio.sleep(0)
        second = asyncio.create_task(composing.check([new("ben0"), new("ben1")], BEN))
        await asyncio.sleep(0)
        process.go.release(6)
        await asyncio.gather(first, second)

    asyncio.run(run())
    assert process.composed == ["ann0", "ann1", "ben0", "ann2", "ben1", "ann3"]
    composing.close()


def test_what_there_was_no_time_for_is_taken() -> None:
    process = Process()
    process.go = threading.Semaphore(1)
    composing = Composing([process], seconds_a_request=0.05)
    assert checked(composing, "good", "late", "later") == ["good", "late", "later"]
    process.go.release(10)
    composing.close()


def test_where_a_text_took_the_time_of_the_others_they_may_come_again() -> None:
    process = Process()
    process.go = threading.Semaphore(1)
    composing = Composing([process], seconds_a_request=0.05)
    assert checked(composing, "bad", "late", "later") == ["uncomposable", "unavailable", "unavailable"]
    process.go.release(10)
    composing.close()


def test_the_end_of_a_request_leaves_the_next_one_its_turn() -> None:
    process = Process()
    process.go = threading.Semaphore(0)
    composing = Composing([process], seconds_a_request=0.02)

    async def run() -> list[NewSingle | Refusal]:
        await composing.check([new("first"), new("never")], ANN)
        process.go.release(10)
        return await composing.check([new("next")], ANN)

    assert words(asyncio.run(run())) == ["next"]
    assert process.composed == ["first", "next"]
    composing.close()
    assert process.closed


def email(text: str, **more: Any) -> dict[str, Any]:
    return {
        "to": "someone@mail.example",
        "from": "news@shop.example",
        "subject": "Offer",
        "text": text,
    } | more


@pytest.fixture
def processes(anonymous: Any) -> Process:
    """Let the application's texts be composed by a process of the test's own."""
    process = Process()
    composing: Composing = anonymous.app.state.context.composing
    while not composing._free.empty():
        composing._free.get()
    composing._free.put(process)
    return process


def test_a_bad_text_is_answered_with_the_reason_and_stored_nowhere(
    client: Any, ledger: Ledger, processes: Process
) -> None:
    answer = client.post("/emails", json=email("bad <p>" + "x" * MAX_CHARACTERS))
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "uncomposable",
        "message": "`text` cannot be sent as it is: its tags are bad.",
        "field": "text",
    }
    with ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(message)).scalar_one() == 0


def test_in_a_list_the_others_are_taken(client: Any, processes: Process) -> None:
    texts = ["short", "bad <p>" + "x" * MAX_CHARACTERS, "good <p>" + "x" * MAX_CHARACTERS]
    answer = client.post("/emails", json=[email(text) for text in texts])
    assert answer.status_code == 207
    assert ["error" in item for item in answer.json()["data"]] == [False, True, False]
    assert processes.composed == ["bad", "good"]


def test_a_short_text_asks_no_process(client: Any, processes: Process) -> None:
    assert client.post("/emails", json=email("<p>bad</p>")).status_code == 202
    assert processes.composed == []
