"""Whether this process can do its work."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.context import context
from api.pages import HEADERS
from api.vitals import Health

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Whether this process does its work, and what stands in its way")
async def health(request: Request) -> Response:
    """Answer `ok`, `degraded` with the reasons, or 503 with `failed` where starting anew would help.

    It comes within a second, whatever is locked.
    """
    here = await context(request)
    found = await here.vitals.check()
    signs = found.signs
    body = {
        "status": found.health.value,
        "reasons": [*found.failed, *found.degraded],
        "oldestQueuedSeconds": None if signs is None else _rounded(signs.oldest_queued_seconds),
        "lastEventSeconds": None if signs is None else _rounded(signs.last_event_seconds),
    }
    status = 503 if found.health is Health.FAILED else 200
    return JSONResponse(body, status, headers=dict(HEADERS))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
