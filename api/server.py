"""Serving the HTTP API from this process."""

import uvicorn

from api.main import create_app
from ledger.engine import open_ledger
from mail.callback_delivery import delivering, open_deliverer
from settings import settings


def serve(host: str, port: int) -> None:
    """Serve until interrupted, and deliver callbacks beside it.

    Raises SettingsError or LedgerError before a port is opened.
    """
    found = settings()
    app = create_app(found)
    with open_ledger(found.database_url) as ledger, delivering(open_deliverer(ledger, found)):
        # The access log would hold the links' tokens, and whoever has a token can unsubscribe its owner.
        uvicorn.run(
            app,
            host=host,
            port=port,
            access_log=False,
            server_header=False,
            log_level="warning",
        )
