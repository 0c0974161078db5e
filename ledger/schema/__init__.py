"""The tables of the ledger.

All times are UTC, in seconds since the epoch, by the database's clock unless the column says otherwise.
A message's `status` is derived from its stage and facts (ledger.statuses) and stored for the queries.
"""

from ledger.schema.base import metadata
from ledger.schema.callbacks import callback, callback_group, callback_member, callback_url
from ledger.schema.front_door import api_key, idempotency, owner, owner_change, sender, single, withdrawal
from ledger.schema.outcomes import (
    COHORT_SECONDS,
    COUNT_COLUMNS,
    SINGLE_MESSAGES,
    STATUS_COLUMNS,
    account_change,
    cohort,
    domain_brake,
    event,
    event_raw,
    event_source,
    link,
    sender_day,
    tally,
)
from ledger.schema.people import erasure, erasure_key, sign_up, subscriber, suppression, suppression_change
from ledger.schema.sending import (
    FACT_COLUMNS,
    TRIAL_EPOCH,
    attempt,
    breaker,
    call_limit,
    campaign,
    campaign_change,
    claim,
    limiter,
    message,
    trial,
)
from ledger.schema.upkeep import (
    drain,
    identity,
    mx_answer,
    queue_adoption,
    restore,
    unread_change,
    unread_message,
)

__all__ = [
    "COHORT_SECONDS",
    "COUNT_COLUMNS",
    "FACT_COLUMNS",
    "SINGLE_MESSAGES",
    "STATUS_COLUMNS",
    "TRIAL_EPOCH",
    "account_change",
    "api_key",
    "attempt",
    "breaker",
    "call_limit",
    "callback",
    "callback_group",
    "callback_member",
    "callback_url",
    "campaign",
    "campaign_change",
    "claim",
    "cohort",
    "domain_brake",
    "drain",
    "erasure",
    "erasure_key",
    "event",
    "event_raw",
    "event_source",
    "idempotency",
    "identity",
    "limiter",
    "link",
    "message",
    "metadata",
    "mx_answer",
    "owner",
    "owner_change",
    "queue_adoption",
    "restore",
    "sender",
    "sender_day",
    "sign_up",
    "single",
    "subscriber",
    "suppression",
    "suppression_change",
    "tally",
    "trial",
    "unread_change",
    "unread_message",
    "withdrawal",
]
