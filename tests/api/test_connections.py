"""Connections over loopback: each client has so many, and a request that does not arrive ends its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from api.client_address import TrustedProxies
from api.connections import protocol

SOON = 0.5
NEVER = 3_600.0
App = Callable[[Any, Any, Any], Awaitable[None]]
Talk = Callable[[Any], Awaitable[None]]


async def answering(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def reading(scope: Any, receive: Any, send: Any) -> None:
    while (message := await receive()).get("more_body", False):
        pass
    if message["type"] == "http.request":
        await answering(scope, receive, send)


def served(
    app: App,
    talk: Talk,
    *,
    proxies: str = "",
    most: int = 0,
    header: float = NEVER,
    body: float = NEVER,
    made: list[Any] | None = None,
) -> None:
    """Serve `app` while `talk` opens connections; `made` gets the protocols that are made."""
    protocols = [] if made is None else made

    async def run() -> None:
        config = Config(app, ws="none", log_config=None)
        kind: Any = protocol(TrustedProxies(proxies), most, header_seconds=header, body_seconds=body)
        state = ServerState()

        def make() -> asyncio.Protocol:
            protocols.append(kind(config=config, server_state=state, app_state={}))
            found: asyncio.Protocol = protocols[-1]
            return found

        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        opened: list[asyncio.StreamWriter] = []

        async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened.append(writer)
            return reader, writer

        try:
            async with asyncio.timeout(20):
                await talk(connect)
        finally:
            for writer in opened:
                writer.close()
            server.close()
            await server.wait_closed()
            await asyncio.gather(*state.tasks, return_exceptions=True)

    asyncio.run(run())


@pytest.mark.parametrize("start", [b"", b"G", b"GET /healthz HT", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_header_that_does_not_end_ends_its_connection(start: bytes) -> None:
    async def talk(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(start)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")

    served(answering, talk, header=SOON)


def test_a_letter_now_and_then_gives_no_more_time() -> None:
    async def talk(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        answer = asyncio.ensure_future(reader.read())
        while not answer.done():
            writer.write(b"a")
            await asyncio.wait([answer], timeout=SOON / 4)
        assert answer.result().startswith(b"HTTP/1.1 408 ")

    served(answering, talk, header=SOON)


def test_a_body_that_does_not_end_ends_its_connection_and_its_request() -> None:
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await reading(scope, receive, send)
        ended.set()

    async def talk(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"too_slow"' in answer
        await ended.wait()

    served(app, talk, body=SOON)


def test_a_body_that_nobody_wanted_is_not_waited_for_without_end() -> None:
    async def talk(connect: Any) -> None:
        reader, writer = await connect()
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")

    served(answering, talk, body=SOON)


def test_while_a_request_is_answered_no_time_runs_and_the_connection_serves_again() -> None:
    made: list[Any] = []
    running: list[object] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # A body that is on its way has its time; an answer has as much as it takes.
        await reading(scope, receive, send)
        running.append(made[0]._deadline)

    async def talk(connect: Any) -> None:
        reader, writer = await connect()
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            assert b"200" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"ok"

    served(app, talk, made=made)
    assert running == [None, None, None]


def test_a_client_has_so_many_connections_and_gets_another_when_it_closes_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def talk(connect: Any) -> None:
        first, second = await connect(), await connect()
        for _ in range(2):
            reader, _writer = await connect()
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 429 ")
            assert b"CAMPAIGN_TRUSTED_PROXIES" in answer
        first[1].close()
        await first[1].wait_closed()
        while True:
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            # The server may learn of the end a moment later than the client.
            if (await reader.read()).startswith(b"HTTP/1.1 200 "):
                break
        assert not second[0].at_eof()

    served(answering, talk, most=2)
    told = [record.getMessage() for record in caplog.records if record.name == "api.connections"]
    assert len(told) == 1
    assert "CAMPAIGN_TRUSTED_PROXIES" in told[0]


def test_a_trusted_proxy_has_as_many_as_it_likes() -> None:
    async def talk(connect: Any) -> None:
        for _ in range(5):
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"200" in await reader.readuntil(b"\r\n")

    served(answering, talk, most=1, proxies="127.0.0.0/8")
