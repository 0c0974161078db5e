"""Looking at a campaign before it is sent. Sending itself takes Prefect: see tests/flows and test_whole."""

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from cli import runs
from ledger import campaigns
from ledger.errors import CampaignConflict

if TYPE_CHECKING:
    from conftest import Command, Office


def test_a_preview_is_a_page_of_one_recipients_mail(office: "Office", command: "Command") -> None:
    ran = command("preview", "campaign.yaml", "--row", "2", "--out", "look.html")
    assert (ran.code, ran.out, ran.err) == (0, "Preview: look.html\n", "")
    page = (office.folder / "look.html").read_text()
    assert "reader.2@reader.example" in page
    assert "Reader 2, spring is here" in page


def test_a_preview_needs_neither_settings_nor_a_ledger(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in office.world.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", "postgresql://127.0.0.1:1/ledger")
    assert command("preview", "campaign.yaml", "--row", "1").code == 0
    assert (office.folder / "preview.html").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.yaml", "--row", "1"], "missing.yaml: there is no such file"),
        (["campaign.yaml", "--row", "4"], "list.csv has no row 4; give one from 1 to 3"),
        (
            ["campaign.yaml", "--row", "1", "--out", "list.csv/look.html"],
            "'--out': list.csv/look.html cannot be written",
        ),
        (["campaign.yaml", "--row", "1", "--out", "."], "'--out': File '.' is a directory"),
    ],
)
def test_a_preview_refuses_in_one_sentence(
    arguments: list[str], says: str, office: "Office", command: "Command"
) -> None:
    before = office.files()
    ran = command("preview", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert office.files() == before


def test_a_dry_run_prints_counts_rate_and_duration_and_sends_nothing(
    office: "Office", command: "Command"
) -> None:
    office.world.control(rate_per_second=50, daily_quota=20_000)
    office.write_list([*(f"r{number}@reader.example" for number in range(600)), "info@reader.example"])
    before = office.files()
    ran = command("send", "campaign.yaml", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "spring-offer: 600 of 601 rows would be written to",
        "  at 50 a second: 0.2 minutes at the least",
        "  the account has 20,000 left for these 24 hours",
        f"  ledger {office.folder}/ledger.sqlite3 (0 suppressions)",
        "  nothing was sent",
    ]
    assert office.files() == before
    assert office.campaigns() == 0
    assert office.world.summary()["accepted"] == 0


def test_a_dry_run_as_json_has_the_plan(office: "Office", command: "Command") -> None:
    office.write_campaign(send={"rate_per_second": 5})
    plan = json.loads(command("send", "campaign.yaml", "--dry-run", "--json").out)
    assert plan.keys() == {
        "name",
        "rows",
        "accepted",
        "rejected",
        "by_reason",
        "blank_fields",
        "rate_per_second",
        "left_for_the_day",
        "hours",
        "ledger",
    }
    assert (plan["rows"], plan["accepted"], plan["rejected"], plan["rate_per_second"]) == (3, 3, 0, 5)
    assert plan["hours"] == pytest.approx(3 / 5 / 3600)


def test_a_dry_run_shows_what_an_edited_file_would_change_and_changes_nothing(
    office: "Office", command: "Command"
) -> None:
    file = office.write_campaign(send={"rate_per_second": 5})
    office.begin(file)
    office.write_campaign(send={"rate_per_second": 2, "workers": 3}, halt={"bounce_rate": 0.04})
    ran = command("send", "campaign.yaml", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[3:] == [
        "  it is enqueued for 3 recipients and RUNNING",
        "  would change `send.rate_per_second` from 5 to 2",
        "  would change `send.workers` from 1 to 3",
        "  would change `halt.bounce_rate` from left out to 0.04",
        f"  ledger {office.folder}/ledger.sqlite3 (0 suppressions)",
        "  nothing was sent",
    ]
    plan = json.loads(command("send", "campaign.yaml", "--dry-run", "--json").out)
    assert plan["rate_per_second"] == 2
    assert {"key": "send.workers", "from": 1, "to": 3} in plan["changes"]
    with office.ledger() as ledger, ledger.reading() as connection:
        assert campaigns.get(connection, "spring-offer").definition["send"]["workers"] == 1

    office.write_campaign(owner="Shop")
    ran = command("send", "campaign.yaml", "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("campaign: campaign spring-offer: `owner` was empty and is Shop now")
    assert ran.err.count("\n") == 1


def test_a_looser_halt_holds_on_a_persons_word(office: "Office", command: "Command") -> None:
    office.begin(office.write_campaign())
    office.write_campaign(halt={"minimum_bounces": 3})
    ran = command("send", "campaign.yaml", "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert "`halt.minimum_bounces` was 1 and is 3 now" in ran.err
    assert "campaign change FILE --by WHO --reason WHY" in ran.err
    assert command("change", "campaign.yaml", "--by", "ann").code == 2
    ran = command("change", "campaign.yaml", "--by", "ann", "--reason", "one bounce is no halt")
    assert (ran.code, ran.out) == (0, "spring-offer: `halt.minimum_bounces` from 1 to 3\n")
    assert command("send", "campaign.yaml", "--dry-run").code == 0
    ran = command("change", "campaign.yaml", "--by", "ann", "--reason", "again")
    assert ran.out == "spring-offer goes by campaign.yaml already.\n"


def test_a_dry_run_finds_the_message_that_ses_would_not_take(office: "Office", command: "Command") -> None:
    office.write_campaign(subject="{{ first_name }}")
    office.write("list.csv", f"email,first_name\nann@reader.example,Ann\nbob@reader.example,{'B' * 996}\n")
    ran = command("send", "campaign.yaml", "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "campaign: subject, row 2 is 996 characters long, and Amazon SES takes 995: shorten it.\n"
    )


def test_a_dry_run_finds_the_row_that_could_not_be_sent(office: "Office", command: "Command") -> None:
    office.write("list.csv", 'email,first_name\nann@reader.example,Ann\nbob@reader.example,"Bob\nBcc: x"\n')
    ran = command("send", "campaign.yaml", "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "row 2" in ran.err
    assert "@" not in ran.err


def test_a_dry_run_warns_of_a_no_reply_sender(office: "Office", command: "Command") -> None:
    office.write_campaign(**{"from": "Bright Books <no-reply@brightbooks.example>"})
    ran = command("send", "campaign.yaml", "--dry-run")
    assert ran.code == 0
    assert ran.err.startswith("warning: `from` is a no-reply address")
    assert ran.err.count("\n") == 1


def test_a_broken_run_raises_what_broke_it(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong inside the flow reaches the person as the same sentence as outside of it."""
    broken = CampaignConflict("campaign spring-offer is not what it was.")

    class Quiet:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(runs, "prefect", Quiet)
    monkeypatch.setattr(
        runs, "send", lambda *_, **__: SimpleNamespace(name="Failed", result=lambda **_: broken)
    )
    ran = command("send", "campaign.yaml")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "campaign: campaign spring-offer is not what it was.\n"
