"""`campaign suppress review`: what an earlier version's reading of events brought, and its taking back."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import insert

import settings
from cli import main
from ledger import suppressions
from ledger.engine import open_ledger
from ledger.schema import event, message
from ledger.suppressions import Suppression, SuppressionReason

WARNING = "2 addresses are suppressed because an earlier version took mail that SES withheld"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run `campaign` over a ledger in which two of three are suppressed for nothing."""
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", url)
    with open_ledger(url) as ledger, ledger.writing() as connection:
        for id_, (name, subtype, note) in enumerate(
            [
                ("ann", "EmailValidationSuppressed", "misread/EmailValidationSuppressed"),
                ("ben", "OnTenantSuppressionList", "misread/OnTenantSuppressionList"),
                ("cora", "General", None),
            ],
            start=1,
        ):
            key = f"{name}@shop.example"
            whole = {"id": id_, "address": key, "address_key": key, "domain": "shop.example", "fields": {}}
            whole |= {"position": id_, "epoch": 1, "stage": "SENDING", "stage_at": 1.0, "attempts": 1}
            whole |= {"status": "HARD_BOUNCED", "failures": 0, "accepted_at": 1.0, "hard_bounced_at": 2.0}
            connection.execute(insert(message).values(**whole))
            told = {"dedupe_key": name, "kind": "Bounce", "message_id": id_, "received_at": 2.0}
            told |= {"bounce_type": "Permanent", "bounce_subtype": subtype, "note": note}
            connection.execute(insert(event).values(**told))
            entry = Suppression(key, SuppressionReason.HARD_BOUNCE, f"message {id_}")
            suppressions.add(connection, [entry])

    def campaign(*arguments: str) -> SimpleNamespace:
        settings.settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["campaign", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        written = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=written.out, err=written.err)

    yield campaign
    settings.settings.cache_clear()


def test_a_ledger_with_misread_events_says_so_until_they_are_lifted(run) -> None:
    assert WARNING in run("db", "upgrade").out
    assert WARNING in run("status").err
    shown = run("suppress", "review")
    assert shown.code == 0
    assert "ann@shop.example  hard_bounce, everywhere" in shown.out
    assert "SES said EmailValidationSuppressed" in shown.out
    assert "cora" not in shown.out
    found = json.loads(run("suppress", "review", "ben@shop.example", "--json").out)
    assert (found["total"], found["entries"][0]["word"]) == (1, "OnTenantSuppressionList")
    some = run("suppress", "review", "Ben@Shop.example", "--lift", "--by", "Ann", "--reason", "not sent")
    assert some.out.startswith("1 lifted.")
    rest = run("suppress", "review", "--lift", "--by", "Ann", "--reason", "not sent", "--json")
    assert json.loads(rest.out)["lifted"] == 1
    assert run("suppress", "review").out == "No suppression rests on an event that was misread.\n"
    assert json.loads(run("suppress", "list", "--json").out)["by_reason"]["hard_bounce"] == 1
    assert "by Ann (review): not sent" in run("suppress", "history", "ann@shop.example").out
    assert run("status").err == ""
    assert run("db", "upgrade").out.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--lift",), ("--lift", "--by", "Ann"), ("--lift", "--reason", "why")])
def test_nothing_is_lifted_without_a_name_and_a_reason(run, arguments: tuple[str, ...]) -> None:
    ran = run("suppress", "review", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "--lift needs --by and --reason" in ran.err
    assert json.loads(run("suppress", "review", "--json").out)["total"] == 2
