"""The front door over HTTP: its parts put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import failures, health, unsubscribing
from api.auth import Keys
from api.context import Context
from api.pace import Pace
from ledger.engine import open_ledger
from mail.unsubscribe import Tokens
from settings import Settings


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
    app.state.context = Context(
        settings=settings,
        ledger=ledger,
        tokens=tokens,
        keys=Keys(ledger),
        pace=Pace(settings.api_requests_per_second),
    )
    failures.add_to(app)
    for part in (unsubscribing, health):
        app.include_router(part.router)
    return app
