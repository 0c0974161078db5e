"""Signatures of callbacks after the Standard Webhooks convention (standardwebhooks.com).

An owner's secret follows from CAMPAIGN_SECRET_KEY, so none is stored. While that names older keys too, every
callback carries a signature by each, and a receiver can change its secret at leisure.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence

# Enters every secret, so that it serves nothing but callbacks and says nothing about the key.
_PURPOSE = b"callbacks/1\x00"


def secrets_of(secret_key: str, owner: str) -> list[str]:
    """Return an owner's signing secrets, the newest first, as receivers' libraries take them: `whsec_...`."""
    keys = [key.strip().encode() for key in secret_key.split(",") if key.strip()]
    return [
        "whsec_" + b64encode(hmac.digest(key, _PURPOSE + owner.encode(), "sha256")).decode("ascii")
        for key in keys
    ]


def headers(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Return the three headers of a callback; `timestamp` is that of this try, in epoch seconds."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix("whsec_"))
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")
