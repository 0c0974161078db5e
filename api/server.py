"""Serving the HTTP API from this process."""

from contextlib import ExitStack

import uvicorn

from api import connections
from api.client_address import TrustedProxies
from api.context import Context
from api.draining import draining
from api.main import create_app
from ledger.engine import Upgrade, open_ledger
from mail import restoring, working
from mail.callback_service import open_deliverer, watched
from settings import settings


def serve(host: str, port: int, *, sends: bool = False) -> None:
    """Serve until interrupted, and deliver callbacks beside it; `sends` sends and collects as well.

    Raises SettingsError, LedgerError or QueueOfAnother before a port is opened: links that lead to a ledger
    which did not send their mail would unsubscribe nobody.
    """
    found = settings()
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(found.database_url, upgrade=Upgrade.WHERE_COPIED))
        if found.event_queue_url:
            restoring.refuse_queue_of_another(ledger, working.noted(ledger, found))
        app = create_app(found)
        here: Context = app.state.context
        here.composing.start()
        deliverers = stack.enter_context(watched(open_deliverer(ledger, found)))
        here.vitals.watches.append(deliverers.states)
        if sends:
            here.vitals.sending = stack.enter_context(draining(found, here.arrived))
        # The access log would hold the links' tokens, and whoever has a token can unsubscribe its owner.
        uvicorn.run(
            app,
            host=host,
            port=port,
            http=connections.protocol(
                TrustedProxies(found.trusted_proxies), found.api_connections_per_client
            ),
            # The door believes the proxies that are configured, and no others.
            proxy_headers=False,
            access_log=False,
            server_header=False,
            log_level="warning",
        )
