"""`campaign list` and `campaign compare`: what was read of campaigns, in a table or as JSON."""

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Command, Office


def test_with_no_campaigns_the_list_says_how_to_begin_one(office: "Office", command: "Command") -> None:
    assert command("list").out == "There are no campaigns yet: `campaign send FILE` begins one.\n"
    assert json.loads(command("list", "--json").out) == []


def test_campaigns_are_listed_and_compared_with_their_opens_and_clicks(
    office: "Office", command: "Command"
) -> None:
    office.write("mail.html.j2", '<p><a href="https://shop.example/x?u=1">x</a></p>' + office_html(office))
    office.world.control(events={"open_probability": 1, "click_probability": 1})
    office.send(office.write_campaign())
    office.world.control(events={})
    office.send(office.write_campaign(file="other.yaml", name="other"))
    # Opens come after the outcomes that sending waits for.
    while office.world.summary()["pending_events"]:
        command("collect")
    assert command("collect").code == 0
    lines = command("list").out.splitlines()
    assert lines[0].split()[:1] == ["campaign"]
    assert [line.split()[0] for line in lines[1:3]] == ["other", "spring-offer"]
    listed = {each["name"]: each for each in json.loads(command("list", "--json").out)}
    assert (listed["spring-offer"]["opened"], listed["spring-offer"]["clicked"]) == (3, 3)
    assert (listed["other"]["delivered"], listed["other"]["opened"]) == (3, 0)
    assert "clicked 100 % (3)" in command("status", "spring-offer").out
    compared = json.loads(command("compare", "other", "spring-offer", "--json").out)
    opened = next(each for each in compared["figures"] if each["name"] == "opened")
    assert (opened["difference"], opened["more_than_chance"]) == (1.0, False)
    assert opened["p_value"] == pytest.approx(0.1)
    assert "Fisher's exact test" in command("compare", "other", "spring-offer").out


def test_an_unknown_campaign_is_named(office: "Office", command: "Command") -> None:
    ran = command("compare", "one", "two")
    assert (ran.code, ran.out) == (2, "")
    assert "no campaign is named one" in ran.err


def office_html(office: "Office") -> str:
    return (office.folder / "mail.html.j2").read_text("utf-8")
