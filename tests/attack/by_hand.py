"""Requests over sockets, with every byte of them one's own: no client would send some of these."""

import json
import select
import socket
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

# Whoever attacks, and whoever is attacked beside: two addresses, because each has a limit of connections.
ATTACKER = "127.0.0.1"
INNOCENT = "127.0.0.2"
TIMEOUT_SECONDS = 40.0
_CHUNK = 65_536


@dataclass(frozen=True)
class Answer:
    """What came back, how long it took, and how much of the body was sent for it; status 0: no answer."""

    status: int
    head: bytes
    body: bytes
    seconds: float
    sent: int

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        try:
            return str(self.json()["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""


def head(method: str, path: str, headers: Mapping[str, str | int] | None = None, key: str = "") -> bytes:
    """Return the head of a request."""
    named: dict[str, str | int] = {"Host": "api.test", **(headers or {})}
    if key:
        named["Authorization"] = f"Bearer {key}"
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    return "\r\n".join(lines).encode()


def ask(
    port: int,
    request: bytes,
    body: Iterable[bytes] = (),
    *,
    source: str = ATTACKER,
    seconds: float = TIMEOUT_SECONDS,
    ends: bool = False,
) -> Answer:
    """Send a request, its body only until somebody answers, and return the answer.

    `ends` says that nothing more comes from here once the body was sent.
    """
    began = time.monotonic()
    received = b""
    sent = 0
    try:
        with closing(
            socket.create_connection(("127.0.0.1", port), timeout=seconds, source_address=(source, 0))
        ) as connection:
            try:
                connection.sendall(request)
                for piece in body:
                    for start in range(0, len(piece), _CHUNK):
                        if has_something(connection):
                            raise _Answered
                        connection.sendall(piece[start : start + _CHUNK])
                        sent += len(piece[start : start + _CHUNK])
                if ends:
                    connection.shutdown(socket.SHUT_WR)
            except (_Answered, ConnectionError):
                pass
            received = _received(connection, began + seconds)
    except OSError:
        pass
    top, _, rest = received.partition(b"\r\n\r\n")
    status = int(top.split()[1]) if top.startswith(b"HTTP/1.1 ") else 0
    return Answer(status, top, rest, time.monotonic() - began, sent)


def post(port: int, key: str, content: Any, *, path: str = "/emails", **more: Any) -> Answer:
    """Post JSON; `content` may be bytes already. `headers` are added to the usual ones."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": len(body),
        **more.pop("headers", {}),
    }
    return ask(port, head("POST", path, headers, key), [body], **more)


def get(port: int, path: str, key: str = "", **more: Any) -> Answer:
    """Get a page."""
    return ask(port, head("GET", path, {"Connection": "close"}, key), **more)


def has_something(connection: socket.socket) -> bool:
    """Tell whether something, or the end, has come. `select` knows no more than 1,024 files."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


class _Answered(Exception):
    pass


def _received(connection: socket.socket, until: float) -> bytes:
    """Return one answer: up to its length where it says one, else up to the end of the connection."""
    received = b""
    try:
        while time.monotonic() < until:
            piece = connection.recv(_CHUNK)
            if not piece:
                break
            received += piece
            top, found, rest = received.partition(b"\r\n\r\n")
            for line in top.lower().split(b"\r\n") if found else ():
                if line.startswith(b"content-length:") and len(rest) >= int(line.split(b":")[1]):
                    return received
    except OSError:
        pass
    return received
