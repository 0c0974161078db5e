"""Where the account stands, and lifting its suspension, from the command line."""

import json
from typing import TYPE_CHECKING

import pytest

from ledger import accounts, owner_standing, owners
from ledger.accounts import Action, Rolling
from ledger.owner_standing import Recent

if TYPE_CHECKING:
    from conftest import Command, Office

REASON = "60 of 1,000 messages of the account bounced hard (6 %); the limit is 5 %."
WHO_AND_WHY = ("--by", "ann", "--reason", "the old segment is gone")


@pytest.fixture
def suspended(office: "Office") -> None:
    with office.ledger() as ledger, ledger.writing() as connection:
        accounts.lock(connection)
        accounts.change(connection, Action.SUSPENDED, Rolling(0.0, 1_000, 60), by="account", reason=REASON)


def test_an_account_in_order_shows_its_own_rate_and_what_ses_lets_it_do(
    office: "Office", command: "Command"
) -> None:
    office.send(office.folder / "campaign.yaml")
    ran = command("account")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "account: in order"
    assert lines[1].startswith("  hard bounces 0.00% (0 of 3 since ")
    assert lines[2].startswith("  Amazon SES: HEALTHY, sending on, ")
    assert len(lines) == 3


def test_the_account_as_json_has_the_same_figures(office: "Office", command: "Command") -> None:
    office.send(office.folder / "campaign.yaml")
    ran = command("account", "--json")
    found = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert (found["suspended"], found["accepted"], found["hard_bounced"], found["bounce_rate"]) == (
        None,
        3,
        0,
        0.0,
    )
    assert (found["ses"]["enforcement_status"], found["ses"]["sending_enabled"]) == ("HEALTHY", True)
    assert found["history"] == []


@pytest.mark.usefixtures("suspended")
def test_a_suspended_account_says_why_and_how_to_lift_it(command: "Command") -> None:
    ran = command("account")
    assert ran.code == 0
    assert ran.out.startswith(
        f"account: SUSPENDED\n  {REASON}\n  To lift it: campaign account lift --by WHO --reason WHY\n"
    )
    found = json.loads(command("account", "--json").out)["suspended"]
    assert (found["action"], found["reason"], found["hard_bounced"], found["accepted"]) == (
        "suspended",
        REASON,
        60,
        1_000,
    )


@pytest.mark.usefixtures("suspended")
def test_a_person_lifts_it_once_and_who_and_why_are_kept(command: "Command") -> None:
    ran = command("account", "lift", *WHO_AND_WHY)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "The suspension is lifted. Campaigns that it paused go on with `campaign resume NAME`.\n"
    )
    found = json.loads(command("account", "--json").out)
    assert found["suspended"] is None
    assert [(each["action"], each["by"], each["reason"]) for each in found["history"]] == [
        ("lifted", "ann", "the old segment is gone"),
        ("suspended", "account", REASON),
    ]
    assert "lifted by ann: the old segment is gone" in command("account").out
    again = command("account", "lift", *WHO_AND_WHY)
    assert (again.code, again.out) == (2, "")
    assert "the account is not suspended: there is nothing to lift." in again.err


@pytest.mark.usefixtures("suspended")
@pytest.mark.parametrize("missing", ["--by", "--reason"])
def test_nobody_lifts_it_without_a_name_and_a_reason(command: "Command", missing: str) -> None:
    given = {"--by": "ann", "--reason": "mended"}
    del given[missing]
    ran = command("account", "lift", *(each for pair in given.items() for each in pair))
    assert (ran.code, ran.out) == (2, "")
    assert missing in ran.err
    assert json.loads(command("account", "--json").out)["suspended"] is not None


def test_a_stopped_owner_is_shown_and_lifted_alone(office: "Office", command: "Command") -> None:
    with office.ledger() as ledger, ledger.writing() as connection:
        owner_id = owners.ensure(connection, "Eli Package")
        found = Recent(20, 6)
        owner_standing.change(connection, owner_id, Action.SUSPENDED, found, by="gate", reason="6 of 20.")
    shown = command("account")
    assert (shown.code, shown.out.splitlines()[0]) == (0, "account: in order")
    assert (
        "  The single mail of Eli Package is stopped: 6 of 20. When its cause is mended: "
        'campaign account lift --owner "Eli Package" --by WHO --reason WHY'
    ) in shown.out.splitlines()
    (stopped,) = json.loads(command("account", "--json").out)["stopped_owners"]
    assert (stopped["owner"], stopped["hard_bounced"], stopped["accepted"]) == ("Eli Package", 6, 20)
    lifted = command("account", "lift", "--owner", "Eli Package", *WHO_AND_WHY)
    assert (lifted.code, lifted.out) == (0, "The single mail of Eli Package goes on.\n")
    again = command("account", "lift", "--owner", "Eli Package", *WHO_AND_WHY)
    assert again.code != 0
    assert "its single mail is not stopped" in again.err
