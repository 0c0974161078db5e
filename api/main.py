"""The front door over HTTP; for now the pages behind the unsubscribe links."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from api import pages
from api.senders import sender_name
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerError
from ledger.unsubscribes import unsubscribe
from mail.unsubscribe import TokenClaims, Tokens
from settings import Settings

log = logging.getLogger(__name__)

# An unsubscribe form is a few dozen bytes; nobody has a reason to post more.
MAX_BODY_BYTES = 16_384


def create_app(settings: Settings) -> FastAPI:
    """Return the application, its ledger open until it shuts down.

    Raises SettingsError without a secret key, and LedgerError where the database does not answer.
    """
    settings.need("secret_key")
    tokens = Tokens(settings.secret_key.get_secret_value())
    ledger = open_ledger(settings.database_url)

    @asynccontextmanager
    async def closing(_app: FastAPI) -> AsyncIterator[None]:
        yield
        ledger.close()

    app = FastAPI(title="Campaigns", openapi_url=None, docs_url=None, redoc_url=None, lifespan=closing)
    app.add_exception_handler(StarletteHTTPException, _not_there)
    app.add_exception_handler(SQLAlchemyError, _not_now)
    app.add_exception_handler(LedgerError, _not_now)
    _add_routes(app, tokens, ledger)
    return app


def _add_routes(app: FastAPI, tokens: Tokens, ledger: Ledger) -> None:
    def claims(token: str) -> TokenClaims:
        found = tokens.read(token)
        if found is None:
            raise HTTPException(404)
        return found

    # Link scanners follow every link of a mail, so reading the page changes nothing.
    @app.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
    def ask(held: Annotated[TokenClaims, Depends(claims)]) -> Response:
        with ledger.reading() as connection:
            sender = sender_name(connection, held.campaign_id)
        if sender is None:
            raise HTTPException(404)
        return pages.respond("ask.html.j2", sender=sender)

    @app.post("/unsubscribe/{token}")
    def act(
        held: Annotated[TokenClaims, Depends(claims)], body: Annotated[bytes, Depends(_small_body)]
    ) -> Response:
        # RFC 8058 section 3.1: the provider posts this pair, urlencoded or multipart, with no cookie. The
        # link alone is the permission, so a form that cannot be parsed unsubscribes as well.
        by = "one-click" if b"List-Unsubscribe" in body and b"One-Click" in body else "page"
        with ledger.writing() as connection:
            done = unsubscribe(connection, message_id=held.message_id, campaign_id=held.campaign_id, by=by)
            sender = sender_name(connection, held.campaign_id)
        if not done or sender is None:
            raise HTTPException(404)
        return pages.respond("done.html.j2", sender=sender)

    @app.get("/healthz")
    def health() -> Response:
        with ledger.reading():
            return JSONResponse({"status": "ok"}, headers=pages.HEADERS)


async def _small_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413)
    return body


async def _not_there(_request: Request, error: Exception) -> Response:
    status, more = 500, None
    if isinstance(error, StarletteHTTPException):
        status, more = error.status_code, error.headers
    template = "unknown.html.j2" if status == 404 else "refused.html.j2"
    return pages.respond(template, status=status, more=more)


async def _not_now(_request: Request, error: Exception) -> Response:
    # The error's text may hold an address among the query's parameters.
    log.error("the ledger does not answer: %s", type(error).__name__)
    return pages.respond("later.html.j2", status=503, more={"Retry-After": "60"})
