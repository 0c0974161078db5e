"""`campaign messages drop` and `campaign keys revoke`: queued mail taken back by an operator."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from cli import keys
from ledger import owners, singles
from ledger.schema import message, single
from ledger.singles import NewSingle

if TYPE_CHECKING:
    from conftest import Command, Office

HOW = ("--by", "Cy", "--reason", "wrong people")
NEW = NewSingle(
    public_id="",
    owner_id=0,
    operator="ann",
    sender="news@shop.example",
    recipient="reader@mail.example",
    address="reader@mail.example",
    address_key="reader@mail.example",
    domain="mail.example",
    subject="Offer",
    text="we have a new offer",
    unsubscribe_text="Unsubscribe",
)


def add(office: "Office", *posted: tuple[str, str]) -> list[str]:
    """Queue a message for each (owner, operator); return their public ids."""
    ids = [f"{number:020x}" for number in range(len(posted))]
    with office.ledger() as ledger, ledger.writing() as connection:
        for public_id, (owner, operator) in zip(ids, posted, strict=True):
            owner_id = owners.ensure(connection, owner)
            new = replace(NEW, public_id=public_id, owner_id=owner_id, operator=operator)
            singles.add(connection, [new])
    return ids


def statuses(office: "Office") -> list[str]:
    with office.ledger() as ledger, ledger.reading() as connection:
        return list(connection.execute(select(message.c.status).order_by(message.c.id)).scalars())


def test_an_owners_queue_is_dropped_and_nobody_elses(office: "Office", command: "Command") -> None:
    add(office, ("Eli", "ann"), ("Eli", "bea"), ("Bob", "ann"))
    ran = command("messages", "drop", "--owner", "Eli", *HOW)
    assert (ran.code, ran.out, ran.err) == (0, "2 messages taken back.\n", "")
    assert statuses(office) == ["CANCELLED", "CANCELLED", "QUEUED"]
    again = command("messages", "drop", "--owner", "Eli", "--json", *HOW)
    assert json.loads(again.out) == {
        "taken_back": 0,
        "under_way": 0,
        "taken_back_before": 0,
        "too_late": 0,
    }


def test_by_id_it_says_what_came_too_late(office: "Office", command: "Command") -> None:
    first, second, third = add(office, ("Eli", "ann"), ("Eli", "ann"), ("Eli", "ann"))
    with office.ledger() as ledger, ledger.writing() as connection:
        for id_, stage in ((2, "SENDING"), (3, "REJECTED")):
            row = update(message).where(message.c.id == id_)
            connection.execute(row.values(stage=stage, status=stage))
    ran = command("messages", "drop", first, second, third, *HOW)
    assert ran.code == 1
    assert ran.out == (
        "1 message taken back; 1 being sent already: if not sent by that, then not at all; "
        "1 sent or settled before.\n"
    )
    assert statuses(office) == ["CANCELLED", "SENDING", "REJECTED"]
    again = command("messages", "drop", first, *HOW)
    assert (again.code, again.out) == (0, "0 messages taken back; 1 taken back before.\n")


@pytest.mark.parametrize(
    "asked",
    [
        ("messages", "drop", *HOW),
        ("messages", "drop", "1", "--owner", "Eli", *HOW),
        ("messages", "drop", "1", *HOW),
        ("messages", "drop", "--owner", "Nobody", *HOW),
        ("messages", "drop", "--owner", "Eli", "--by", "Cy"),
        ("messages", "drop", "--owner", "Eli", "--by", "Cy", "--reason", " "),
        ("messages", "drop", "--owner", "Eli", "--by", "a\nb", "--reason", "why"),
        ("messages", "drop", "--owner", "Eli", "--by", "Cy", "--reason", "reader@mail.example asked"),
        ("keys", "revoke", "7"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_drops_nothing(
    office: "Office", command: "Command", asked: tuple[str, ...]
) -> None:
    add(office, ("Eli", "ann"))
    ran = command(*asked)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("campaign: ")
    assert ran.err.count("\n") == 1
    assert statuses(office) == ["QUEUED"]


def test_a_key_that_is_only_replaced_may_keep_its_queued_mail(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    command("keys", "create", "--owner", "Eli", "--operator", "ann")
    add(office, ("Eli", "ann"), ("Eli", "ann"), ("Eli", "bea"), ("Bob", "ann"))
    ran = command("keys", "revoke", "1", "--keep-queued")
    assert ran.out.splitlines() == [
        "Key 1 is revoked: from now on it is refused.",
        "2 messages of this owner, posted by ann, are still queued and will be sent: "
        "`campaign keys revoke 1` takes them back.",
    ]
    assert statuses(office) == ["QUEUED"] * 4
    # The key was refused long since: nothing more can come by it.
    monkeypatch.setattr(keys.time, "sleep", lambda seconds: pytest.fail("it waited"))
    assert "2 messages taken back." in command("keys", "revoke", "1").out
    assert statuses(office) == ["CANCELLED"] * 2 + ["QUEUED"] * 2


def test_a_revoked_keys_queued_mail_does_not_go_out_and_that_of_the_operators_other_key_does(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys.time, "sleep", lambda seconds: None)
    for _ in range(2):
        command("keys", "create", "--owner", "Eli", "--operator", "ann")
    add(office, *[("Eli", "ann")] * 3)
    with office.ledger() as ledger, ledger.writing() as connection:
        # The first one was posted before keys were kept.
        for message_id, key_id in ((2, 1), (3, 2)):
            row = update(single).where(single.c.message_id == message_id)
            connection.execute(row.values(key_id=key_id))
    assert "2 messages taken back." in command("keys", "revoke", "1").out
    assert statuses(office) == ["CANCELLED", "CANCELLED", "QUEUED"]


def test_what_running_processes_took_in_before_they_heard_of_it_is_withdrawn_too(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    command("keys", "create", "--owner", "Eli", "--operator", "ann")
    monkeypatch.setattr(keys.time, "sleep", lambda seconds: add(office, ("Eli", "ann"), ("Bob", "ann")))
    ran = command("keys", "revoke", "1", "--by", "Cy", "--reason", "lost laptop")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "1 message taken back.")
    assert statuses(office) == ["CANCELLED", "QUEUED"]
    with office.ledger() as ledger, ledger.reading() as connection:
        details = connection.execute(select(message.c.detail).order_by(message.c.id)).scalars().all()
    assert details == ["lost laptop", None]


def test_who_took_messages_back_can_be_seen(office: "Office", command: "Command") -> None:
    assert command("messages", "withdrawals").out == "Nothing was ever taken back.\n"
    add(office, ("Ann", "ann"), ("Ann", "bob"))
    command("messages", "drop", "--owner", "Ann", *HOW)
    assert "2 messages by Cy: wrong people" in command("messages", "withdrawals").out
    (found,) = json.loads(command("messages", "withdrawals", "--json").out)["withdrawals"]
    assert (found["by"], found["reason"], found["messages"]) == ("Cy", "wrong people", 2)
