"""One post to a receiver: its status, what comes instead of one, and where it may connect to."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from mail import callback_posting
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


# What receivers send behind a status line that they should not: the status has been said all the same.
SAYS = b"HTTP/1.1 200 OK\r\n"
SLOPPY = {
    "a body shorter than its length": SAYS + b"Content-Length: 9\r\n\r\nok",
    "a body longer than its length": SAYS + b"Content-Length: 2\r\n\r\nokok",
    "a length that is no number": SAYS + b"Content-Length: two\r\n\r\nok",
    "a length below zero": SAYS + b"Content-Length: -2\r\n\r\nok",
    "a length of five thousand digits": SAYS + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "two lengths": SAYS + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\nok",
    "two hundred headers": SAYS + b"X: y\r\n" * 200 + b"Content-Length: 2\r\n\r\nok",
    "a header longer than we read": SAYS + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    "a header without a colon": SAYS + b"nonsense\r\nContent-Length: 0\r\n\r\n",
    "a header that is no text": SAYS + b"\xff\xfe: \x00\r\nContent-Length: 0\r\n\r\n",
    "headers without an end": SAYS + b"Content-Length: 2\r\n",
    "no headers": SAYS,
    "lone line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "chunks that are none": SAYS + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\nok",
    "chunks and a length": SAYS + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "gzip that is none": SAYS + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "a reason of any length": b"HTTP/1.1 200 " + b"a" * 200_000 + b"\r\n\r\n",
    "two blanks before the status": b"HTTP/1.1  200 OK\r\n\r\n",
    "no end of the line": b"HTTP/1.1 200 OK",
    "the status and nothing more": b"HTTP/1.1 200",
    "an old version": b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nok",
    "an older version": b"HTTP/0.9 200 OK\r\n\r\n",
    "a newer version": b"HTTP/2 200\r\ncontent-length: 0\r\n\r\n",
    "a version in small letters": b"http/1.1 200 ok\r\n\r\n",
    "a body where there is none": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    "a body behind 204 without a length": b"HTTP/1.1 204 No Content\r\n\r\nok",
    "to go on, and then the answer": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "many hints, and then the answer": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 9 + OK,
    "an upgrade that nobody asked for": SAYS + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("hangs", [False, True], ids=["and the end", "and silence"])
@pytest.mark.parametrize("answer", SLOPPY.values(), ids=SLOPPY.keys())
def test_a_status_line_is_an_answer_whatever_follows_it(
    answer: bytes, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_posting, "_REST_SECONDS", 0.01)
    if hangs and b"\n" not in answer:
        # Without an end of the line or of the connection there may be more to come.
        with pytest.raises(NoAnswer, match="no answer within"):
            posted(hanging(answer), timeout_seconds=0.05)
        return
    status = 204 if b" 204 " in answer else 200
    if hangs:
        assert posted(hanging(answer)) == [status]
    else:
        assert posted(answering(answer), posts=2) == [status, status]


def hanging(answer: bytes) -> Serve:
    """Answer the first request of each connection and stay silent until the other side goes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()

    return serve


def test_an_answer_before_the_request_was_read_is_an_answer() -> None:
    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()

    assert posted(hasty, posts=2) == [200, 200]


def test_what_an_answer_left_behind_is_not_taken_for_the_next_one() -> None:
    requests: list[bytes] = []
    lying = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    failing = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    answers = iter([lying, failing])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(next(answers), requests=requests)(reader, writer)

    assert posted(serve, posts=2) == [200, 503]
    assert len(requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"200 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 20",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + OK,
        b"<html>HTTP/1.1 200 OK</html>\r\n",
    ],
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
        while not reader.at_eof():
            writer.write(b"HTTP/1.1 100 Continue\r\n")
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
