"""Posting a callback: one request, no redirect, to an address that was checked after the DNS was asked.

The connection goes to the very address that passed, so a name that resolves otherwise a moment later changes
nothing (DNS rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mail.callback_urls import Target, is_public

TIMEOUT_SECONDS = 15.0
# An answer's body says nothing to us; up to so much of it is read to keep the connection for the next one.
_MAX_BODY_BYTES = 65_536
_MAX_HEADER_LINES = 100

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host and a port in, its IP addresses out; raises OSError where there are none."""


class NoAnswer(Exception):
    """No status came back; the message says why in a few words."""


@dataclass
class Line:
    """A connection to one receiver, kept between posts. Not safe for several posts at once."""

    target: Target
    resolve: Resolve
    allow_private: bool
    timeout_seconds: float = TIMEOUT_SECONDS
    tls: ssl.SSLContext | None = None
    _open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None, init=False)

    async def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """Return the status of the answer, 3xx included. Raises NoAnswer."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._post(headers, body)
        except TimeoutError as err:
            self.close()
            raise NoAnswer(f"no answer within {self.timeout_seconds:g} s") from err
        except ssl.SSLError as err:
            self.close()
            raise NoAnswer(f"TLS failed: {err.reason or 'certificate'}") from err
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as err:
            self.close()
            raise NoAnswer(f"the connection failed: {type(err).__name__}") from err
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """Let the connection go."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    async def _post(self, headers: Mapping[str, str], body: bytes) -> int:
        request = self._request(headers, body)
        kept = self._open is not None
        try:
            return await self._exchange(request)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            # A kept connection may have ended since; the callback's id lets the receiver see a repeat.
            if not kept:
                raise
        return await self._exchange(request)

    def _request(self, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [
            f"POST {self.target.path} HTTP/1.1",
            f"Host: {self.target.host_header}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "User-Agent: campaign-pipeline",
            "Accept: */*",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body

    async def _exchange(self, request: bytes) -> int:
        if self._open is None:
            self._open = await self._connect()
        reader, writer = self._open
        writer.write(request)
        await writer.drain()
        status, headers = await _head(reader)
        while 100 <= status < 200:
            status, headers = await _head(reader)
        if not await _read_off(reader, status, headers):
            self.close()
        return status

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = self.target
        try:
            found = await self.resolve(target.host, target.port)
        except OSError as err:
            raise NoAnswer("the host's name cannot be resolved") from err
        allowed = [address for address in found if self.allow_private or is_public(address)]
        if not allowed:
            raise NoAnswer("the host has a private or loopback address")
        tls = (self.tls or ssl.create_default_context()) if target.secure else None
        return await asyncio.open_connection(
            allowed[0], target.port, ssl=tls, server_hostname=target.host if tls else None
        )


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the system for the IP addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


async def _head(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    """Read a status line and the headers, names in lower case."""
    version, status, *_ = (await _line(reader)).split(maxsplit=2)
    if not version.startswith("HTTP/1."):
        raise ValueError("not HTTP")
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADER_LINES):
        line = await _line(reader)
        if not line:
            return int(status), {"": version, **headers}
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ValueError("too many headers")


async def _line(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\n")).decode("latin-1").rstrip("\r\n")


async def _read_off(reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]) -> bool:
    """Read the body where it is short and its length is known; return whether the connection can stay."""
    if headers[""] != "HTTP/1.1" or headers.get("connection", "").lower() == "close":
        return False
    if status in (204, 304):
        return True
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
        return False
    await reader.readexactly(int(length))
    return True
