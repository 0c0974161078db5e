"""`campaign keys`: made once, listed by their beginning, revoked for good."""

import json
from typing import TYPE_CHECKING

import pytest

from cli import keys

if TYPE_CHECKING:
    from conftest import Command


def test_a_new_key_is_printed_alone_and_never_again(office: object, command: "Command") -> None:
    made = command("keys", "create", "--owner", "EliPackage", "--operator", "ann")
    assert (made.code, made.err) == (0, "")
    key = made.out.removesuffix("\n")
    assert key.startswith("ck_")
    assert len(key.split()) == 1
    listed = json.loads(command("keys", "list", "--json").out)
    assert [(each["owner"], each["operator"], each["revoked_at"]) for each in listed] == [
        ("EliPackage", "ann", None)
    ]
    assert key not in command("keys", "list").out


def test_a_revoked_key_says_so(office: object, command: "Command", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys.time, "sleep", lambda seconds: None)
    command("keys", "create", "--owner", "EliPackage", "--operator", "ann")
    assert command("keys", "revoke", "1").code == 0
    assert "revoked" in command("keys", "list").out
    assert command("keys", "revoke", "1").code == 0


def test_without_keys_it_is_told_how_to_make_one(office: object, command: "Command") -> None:
    assert "campaign keys create" in command("keys", "list").out


@pytest.mark.parametrize(
    "asked",
    [
        ("create", "--owner", "EliPackage"),
        ("create", "--owner", " ", "--operator", "ann"),
        ("create", "--owner", "a\nb", "--operator", "ann"),
        ("revoke", "7"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    office: object, command: "Command", asked: tuple[str, ...]
) -> None:
    ran = command("keys", *asked)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("campaign: ")
    assert ran.err.count("\n") == 1
