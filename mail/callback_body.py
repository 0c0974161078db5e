"""What a callback says."""

import json
from datetime import UTC, datetime

from ledger.callbacks import Callback
from ledger.singles import shown_id


def body_of(told: Callback) -> bytes:
    """Return what a receiver is told, as JSON."""
    time_ = datetime.fromtimestamp(told.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {
            "id": shown_id(told.message_id, told.public_id),
            "status": told.status,
            "previousStatus": told.previous_status,
            "time": time_,
            "to": told.to,
            "externalId": told.external_id,
            "clientId": told.client_id,
            "campaign": told.campaign or None,
            "diagnostic": told.diagnostic,
        },
        ensure_ascii=False,
    ).encode()
