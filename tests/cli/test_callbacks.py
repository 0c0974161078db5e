"""Looking after callbacks from the command line."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook

from mail import signing
from mail.callback_posting import Line
from settings import settings

if TYPE_CHECKING:
    from conftest import Command, Office

HOOK = "https://hooks.shop.example/mail"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the receiver, who checks every signature, answers."""
    planned = [410]

    async def post(line: Line, headers: Mapping[str, str], body: bytes) -> int:
        Webhook(_secret()).verify(body, dict(headers))
        return planned[0]

    monkeypatch.setattr(Line, "post", post)
    return planned


def _secret(owner: str = "") -> str:
    return signing.secrets_of(settings().secret_key.get_secret_value(), owner)[0]


def test_what_a_receiver_refused_is_listed_and_replayed(
    office: "Office", command: "Command", answers: list[int]
) -> None:
    assert command("callbacks", "list").out == "There are no callbacks.\n"
    office.send(office.write_campaign(callbacks=[HOOK]))
    assert command("callbacks", "deliver").out.startswith("0 callbacks delivered, ")
    found = json.loads(command("callbacks", "list", "--json").out)
    (receiver,) = found["receivers"]
    assert (receiver["url"], receiver["waiting"], receiver["failed"]) == (HOOK, 0, 12)
    assert receiver["disabled_at"] is not None
    assert {each["answer"] for each in found["failed"]} <= {"410", "the receiver is gone (410)"}
    listed = command("callbacks", "list").out
    assert "said that it is gone (410)" in listed
    assert "@" not in listed
    answers[0] = 200
    assert command("callbacks", "replay").code == 2
    assert command("callbacks", "replay", "--campaign", "another").out.startswith("0 callbacks")
    assert command("callbacks", "replay", "--campaign", "spring-offer").out.startswith("12 callbacks")
    done = json.loads(command("callbacks", "deliver", "--json").out)
    assert done == {"delivered": 12, "failed": 0}


def test_the_secret_is_alone_on_stdout(office: "Office", command: "Command") -> None:
    assert command("callbacks", "secret").out == f"{_secret()}\n"
    assert command("callbacks", "secret", "--owner", "EliPackage").out == f"{_secret('EliPackage')}\n"
