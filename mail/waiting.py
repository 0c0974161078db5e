"""What of a claim still waits to be sent, cut into calls."""

from collections import deque
from collections.abc import Iterator, Sequence

from mail.ses_requests import MAX_CALL_BYTES, Outgoing


class Waiting:
    """A claim's messages that are not sent yet, rendered no sooner than a call asks for them."""

    def __init__(self, rendered: Iterator[Outgoing]) -> None:
        self._rendered = rendered
        self._ready: deque[Outgoing] = deque()

    def take(self, at_most: int) -> list[Outgoing]:
        """Return what the next call holds: not more messages, and not more bytes than SES takes."""
        taken: list[Outgoing] = []
        size = 0
        while len(taken) < at_most:
            if not self._ready:
                found = next(self._rendered, None)
                if found is None:
                    break
                self._ready.append(found)
            if taken and size + self._ready[0].size > MAX_CALL_BYTES:
                break
            size += self._ready[0].size
            taken.append(self._ready.popleft())
        return taken

    def put_back(self, messages: Sequence[Outgoing]) -> None:
        """Put what was taken last before what waits."""
        self._ready.extendleft(reversed(messages))
