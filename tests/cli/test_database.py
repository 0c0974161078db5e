"""`campaign db`: backup, restore, and the word that a restored ledger waits for."""

import json
from typing import TYPE_CHECKING

from mail import sending, working
from settings import settings

if TYPE_CHECKING:
    from conftest import Command, Office

BY = ("--by", "Ann", "--reason", "the inbox shows who has it")


def send_on(office: "Office", name: str) -> str:
    with office.ledger() as ledger:
        return sending.send_chunk(working.open_work(ledger, settings(), name), 100).ended


def test_a_restored_ledger_sends_nothing_until_a_person_has_said_so(
    office: "Office", command: "Command"
) -> None:
    name = office.begin(office.folder / "campaign.yaml")
    assert command("db", "backup", "before.sqlite3").code == 0
    send_on(office, name)
    accepted = office.world.summary()["accepted"]
    done = command("db", "restore", "before.sqlite3", "--by", "Ann")
    assert (done.code, done.err) == (0, "")
    assert "0 attempts to send" in done.out
    assert ".replaced-" in done.out
    assert send_on(office, name) == "PAUSED"
    assert office.world.summary()["accepted"] == accepted
    status = command("status", name)
    assert status.err.startswith("warning: this ledger is an older copy of itself")
    assert f"campaign in-doubt {name} --resend --by WHO --reason WHY" in status.out
    assert f"campaign in-doubt {name} --assume-sent --by WHO --reason WHY" in status.out
    refused = command("resume", name, *BY)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    shown = command("db", "restored")
    assert "campaign db restored --accept --by WHO --reason WHY" in shown.out
    assert f"{name}: {accepted} in doubt" in shown.out
    assert command("db", "restored", "--accept", *BY).code == 0
    known = json.loads(command("db", "restored", "--json").out)
    assert [each["accepted_by"] for each in known["restores"]] == ["Ann", "Ann"]
    assert command("in-doubt", name).out.splitlines()[1].startswith("forgotten")
    assert command("in-doubt", name, "--assume-sent", *BY).code == 0
    assert command("resume", name, *BY).code == 0
    assert send_on(office, name) == "nothing_left"
    assert office.world.summary()["accepted"] == accepted


def test_a_ledger_that_was_never_restored_says_so(office: "Office", command: "Command") -> None:
    assert command("db", "restored").out == "This ledger was never restored.\n"
    refused = command("db", "restored", "--accept", *BY)
    assert (refused.code, "does not wait for anybody's word" in refused.err) == (2, True)


def test_a_ledger_that_was_restored_by_other_means_is_marked(office: "Office", command: "Command") -> None:
    name = office.begin(office.folder / "campaign.yaml")
    assert command("db", "restored", "--mark", *BY).code == 0
    assert send_on(office, name) == "PAUSED"
    assert office.world.summary()["accepted"] == 0


def test_wrong_options_and_files_are_one_sentence(office: "Office", command: "Command") -> None:
    assert command("db", "upgrade").code == 0
    for arguments in (
        ("db", "restored", "--mark"),
        ("db", "restored", "--mark", "--accept", *BY),
        ("db", "restore", "no-such-file"),
        ("db", "backup", "no-such-folder/file"),
    ):
        ran = command(*arguments)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
