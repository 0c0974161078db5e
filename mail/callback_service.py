"""When callbacks are delivered: beside a sender, beside the API, or once what is due."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ledger import callbacks, campaigns
from ledger.engine import Ledger
from mail.callback_delivery import Delivered, Deliverer
from settings import Settings

# What a campaign's run leaves is delivered by the API or by `watch-statuses`.
_LAST_SECONDS = 15.0


def open_deliverer(ledger: Ledger, settings: Settings) -> Deliverer:
    """Return a deliverer by the settings. Raises SettingsError without a secret key to sign with."""
    settings.need("secret_key")
    return Deliverer(ledger, settings.secret_key.get_secret_value(), settings.callback_allow_private)


def deliver_due(ledger: Ledger, settings: Settings, seconds: float) -> Delivered:
    """Deliver what is due, for about `seconds` at most. Nothing has to be set where nothing is due."""
    with ledger.reading() as connection:
        if not callbacks.due(connection, 1):
            return Delivered()
    return open_deliverer(ledger, settings).drain(seconds)


@contextmanager
def beside(ledger: Ledger, settings: Settings, name: str) -> Iterator[None]:
    """Deliver as long as the block runs where the campaign has callbacks, and what is due at its end."""
    with ledger.reading() as connection:
        told = campaigns.get(connection, name).callbacks
    if not told:
        yield
        return
    with delivering(open_deliverer(ledger, settings)):
        yield
    open_deliverer(ledger, settings).drain(_LAST_SECONDS)


@contextmanager
def delivering(deliverer: Deliverer) -> Iterator[None]:
    """Deliver from a thread of its own as long as the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=deliverer.run, args=(stop,), name="callbacks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
