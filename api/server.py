"""Serving the HTTP API from this process."""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from types import FrameType

import uvicorn

from api import connections
from api.client_address import TrustedProxies
from api.context import Context
from api.draining import draining
from api.main import create_app
from ledger import file_modes
from ledger.engine import Upgrade, open_ledger
from ledger.errors import LedgerLost
from mail import restoring, termination, working
from mail.callback_service import open_deliverer, watched
from settings import settings

log = logging.getLogger(__name__)

# Requests that are under way when the API is told to end have so long.
_LAST_REQUESTS_SECONDS = 10


def serve(host: str, port: int, *, sends: bool = False) -> None:
    """Serve until interrupted, and deliver callbacks beside it; `sends` sends and collects as well.

    SIGTERM ends everything at once that serves, sends and delivers, and what is under way is waited for; then
    Terminated is raised. Raises SettingsError, LedgerError or QueueOfAnother before a port is opened: links
    that lead to a ledger which did not send their mail would unsubscribe nobody. Raises LedgerLost where the
    ledger's file is replaced or vanishes meanwhile.
    """
    found = settings()
    with termination.handled(), ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(found.database_url, upgrade=Upgrade.WHERE_COPIED))
        if found.event_queue_url:
            restoring.refuse_queue_of_another(ledger, working.noted(ledger, found))
        if warning := file_modes.sentence(file_modes.of_ledger(found.database_url)):
            log.warning("%s", warning)
        app = create_app(found)
        here: Context = app.state.context
        here.composing.start()
        deliverers = stack.enter_context(watched(open_deliverer(ledger, found)))
        here.vitals.watches.append(deliverers.states)
        ends = [deliverers.stop.set]
        if sends:
            here.vitals.sending = stack.enter_context(draining(found, here.arrived))
            ends.append(here.vitals.sending.end_soon)
        # The access log would hold the links' tokens, and whoever has a token can unsubscribe its owner.
        config = uvicorn.Config(
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
            timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
        )
        server = _Server(config, ends)
        here.vitals.on_lost = server.lose
        with suppress(KeyboardInterrupt):
            server.run()
        if server.lost is not None:
            raise server.lost
        if not server.started:
            # uvicorn has said why.
            sys.exit(1)


class _Server(uvicorn.Server):
    """Tells what runs beside it to end with it, and not after the last request: it is their grace as well."""

    def __init__(self, config: uvicorn.Config, ends: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._ends = ends
        self.lost: LedgerLost | None = None

    def lose(self, lost: LedgerLost) -> None:
        """End: the ledger is not there any more."""
        self.lost = lost
        for end in self._ends:
            end()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take SIGTERM or SIGINT; the second SIGINT waits for no request."""
        for end in self._ends:
            end()
        super().handle_exit(sig, frame)
