"""`campaign events ...`: what came off the event queue and could not be read."""

import json
import os
import shutil
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import settings
from cli import main
from ledger import unread
from ledger.engine import open_ledger

BODIES = {
    "Hello Anna, write to anna.b@shop.example": "not JSON",
    json.dumps(
        {"Event": "s3:TestEvent", "Owner": "ben%40shop.example", "To": "c\\u0040shop"}
    ): "no mail in it",
}


@pytest.fixture(scope="module")
def holding_unread(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that holds unread messages, to copy."""
    path = tmp_path_factory.mktemp("unread") / "ledger.sqlite3"
    with open_ledger(f"sqlite:///{path}") as ledger, ledger.writing() as connection:
        unread.keep(connection, BODIES)
    return path


@pytest.fixture
def run(
    holding_unread: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """Run `campaign` over a ledger that holds unread messages; return its exit code and what it wrote."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(holding_unread, tmp_path / "ledger.sqlite3")
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.sqlite3'}")

    def campaign(*arguments: str) -> SimpleNamespace:
        settings.settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["campaign", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        written = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=written.out, err=written.err)

    yield campaign
    settings.settings.cache_clear()


def test_unread_messages_are_listed_with_their_addresses_masked(run) -> None:
    ran = run("events", "unread")
    assert ran.code == 0
    assert "not JSON, 40 bytes" in ran.out
    assert "2 unread. Whole: campaign events export FILE --by WHO" in ran.out
    found = json.loads(run("events", "unread", "--json", "--limit", "5").out)
    assert (found["total"], len(found["messages"])) == (2, 2)
    assert found["bytes"] == sum(len(body) for body in BODIES)
    contents = {each["content"] for each in found["messages"]}
    assert "Hello Anna, write to <address>" in contents
    assert any("s3:TestEvent" in each for each in contents)
    for shown in (ran.out, json.dumps(found)):
        assert not any(name in shown for name in ("anna.b", "ben", "c\\u0040", "@"))


def test_the_status_says_that_there_are_some(run) -> None:
    ran = run("status")
    assert ran.code == 0
    assert ran.err == (
        "warning: 2 messages of the event queue could not be read: `campaign events unread` shows them.\n"
    )


def test_they_are_exported_whole_into_a_file_of_ones_own_and_deleted_by_somebody(run, tmp_path: Path) -> None:
    assert run("events", "export", "unread.jsonl", "--by", "Ann").out == "2 written to unread.jsonl\n"
    file = tmp_path / "unread.jsonl"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert {each["body"] for each in found} == set(BODIES)
    again = run("events", "export", "unread.jsonl", "--by", "Ann")
    assert again.code == 2
    assert "name a new file" in again.err
    first = str(found[0]["id"])
    assert run("events", "delete", first, "--by", "Ann").out == "1 deleted.\n"
    assert run("events", "delete", "--all", "--by", "Ann", "--reason", "noise").out == "1 deleted.\n"
    assert run("events", "unread").out == "Everything that came off the event queue could be read.\n"
    assert run("status").err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("delete", "--all"),
        ("delete", "--by", "Ann"),
        ("delete", "1", "--all", "--by", "Ann"),
        ("delete", "1", "--by", " "),
        ("export", "unread.jsonl"),
        ("export", "nowhere/unread.jsonl", "--by", "Ann"),
        ("export", "unread.jsonl", "--by", ""),
    ],
)
def test_without_a_name_or_with_nothing_to_do_it_refuses(run, tmp_path: Path, arguments) -> None:
    ran = run("events", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("campaign: ")
    assert json.loads(run("events", "unread", "--json").out)["total"] == 2
    assert not (tmp_path / "unread.jsonl").exists()
