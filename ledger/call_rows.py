"""The rows of one claim or call, written as sets: the way nearly all go, in each database's own words.

Fifty messages a call make the path of a campaign: a statement that SQLAlchemy has to put together for them
takes longer than the database needs to run it. What is not alike goes the general way (ledger.transitions).
"""

import json
from collections.abc import Mapping, Sequence

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
        "UPDATE message SET stage = 'SENDING', status = 'SENDING', stage_at = %(at)s, "
        "attempts = attempts + 1 WHERE id = ANY(%(ids)s::bigint[]) AND status = 'CLAIMED' "
        "AND claim_id = %(claim_id)s RETURNING id, attempts"
    ),
}
# Where the status is still SENDING no fact decides it: what is added is the same for every such row.
_ACCEPT = {
    "sqlite": (
        "UPDATE message SET status = 'SENT', accepted_at = :at "
        "WHERE id IN (SELECT value FROM json_each(:ids)) AND status = 'SENDING' AND claim_id = :claim_id "
        "AND accepted_at IS NULL AND callback_group_id IS NULL RETURNING id"
    ),
    "postgresql": (
        "UPDATE message SET status = 'SENT', accepted_at = %(at)s "
        "WHERE id = ANY(%(ids)s::bigint[]) AND status = 'SENDING' AND claim_id = %(claim_id)s "
        "AND accepted_at IS NULL AND callback_group_id IS NULL RETURNING id"
    ),
}
_ADD_ATTEMPTS = {
    "sqlite": (
        "INSERT INTO attempt (message_id, number, send_id, call_id, claim_id, started_at) "
        "VALUES (?, ?, ?, ?, ?, ?)"
    ),
    "postgresql": (
        "INSERT INTO attempt (message_id, number, send_id, call_id, claim_id, started_at) "
        "SELECT message_id, number, send_id, %s, %s, %s "
        "FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS new (message_id, number, send_id)"
    ),
}
_ANSWER = {
    "sqlite": (
        "UPDATE attempt SET answered_at = ?, result = 'accepted', ses_message_id = ?, error = NULL "
        "WHERE send_id = ?"
    ),
    "postgresql": (
        "UPDATE attempt SET answered_at = %s, result = 'accepted', ses_message_id = new.ses_message_id, "
        "error = NULL FROM unnest(%s::text[], %s::text[]) AS new (ses_message_id, send_id) "
        "WHERE attempt.send_id = new.send_id"
    ),
}


def claim(connection: Connection, ids: Sequence[int], claim_id: int, epoch: int, at: float) -> dict[int, int]:
    """QUEUED -> CLAIMED in this epoch; return how many of them came from which epoch."""
    named = _of(connection, ids, claim_id, at) | {"epoch": epoch}
    rows = connection.exec_driver_sql(_EPOCHS[connection.dialect.name], {"ids": named["ids"]}).fetchall()
    connection.exec_driver_sql(_CLAIM[connection.dialect.name], named)
    return {row[0]: row[1] for row in rows}


def intend(connection: Connection, ids: Sequence[int], claim_id: int, at: float) -> dict[int, int]:
    """CLAIMED -> SENDING for what the claim still holds of `ids`; return the attempt's number by id."""
    rows = connection.exec_driver_sql(_INTEND[connection.dialect.name], _of(connection, ids, claim_id, at))
    return {row[0]: row[1] for row in rows.fetchall()}


def add_attempts(
    connection: Connection,
    numbers: Mapping[int, int],
    send_ids: Mapping[int, str],
    call_id: str,
    claim_id: int,
    at: float,
) -> None:
    """Insert an attempt for each message of `numbers` (id -> number), in the order of `send_ids`."""
    if connection.dialect.name == "postgresql":
        sends = [send_ids[id_] for id_ in send_ids]
        new = (call_id, claim_id, at, list(send_ids), [numbers[id_] for id_ in send_ids], sends)
        connection.exec_driver_sql(_ADD_ATTEMPTS["postgresql"], new)
        return
    rows = [(id_, numbers[id_], send_id, call_id, claim_id, at) for id_, send_id in send_ids.items()]
    connection.exec_driver_sql(_ADD_ATTEMPTS["sqlite"], rows)


def accept(connection: Connection, ids: Sequence[int], claim_id: int, at: float) -> set[int]:
    """SENDING -> SENT for those that the claim still holds and nobody is to be told of; return their ids."""
    rows = connection.exec_driver_sql(_ACCEPT[connection.dialect.name], _of(connection, ids, claim_id, at))
    return {row[0] for row in rows.fetchall()}


def answer(connection: Connection, answers: Mapping[str, str], at: float) -> None:
    """Keep with each attempt (send id -> SES message id) that SES has taken it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_ANSWER["postgresql"], (at, list(answers.values()), list(answers)))
        return
    rows = [(at, ses_message_id, send_id) for send_id, ses_message_id in answers.items()]
    connection.exec_driver_sql(_ANSWER["sqlite"], rows)


def _of(connection: Connection, ids: Sequence[int], claim_id: int, at: float) -> dict[str, object]:
    given: object = list(ids) if connection.dialect.name == "postgresql" else json.dumps(list(ids))
    return {"ids": given, "claim_id": claim_id, "at": at}
