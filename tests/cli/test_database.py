"""`campaign db`: backup, restore, and the word that a restored ledger waits for."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from cli.prefect_server import free_port
from mail import sending, working
from mail.restoring import QueueOfAnother
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


def make_older(office: "Office") -> None:
    """Let the ledger be one of before the schema had its newest parts."""
    with closing(sqlite3.connect(office.folder / "ledger.sqlite3")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0012'")
        raw.commit()


# Whatever only looks, or changes what is there, and the flows' own steps.
@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("status", "spring-offer"),
        ("halt", "spring-offer"),
        ("report", "spring-offer", "--out", "report"),
        ("suppress", "list"),
        ("suppress", "add", "a@reader.example", "--note", "a test", "--by", "Ann"),
        ("clean", "list.csv", "--no-mx", "--out", "cleaned"),
        ("send", "campaign.yaml", "--dry-run"),
        ("collect",),
        ("keys", "list"),
        ("account",),
        ("db", "restored"),
        ("db", "backup", "copy.sqlite3"),
    ],
    ids=" ".join,
)
def test_no_command_but_three_changes_an_older_schema(
    office: "Office", command: "Command", arguments: tuple[str, ...]
) -> None:
    make_older(office)
    before = (office.folder / "ledger.sqlite3").read_bytes()
    ran = command(*arguments)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "run `campaign db upgrade`, which copies it first." in ran.err
    assert (office.folder / "ledger.sqlite3").read_bytes() == before


def test_a_status_makes_no_ledger(office: "Office", command: "Command") -> None:
    (office.folder / "ledger.sqlite3").unlink()
    looked = command("status")
    assert (looked.code, looked.err) == (0, "")
    assert looked.out == (
        f"there is no ledger at {office.folder}/ledger.sqlite3 yet: `campaign send FILE` makes it.\n"
    )
    assert command("status", "--json").out == "[]\n"
    assert command("status", "spring-offer").code == 2
    assert not (office.folder / "ledger.sqlite3").exists()


def test_a_new_ledger_is_announced_by_whichever_command_makes_it(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{office.folder}/mistyped.sqlite3")
    ran = command("clean", "list.csv", "--no-mx", "--out", "cleaned", "--json")
    told = f"new ledger at {office.folder}/mistyped.sqlite3: it knows of no bounces, no unsubscribes.\n"
    assert (ran.code, ran.err) == (0, told)
    assert json.loads(ran.out)["ledger"]["name"] == f"{office.folder}/mistyped.sqlite3"
    assert json.loads(ran.out)["ledger"]["suppressions"] == 0


@pytest.fixture
def shared(office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A queue like one of AWS, over which another ledger has sent."""
    made = command("setup", "--configuration-set", "new", "--topic", "new", "--queue", "new").out
    for line in made.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    settings.cache_clear()
    send_on(office, office.begin(office.folder / "campaign.yaml"))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{office.folder}/mistyped.sqlite3")
    settings.cache_clear()
    with office.ledger():
        yield


def test_a_new_ledger_on_the_queue_of_another_one_is_refused_until_a_person_says_so(
    office: "Office", command: "Command", shared: None
) -> None:
    accepted = office.world.summary()["accepted"]
    for arguments in (
        ("send", "campaign.yaml", "--dry-run"),
        ("collect",),
        ("api", "--port", str(free_port())),
    ):
        ran = command(*arguments)
        assert (ran.code, "campaign db adopt-queue --by WHO --reason WHY" in ran.err) == (2, True)
    name = office.begin(office.folder / "campaign.yaml")
    with pytest.raises(QueueOfAnother):
        send_on(office, name)
    assert office.world.summary()["accepted"] == accepted
    adopted = command("db", "adopt-queue", "--by", "Ann", "--reason", "a second brand")
    assert (adopted.code, adopted.err) == (0, "")
    assert command("send", "campaign.yaml", "--dry-run").code == 0
    assert send_on(office, name) == "nothing_left"
    assert office.world.summary()["accepted"] == 2 * accepted
    assert "Ann said so before" in command("db", "adopt-queue", "--by", "Ben", "--reason", "again").out
