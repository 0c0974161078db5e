"""What of a claim still waits to be sent, cut into calls."""

from collections import deque
from collections.abc import Iterator, Sequence

from mail.ses_requests import MAX_CALL_BYTES, Outgoing

_AHEAD_BYTES = 8_000_000


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

        `ready`: only what is rendered already.
        """
        taken: list[Outgoing] = []
        size = 0
        while len(taken) < at_most:
            if not self._ready and (ready or not self._render_one()):
                break
            if taken and size + self._ready[0].size > MAX_CALL_BYTES:
                break
            size += self._ready[0].size
            taken.append(self._ready.popleft())
        return taken

    def _render_one(self) -> bool:
        found = next(self._rendered, None)
        if found is None:
            return False
        self._ready.append(found)
        return True

    def put_back(self, messages: Sequence[Outgoing]) -> None:
        """Put what was taken last before what waits."""
        self._ready.extendleft(reversed(messages))
