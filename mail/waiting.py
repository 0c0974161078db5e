"""What of a claim still waits to be sent, cut into calls."""

from collections import deque
from collections.abc import Iterator, Sequence

from mail.ses_requests import MAX_CALL_BYTES, Outgoing

_AHEAD_BYTES = 8_000_000
# Single mails side by side; more threads than this gain nothing on one processor.
SINGLES_AT_ONCE = 16


class Waiting:
    """A claim's messages that are not sent yet, rendered no sooner than a call asks for them."""

    def __init__(self, rendered: Iterator[Outgoing]) -> None:
        self._rendered = rendered
        self._ready: deque[Outgoing] = deque()

    def render(self) -> None:
        """Render ahead, so that the next calls find their messages ready; not more than memory is to hold."""
        size = sum(message.size for message in self._ready)
        while size < _AHEAD_BYTES and self._render_one():
            size += self._ready[-1].size

    def take(self, at_most: int, *, ready: bool = False) -> list[Outgoing]:
        """Return what the next call holds: not more messages, and not more bytes than SES takes.

        Messages that are too large for a bulk call are taken together, for single calls side by side.
        `ready`: only what is rendered already.
        """
        taken: list[Outgoing] = []
        size, most_bytes = 0, MAX_CALL_BYTES
        while len(taken) < at_most:
            place = self._find(taken[0].single, ready=ready) if taken else self._first(ready=ready)
            if place is None:
                break
            message = self._ready[place]
            if not taken and message.single:
                at_most, most_bytes = min(at_most, SINGLES_AT_ONCE), _AHEAD_BYTES
            if taken and size + message.size > most_bytes:
                break
            size += message.size
            del self._ready[place]
            taken.append(message)
        return taken

    def _first(self, *, ready: bool) -> int | None:
        return 0 if self._ready or (not ready and self._render_one()) else None

    def _find(self, single: bool, *, ready: bool) -> int | None:
        """Return the place of the next message that goes out in the same way; those between go on waiting."""
        for place, message in enumerate(self._ready):
            if message.single is single:
                return place
        if ready:
            return None
        # A few large ones must not cut a bulk call into small ones; but nothing is rendered to find more.
        size = 0 if single else sum(message.size for message in self._ready)
        while size < _AHEAD_BYTES and self._render_one():
            message = self._ready[-1]
            if message.single is single:
                return len(self._ready) - 1
            if single:
                return None
            size += message.size
        return None

    def _render_one(self) -> bool:
        found = next(self._rendered, None)
        if found is None:
            return False
        self._ready.append(found)
        return True

    def put_back(self, messages: Sequence[Outgoing]) -> None:
        """Put what was taken last before what waits."""
        self._ready.extendleft(reversed(messages))
