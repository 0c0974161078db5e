"""When callbacks are delivered: beside a sender, beside the API, or once what is due."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ledger import callback_receivers, campaigns
from ledger.engine import Ledger
from mail import termination
from mail.callback_delivery import Delivered, Deliverer
from mail.thread_watch import ThreadWatch
from settings import Settings

log = logging.getLogger(__name__)

# What a campaign's run leaves is delivered by the API or by `watch-statuses`.
_LAST_SECONDS = 15.0


def open_deliverer(ledger: Ledger, settings: Settings) -> Deliverer:
    """Return a deliverer by the settings. Raises SettingsError without a secret key to sign with."""
    settings.need("secret_key")
    return Deliverer(ledger, settings.secret_key.get_secret_value(), settings.callback_allow_private)


def deliver_due(ledger: Ledger, settings: Settings, seconds: float) -> Delivered:
    """Deliver what is due, for about `seconds` at most. Nothing has to be set where nothing is due."""
    with ledger.reading() as connection:
        if not callback_receivers.due(connection, 1):
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
    if termination.requested.is_set():
        return
    try:
        open_deliverer(ledger, settings).drain(_LAST_SECONDS)
    except Exception as err:  # noqa: BLE001 - the campaign is well: others deliver what is left.
        log.error("the campaign's last callbacks are left to others: %s", type(err).__name__)


@contextmanager
def delivering(deliverer: Deliverer) -> Iterator[None]:
    """Deliver from a thread of its own, which is watched, as long as the block runs."""
    with watched(deliverer):
        yield


def watched(deliverer: Deliverer) -> ThreadWatch:
    """Return a watch over a thread that delivers; it runs as long as its block does."""
    watch = ThreadWatch()
    watch.add("callbacks", lambda: deliverer.run(watch.stop))
    return watch
