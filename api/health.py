"""Whether this process can do its work."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.context import Here
from api.pages import HEADERS

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Whether the ledger answers")
def health(here: Here) -> Response:
    """Answer `ok` where the ledger can be read."""
    with here.ledger.reading():
        return JSONResponse({"status": "ok"}, headers=dict(HEADERS))
