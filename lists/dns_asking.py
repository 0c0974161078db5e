"""Asking nameservers many questions at once, over a few sockets with large buffers.

A socket for each question, as resolver libraries do it, costs more than the question, and bursts overflow
its buffer. Here answers are matched by server, socket, id and question; all others are dropped.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message

from lists import dns_answers, dns_wire
from lists.dns_pace import Pace, Window
from lists.dns_sockets import DnsSocket, Server
from lists.dns_verdicts import Answer, AnswerKind

# Several, each with a port of the system's choice, so that a forger has to guess more than the id.
SOCKETS_A_SERVER = 8


class Asker:
    """Asks within one event loop; `with` opens and closes the sockets.

    A question goes to the servers in turn: to the next one after `try_seconds` of silence, and at once where
    one fails or refuses. After `question_seconds` it is unknown; until then an answer to any try counts.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        try_seconds: float,
        question_seconds: float,
        questions_per_second: float,
        in_flight: int,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.servers = servers
        self.question_seconds = question_seconds
        self.tries = max(1, len(servers), math.floor(question_seconds / try_seconds))
        self.try_seconds = min(try_seconds, question_seconds / self.tries)
        self.window = Window(in_flight, rest_seconds=try_seconds)
        self._pace = Pace(questions_per_second)
        self._sockets: list[list[DnsSocket]] = []
        self._sent = 0

    def __enter__(self) -> Self:
        """Open the sockets. Raises OSError where that cannot be done."""
        try:
            for server in self.servers:
                self._sockets.append([])
                for _ in range(SOCKETS_A_SERVER):
                    self._sockets[-1].append(DnsSocket(self.loop, server))
        except OSError:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def ask(self, name: str, kind: str, *, edns: bool = True) -> Answer:
        """Return the answer for a name (A-labels) and a record type; what nobody answers is unknown.

        Raises dns.exception.DNSException for a name that the DNS cannot hold.
        """
        question = _Question(self, dns_wire.question(name, kind), edns)
        async with self.window:
            try:
                question.begin()
                return await question.answer
            finally:
                question.end()

    def when_paced(self, send: Callable[[], None]) -> asyncio.TimerHandle | None:
        """Call `send` now, or once the pace allows another packet."""
        wait_seconds = self._pace.wait_seconds(self.loop.time())
        if wait_seconds <= 0:
            send()
            return None
        return self.loop.call_later(wait_seconds, send)

    def socket_for(self, attempt: int) -> DnsSocket:
        """Return where a question's next try goes: the servers in turn, their sockets in turn."""
        self._sent += 1
        sockets = self._sockets[attempt % len(self._sockets)]
        return sockets[self._sent % len(sockets)]

    def _close(self) -> None:
        for each in (each for sockets in self._sockets for each in sockets):
            each.close()


class _Question:
    """One name and type under way, with the tries that may still be answered."""

    def __init__(self, asker: Asker, asked: bytes, edns: bool) -> None:
        self.answer: asyncio.Future[Answer] = asker.loop.create_future()
        self._asker = asker
        self._asked = asked
        self._wire = dns_wire.query(asked, edns=edns)
        self._attempt = 0
        self._failed = 0
        self._ends_at = 0.0
        self._trouble = "time-out"
        self._open: list[tuple[DnsSocket, int]] = []
        self._timers: list[asyncio.TimerHandle] = []
        self._tcp: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        later = self._asker.when_paced(self._try)
        if later:
            self._timers.append(later)

    def end(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for socket, number in self._open:
            socket.forget(number)
        for task in self._tcp:
            task.cancel()

    def _try(self) -> None:
        if self.answer.done():
            return
        asker, attempt = self._asker, self._attempt
        if attempt == 0:
            self._ends_at = asker.loop.time() + asker.question_seconds
        self._attempt += 1
        socket = asker.socket_for(attempt)
        self._open.append((socket, socket.send(self._wire, lambda wire: self._received(wire, attempt))))
        self._timers.append(asker.loop.call_later(asker.try_seconds, self._silent, attempt))

    def _silent(self, attempt: int) -> None:
        loop = self._asker.loop
        self._asker.window.lost(loop.time())
        if self._attempt >= self._asker.tries:
            self._timers.append(loop.call_at(self._ends_at, self._give_up))
        elif self._attempt == attempt + 1:
            # Else a failure has brought the next try forward already.
            self.begin()

    def _give_up(self) -> None:
        if not self.answer.done():
            self.answer.set_result(Answer(AnswerKind.UNKNOWN, trouble=self._trouble))

    def _received(self, wire: bytes, attempt: int) -> None:
        """Take what came back for a try. Anything wrong with it is a server's failure, not an exception."""
        if self.answer.done():
            return
        self._asker.window.answered()
        if answer := dns_wire.read(wire, self._asked):
            self.answer.set_result(answer)
            return
        try:
            message = dns.message.from_wire(wire, ignore_trailing=True)
        except dns.exception.DNSException as error:
            self._fail(type(error).__name__, attempt)
            return
        # The socket has looked at the id. What answers something else was guessed, or is very late.
        if not dns_answers.answers(message, self._asked):
            return
        if message.flags & dns.flags.TC:
            self._tcp.append(self._asker.loop.create_task(self._ask_by_tcp(attempt)))
        else:
            self._judge(message, attempt)

    async def _ask_by_tcp(self, attempt: int) -> None:
        address, port = self._asker.servers[attempt % len(self._asker.servers)]
        query = dns.message.from_wire(self._wire)
        try:
            message = await dns.asyncquery.tcp(
                query, address, timeout=self._asker.question_seconds, port=port
            )
        except (OSError, EOFError, dns.exception.DNSException) as error:
            self._fail(type(error).__name__, attempt)
        else:
            self._judge(message, attempt)

    def _judge(self, message: dns.message.Message, attempt: int) -> None:
        if self.answer.done():
            return
        answer = dns_answers.read(message)
        if answer.kind is AnswerKind.UNKNOWN:
            self._fail(answer.trouble, attempt)
        else:
            self.answer.set_result(answer)

    def _fail(self, trouble: str, attempt: int) -> None:
        """Note a failure; ask the next server at once, and give up where each has failed."""
        self._trouble = trouble
        self._failed += 1
        if self._failed >= len(self._asker.servers):
            self._give_up()
        elif self._attempt == attempt + 1:
            self.begin()
