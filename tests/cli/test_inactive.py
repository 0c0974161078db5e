"""`campaign inactive`: reported by itself, moved out with a name and a reason."""

import json
from typing import TYPE_CHECKING

from sqlalchemy import update

from ledger.schema import message

if TYPE_CHECKING:
    from conftest import Command, Office


def test_the_silent_are_reported_and_moved_out(office: "Office", command: "Command") -> None:
    office.send(office.write_campaign())
    assert "nobody can be called inactive" in command("inactive", "--days", "30").out
    with office.ledger() as ledger, ledger.writing() as connection:
        long_ago = update(message).values(accepted_at=1.0, delivered_at=2.0)
        connection.execute(long_ago)
        opened = update(message).where(message.c.address_key == "reader.1@reader.example")
        connection.execute(opened.values(opened_at=3.0))
        connection.exec_driver_sql("UPDATE tally SET opened_count = 1")
    found = json.loads(command("inactive", "--days", "30", "--json").out)
    assert (found["people"], found["moved_out"], found["by_month"]) == (3, 0, {"1970-01": 3})
    assert command("inactive", "--days", "30", "--move-out").code == 2
    moved = command("inactive", "--days", "30", "--move-out", "--by", "Ada", "--reason", "cleaning")
    assert "3 of them are suppressed as inactive now." in moved.out
    assert "@" not in moved.out
    cleaned = json.loads(command("clean", "list.csv", "--out", "again", "--no-mx", "--json").out)
    assert (cleaned["accepted"], cleaned["by_reason"]["inactive"]) == (0, 3)
