"""The choices of list hygiene on the command line, and accepting suggestions as the step after them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.lists import accept_suggestions, clean
from settings import settings

LIST = "email\nhelmut@shop.example\ninfo@shop.example\nanna@gmal.com\nben@gmail.com\nx@own.example\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path}/ledger.sqlite3")
    settings.cache_clear()
    (tmp_path / "list.csv").write_text(LIST)
    (tmp_path / "roles.txt").write_text("helmut\n!info\n")
    (tmp_path / "domains.txt").write_text("own.example\n")
    return tmp_path


def reasons(folder: Path, *options: str) -> dict[str, int]:
    command = [str(folder / "list.csv"), "--out", str(folder / "out"), "--no-mx", "--json", *options]
    result = CliRunner().invoke(clean, command, catch_exceptions=False)
    summary = json.loads(result.output)
    return {reason: count for reason, count in summary["by_reason"].items() if count}


def test_choices_that_are_not_made_are_those_of_the_policy(folder: Path) -> None:
    assert reasons(folder) == {"role_alias": 1}


def test_every_choice_arrives(folder: Path) -> None:
    names = ("--role-names", str(folder / "roles.txt"), "--disposable-domains", str(folder / "domains.txt"))
    drops = ("--disposable", "drop", "--free-mail", "drop", "--typo", "drop")
    assert reasons(folder, *names, *drops) == {"role_alias": 1, "disposable": 1, "free_mail": 1, "typo": 1}
    assert reasons(folder, "--role-alias", "keep", "--typo", "keep") == {}


def test_suggestions_are_accepted_into_a_new_list(folder: Path) -> None:
    reasons(folder)
    new = folder / "new.csv"
    result = CliRunner().invoke(
        accept_suggestions, [str(folder / "out"), "--out", str(new), "--json"], catch_exceptions=False
    )
    assert json.loads(result.output) == {"rows": 5, "replaced": 1, "left_out": 0}
    assert '"anna@gmail.com","anna@gmal.com"' in new.read_text()


def test_what_was_done_is_said_to_a_person(folder: Path) -> None:
    (folder / "list.csv").write_text(LIST + "one,too many\n")
    reasons(folder)
    command = [str(folder / "out"), "--out", str(folder / "new.csv"), "--but-not", "gmail.com"]
    result = CliRunner().invoke(accept_suggestions, command, catch_exceptions=False)
    assert "5 rows: 0 addresses replaced" in result.output
    assert "1 broken rows are left out" in result.output
    assert "column original_address" in result.output
