"""The form that every answer in JSON has: what was done or why not, and `meta` to speak of it later."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from fastapi.responses import JSONResponse

from api.errors import Refusal
from api.pages import HEADERS


def meta() -> dict[str, Any]:
    """Return the time in epoch milliseconds and an id of this transaction."""
    return {"timestamp": time.time_ns() // 1_000_000, "transactionId": str(uuid4())}


def milliseconds(seconds: float | None) -> int | None:
    """Return a time of the ledger in the form that every answer has."""
    return None if seconds is None else int(seconds * 1000)


def done(data: Any, *, status: int = 200, more: Mapping[str, Any] | None = None) -> JSONResponse:
    """Answer with `data`, and with `more` beside it."""
    return JSONResponse({"meta": meta(), "data": data, **(more or {})}, status, headers=dict(HEADERS))


def refused(refusal: Refusal) -> JSONResponse:
    """Answer with a refusal."""
    body = {"meta": meta(), "error": refusal.as_json()}
    return JSONResponse(body, refusal.status, headers={**HEADERS, **refusal.headers})
