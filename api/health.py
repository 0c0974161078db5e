"""Whether this process is alive, and whether it can do its work."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.context import context
from api.pages import HEADERS
from api.vitals import Checkup, Health, Readiness

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Whether this process is alive: 503 only where starting it anew helps")
async def health(request: Request) -> Response:
    """Answer `ok`, `degraded` with the reasons, or 503 with `failed` where starting anew would help.

    It comes within a second, whatever is locked. For whoever starts and ends processes.
    """
    found = await (await context(request)).vitals.check()
    return _answer(found, found.health, 503 if found.health is Health.FAILED else 200)


@router.get("/readyz", summary="Whether requests can be served here: 503 only where they cannot")
async def ready(request: Request) -> Response:
    """Answer `ok`, `degraded` with the reasons, or 503 with `unready` where requests cannot be served.

    It comes within a second, whatever is locked. For whoever spreads requests.
    """
    found = await (await context(request)).vitals.check()
    return _answer(found, found.readiness, 503 if found.readiness is Readiness.UNREADY else 200)


def _answer(found: Checkup, status: Health | Readiness, code: int) -> Response:
    signs = found.signs
    body = {
        "status": status.value,
        "reasons": found.reasons,
        "oldestQueuedSeconds": None if signs is None else _rounded(signs.oldest_queued_seconds),
        "lastEventSeconds": None if signs is None else _rounded(signs.last_event_seconds),
    }
    return JSONResponse(body, code, headers=dict(HEADERS))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
