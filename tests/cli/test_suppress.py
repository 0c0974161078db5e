"""`campaign suppress ...`: the suppression list on the command line."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

import sandbox
import settings
from cli import main, suppress_files
from ledger.suppressions import SuppressionReason

ADDRESS = "Anna@shop.example"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run `campaign` with arguments in an empty folder, and return its exit code and what it wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.sqlite3'}")

    def campaign(*arguments: str | os.PathLike[str]) -> SimpleNamespace:
        settings.settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["campaign", *map(os.fspath, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        written = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=written.out, err=written.err)

    yield campaign
    settings.settings.cache_clear()


def add(run, address: str = ADDRESS, *more: str) -> SimpleNamespace:
    return run("suppress", "add", address, "--reason-note", "on the telephone", "--by", "Ada", *more)


def listed(run, *more: str) -> list[tuple[str, str, str]]:
    found = json.loads(run("suppress", "list", "--json", *more).out)
    return [(entry["address"], entry["reason"], entry["list"]) for entry in found["entries"]]


def test_the_reasons_to_choose_from_are_the_ledger_s() -> None:
    assert list(suppress_files.REASONS) == [reason.value for reason in SuppressionReason]


def test_an_address_is_put_on_the_list_shown_and_taken_off(run) -> None:
    assert add(run).out == "Suppressed.\n"
    assert add(run).out == "It was suppressed for this already; nothing changed.\n"
    assert listed(run) == [("anna@shop.example", "manual", "")]
    assert "anna@shop.example  manual, everywhere, since 20" in run("suppress", "list").out
    taken = run("suppress", "remove", ADDRESS, "--by", "Bob", "--reason", "wrote to us")
    assert (taken.code, taken.out) == (0, "Taken off: manual.\n")
    assert listed(run) == []
    lines = run("suppress", "history", ADDRESS).out.splitlines()
    assert [line.partition("UTC  ")[2] for line in lines] == [
        "added manual, everywhere by Ada (by hand): on the telephone",
        "removed manual, everywhere by Bob (by hand): wrote to us",
    ]
    whole = json.loads(run("suppress", "history", ADDRESS, "--json").out)
    assert [(change["action"], change["by"]) for change in whole] == [("added", "Ada"), ("removed", "Bob")]


def test_an_unsubscribe_is_not_lifted_by_mistake(run) -> None:
    add(run, ADDRESS, "--reason", "unsubscribe", "--list", "weekly")
    remove = ("suppress", "remove", ADDRESS, "--by", "Bob", "--reason", "x", "--list", "weekly")
    refused = run(*remove)
    assert refused.code == 2
    assert "--at-their-request" in refused.err
    assert "anna" not in refused.err.lower()
    assert run(*remove, "--at-their-request").code == 0


def test_the_list_can_be_narrowed_and_cut(run) -> None:
    add(run, "a@shop.example", "--reason", "complaint")
    add(run, "b@shop.example", "--list", "weekly")
    add(run, "c@shop.example")
    assert listed(run, "--reason", "complaint") == [("a@shop.example", "complaint", "")]
    assert listed(run, "--list", "weekly") == [("b@shop.example", "manual", "weekly")]
    shown = run("suppress", "list", "--limit", "2").out
    assert "3 suppressed; `campaign suppress export` writes the other 1." in shown
    assert "c@shop.example" not in shown


def test_what_is_exported_can_be_imported(run, tmp_path: Path) -> None:
    add(run, "a@shop.example", "--reason", "complaint", "--list", "weekly")
    assert run("suppress", "export", "out.csv").out == "1 written to out.csv\n"
    # With its mark: a new one is meant.
    for path in tmp_path.glob("ledger.sqlite3*"):
        path.unlink()
    imported = run("suppress", "import", "out.csv", "--by", "Ada")
    assert imported.out == "1 rows: 1 added, 0 suppressed before, 0 without an address\n"
    assert listed(run) == [("a@shop.example", "complaint", "weekly")]


def test_an_import_leaves_nobody_out_behind_a_quote(run, tmp_path: Path) -> None:
    text = '"email","reason"\n"a@shop.example","unsubscribe\n"b@shop.example","unsubscribe"\n'
    (tmp_path / "old.csv").write_text(text, encoding="utf-8")
    refused = run("suppress", "import", "old.csv", "--by", "Ada")
    assert 'old.csv, row 1: a quote (") opens there and is never closed' in refused.err
    assert listed(run) == []
    (tmp_path / "old.csv").write_text(text.replace('"', "").replace("@", '"@', 1), encoding="utf-8")
    taken = run("suppress", "import", "old.csv", "--by", "Ada", "--quote", "none")
    assert taken.out.startswith("2 rows: 1 added, 0 suppressed before, 1 without an address")


def test_an_import_says_which_rows_have_no_address(run, tmp_path: Path) -> None:
    rows = ["email", *("nobody" for _ in range(11)), "a@shop.example"]
    (tmp_path / "old.csv").write_text("\n".join(rows), encoding="utf-8")
    found = run("suppress", "import", "old.csv", "--by", "Ada", "--reason", "hard_bounce")
    assert found.out.splitlines() == [
        "12 rows: 1 added, 0 suppressed before, 11 without an address",
        "  no address in row 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ...",
    ]
    assert listed(run) == [("a@shop.example", "hard_bounce", "")]
    again = json.loads(run("suppress", "import", "old.csv", "--by", "Ada", "--json").out)
    assert (again["rows"], again["added"], again["malformed"]) == (12, 1, 11)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "nobody", "--reason-note", "x", "--by", "Ada"), "not an e-mail address"),
        (("add", ADDRESS, "--reason-note", "x", "--by", " "), "--by is blank"),
        (("add", ADDRESS, "--by", "Ada"), "Missing option '--reason-note'"),
        (("remove", ADDRESS, "--by", "Ada", "--reason", "x"), "the address is not suppressed"),
        (("add", ADDRESS, "--reason-note", "x", "--by", "Ada", "--list", "x" * 201), "list's name must be"),
        (("import", "nothing.csv", "--by", "Ada"), "nothing.csv"),
        (("import", "nothing.csv", "--by", ""), "--by is blank"),
        (("list", "--reason", "bored"), "'bored' is not one of"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_without_the_address(run, arguments, message: str) -> None:
    found = run("suppress", *arguments)
    assert found.code == 2
    assert message in found.err
    assert "Traceback" not in found.err
    assert "anna" not in found.err.lower()


@pytest.mark.parametrize(
    ("content", "refused", "mend"),
    [
        (b"a@shop.example\nb@shop.example\n", "--no-header", ["--no-header"]),
        ("email\njosé@shop.example\n".encode("latin-1"), "--encoding", ["--encoding", "latin-1"]),
        ("email\na@shop.example\n".encode("utf-16-le"), "--encoding", ["--encoding", "utf-16-le"]),
        (b"email^name\na@shop.example^A\n", "--delimiter", ["--delimiter", "^"]),
    ],
)
def test_the_options_that_a_refused_import_names_are_there_and_help(
    run, tmp_path: Path, content: bytes, refused: str, mend: list[str]
) -> None:
    (tmp_path / "old.csv").write_bytes(content)
    first = run("suppress", "import", "old.csv", "--by", "Ada")
    assert (first.code, refused in first.err, listed(run)) == (2, True, [])
    assert run("suppress", "import", "old.csv", "--by", "Ada", *mend).code == 0
    assert all(address.endswith("@shop.example") for address, _, _ in listed(run))


@pytest.mark.parametrize(
    "entry", ["*@shop.example", "@shop.example", " *@shop.example ", "**@xn--bcher-kva.example"]
)
def test_a_whole_domain_is_never_suppressed_without_effect(run, tmp_path: Path, entry: str) -> None:
    refused = add(run, entry)
    assert (refused.code, "a whole domain cannot be suppressed" in refused.err) == (2, True)
    (tmp_path / "old.csv").write_text(f"email\n{entry}\na@mail.example\n", encoding="utf-8")
    imported = run("suppress", "import", "old.csv", "--by", "Ada")
    assert (imported.code, "old.csv, row 1: a whole domain" in imported.err) == (2, True)
    assert imported.out.startswith("2 rows: 1 added, 0 suppressed before, 1 without an address\n")
    assert listed(run) == [("a@mail.example", "manual", "")]


@pytest.mark.parametrize("address", ["*@b@shop.example", "a*b@shop.example", "*a@shop.example"])
def test_a_star_in_an_address_is_no_domain(run, tmp_path: Path, address: str) -> None:
    assert "whole domain" not in add(run, address).err


def test_an_import_without_any_address_did_not_work(run, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("email\nnobody\nnobody\n", encoding="utf-8")
    found = run("suppress", "import", "old.csv", "--by", "Ada")
    assert (found.code, "old.csv holds no address" in found.err) == (2, True)


def test_a_list_is_cleaned_as_of_a_day_and_under_a_name(run, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("email\nAnna@shop.example\nb@shop.example\n", encoding="utf-8")
    add(run, ADDRESS, "--list", "weekly")
    clean = ("clean", "list.csv", "--out", "out", "--no-mx", "--json", "--list", "weekly")
    assert json.loads(run(*clean).out)["by_reason"]["suppressed"] == 1
    then = json.loads(run(*clean, "--as-of", "2020-02-29").out)
    assert then["by_reason"]["suppressed"] == 0
    assert then["warnings"][0].startswith("As of 2020-02-29: ")
    assert run(*clean, "--as-of", "yesterday").code == 2
    assert run(*clean, "--list", "a\nb").code == 2


def test_the_account_s_list_and_this_one_are_brought_together(run, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox.start(sandbox.SandboxOptions(s3=False)) as world:
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in world.environment.items():
            monkeypatch.setenv(name, value)
        boto3.client("sesv2").put_suppressed_destination(EmailAddress="a@shop.example", Reason="BOUNCE")
        add(run, ADDRESS, "--reason", "complaint")
        found = json.loads(run("suppress", "sync", "--json").out)
        assert found == {"listed": 1, "pulled": 1, "pushed": 1, "lifted": 0, "refused": 0}
        assert run("suppress", "sync", "--direction", "pull").out.startswith("2 on SES's list: 0 new here")
    assert listed(run) == [("a@shop.example", "hard_bounce", ""), ("anna@shop.example", "complaint", "")]


def test_an_import_with_an_end_is_taken_back_by_its_number(run, tmp_path: Path) -> None:
    (tmp_path / "gone.csv").write_text("email\na@mail.example\nb@mail.example\n", encoding="utf-8")
    told = run("suppress", "import", "gone.csv", "--by", "Ada", "--until", "2099-12-31", "--json")
    number = json.loads(told.out)["import"]
    assert run("suppress", "import", "gone.csv", "--by", "Ada", "--until", "2001-01-01").code == 2
    back = ("suppress", "remove", "--from-import", str(number), "--by", "Ada", "--reason", "wrong file")
    assert run(*back, "a@mail.example").code == 2
    assert run(*back).out.startswith(f"Import {number} is taken back: 2 taken off.")
    assert run(*back).code == 2
    assert run("suppress", "list").out == "0 suppressed.\n"
