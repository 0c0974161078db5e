"""The rows of one claim or call, written as sets: the way nearly all go, in each database's own words.

Fifty messages a call make the path of a campaign: a statement that SQLAlchemy has to put together for them
takes longer than the database needs to run it. What is not alike goes the general way (ledger.transitions).
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

_EPOCHS = {
    "sqlite": (
        "SELECT epoch, count(*) FROM message WHERE id IN (SELECT value FROM json_each(:ids)) GROUP BY epoch"
    ),
    "postgresql": ("SELECT epoch, count(*) FROM message WHERE id = ANY(%(ids)s::bigint[]) GROUP BY epoch"),
}
_CLAIM = {
    "sqlite": (
        "UPDATE message SET stage = 'CLAIMED', status = 'CLAIMED', stage_at = :at, claim_id = :claim_id, "
        "epoch = :epoch WHERE id IN (SELECT value FROM json_each(:ids))"
    ),
    "postgresql": (
        "UPDATE message SET stage = 'CLAIMED', status = 'CLAIMED', stage_at = %(at)s, "
        "claim_id = %(claim_id)s, epoch = %(epoch)s WHERE id = ANY(%(ids)s::bigint[])"
    ),
}
_INTEND = {
    "sqlite": (
        "UPDATE message SET stage = 'SENDING', status = 'SENDING', stage_at = :at, attempts = attempts + 1 "
        "WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'CLAIMED' AND claim_id = :claim_id "
        "RETURNING id, attempts"
    ),
    "postgresql": (
        "WITH moved AS (UPDATE message SET stage = 'SENDING', status = 'SENDING', stage_at = %(at)s, "
        "attempts = attempts + 1 WHERE id = ANY(%(ids)s::bigint[]) AND status = 'CLAIMED' "
        "AND claim_id = %(claim_id)s RETURNING id, attempts) "
        "INSERT INTO attempt (message_id, number, send_id, call_id, claim_id, started_at) "
        "SELECT moved.id, moved.attempts, new.send_id, %(call_id)s, %(claim_id)s, %(at)s "
        "FROM unnest(%(ids)s::bigint[], %(send_ids)s::text[]) WITH ORDINALITY AS new (id, send_id, place) "
        "JOIN moved ON moved.id = new.id ORDER BY new.place"
    ),
}
_ADD_ATTEMPT = (
    "INSERT INTO attempt (message_id, number, send_id, call_id, claim_id, started_at) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
# Where the status is still SENDING no fact decides it: what is added is the same for every such row.
_ACCEPT = {
    "sqlite": (
        "UPDATE message SET status = 'SENT', accepted_at = :at "
        "WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'SENDING' AND claim_id = :claim_id "
        "AND accepted_at IS NULL AND callback_group_id IS NULL RETURNING id"
    ),
    "postgresql": (
        "WITH moved AS (UPDATE message SET status = 'SENT', accepted_at = %(at)s "
        "WHERE id = ANY(%(ids)s::bigint[]) AND status = 'SENDING' AND claim_id = %(claim_id)s "
        "AND accepted_at IS NULL AND callback_group_id IS NULL RETURNING id) "
        "UPDATE attempt SET answered_at = %(at)s, result = 'accepted', ses_message_id = new.ses_message_id, "
        "error = NULL FROM unnest(%(ids)s::bigint[], %(send_ids)s::text[], %(ses_ids)s::text[]) "
        "AS new (id, send_id, ses_message_id) JOIN moved ON moved.id = new.id "
        "WHERE attempt.send_id = new.send_id RETURNING new.id"
    ),
}
_ANSWER = (
    "UPDATE attempt SET answered_at = ?, result = 'accepted', ses_message_id = ?, error = NULL "
    "WHERE send_id = ?"
)


_END_CLAIM = {
    "sqlite": (
        "DELETE FROM claim WHERE id = :claim_id AND NOT EXISTS (SELECT 1 FROM message "
        "WHERE campaign_id = :campaign_id AND status = 'CLAIMED' AND claim_id = :claim_id)"
    ),
    "postgresql": (
        "DELETE FROM claim WHERE id = %(claim_id)s AND NOT EXISTS (SELECT 1 FROM message "
        "WHERE campaign_id = %(campaign_id)s AND status = 'CLAIMED' AND claim_id = %(claim_id)s)"
    ),
}


def claim(connection: Connection, ids: Sequence[int], claim_id: int, epoch: int, at: float) -> dict[int, int]:
    """QUEUED -> CLAIMED in this epoch; return how many of them came from which epoch."""
    named = _of(connection, ids, claim_id, at) | {"epoch": epoch}
    rows = connection.exec_driver_sql(_EPOCHS[connection.dialect.name], {"ids": named["ids"]}).fetchall()
    connection.exec_driver_sql(_CLAIM[connection.dialect.name], named)
    return {row[0]: row[1] for row in rows}


def intend(
    connection: Connection, send_ids: Mapping[int, str], call_id: str, claim_id: int, at: float
) -> int:
    """CLAIMED -> SENDING with a new attempt (message id -> send id) each; return how many there were.

    Those that the claim does not hold any more are left alone.
    """
    named = _of(connection, list(send_ids), claim_id, at)
    if connection.dialect.name == "postgresql":
        more = {"send_ids": _array(send_ids.values()), "call_id": call_id}
        return connection.exec_driver_sql(_INTEND["postgresql"], named | more).rowcount
    moved = connection.exec_driver_sql(_INTEND["sqlite"], named).fetchall()
    numbers = {row[0]: row[1] for row in moved}
    rows = [
        (id_, numbers[id_], send_id, call_id, claim_id, at)
        for id_, send_id in send_ids.items()
        if id_ in numbers
    ]
    if rows:
        connection.exec_driver_sql(_ADD_ATTEMPT, rows)
    return len(rows)


def accept(
    connection: Connection, taken: Mapping[int, tuple[str, str]], claim_id: int, at: float
) -> set[int]:
    """SENDING -> SENT for those that the claim still holds and nobody is to be told of; return their ids.

    `taken` has the send id and SES's id of each message; they are kept with its attempt.
    """
    named = _of(connection, list(taken), claim_id, at)
    if connection.dialect.name == "postgresql":
        send_ids, ses_ids = zip(*taken.values(), strict=True)
        more = {"send_ids": _array(send_ids), "ses_ids": _array(ses_ids)}
        rows = connection.exec_driver_sql(_ACCEPT["postgresql"], named | more)
        return {row[0] for row in rows.fetchall()}
    written = {row[0] for row in connection.exec_driver_sql(_ACCEPT["sqlite"], named).fetchall()}
    answers = [(at, ses_id, send_id) for id_, (send_id, ses_id) in taken.items() if id_ in written]
    if answers:
        connection.exec_driver_sql(_ANSWER, answers)
    return written


def end_claim(connection: Connection, campaign_id: int, claim_id: int) -> bool:
    """Delete a claim of which nothing is CLAIMED any more; return whether it is gone by that."""
    named = {"campaign_id": campaign_id, "claim_id": claim_id}
    return connection.exec_driver_sql(_END_CLAIM[connection.dialect.name], named).rowcount == 1


def _of(connection: Connection, ids: Sequence[int], claim_id: int, at: float) -> dict[str, object]:
    listed = ",".join(map(str, ids))
    listed = f"{{{listed}}}" if connection.dialect.name == "postgresql" else f"[{listed}]"
    return {"ids": listed, "claim_id": claim_id, "at": at}


def _array(texts: Iterable[str]) -> str:
    """Return PostgreSQL's own spelling of an array: the driver takes longer to spell one than to send it."""
    quoted = ('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)
    return f"{{{','.join(quoted)}}}"
