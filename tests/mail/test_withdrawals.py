"""Taking queued single messages back: in parts, in front of a sender, by owner or by id."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger import owners, singles
from ledger.schema import message, withdrawal
from ledger.singles import NewSingle
from ledger.withdrawals import Whose
from mail import single_claiming, withdrawals
from mail.errors import MailError
from mail.withdrawals import Withdrawn

NEW = NewSingle(
    public_id="",
    owner_id=0,
    operator="ann",
    sender="news@shop.example",
    recipient="reader@mail.example",
    address="reader@mail.example",
    address_key="reader@mail.example",
    domain="mail.example",
    subject="Offer",
    text="we have a new offer",
    unsubscribe_text="Unsubscribe",
)
HOW = {"by": "Cy", "reason": "sent to the wrong people"}


@pytest.fixture
def add(ledger: Any, frozen: Any) -> Any:
    def store(count: int, first: int = 0) -> None:
        with ledger.writing() as connection:
            owner_id = owners.ensure(connection, "EliPackage")
            numbers = range(first, first + count)
            singles.add(connection, [replace(NEW, owner_id=owner_id, public_id=f"{n:020x}") for n in numbers])

    return store


def by_status(ledger: Any) -> dict[str, int]:
    with ledger.reading() as connection:
        query = select(message.c.status, func.count()).group_by(message.c.status)
        return dict(connection.execute(query).all())


def test_a_long_queue_is_taken_back_in_parts_and_counts_as_one_withdrawal(ledger: Any, add: Any) -> None:
    add(withdrawals._AT_A_TIME + 1)
    done = withdrawals.take_back(ledger, Whose("EliPackage"), **HOW)
    assert done == Withdrawn(withdrawals._AT_A_TIME + 1, 0, 0, 0)
    assert by_status(ledger) == {"CANCELLED": withdrawals._AT_A_TIME + 1}
    with ledger.reading() as connection:
        kept = select(withdrawal.c.messages, withdrawal.c.by)
        assert connection.execute(kept).all() == [(withdrawals._AT_A_TIME + 1, "Cy")]
    assert withdrawals.take_back(ledger, Whose("EliPackage"), **HOW) == Withdrawn(0, 0, 0, 0)


def test_killed_in_between_the_rest_is_still_queued_and_a_second_run_takes_it(
    ledger: Any, add: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(3)
    monkeypatch.setattr(withdrawals, "_AT_A_TIME", 1)
    real = withdrawals.withdrawals.withdraw
    parts = iter([real, real])

    def killed(*given: Any) -> Any:
        try:
            part = next(parts)
        except StopIteration:
            raise KeyboardInterrupt from None
        return part(*given)

    monkeypatch.setattr(withdrawals.withdrawals, "withdraw", killed)
    with pytest.raises(KeyboardInterrupt):
        withdrawals.take_back(ledger, Whose("EliPackage"), **HOW)
    assert by_status(ledger) == {"CANCELLED": 2, "QUEUED": 1}
    monkeypatch.setattr(withdrawals.withdrawals, "withdraw", real)
    assert withdrawals.take_back(ledger, Whose("EliPackage"), **HOW).taken_back == 1


def test_the_sender_finds_nothing_of_it(ledger: Any, add: Any) -> None:
    add(2)
    done = withdrawals.take_back_messages(ledger, [f"{1:020x}", f"{1:020x}"], **HOW)
    assert done == Withdrawn(1, 0, 0, 0)
    held = single_claiming.claim(ledger, "worker", 10)
    assert isinstance(held, single_claiming.Held)
    assert len(held.claim.recipients) == 1
    again = withdrawals.take_back_messages(ledger, [f"{1:020x}"], **HOW)
    assert again == Withdrawn(0, 0, 1, 0)


def test_an_unknown_id_or_owner_takes_nothing_back(ledger: Any, add: Any) -> None:
    add(1)
    with pytest.raises(MailError, match="no single message nonsense"):
        withdrawals.take_back_messages(ledger, [f"{0:020x}", "nonsense"], **HOW)
    with pytest.raises(MailError, match="no owner elipackage"):
        withdrawals.take_back(ledger, Whose("elipackage"), **HOW)
    assert by_status(ledger) == {"QUEUED": 1}
