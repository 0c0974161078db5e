"""Clients that take their time: headers and bodies a letter at a time, answers that nobody reads."""

import socket
import time
from contextlib import ExitStack

import by_hand
import processes
from front import Front, Stage, live
from outcome import require

_CONNECTIONS = 250
_SOURCES = ("127.0.0.11", "127.0.0.12", "127.0.0.13")
# The limit of connections that one client may have open.
_MOST = 256
# Headers have 10 seconds.
_SLOW_SECONDS = 14.0


def slow_clients(stage: Stage) -> str:
    """Open hundreds of connections that come to nothing, while others ask."""
    with live(stage) as front, ExitStack() as stack:
        for number in range(3):
            mails = [front.mail(f"large{number}.{n}@mail.example", text="offer " * 3_000) for n in range(100)]
            require(front.post(mails).status == 202, "the mail to be read slowly was not taken in")
        with front.others() as others:
            readers = _unread(stack, front)
            slow = _slow(stack, front)
            refused = _too_many(stack, front)
            ended = _drip(slow)
        require(ended > len(slow) * 0.45, f"{ended} of {len(slow)} slow connections were ended")
        stack.close()
        out = front.settled()
        return front.said(
            f"{len(slow)} slow connections, {ended} ended by {_SLOW_SECONDS:g} s; {readers} unread answers; "
            f"{refused} refused above {_MOST}",
            out,
            others.said(),
        )


def _unread(stack: ExitStack, front: Front) -> int:
    """Ask for what is large, and read nothing of it."""
    request = by_hand.head("GET", "/emails?limit=1000&withText=true", key=front.attacker)
    for _ in range(40):
        connection = stack.enter_context(_connected(front.port, "127.0.0.10"))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.sendall(request)
    return 40


def _slow(stack: ExitStack, front: Front) -> list[socket.socket]:
    half = by_hand.head("POST", "/emails", {"Content-Length": 5_000}, front.attacker)
    found = []
    for source in _SOURCES:
        for number in range(_CONNECTIONS):
            connection = stack.enter_context(_connected(front.port, source))
            connection.sendall(half if number % 2 else half[:40])
            found.append(connection)
    return found


def _too_many(stack: ExitStack, front: Front) -> int:
    """Open more connections from one address than it may have, and return how many were refused."""
    opened = [stack.enter_context(_connected(front.port, "127.0.0.14")) for _ in range(_MOST + 40)]
    processes.until(
        lambda: sum(map(by_hand.has_something, opened)) >= 40,
        f"of {len(opened)} connections 40 are refused",
        9,
    )
    refused = [each for each in opened if by_hand.has_something(each)]
    require(len(refused) == 40, f"of {len(opened)} connections {len(refused)} were refused")
    require(b" 429 " in refused[0].recv(100), "a connection too many is not told so")
    for connection in opened:
        connection.close()
    return len(refused)


def _drip(slow: list[socket.socket]) -> int:
    """Send a letter a second on each of them, and return how many were ended."""
    until = time.monotonic() + _SLOW_SECONDS
    ended: set[int] = set()
    while time.monotonic() < until:
        for place, connection in enumerate(slow):
            try:
                connection.sendall(b"x")
                if by_hand.has_something(connection):
                    ended.add(place)
            except OSError:
                ended.add(place)
        time.sleep(1)
    return len(ended)


def _connected(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
