"""Serving the HTTP API from this process."""

import uvicorn

from api.main import create_app
from settings import settings


def serve(host: str, port: int) -> None:
    """Serve until interrupted. Raises SettingsError or LedgerError before a port is opened."""
    # The access log would hold the links' tokens, and whoever has a token can unsubscribe its owner.
    uvicorn.run(
        create_app(settings()),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
