"""`campaign test-send`: the mail of a row to oneself."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Command, Office


def test_the_mail_of_a_row_comes_to_me_and_the_campaign_is_not_begun(
    office: "Office", command: "Command"
) -> None:
    ran = command("test-send", "campaign.yaml", "--to", "me@shop.example", "--row", "2")
    assert (ran.code, ran.out) == (0, "The test of spring-offer to recipient 1 was taken by SES.\n")
    (mail,) = office.world.messages()
    assert (mail["recipients"], mail["subject"]) == (["me@shop.example"], "[Test] Reader 2, spring is here")
    assert office.campaigns() == 0
    # Its fingerprint was not taken: the list may change, and the campaign is sent with the new one.
    office.write_list(4)
    assert command("send", "campaign.yaml", "--dry-run").code == 0


def test_a_row_by_its_address_for_several_people_as_json(office: "Office", command: "Command") -> None:
    to = ("--to", "me@shop.example", "--to", "you@shop.example")
    ran = command("test-send", "campaign.yaml", *to, "--address", "Reader.3@reader.example", "--json")
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "name": "spring-offer",
        "tests": [{"to": place, "outcome": "sent", "detail": ""} for place in (1, 2)],
    }
    assert {mail["subject"] for mail in office.world.messages()} == {"[Test] Reader 3, spring is here"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing option '--to'"),
        (("--to", "nobody"), "recipient 1 of the test is no address"),
        (("--to", "me@shop.example", "--row", "9"), "has no row 9; give one from 1 to 3"),
        (("--to", "me@shop.example", "--row", "1", "--address", "a@b.example"), "choose one of"),
        (("--to", "me@shop.example", "--address", "a@b.example"), "no row with that address"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_nothing_goes_out(
    office: "Office", command: "Command", arguments: tuple[str, ...], said: str
) -> None:
    ran = command("test-send", "campaign.yaml", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert office.world.messages() == []


def test_an_account_without_a_message_left_is_said(office: "Office", command: "Command") -> None:
    office.world.control(daily_quota=0)
    ran = command("test-send", "campaign.yaml", "--to", "me@shop.example")
    assert ran.code == 2
    assert "0 messages left" in ran.err
