"""Taking queued single messages back, a part at a time, so that nothing else waits for it."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ledger import withdrawals
from ledger.engine import Ledger
from ledger.statuses import Status
from ledger.withdrawals import Whose
from mail.errors import MailError

# A part is one transaction of some hundredths of a second. A pause as long as that comes after it: an SQLite
# file has one writer, and whoever waits for it looks only now and then whether it is free.
_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What became of the messages that were to be taken back.

    `under_way`: a call holds them, or its answer never came; not sent by that, they are not sent at all.
    `too_late`: something final had become of them before.
    """

    taken_back: int
    under_way: int
    taken_back_before: int
    too_late: int


def take_back(ledger: Ledger, whose: Whose, *, by: str, reason: str) -> Withdrawn:
    """Take back what waits of an owner, or of one operator, by now. Safe to run again after any crash.

    Raises MailError where there is no such owner.
    """
    with ledger.reading() as connection:
        if not withdrawals.has_owner(connection, whose.owner):
            raise MailError(f"There is no owner {whose.owner}: `campaign keys list` shows their names.")
        ids = withdrawals.unsettled(connection, whose)
    return _withdraw(ledger, ids, by=by, reason=reason)


def take_back_messages(ledger: Ledger, public_ids: Sequence[str], *, by: str, reason: str) -> Withdrawn:
    """Take back the messages that the API shows by these ids. Raises MailError where one is unknown."""
    wanted = list(dict.fromkeys(public_ids))
    with ledger.reading() as connection:
        known = withdrawals.ids_of(connection, wanted)
    if unknown := [each for each in wanted if each not in known]:
        raise MailError(
            f"There is no single message {unknown[0]}: nothing was taken back (its id is in the answer "
            "to the post and in every callback; `campaign cancel` ends campaigns)."
        )
    return _withdraw(ledger, sorted(known.values()), by=by, reason=reason)


def _withdraw(ledger: Ledger, ids: Sequence[int], *, by: str, reason: str) -> Withdrawn:
    before: Counter[Status] = Counter()
    withdrawal_id: int | None = None
    for start in range(0, len(ids), _AT_A_TIME):
        began = time.monotonic()
        with ledger.writing() as connection:
            if withdrawal_id is None:
                withdrawal_id = withdrawals.begin(connection, by=by, reason=reason)
            part = ids[start : start + _AT_A_TIME]
            before.update(withdrawals.withdraw(connection, withdrawal_id, part, reason))
        if start + _AT_A_TIME < len(ids):
            time.sleep(time.monotonic() - began)
    taken_back = before[Status.QUEUED] + before[Status.CLAIMED]
    under_way = before[Status.SENDING] + before[Status.IN_DOUBT]
    earlier = before[Status.CANCELLED]
    return Withdrawn(taken_back, under_way, earlier, before.total() - taken_back - under_way - earlier)
