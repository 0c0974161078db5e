"""`campaign clean`: list hygiene alone."""

import csv
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Command, Office

ROWS = [
    "ann@reader.example",
    "ann@reader.example",
    "info@reader.example",
    "not an address",
    "Bob <bob@reader.example>",
    "cy@gone.example",
    "dee@nomail.example",
]
OUTPUTS = [
    "accepted.csv",
    "accepted.parquet",
    "rejected.csv",
    "rejected.parquet",
    "report.html",
    "summary.json",
]


@pytest.fixture
def listed(office: "Office") -> "Office":
    office.write_list(ROWS)
    return office


def test_cleaning_leaves_files_that_account_for_every_row(listed: "Office", command: "Command") -> None:
    ran = command("clean", "list.csv", "--out", "there")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("7 rows: 1 accepted, 6 rejected\n")
    assert "Report: there/report.html" in ran.out
    assert "@" not in ran.out
    there = listed.folder / "there"
    assert sorted(path.name for path in there.iterdir()) == OUTPUTS
    summary = json.loads((there / "summary.json").read_text())
    assert (summary["rows"], summary["accepted"], summary["rejected"]) == (7, 1, 6)
    assert {reason: rows for reason, rows in summary["by_reason"].items() if rows} == {
        "malformed": 2,
        "duplicate": 1,
        "role_alias": 1,
        "no_mx": 2,
    }
    rejected = csv.DictReader((there / "rejected.csv").read_text("utf-8-sig").splitlines())
    assert [(row["row"], row["reason"]) for row in rejected] == [
        ("2", "duplicate"),
        ("3", "role_alias"),
        ("4", "malformed"),
        ("5", "malformed"),
        ("6", "no_mx"),
        ("7", "no_mx"),
    ]


def test_the_summary_is_printed_as_json(listed: "Office", command: "Command") -> None:
    ran = command("clean", "list.csv", "--out", "there", "--json")
    assert json.loads(ran.out) == json.loads((listed.folder / "there" / "summary.json").read_text())


def test_without_the_dns_no_domain_is_dropped(
    listed: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_NAMESERVERS", "127.0.0.1:1")
    found = json.loads(command("clean", "list.csv", "--out", "there", "--no-mx", "--json").out)
    assert (found["accepted"], found["by_reason"]["no_mx"], found["flags"]) == (3, 0, {})


def test_a_nameserver_given_is_asked_instead_of_the_set_one(
    listed: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    server = listed.world.environment["CAMPAIGN_NAMESERVERS"]
    monkeypatch.setenv("CAMPAIGN_NAMESERVERS", "127.0.0.1:1")
    arguments = ("clean", "list.csv", "--out", "there", "--json")
    found = json.loads(command(*arguments, "--nameserver", server).out)
    assert found["by_reason"]["no_mx"] == 2


def test_repairing_takes_a_name_and_its_brackets_off(listed: "Office", command: "Command") -> None:
    found = json.loads(command("clean", "list.csv", "--out", "there", "--repair", "--json").out)
    assert (found["accepted"], found["by_reason"]["malformed"]) == (2, 1)


def test_the_column_of_addresses_can_be_named(listed: "Office", command: "Command") -> None:
    listed.write("odd.csv", "who;e-mail 2\nann@reader.example;bob@reader.example\n")
    command("clean", "odd.csv", "--out", "there", "--address-column", "who")
    assert "ann@reader.example" in (listed.folder / "there" / "accepted.csv").read_text()


def test_consent_and_silence_are_judged_by_columns_that_are_named(
    listed: "Office", command: "Command"
) -> None:
    rows = "ann@reader.example,yes,2000-01-01\nbob@reader.example,no,\ncy@reader.example,yes,\n"
    listed.write("shop.csv", f"email,agreed,last_order\n{rows}")
    arguments = ("clean", "shop.csv", "--out", "there", "--no-mx", "--json")
    by_column = (
        "--consent-column",
        "agreed",
        "--inactive-after",
        "365",
        "--last-engaged-column",
        "last_order",
    )
    found = json.loads(command(*arguments, "--confirmed", *by_column).out)
    assert (found["by_reason"]["unconfirmed"], found["by_reason"]["inactive"]) == (1, 1)
    assert (found["flags"], found["risk"]["unconfirmed"]) == ({"engagement_unknown": 1}, 0)
    assert json.loads(command(*arguments, *by_column).out)["risk"]["unconfirmed"] == 1
    assert json.loads(command(*arguments, "--confirmed").out)["by_reason"]["unconfirmed"] == 3


def test_rows_with_suggestions_are_counted_with_the_command_that_takes_them(
    listed: "Office", command: "Command"
) -> None:
    listed.write("typos.csv", "email\nann@gmial.com\nbob@reader.example\nBob <bob@reader.example>\n")
    ran = command("clean", "typos.csv", "--out", "there", "--no-mx")
    assert "2 rows have suggestions: campaign accept-suggestions there --out FILE" in ran.out
    assert command("accept-suggestions", "there", "--out", "mended.csv").out.startswith(
        "3 rows: 2 addresses replaced"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.csv", "--out", "there"], "missing.csv does not exist"),
        ([".", "--out", "there"], "is a folder"),
        (["list.csv", "--out", "there", "--address-column", "post"], "no column 'post'"),
        (["list.csv", "--out", "there", "--nameserver", "dns.example"], "--nameserver"),
        (["list.csv", "--out", "list.csv/inside"], "list.csv/inside cannot be written"),
        (["s3:///key", "--out", "there"], "s3:///key is no S3 object"),
    ],
)
def test_cleaning_refuses_in_one_sentence_and_writes_nothing(
    arguments: list[str], says: str, listed: "Office", command: "Command"
) -> None:
    before = listed.files()
    ran = command("clean", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("campaign: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert "@" not in ran.err
    assert listed.files() == before


def test_quotes_can_be_said_to_mean_nothing(listed: "Office", command: "Command") -> None:
    path = listed.folder / "quotes.csv"
    path.write_text('email,name\na@shop.example,"Ann\nb@shop.example,Bob\n')
    refused = command("clean", "quotes.csv", "--out", "there", "--no-mx")
    assert refused.code == 2
    assert 'quotes.csv, row 1: a quote (") opens there and is never closed (line 2' in refused.err
    assert not (listed.folder / "there").exists()
    ran = command("clean", "quotes.csv", "--out", "there", "--no-mx", "--quote", "none")
    assert ran.out.startswith("2 rows: 2 accepted")
    assert json.loads((listed.folder / "there" / "summary.json").read_text())["quote"] == "none"
    again = command("accept-suggestions", "there", "--out", "again.csv")
    assert again.out.startswith("2 rows: 0 addresses replaced")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_list_without_anybody_did_not_work_and_leaves_its_files(
    as_json: Sequence[str], listed: "Office", command: "Command"
) -> None:
    listed.write("list.csv", "email,first_name\ninfo@reader.example,\nnobody,\npostmaster@reader.example,\n")
    ran = command("clean", "list.csv", "--out", "there", "--no-mx", *as_json)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "list.csv: none of its 3 rows was accepted" in ran.err
    assert "2 of them are role_alias; see there/rejected.csv" in ran.err
    assert json.loads((listed.folder / "there" / "summary.json").read_text())["accepted"] == 0
    dry = command("send", "campaign.yaml", "--dry-run", *as_json)
    assert (dry.code, "none of its 3 rows was accepted" in dry.err) == (1, True)
    assert ("nothing was sent" in dry.out) or json.loads(dry.out)["accepted"] == 0
