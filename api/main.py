"""The front door over HTTP: its parts put together."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from api import (
    calling_back,
    confirming,
    docs,
    emails,
    failures,
    figures,
    health,
    health_alerts,
    lookups,
    mailbox,
    onboarding,
    subscribing,
    unsubscribing,
)
from api.auth import Keys
from api.checking import Checker
from api.checkups import Checkups
from api.client_address import TrustedProxies
from api.composition import Composing
from api.context import Context
from api.door import Door
from api.group_commit import GroupCommit
from api.identity_answers import IdentityAnswers
from api.pace import Pace
from api.pools import LEDGER_PATIENCE, LOCK_SECONDS, Pools
from api.sender_directory import SenderDirectory
from api.vitals import Vitals
from ledger import bisection
from ledger.engine import Ledger, open_ledger
from ledger.vital_signs import VitalSignsReader
from lists.mx import MxLookup
from mail import intake, page_language
from mail.identities import IdentityClient
from mail.unsubscribe import Tokens
from settings import Settings

# One transaction takes in so many requests at most, and so many may wait for theirs.
BATCH_REQUESTS = 200
WAITING_REQUESTS = 2_000
# So long may a request wait for its commit.
WRITTEN_SECONDS = LOCK_SECONDS + 2.0

PARTS = (
    emails,
    mailbox,
    calling_back,
    onboarding,
    subscribing,
    figures,
    health,
    docs,
    unsubscribing,
    confirming,
)


def create_app(
    settings: Settings,
    *,
    mx: MxLookup | None = None,
    identities: Callable[[], IdentityClient] = lookups.identity_client,
    pools: Pools | None = None,
) -> FastAPI:
    """Return the application, its ledger open until it shuts down.

    `mx` and `identities` stand in for the DNS and for SES as it is asked about senders, `pools` for the
    threads. Raises SettingsError without a secret key, WordsError for words of no use, and LedgerError where
    the database does not answer.
    """
    settings.need("secret_key")
    # Found wrong now, and not by the first person who wants to leave.
    page_language.languages(settings.page_words)
    tokens = Tokens(settings.secret_key.get_secret_value())
    ledger = open_ledger(settings.database_url, patience=LEDGER_PATIENCE)
    pools = Pools() if pools is None else pools
    signs = VitalSignsReader(ledger)
    found = _context(
        settings, ledger, signs, tokens, mx or lookups.mx_of(ledger, settings, pools), identities, pools
    )

    @asynccontextmanager
    async def closing(_app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(health_alerts.watch(found.vitals, signs.check_file))
        yield
        watching.cancel()
        await found.intake.close()
        found.composing.close()
        found.vitals.close()
        pools.close()
        signs.close()
        ledger.close()

    # A redirect to the address without its slash would name whatever host the request names.
    app = FastAPI(
        title="The e-mail API", docs_url=None, redoc_url=None, lifespan=closing, redirect_slashes=False
    )
    app.state.context = found
    failures.add_to(app)
    for part in PARTS:
        app.include_router(part.router)
    app.add_middleware(
        Door,
        of=app,
        routes=[route for part in PARTS for route in part.router.routes],
        proxies=TrustedProxies(settings.trusted_proxies),
        requests_per_client=settings.api_connections_per_client,
    )
    return app


def _context(
    settings: Settings,
    ledger: Ledger,
    signs: VitalSignsReader,
    tokens: Tokens,
    mx: MxLookup,
    identities: Callable[[], IdentityClient],
    pools: Pools,
) -> Context:
    senders = SenderDirectory(ledger, pools.reads, IdentityAnswers(identities, pools.ses))
    return Context(
        settings=settings,
        ledger=ledger,
        pools=pools,
        tokens=tokens,
        keys=Keys(ledger, pools.keys),
        pace=Pace(settings.api_requests_per_second),
        checker=Checker(
            lookups.remembered_domains(mx, pools),
            senders,
            pools.bodies,
            private_callbacks=settings.callback_allow_private,
        ),
        composing=Composing(),
        intake=GroupCommit(
            partial(intake.take_in, ledger),
            batch_at_most=BATCH_REQUESTS,
            waiting_at_most=WAITING_REQUESTS,
            deadline_seconds=WRITTEN_SECONDS,
            is_outage=partial(bisection.is_outage, ledger),
        ),
        senders=senders,
        arrived=threading.Event(),
        vitals=Vitals(signs.read),
        checkups=Checkups(settings),
    )
