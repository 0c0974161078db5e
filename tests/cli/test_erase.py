"""`campaign erase`: gone from the ledger, still suppressed, and the report still balances."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Command, Office

ADDRESS = "reader.2@reader.example"
WHO = ("--by", "Ada", "--reason", "asked by letter")


def test_a_person_is_erased_and_no_list_brings_them_back(office: "Office", command: "Command") -> None:
    office.send(office.write_campaign())
    erased = json.loads(command("erase", "Reader.2@reader.example", *WHO, "--json").out)
    assert (erased["messages"], erased["unsent"], erased["events"]) == (1, 0, 2)
    assert [file.rpartition("/")[2] for file in erased["files"]] == ["accepted.csv", "accepted.parquet"]
    assert ADDRESS.encode() not in (office.folder / "ledger.sqlite3").read_bytes().lower()
    assert command("report", "spring-offer", "--out", "report").code == 0
    messages = (office.folder / "report" / "messages.csv").read_text()
    assert ADDRESS not in messages
    assert messages.count("DELIVERED") == 3
    cleaned = json.loads(command("clean", "list.csv", "--out", "again", "--no-mx", "--json").out)
    assert (cleaned["accepted"], cleaned["by_reason"]["suppressed"]) == (2, 1)


def test_it_says_what_is_left_to_do_and_never_the_address(office: "Office", command: "Command") -> None:
    office.send(office.write_campaign())
    ran = command("erase", ADDRESS, *WHO)
    assert ran.code == 0
    assert "1 messages (0 of them unsent)" in ran.out
    assert "accepted.csv" in ran.out
    assert "@" not in ran.out
    assert command("suppress", "list").out.count("@") == 0


def test_what_is_no_address_is_one_sentence(office: "Office", command: "Command") -> None:
    ran = command("erase", "nobody", *WHO)
    assert (ran.code, ran.out) == (2, "")
    assert "not an e-mail address" in ran.err
