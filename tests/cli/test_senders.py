"""`campaign senders`: SES writes to the address, and the link in its mail verifies it."""

import json
import re
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Command, Office


def test_a_sender_is_pending_until_its_link_is_used(office: "Office", command: "Command") -> None:
    unknown = command("senders", "show", "news@shop.example")
    assert "is not verified: ask for it" in unknown.out
    asked = command("senders", "add", "news@shop.example", "--json")
    assert json.loads(asked.out)["status"] == "pending"
    (mail,) = office.world.messages(bodies=True)
    link = re.search(r"http://\S+/sandbox/verify/\S+", mail["text"])
    assert link
    urllib.request.urlopen(urllib.request.Request(link.group(), method="POST")).close()
    assert json.loads(command("senders", "show", "news@shop.example", "--json").out)["status"] == "verified"


def test_a_sender_of_a_verified_domain_may_send_at_once(office: "Office", command: "Command") -> None:
    assert "is verified" in command("senders", "add", "orders@brightbooks.example").out
    assert office.world.messages() == []


def test_an_owners_sender_is_not_given_to_another(office: "Office", command: "Command") -> None:
    assert command("senders", "add", "a@shop.example", "--owner", "Ann").code == 0
    assert command("senders", "add", "A@shop.example", "--owner", "Ann").code == 0
    taken = command("senders", "add", "a@shop.example", "--owner", "Bob")
    assert taken.code == 2
    assert "another owner's sender" in taken.err


def test_what_is_no_address_is_refused(office: "Office", command: "Command") -> None:
    ran = command("senders", "add", "nobody")
    assert ran.code == 2
    assert "must be an address" in ran.err


def test_an_operator_gives_and_takes_addresses_and_domains(office: "Office", command: "Command") -> None:
    assert command("senders", "add", "ceo@shop.example", "--owner", "Ann").code == 0
    assert command("senders", "give", "Shop.Example", "--owner", "Bob").out == "shop.example is Bob's.\n"
    assert command("senders", "give", "CEO@shop.example", "--owner", "Cleo").code == 0
    assert command("senders", "list").out == "shop.example  Bob\nceo@shop.example  Cleo\n"
    assert command("senders", "add", "news@shop.example", "--owner", "Ann").code == 2
    assert command("senders", "release", "@shop.example").code == 0
    found = json.loads(command("senders", "list", "--json").out)["senders"]
    assert [(each["key"], each["owner"]) for each in found] == [("ceo@shop.example", "Cleo")]
    again = command("senders", "release", "shop.example")
    assert (again.code, "campaign senders list" in again.err) == (2, True)
    assert command("senders", "give", "no domain", "--owner", "Ann").code == 2
