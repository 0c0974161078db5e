"""Ids of sends and of calls, made by whoever makes the call: no other process makes the same."""

import secrets
import time

_RANDOM_BYTES = 10


def fresh_id() -> str:
    """Return 32 hexadecimal digits: the millisecond, and 80 random bits (the idea of RFC 9562, section 5.7).

    Ids of one time stand side by side in an index, so a call touches one page of it and not fifty.
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(_RANDOM_BYTES)}"
