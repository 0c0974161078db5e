"""The API's connections: how many each client may have open, and how long a request may take to arrive.

Whoever opens connections and says nothing, or a letter a second, would else hold them all for nothing.
"""

import asyncio
import logging
import time
from enum import Enum, auto
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import answers
from api.client_address import Limit, TrustedProxies
from api.door import too_many_open, too_slow
from api.errors import Refusal

log = logging.getLogger(__name__)

HEADER_SECONDS = 10.0
BODY_SECONDS = 60.0
_TELL_AGAIN_SECONDS = 60.0


class _Awaits(Enum):
    """What of a request has not arrived."""

    HEADER = auto()
    BODY = auto()
    NOTHING = auto()


def protocol(
    proxies: TrustedProxies,
    connections_per_client: int,
    *,
    header_seconds: float = HEADER_SECONDS,
    body_seconds: float = BODY_SECONDS,
) -> type[asyncio.Protocol]:
    """Return what uvicorn is to make for each connection. A trusted proxy may have any number of them."""
    open_ = Limit(connections_per_client)
    seconds = {_Awaits.HEADER: header_seconds, _Awaits.BODY: body_seconds}
    told_at = -_TELL_AGAIN_SECONDS

    def tell() -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TELL_AGAIN_SECONDS:
            told_at = time.monotonic()
            log.warning(
                "one address has %d connections open, and more are refused: where that is your proxy, name "
                "it in CAMPAIGN_TRUSTED_PROXIES",
                connections_per_client,
            )

    class Bounded(H11Protocol):
        """One connection, which is counted and ends where its client does not."""

        _counted: str | None = None
        _awaits = _Awaits.NOTHING
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            peer = self.client[0] if self.client else ""
            if peer and peer not in proxies:
                self._counted = open_.enter(peer)
                if self._counted is None:
                    tell()
                    self._refuse(too_many_open())
                    return
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._counted is not None:
                open_.leave(self._counted)
                self._counted = None
            self._stop_watching()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def _watch(self) -> None:
            """Give what is awaited its time, once: more bytes give no more of it."""
            match self.conn.their_state:
                case h11.IDLE:
                    awaits = _Awaits.HEADER
                case h11.SEND_BODY:
                    awaits = _Awaits.BODY
                case _:
                    awaits = _Awaits.NOTHING
            if awaits is self._awaits:
                return
            self._stop_watching()
            if awaits in seconds and not self.transport.is_closing():
                self._awaits = awaits
                self._deadline = self.loop.call_later(seconds[awaits], self._end)

        def _stop_watching(self) -> None:
            self._awaits = _Awaits.NOTHING
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _end(self) -> None:
            """End the connection, with a word where none was said yet."""
            self._stop_watching()
            if self.transport.is_closing():
                return
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                if self.cycle is not None:
                    self.cycle.disconnected = True
                    self.cycle.message_event.set()
                self._refuse(too_slow())
            else:
                self.transport.close()

        def _refuse(self, refusal: Refusal) -> None:
            answer = answers.refused(refusal)
            head = h11.Response(
                status_code=answer.status_code,
                headers=answer.raw_headers,
                reason=HTTPStatus(answer.status_code).phrase.encode(),
            )
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

    return Bounded
