"""One UDP socket to one nameserver, shared by many questions that are told apart by their ids."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import dns.entropy
import dns.inet

# A burst of answers waits here while Python is busy; the system gives less where its own limit is lower.
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
# So many are taken at once: read late they would seem lost, but timers must have their turn as well.
DATAGRAMS_A_ROUND = 200
LARGEST_DATAGRAM_BYTES = 65_535

Server = tuple[str, int]
"""An IP address and a port."""

Receive = Callable[[bytes], None]


class DnsSocket:
    """Sends queries in wire format, and hands every answer to the question that has its id."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server) -> None:
        """Open a socket. Raises OSError where there is no way to the server."""
        self._loop = loop
        self._waiting: dict[int, Receive] = {}
        self._socket = socket.socket(dns.inet.af_for_address(server[0]), socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            # Connected: the system itself drops packets from anybody else.
            self._socket.connect(server)
            loop.add_reader(self._socket, self._readable)
        except OSError:
            self._socket.close()
            raise

    def send(self, wire: bytes, receive: Receive) -> int:
        """Send a query under a new id and return that; `receive` gets each answer until it is forgotten."""
        number = dns.entropy.random_16()
        while number in self._waiting:
            number = dns.entropy.random_16()
        self._waiting[number] = receive
        # A full buffer and "port unreachable" are losses like those on the way: the next try is their mend.
        with suppress(OSError):
            self._socket.send(number.to_bytes(2) + wire[2:])
        return number

    def forget(self, number: int) -> None:
        """Take no more answers under an id."""
        self._waiting.pop(number, None)

    def close(self) -> None:
        """Stop reading and close."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_A_ROUND):
            try:
                wire = self._socket.recv(LARGEST_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:
                # "Port unreachable" names no question, and a resolver that restarts is soon back.
                continue
            receive = self._waiting.get(int.from_bytes(wire[:2]))
            if receive is not None:
                receive(wire)
