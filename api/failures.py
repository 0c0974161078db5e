"""What a request that fails is answered: JSON for programs, a page for people."""

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from api import answers, pages
from api.errors import Code, Refusal, Refused
from api.thread_pools import Unavailable
from ledger.errors import LedgerError
from mail.errors import MailError

log = logging.getLogger(__name__)

# Where mail's links lead: whoever comes there is a person with a browser, or a mailbox provider.
PAGES = ("/unsubscribe", "/confirm")

_SENTENCES = {
    404: (Code.NOT_FOUND, "There is nothing here: see /docs for what there is."),
    405: (Code.METHOD_NOT_ALLOWED, "This address takes another method: see the header Allow."),
    413: (Code.BODY_TOO_LARGE, "The body is too large."),
}


def add_to(app: FastAPI) -> None:
    """Let the application answer every failure in one of the two forms."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, not_now)
    app.add_exception_handler(LedgerError, not_now)
    app.add_exception_handler(Unavailable, unavailable)
    app.add_exception_handler(MailError, _ses)


def invalid(error: RequestValidationError) -> Refusal:
    """Return the first fault that pydantic found in a request as a refusal."""
    fault = error.errors()[0]
    if fault["type"] == "json_invalid":
        return Refusal(400, Code.NOT_JSON, "The body is not JSON.", "body")
    place = [str(part) for part in fault["loc"]]
    name = ".".join(place[1:] or place)
    told = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    return Refusal(422, Code.INVALID, f"`{name}`: {told[:1].lower()}{told[1:]}.", name)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answers.refused(error.refusal)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if _is_page(request):
        return pages.in_words("refused.html.j2", request, status=422)
    return answers.refused(invalid(error))


async def _http(request: Request, error: Exception) -> Response:
    status, headers = 500, None
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
    if _is_page(request):
        template = "unknown.html.j2" if status == 404 else "refused.html.j2"
        return pages.in_words(template, request, status=status, more=headers)
    code, sentence = _SENTENCES.get(status, (Code.INVALID, "The request cannot be read."))
    return answers.refused(Refusal(status, code, sentence, headers=headers or {}))


async def not_now(request: Request, error: Exception) -> Response:
    """Answer that the ledger does not."""
    # The error's text may hold an address among the query's parameters.
    log.error("the ledger does not answer: %s", type(error).__name__)
    if _is_page(request):
        return pages.in_words("later.html.j2", request, status=503, more={"Retry-After": "60"})
    return answers.refused(
        Refusal(
            503,
            Code.UNAVAILABLE,
            "The ledger does not answer: send this request again in a minute, with its Idempotency-Key.",
            headers={"Retry-After": "60"},
        )
    )


async def unavailable(request: Request, error: Exception) -> Response:
    """Answer that what the request waits for is not to be had now."""
    assert isinstance(error, Unavailable)
    later = {"Retry-After": str(error.wait_seconds)}
    if _is_page(request):
        return pages.in_words("later.html.j2", request, status=503, more=later)
    return answers.refused(Refusal(503, Code.UNAVAILABLE, f"{error}", headers=later))


async def _ses(_request: Request, error: Exception) -> Response:
    return answers.refused(Refusal(503, Code.UNAVAILABLE, f"{error}", headers={"Retry-After": "60"}))


def _is_page(request: Request) -> bool:
    return request.url.path.startswith(PAGES)
