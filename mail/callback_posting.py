"""Posting a callback: one request, no redirect, to an address that was checked after the DNS was asked.

The connection goes to the very address that passed, so a name that resolves otherwise a moment later changes
nothing (DNS rebinding).
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from mail.callback_urls import Target
from mail.public_addresses import is_public

TIMEOUT_SECONDS = 15.0
# The status line is the answer. Headers and body say nothing to us: they are read for so long, and up to so
# much of them, to keep the connection for the next post.
_REST_SECONDS = 1.0
_MAX_BODY_BYTES = 65_536
_MAX_HEADER_LINES = 100
# 100 Continue, 103 Early Hints: a few may come before the answer (RFC 9110, 15.2).
_MAX_INTERIM_ANSWERS = 10
# Some servers write `HTTP/2 200` or leave the reason out; the three digits are what counts.
_STATUS_LINE = re.compile(rb"http/(\d(?:\.\d)?)[ \t]+([1-9]\d\d)(?!\d)", re.IGNORECASE)

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
        """Return the status of the answer, 3xx included. Raises NoAnswer.

        Once the status line is in, the receiver has answered: whatever is wrong with the rest (a length that
        does not fit, a connection that ends early or hangs) costs the connection and nothing else.
        """
        try:
            async with asyncio.timeout(self.timeout_seconds):
                status, version = await self._post(headers, body)
            if not await self._rest(status, version):
                self.close()
            return status
        except TimeoutError as err:
            self.close()
            raise NoAnswer(f"no answer within {self.timeout_seconds:g} s") from err
        except ssl.SSLError as err:
            self.close()
            raise NoAnswer(f"TLS failed: {err.reason or 'certificate'}") from err
        except _BROKEN as err:
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

    async def _post(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        request = self._request(headers, body)
        if self._open is not None and await _has_more(self._open[0]):
            # It has ended, or the last answer was longer than it said.
            self.close()
        kept = self._open is not None
        try:
            return await self._exchange(request)
        except _BROKEN:
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

    async def _exchange(self, request: bytes) -> tuple[int, str]:
        """Send the request and return the status of the answer with its version of HTTP."""
        if self._open is None:
            self._open = await self._connect()
        reader, writer = self._open
        writer.write(request)
        # A receiver may answer and close before it has read the whole request.
        with suppress(ConnectionError):
            await writer.drain()
        for _ in range(_MAX_INTERIM_ANSWERS + 1):
            status, version = await _status_line(reader)
            if status >= 200:
                return status, version
            await _headers(reader)
        raise ValueError("nothing but interim answers")

    async def _rest(self, status: int, version: str) -> bool:
        """Read what follows the status line; return whether the connection can stay for the next post."""
        if self._open is None or version != "1.1":
            return False
        try:
            async with asyncio.timeout(_REST_SECONDS):
                return await _read_off(self._open[0], status, await _headers(self._open[0]))
        except (TimeoutError, *_BROKEN):
            return False

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


# What a receiver's end of the connection can do instead of answering; TLS that breaks is an OSError too.
_BROKEN = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)


async def _status_line(reader: asyncio.StreamReader) -> tuple[int, str]:
    """Return (status, version). Raises ValueError for what is no status line."""
    try:
        line = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as err:
        # The connection ended behind the three digits: they have been said all the same.
        line = err.partial
        if not _STATUS_LINE.match(line):
            raise
    except asyncio.LimitOverrunError:
        # A reason of any length: the rest of it is left, and the connection with it.
        line = await reader.readexactly(32)
    found = _STATUS_LINE.match(line)
    if found is None:
        raise ValueError("not HTTP")
    return int(found[2]), found[1].decode() if line.endswith(b"\n") else ""


async def _headers(reader: asyncio.StreamReader) -> Mapping[str, str]:
    """Read the headers, names in lower case. Raises ValueError where there are too many."""
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADER_LINES):
        line = (await reader.readuntil(b"\n")).decode("latin-1").rstrip("\r\n")
        if not line:
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ValueError("too many headers")


async def _read_off(reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]) -> bool:
    """Read the body where it is short and its length is known; return whether the connection can stay."""
    if headers.get("connection", "").lower() == "close" or "transfer-encoding" in headers:
        return False
    length = headers.get("content-length", "")
    if status in (204, 304):
        # These have no body (RFC 9110, 15.3.5); one that announces some all the same is not to be relied on.
        return length in ("", "0")
    if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
        return False
    await reader.readexactly(int(length))
    return not await _has_more(reader)


async def _has_more(reader: asyncio.StreamReader) -> bool:
    """Return whether something that nobody asked for, or the end, has come by now."""
    try:
        async with asyncio.timeout(0):
            await reader.read(1)
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
