"""Looking at campaigns, and stopping, resuming or ending them, from the command line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sandbox
from cli import output
from ledger import breaker, campaigns, clock, domain_brakes, sender_days
from ledger.domain_brakes import Window
from ledger.statuses import Status
from mail import gatekeeping
from mail.rate import ACCOUNT

if TYPE_CHECKING:
    from conftest import Command, Office

STATUS_KEYS = {"name", "state", "recipients", "by_status", "bounce_rate", "complaint_rate", "halt"}
DEAD = sandbox.OutcomeRule(match="^dead", hard_bounce=1)
WHO_AND_WHY = ("--by", "ann", "--reason", "the list was mended")


@pytest.fixture
def begun(office: "Office") -> str:
    """A campaign of three recipients, enqueued and running, of which nothing is sent."""
    return office.begin(office.folder / "campaign.yaml")


def state_of(office: "Office", name: str = "spring-offer") -> str:
    with office.ledger() as ledger, ledger.reading() as connection:
        return campaigns.get(connection, name).state.value


def pause(office: "Office", name: str) -> None:
    with office.ledger() as ledger, ledger.writing() as connection:
        gatekeeping.stop(connection, campaigns.get(connection, name).id, "the token is over")


def complete(office: "Office") -> str:
    name = office.send(office.folder / "campaign.yaml")
    with office.ledger() as ledger, ledger.writing() as connection:
        gatekeeping.finish(connection, campaigns.lock(connection, campaigns.get(connection, name).id))
    return name


def test_the_status_as_json_has_every_key_and_every_status(begun: str, command: "Command") -> None:
    ran = command("status", begun, "--json")
    found = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert found.keys() >= STATUS_KEYS
    assert (found["name"], found["state"], found["recipients"]) == ("spring-offer", "RUNNING", 3)
    assert found["by_status"] == {status.value: 0 for status in Status} | {"QUEUED": 3}
    assert (found["bounce_rate"], found["complaint_rate"], found["halt"]) == (0.0, 0.0, None)


def test_the_status_shows_the_rate_of_the_whole_account_as_well(begun: str, command: "Command") -> None:
    assert "  hard bounces of the whole account 0.00% of 0\n" in command("status", begun).out


def test_the_status_counts_what_became_of_everybody(office: "Office", command: "Command") -> None:
    office.world.control(outcomes=[DEAD])
    office.write_list(["ann@reader.example", "dead.letters@reader.example", "bob@reader.example"])
    office.write_campaign(halt={"minimum_bounces": 2})
    name = office.send(office.folder / "campaign.yaml")
    found = json.loads(command("status", name, "--json").out)
    assert found["by_status"]["DELIVERED"] == 2
    assert found["by_status"]["HARD_BOUNCED"] == 1
    assert found["bounce_rate"] == pytest.approx(1 / 3)
    shown = command("status", name).out
    assert "spring-offer: RUNNING" in shown
    assert "HARD_BOUNCED" in shown
    assert "hard bounces 33.33%" in shown
    assert "@" not in shown


def test_a_halt_by_the_gate_shows_its_rule_and_figures(office: "Office", command: "Command") -> None:
    office.world.control(outcomes=[DEAD])
    office.write_list(["dead.letters@reader.example", *(f"r{n}@reader.example" for n in range(19))])
    name = office.send(office.folder / "campaign.yaml")
    found = json.loads(command("status", name, "--json").out)
    assert found["halt"].keys() == {"rule", "k", "n", "known", "at", "by", "reason"}
    assert (found["halt"]["k"], found["halt"]["n"], found["halt"]["by"]) == (1, 20, "gate")
    assert "1 of 20 (5 %)" in command("status", name).out


def test_the_list_of_campaigns_has_the_newest_first(office: "Office", command: "Command") -> None:
    assert "There are no campaigns yet" in command("status").out
    assert json.loads(command("status", "--json").out) == []
    office.begin(office.write_campaign(file="one.yaml", name="one"))
    office.begin(office.write_campaign(file="two.yaml", name="two"))
    every = json.loads(command("status", "--json").out)
    assert [each["name"] for each in every] == ["two", "one"]
    assert all(each.keys() >= STATUS_KEYS for each in every)
    lines = command("status").out.splitlines()
    assert [line.split()[0] for line in lines] == ["campaign", "two", "one", "ledger"]


def test_a_halt_by_hand_latches_and_says_how_to_go_on(
    begun: str, office: "Office", command: "Command"
) -> None:
    ran = command("halt", begun, "--by", "ann", "--reason", "wrong price")
    assert ran.code == 0
    assert "campaign resume spring-offer --by WHO --reason WHY" in ran.out
    found = json.loads(command("status", begun, "--json").out)
    assert found["state"] == "HALTED"
    assert (found["halt"]["rule"], found["halt"]["by"], found["halt"]["reason"]) == (
        "manual",
        "ann",
        "wrong price",
    )
    assert "wrong price" in command("status", begun).out
    again = command("halt", begun, "--by", "bob", "--reason", "the link is dead")
    assert again.code == 0
    assert "was halted before" in again.out
    assert json.loads(command("status", begun, "--json").out)["halt"]["reason"] == "wrong price"
    assert command("report", begun, "--out", office.folder / "report").code == 0
    assert "the link is dead" in (office.folder / "report" / "report.html").read_text()


def test_the_status_of_a_campaign_ends_as_sending_it_would(
    begun: str, office: "Office", command: "Command"
) -> None:
    assert command("status", begun).code == 0
    pause(office, begun)
    assert (command("status", begun).code, command("status", begun, "--json").code) == (4, 4)
    assert command("resume", begun, *WHO_AND_WHY).code == 0
    assert command("halt", begun).code == 0
    assert (command("status", begun).code, command("status", begun, "--json").code) == (3, 3)
    # The list of all is no verdict on one.
    assert command("status").code == 0
    assert command("cancel", begun, *WHO_AND_WHY).code == 0
    assert command("status", begun).code == 0


def test_a_halt_by_hand_needs_no_name_and_no_reason(begun: str, command: "Command") -> None:
    assert command("halt", begun).code == 0
    halt = json.loads(command("status", begun, "--json").out)["halt"]
    assert halt["by"]
    assert halt["reason"] == "stopped by hand"


def test_resuming_a_halted_campaign_begins_a_new_epoch(
    begun: str, office: "Office", command: "Command"
) -> None:
    command("halt", begun)
    ran = command("resume", begun, *WHO_AND_WHY)
    assert ran.code == 0
    assert "epoch 2" in ran.out
    assert "campaign send FILE" in ran.out
    found = json.loads(command("status", begun, "--json").out)
    assert (found["state"], found["halt"], found["changed_by"]) == ("RUNNING", None, "ann")


def test_resuming_a_paused_campaign_keeps_its_epoch(begun: str, office: "Office", command: "Command") -> None:
    pause(office, begun)
    assert "the token is over" in command("status", begun).out
    assert "epoch 1" in command("resume", begun, *WHO_AND_WHY).out


def test_cancelling_ends_a_campaign_for_good(begun: str, office: "Office", command: "Command") -> None:
    ran = command("cancel", begun, *WHO_AND_WHY)
    assert (ran.code, ran.out) == (0, "spring-offer is cancelled: 3 messages will not be sent.\n")
    found = json.loads(command("status", begun, "--json").out)
    assert (found["state"], found["by_status"]["CANCELLED"]) == ("CANCELLED", 3)
    again = command("resume", begun, *WHO_AND_WHY)
    assert again.code == 2
    assert "spring-offer is CANCELLED" in again.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "nobody"),
        ("halt", "nobody"),
        ("resume", "nobody", *WHO_AND_WHY),
        ("cancel", "nobody", *WHO_AND_WHY),
        ("report", "nobody", "--out", "there"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_campaign_is_named(
    arguments: tuple[str, ...], office: "Office", command: "Command"
) -> None:
    before = office.files()
    ran = command(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "campaign: no campaign is named nobody: `campaign status` lists those there are.\n"
    assert office.files() == before


@pytest.mark.parametrize(
    "arguments",
    [("halt",), ("resume", *WHO_AND_WHY), ("cancel", *WHO_AND_WHY)],
    ids=lambda arguments: arguments[0],
)
def test_a_completed_campaign_stays_completed(
    arguments: tuple[str, ...], office: "Office", command: "Command"
) -> None:
    name = complete(office)
    verb, *options = arguments
    ran = command(verb, name, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert "campaign spring-offer is COMPLETED" in ran.err
    assert state_of(office) == "COMPLETED"


def test_a_running_campaign_cannot_be_resumed(begun: str, command: "Command") -> None:
    ran = command("resume", begun, *WHO_AND_WHY)
    assert ran.code == 2
    assert "spring-offer is RUNNING: only a HALTED or PAUSED campaign can be resumed." in ran.err


def test_the_report_is_three_files(office: "Office", command: "Command") -> None:
    name = complete(office)
    ran = command("report", name, "--out", "there")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()
    found = json.loads((office.folder / "there" / "report.json").read_text())
    assert (found["state"], found["sent"], found["delivered"]) == ("COMPLETED", 3, 3)
    paths = json.loads(command("report", name, "--out", "there", "--json").out)
    assert paths == {
        "html": "there/report.html",
        "json": "there/report.json",
        "messages": "there/messages.csv",
    }
    assert all(Path(path).exists() for path in paths.values())


def test_a_report_that_cannot_be_written_is_no_traceback(
    begun: str, office: "Office", command: "Command"
) -> None:
    ran = command("report", begun, "--out", "list.csv/inside")
    assert (ran.code, ran.out) == (2, "")
    assert "list.csv/inside cannot be written (Not a directory)" in ran.err
    assert ran.err.count("\n") == 1


def test_resume_leaves_out_domains_and_cleans_again(begun: str, office: "Office", command: "Command") -> None:
    command("halt", begun)
    ran = command("resume", begun, "--domain", "reader.example", "--clean-again", *WHO_AND_WHY)
    assert (ran.code, ran.err) == (0, "")
    assert "left out 3 recipients at reader.example; cleaned again" in ran.out
    found = json.loads(command("status", begun, "--json").out)
    assert found["by_status"]["SUPPRESSED"] == 3
    assert found["change_reason"].startswith("the list was mended (left out 3 recipients")


def test_resume_finds_the_bad_domains_itself_and_says_where_there_are_none(
    begun: str, command: "Command"
) -> None:
    command("halt", begun)
    ran = command("resume", begun, "--drop-domains", "--json", *WHO_AND_WHY)
    assert json.loads(ran.out) == {"name": begun, "epoch": 2, "left_out": 0, "domains": []}


def test_resume_refuses_two_ways_to_say_which_domains(begun: str, command: "Command") -> None:
    command("halt", begun)
    ran = command("resume", begun, "--drop-domains", "--domain", "a.example", *WHO_AND_WHY)
    assert (ran.code, ran.out) == (2, "")
    assert "--drop-domains finds the domains itself" in ran.err


def test_the_status_names_braked_domains_and_what_is_for_another_day(
    office: "Office", command: "Command"
) -> None:
    file = office.write_campaign(send={"warm_up": {"start": 2}})
    name = office.begin(file)
    with office.ledger() as ledger, ledger.writing() as connection:
        campaign = campaigns.get(connection, name)
        until = clock.now(connection) + 60
        domain_brakes.store(connection, campaign.id, [Window("slow.example", until, 0, 0, 1, until)])
        sender_days.add(connection, "brightbooks.example", sender_days.today(connection), 2)
    shown = command("status", name).out
    assert "slow.example puts mail off: tried again from" in shown
    assert "brightbooks.example has sent the 2 messages of today's warm-up; 3 recipients wait" in shown
    found = json.loads(command("status", name, "--json").out)
    assert [each["domain"] for each in found["braked"]] == ["slow.example"]
    assert (found["warm_up"]["ceiling"], found["warm_up"]["left"]) == (2, 0)
    assert found["continues_at"] == found["warm_up"]["continues_at"]


def test_the_status_says_since_when_ses_gives_no_answers(
    office: "Office", begun: str, command: "Command"
) -> None:
    assert json.loads(command("status", begun, "--json").out)["breaker"] is None
    assert "no answers" not in command("status", begun).out
    with office.ledger() as ledger, ledger.writing() as connection:
        opened = breaker.note_silence(connection, ACCOUNT, 1, in_a_row=breaker.OPENS_AFTER)
    assert opened is not None
    ran = command("status", begun)
    assert (ran.code, ran.err) == (0, "")
    assert (
        f"  SES has given no answers since {output.time(opened.since)}: single messages probe (0 so far"
        in (ran.out)
    )
    found = json.loads(command("status", begun, "--json").out)["breaker"]
    assert (found["since"], found["probes"]) == (opened.since, 0)
    assert 0 <= found["wait_seconds"] <= breaker.FIRST_PROBE_SECONDS
    command("cancel", begun, *WHO_AND_WHY)
    assert json.loads(command("status", begun, "--json").out)["breaker"] is None
