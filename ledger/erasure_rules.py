"""What erasing a person does with each column that can hold text: no column is without a rule.

Numbers, times and truths hold nobody. A new column of text, JSON or bytes needs a line here, or a test fails.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.types import JSON, String

from ledger.schema import metadata


class Rule(StrEnum):
    """What becomes of the person in a column."""

    # A row is about one person; theirs is emptied, hashed or deleted.
    OWN = "own"
    # Anybody can be named in it, in whatever words: the person is taken out of every row.
    SEARCHED = "searched"
    # The name of something of the operator's, by which that is found: it stays, and is reported.
    KEPT = "kept"
    # Ids, digests, and words that only this program writes.
    NOBODY = "nobody"


_OWN, _SEARCHED, _KEPT, _NOBODY = Rule.OWN, Rule.SEARCHED, Rule.KEPT, Rule.NOBODY

RULES: Mapping[str, Mapping[str, Rule]] = {
    "account_change": {"action": _NOBODY, "by": _SEARCHED, "reason": _SEARCHED},
    "api_key": {"operator": _KEPT, "digest": _NOBODY, "hint": _NOBODY},
    "attempt": {
        "send_id": _NOBODY,
        "call_id": _NOBODY,
        "result": _SEARCHED,
        "ses_message_id": _NOBODY,
        "error": _SEARCHED,
    },
    "breaker": {"name": _NOBODY},
    "call_limit": {"name": _NOBODY, "mode": _NOBODY, "rates": _NOBODY},
    "callback": {
        "status": _NOBODY,
        "previous_status": _NOBODY,
        "diagnostic": _SEARCHED,
        "answer": _SEARCHED,
    },
    "callback_group": {"digest": _NOBODY},
    # A receiver's URL can name whom it is about.
    "callback_url": {"owner": _KEPT, "url": _SEARCHED},
    "campaign": {
        "name": _KEPT,
        "state": _NOBODY,
        # Senders, templates and files: what was sent can be shown, and sent on.
        "definition": _KEPT,
        "list_digest": _NOBODY,
        "template_digest": _NOBODY,
        "list_summary": _SEARCHED,
        "halt": _SEARCHED,
        "changed_by": _SEARCHED,
        "change_reason": _SEARCHED,
    },
    "campaign_change": {
        "from_state": _NOBODY,
        "to_state": _NOBODY,
        "by": _SEARCHED,
        "reason": _SEARCHED,
        "halt": _SEARCHED,
    },
    "claim": {"owner": _NOBODY},
    "domain_brake": {"domain": _OWN},
    "erasure": {"address_hash": _NOBODY, "by": _SEARCHED, "reason": _SEARCHED},
    "erasure_key": {"key": _NOBODY},
    "event": {
        "dedupe_key": _NOBODY,
        "kind": _NOBODY,
        "send_id": _NOBODY,
        "ses_message_id": _NOBODY,
        "recipient": _SEARCHED,
        "bounce_type": _NOBODY,
        "bounce_subtype": _NOBODY,
        "diagnostic": _SEARCHED,
        "raw_digest": _NOBODY,
        "note": _SEARCHED,
    },
    "event_raw": {"digest": _NOBODY, "raw": _SEARCHED},
    "event_source": {"kind": _NOBODY, "name": _KEPT, "by": _SEARCHED},
    "idempotency": {"key": _OWN, "digest": _NOBODY, "answer": _OWN},
    "identity": {"ledger_id": _NOBODY},
    "limiter": {"name": _NOBODY},
    # What stands in a path can be a name.
    "link": {"url": _SEARCHED},
    "message": {
        "address": _OWN,
        "address_key": _OWN,
        "domain": _OWN,
        "fields": _SEARCHED,
        "stage": _NOBODY,
        "status": _NOBODY,
        "detail": _SEARCHED,
        "withheld_reason": _NOBODY,
    },
    "mx_answer": {
        "resolver": _NOBODY,
        "domain": _OWN,
        "status": _NOBODY,
        "detail": _OWN,
        "flag": _NOBODY,
    },
    "owner": {"name": _KEPT},
    "owner_change": {"action": _NOBODY, "by": _SEARCHED, "reason": _SEARCHED},
    "queue_adoption": {"by": _SEARCHED, "reason": _SEARCHED},
    "restore": {
        "found_by": _NOBODY,
        "by": _SEARCHED,
        "note": _SEARCHED,
        "accepted_by": _SEARCHED,
        "accepted_reason": _SEARCHED,
    },
    "sender": {"address_key": _KEPT},
    "sender_day": {"domain": _KEPT},
    "sign_up": {
        "address_key": _OWN,
        "address": _OWN,
        "state": _NOBODY,
        "sender": _KEPT,
        "consent_text": _SEARCHED,
        "requested_by": _KEPT,
        "confirmed_by": _NOBODY,
    },
    "single": {
        "public_id": _NOBODY,
        "operator": _KEPT,
        "sender": _KEPT,
        "recipient": _SEARCHED,
        "subject": _SEARCHED,
        "text": _SEARCHED,
        "unsubscribe_text": _SEARCHED,
        "external_id": _SEARCHED,
        "client_id": _SEARCHED,
        "alias": _SEARCHED,
        "callbacks": _SEARCHED,
        "language": _NOBODY,
    },
    "subscriber": {"address_key": _OWN, "address": _OWN, "state": _NOBODY, "token": _NOBODY},
    "suppression": {
        "address_key": _OWN,
        "scope": _KEPT,
        "reason": _NOBODY,
        "source": _SEARCHED,
        "note": _SEARCHED,
    },
    "suppression_change": {
        "action": _NOBODY,
        "address_key": _OWN,
        "scope": _KEPT,
        "reason": _NOBODY,
        "by": _SEARCHED,
        "source": _SEARCHED,
        "note": _SEARCHED,
    },
    # The source of what it brought names the file: the two are changed alike.
    "suppression_import": {"by": _SEARCHED, "file": _SEARCHED},
    "tally": {},
    "trial": {
        "campaign": _KEPT,
        "request": _NOBODY,
        "sender": _KEPT,
        "owner": _KEPT,
        "list_name": _KEPT,
    },
    "unread_change": {"action": _NOBODY, "by": _SEARCHED, "note": _SEARCHED},
    "unread_message": {"digest": _NOBODY, "why": _SEARCHED, "body": _OWN},
    "withdrawal": {"by": _SEARCHED, "reason": _SEARCHED},
}


def text_columns(table: Table) -> list[Column[object]]:
    """Return the columns of a table that can name somebody."""
    return [column for column in table.columns if isinstance(column.type, String | JSON | LargeBinary)]


def columns_by(rule: Rule) -> dict[Table, list[Column[object]]]:
    """Return the columns under a rule, by their tables."""
    found: dict[Table, list[Column[object]]] = {}
    for table in metadata.sorted_tables:
        rules = RULES.get(table.name, {})
        columns = [column for column in text_columns(table) if rules.get(column.name) is rule]
        if columns:
            found[table] = columns
    return found
