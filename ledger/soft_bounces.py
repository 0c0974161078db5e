"""Addresses whose mail came back for passing reasons again and again: at some point it will not pass.

Whether one is suppressed for it follows from the facts of its messages alone, so the order of the events
makes no difference: a delivery that becomes known late takes the suppression off again.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, or_, select, text

from ledger import suppression_history
from ledger.key_batches import among, batches
from ledger.schema import TRIAL_EPOCH, message, suppression
from ledger.suppression_history import NOBODY
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason, add, remove

# Three campaigns in a row is what mailing-list software commonly waits for.
IN_A_ROW = 3
_SOURCE = "soft bounces"


def lock(connection: Connection) -> None:
    """Wait until no other transaction judges events, so that a row of bounces is counted whole.

    Two collectors may take in events of one address for two campaigns, and neither would see the other's.
    On SQLite there is only one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        # Any constant serves; it only has to be the same for every collector.
        connection.execute(text("SELECT pg_advisory_xact_lock(5024513)"))


def review(connection: Connection, bounced: Collection[str], others: Collection[str], in_a_row: int) -> None:
    """Suppress everywhere whose last `in_a_row` messages bounced softly, and lift it where that is not so.

    `bounced` are the address keys with a new soft bounce, `others` those with other news. Hold the lock.
    """
    candidates = sorted({*bounced, *_suppressed_for_it(connection, sorted(others))})
    found = runs(connection, candidates)
    add(
        connection,
        [
            Suppression(key, SuppressionReason.SOFT_BOUNCE, _SOURCE, note=f"{in_a_row} soft bounces in a row")
            for key, bounces in found.items()
            if bounces >= in_a_row
        ],
    )
    remove(
        connection,
        [(key, EVERYWHERE) for key, bounces in found.items() if bounces < in_a_row],
        by=NOBODY,
        source=_SOURCE,
        note="a message was delivered after all",
        only=(SuppressionReason.SOFT_BOUNCE,),
    )


def runs(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Return by address key how many of its last messages in a row bounced softly, 0 for none.

    A message without an outcome neither counts nor ends the row; one that was delivered, opened or clicked
    ends it, and so does the moment at which a person lifted the suppression.
    """
    forgiven = suppression_history.lifted_by_people(connection, keys, [SuppressionReason.SOFT_BOUNCE])
    bounces = dict.fromkeys(keys, 0)
    ended: set[str] = set()
    for part in batches(keys):
        query = (
            select(
                message.c.address_key,
                message.c.accepted_at,
                _any_of("soft_bounced_at", "transient_general_at").label("bounced"),
                _any_of("delivered_at", "opened_at", "clicked_at").label("arrived"),
            )
            .where(
                among(connection, message.c.address_key, part),
                message.c.accepted_at.is_not(None),
                message.c.epoch != TRIAL_EPOCH,
            )
            .order_by(message.c.accepted_at.desc(), message.c.id.desc())
        )
        for key, accepted_at, bounced, arrived in connection.execute(query):
            if arrived or accepted_at <= forgiven.get(key, float("-inf")):
                ended.add(key)
            elif bounced and key not in ended:
                bounces[key] += 1
    return bounces


def _any_of(*names: str) -> ColumnElement[bool]:
    first, *rest = (message.c[name].is_not(None) for name in names)
    return or_(first, *rest)


def _suppressed_for_it(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that soft bounces suppress, whether or not a graver reason does too."""
    entries: set[str] = set()
    for part in batches(keys):
        query = select(suppression.c.address_key).where(
            among(connection, suppression.c.address_key, part), suppression.c.scope == EVERYWHERE
        )
        entries.update(connection.execute(query).scalars())
    if not entries:
        return set()
    standing = suppression_history.standing(connection, sorted(entries), [EVERYWHERE])
    return {key for (key, _), grounds in standing.items() if SuppressionReason.SOFT_BOUNCE in grounds}
