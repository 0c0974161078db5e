"""What a callback says."""

import json

from ledger.callbacks import Callback
from ledger.singles import shown_id


def body_of(told: Callback) -> bytes:
    """Return what a receiver is told, as JSON; times are epoch milliseconds, as everywhere over HTTP."""
    return json.dumps(
        {
            "id": shown_id(told.message_id, told.public_id),
            "status": told.status,
            "previousStatus": told.previous_status,
            "time": int(told.at * 1000),
            "to": told.to,
            "externalId": told.external_id,
            "clientId": told.client_id,
            "campaign": told.campaign or None,
            "diagnostic": told.diagnostic,
        },
        ensure_ascii=False,
    ).encode()
