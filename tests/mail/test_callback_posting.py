"""One post to a receiver: its status, what comes instead of one, and where it may connect to."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from mail.callback_posting import Line, NoAnswer
from mail.callback_urls import parse

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def posted(serve: Serve, *, posts: int = 1, **options: object) -> list[int]:
    """Post so many times to a server that does `serve`; return the statuses."""

    async def main() -> list[int]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        line = Line(
            parse(f"http://hooks.shop.example:{port}/hook?a=b", allow_private=True),
            **({"resolve": loopback, "allow_private": True} | options),  # type: ignore[arg-type]
        )
        try:
            return [await line.post({"webhook-id": "msg_1"}, b"{}") for _ in range(posts)]
        finally:
            line.close()
            server.close()

    return asyncio.run(main())


async def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def answering(*answers: bytes, requests: list[bytes] | None = None) -> Serve:
    """Answer the requests of one connection with these, then close it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(2)
            if requests is not None:
                requests.append(head + body)
            writer.write(answer)
            await writer.drain()

    return serve


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_the_request_is_whole_and_its_host_is_the_receivers() -> None:
    requests: list[bytes] = []
    assert posted(answering(OK, requests=requests)) == [200]
    (request,) = requests
    assert request.startswith(b"POST /hook?a=b HTTP/1.1\r\nHost: hooks.shop.example:")
    assert b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n" in request
    assert request.endswith(b"\r\nwebhook-id: msg_1\r\n\r\n{}")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.0 200 OK\r\n\r\nwhatever", 200),
        (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 202),
        (b"HTTP/1.1 200\r\nContent-Length: 999999999\r\n\r\n", 200),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 410),
        (b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n", 500),
    ],
)
def test_the_status_is_what_counts(answer: bytes, status: int) -> None:
    assert posted(answering(answer)) == [status]


def test_a_redirect_is_not_followed() -> None:
    requests: list[bytes] = []
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    assert posted(answering(moved, requests=requests)) == [302]
    assert len(requests) == 1


def test_a_connection_is_kept_for_the_next_post() -> None:
    requests: list[bytes] = []
    assert posted(answering(OK, OK, OK, requests=requests), posts=3) == [200, 200, 200]


def test_a_kept_connection_that_ended_is_opened_anew() -> None:
    requests: list[bytes] = []
    assert posted(answering(OK, requests=requests), posts=3) == [200, 200, 200]


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000],
)
def test_what_is_no_answer_is_said_so(answer: bytes) -> None:
    with pytest.raises(NoAnswer, match="the connection failed"):
        posted(answering(answer))


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(NoAnswer, match=r"no answer within 0\.05 s"):
        posted(silent, timeout_seconds=0.05)


def test_a_receiver_that_drips_is_given_up_all_the_same() -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not reader.at_eof():
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.03)

    with pytest.raises(NoAnswer, match="no answer within"):
        posted(dripping, timeout_seconds=0.1)


def test_a_name_that_resolves_to_a_private_address_is_not_connected_to() -> None:
    requests: list[bytes] = []
    with pytest.raises(NoAnswer, match="private or loopback"):
        posted(answering(OK, requests=requests), allow_private=False)
    assert requests == []


def test_a_name_is_asked_once_and_the_address_that_passed_is_the_one_connected_to() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    assert posted(answering(OK), resolve=rebinding) == [200]
    assert asked == ["hooks.shop.example"]


def test_a_name_that_does_not_resolve() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(NoAnswer, match="cannot be resolved"):
        posted(answering(OK), resolve=unknown)
