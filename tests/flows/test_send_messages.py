"""The single messages of the API, sent by the flow."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from flows.send_messages import send_messages
from ledger import owners, singles
from ledger.schema import message
from ledger.singles import NewSingle

if TYPE_CHECKING:
    from conftest import Office

pytestmark = pytest.mark.slow


def test_what_was_posted_goes_out_once(office: "Office") -> None:
    with office.ledger() as ledger, ledger.writing() as connection:
        owner_id = owners.ensure(connection, "EliPackage")
        new = [
            NewSingle(
                public_id=f"{number:020x}",
                owner_id=owner_id,
                operator="ann",
                sender="news@brightbooks.example",
                recipient=f"reader.{number}@reader.example",
                address=f"reader.{number}@reader.example",
                address_key=f"reader.{number}@reader.example",
                domain="reader.example",
                subject="Promo",
                text="we have a new offer",
                unsubscribe_text="Unsubscribe",
            )
            for number in range(3)
        ]
        singles.add(connection, new)
    assert send_messages() == {"answers": {"accepted": 3}, "ended": "nothing_left"}
    assert office.last_run().run.name.startswith("send messages, ")
    assert send_messages() == {"answers": {}, "ended": "nothing_left"}
    assert office.world.summary()["accepted"] == 3
    with office.ledger() as ledger, ledger.reading() as connection:
        assert connection.execute(select(message.c.status)).scalars().all() == ["SENT"] * 3
