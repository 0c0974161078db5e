"""Before the key nothing is read, and nothing is parsed before it is counted, on every route there is.

The requests are made by hand: a client of HTTP would not say whether anybody has read its body.
"""

import asyncio
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api import keys
from api.body_shape import MAX_DEPTH, refusal
from api.client_address import Limit, TrustedProxies
from api.door import MAX_BODY_BYTES, MAX_BYTES_WITHOUT_KEY, MAX_EMAILS_BYTES, MAX_EMAILS_MEMBERS, Door
from api.main import PARTS
from ledger.engine import Ledger
from mail.unsubscribe import CONFIRM, Tokens
from settings import Settings

CHUNK = b" " * 16_384
EMAIL = {"to": "a@mail.example", "from": "news@shop.example", "text": "Hello", "subject": "Hi"}


@dataclass
class Answer:
    """What came back, and how many bytes were taken for it."""

    status: int
    body: bytes
    read: int

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["error"]["code"])


def asked(
    app: FastAPI | Door,
    method: str,
    path: str,
    body: Iterable[bytes] = (),
    *,
    key: str = "",
    headers: dict[str, str] | None = None,
    client: str = "198.51.100.7",
) -> Answer:
    """Make one request whose body is given only as far as it is read."""
    sent: list[Any] = []
    chunks, read = iter(body), 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        chunk = next(chunks, None)
        read += len(chunk or b"")
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    async def send(message: Any) -> None:
        sent.append(message)

    named = {"authorization": f"Bearer {key}"} if key else {}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in {**named, **(headers or {})}.items()],
        "client": (client, 1),
        "server": ("api.test", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    whole = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], whole, read)


def endless() -> Iterator[bytes]:
    """A body without an end, as far as whoever reads it should know."""
    for _ in range(2_000):
        yield CHUNK
    raise AssertionError("the body is read without end")


def operations(app: FastAPI) -> Iterator[tuple[str, str, bool, bool]]:
    """Yield method, path, whether it wants a key, and whether it has a body: of all that is described."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            filled = (
                path.replace("{address}", "a@mail.example").replace("{id}", "x").replace("{campaign}", "x")
            )
            yield method.upper(), filled, bool(operation.get("security")), "requestBody" in operation


@pytest.fixture
def app(anonymous: TestClient) -> FastAPI:
    assert isinstance(anonymous.app, FastAPI)
    return anonymous.app


@pytest.fixture
def key(ledger: Ledger) -> str:
    return keys.create(ledger, "EliPackage", "ann")


def test_without_a_good_key_no_route_reads_a_byte(app: FastAPI) -> None:
    tried = 0
    for method, path, with_key, has_body in operations(app):
        # A route that takes something from strangers would be new, and wants a word here.
        assert with_key or not has_body, f"{method} {path}"
        for wrong in ("", "ck_" + "x" * 43, "x"):
            answer = asked(app, method, path, endless(), key=wrong)
            assert (answer.read == 0, answer.status == 401) == (True, with_key), f"{method} {path}"
            tried += 1
    assert tried > 20


def test_no_route_reads_more_than_its_size(app: FastAPI, key: str) -> None:
    for method, path, with_key, has_body in operations(app):
        if not (with_key and has_body):
            continue
        most = MAX_EMAILS_BYTES if path == "/emails" else MAX_BODY_BYTES
        answer = asked(app, method, path, endless(), key=key)
        assert (answer.status, answer.code) == (413, "body_too_large"), f"{method} {path}"
        assert most < answer.read <= most + len(CHUNK)
        # Who says how much is coming is refused before it comes.
        answer = asked(app, method, path, endless(), key=key, headers={"content-length": str(most + 1)})
        assert (answer.status, answer.read) == (413, 0), f"{method} {path}"


def test_the_pages_read_little_and_other_addresses_nothing(app: FastAPI) -> None:
    secret = app.state.context.settings.secret_key.get_secret_value()
    links = {"unsubscribe": Tokens(secret).issue(1, 1), "confirm": Tokens(secret, CONFIRM).issue(1, 0)}
    tried = 0
    for part in PARTS:
        for route in part.router.routes:
            if route.include_in_schema:  # type: ignore[attr-defined]
                continue
            for method in route.methods:  # type: ignore[attr-defined]
                for path, token in ((route.path, "x"), *((route.path, link) for link in links.values())):  # type: ignore[attr-defined]
                    answer = asked(app, method, path.replace("{token}", token), endless())
                    assert answer.read <= MAX_BYTES_WITHOUT_KEY + len(CHUNK)
                    tried += 1
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "QUERY"):
        for path in ("/", "/nothing", "/emails/x/y", "/callbacks", "/healthz", "/metrics"):
            assert asked(app, method, path, endless()).read == 0, f"{method} {path}"
    assert tried > 6


@pytest.mark.parametrize(
    "bomb",
    [
        b"{" + b",".join(b'"k%d":0' % n for n in range(MAX_EMAILS_MEMBERS + 1)) + b"}",
        b"[" + b"{}," * MAX_EMAILS_MEMBERS + b"{}]",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"text":"' + b"[" * 50_000 + b'","x":' + b"[" * 50_000,
        b'{"ids":[' + b"[]," * 30_000 + b"1]}",
    ],
    ids=[
        "unknown keys",
        "many objects",
        "deep lists",
        "deep objects",
        "deep behind a text",
        "many in a field",
    ],
)
def test_no_route_parses_a_bomb(app: FastAPI, key: str, bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError("the body was parsed")

    monkeypatch.setattr("api.emails.from_json", parse)
    monkeypatch.setattr("api.emails.NewEmail.model_validate", parse)
    monkeypatch.setattr(json, "loads", parse)
    for method, path, _, has_body in operations(app):
        if has_body:
            answer = asked(app, method, path, [bomb], key=key)
            # Where small bodies alone are taken, its size is enough.
            assert answer.status in ((422,) if path == "/emails" else (413, 422)), f"{method} {path}"


def test_an_honest_body_of_any_size_passes() -> None:
    most = dict.fromkeys(("externalId", "clientId", "alias"), "x") | {
        "callbacks": [f"https://shop.example/{n}" for n in range(10)]
    }
    assert refusal(json.dumps([EMAIL | most] * 1_000).encode(), MAX_EMAILS_MEMBERS) is None
    # What stands in texts is no structure, whatever it looks like.
    for text in ("[" * 100_000, ",{" * 50_000, '"[' * 50_000, "\\[" * 40_000, "\\", '\\"[', "é,[" * 30_000):
        for ascii_ in (True, False):
            assert (
                refusal(
                    json.dumps([EMAIL | {"text": text}] * 3, ensure_ascii=ascii_).encode(), MAX_EMAILS_MEMBERS
                )
                is None
            )
    assert refusal(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, MAX_EMAILS_MEMBERS) is None


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 200_000, b'"[' * 200_000 + b"\\", b"\\" * 400_000, b'"\\'])
def test_texts_that_never_end_are_counted_once_through(body: bytes) -> None:
    # Begun anew at each quote it would take minutes.
    refusal(body + b"[" * (MAX_DEPTH + 1), MAX_EMAILS_MEMBERS)


def test_of_many_unknown_fields_the_first_is_named(client: TestClient) -> None:
    more = {f"k{n}": n for n in range(15_000)}
    assert client.post("/emails", json={**EMAIL, **more}).json()["error"]["field"] == "k0"
    results = client.post("/emails", json=[{**EMAIL, **more}, EMAIL]).json()["data"]
    assert [each.get("error", {}).get("field") for each in results] == ["k0", None]
    assert (
        client.post("/senders", json={"address": "a@shop.example", "k0": 0}).json()["error"]["field"] == "k0"
    )


def test_behind_a_proxy_each_client_has_the_limit_and_the_proxy_none(app: FastAPI) -> None:
    routes = [route for part in PARTS for route in part.router.routes]
    inside: list[str] = []

    async def slow(scope: Any, _receive: Any, send: Any) -> None:
        inside.append(scope["client"][0])
        for said in others:
            statuses.append(asked_inside(said))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    # What comes while one client's request is answered.
    others = ["203.0.113.9", "203.0.113.9, 10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.10", ""]
    statuses: list[int] = []
    door = Door(slow, of=app, routes=routes, proxies=TrustedProxies("10.0.0.0/8, ::1"), requests_per_client=1)

    def asked_inside(said: str) -> int:
        others.clear()
        found: list[int] = []

        def run() -> None:
            headers = {"x-forwarded-for": said} if said else {}
            found.append(asked(door, "GET", "/healthz", headers=headers, client="10.1.2.3").status)

        # A loop of its own, for the one that asks is in use.
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        return found[0]

    for said in list(others):
        others[:] = [said]
        asked(door, "GET", "/healthz", headers={"x-forwarded-for": "203.0.113.9"}, client="10.1.2.3")
    assert statuses == [429, 429, 429, 200, 200]
    assert set(inside) == {"203.0.113.9", "203.0.113.10", "10.1.2.3"}
    # Nobody believes a stranger's header.
    asked(door, "GET", "/healthz", headers={"x-forwarded-for": "203.0.113.9"}, client="192.0.2.1")
    assert inside[-1] == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", [], ""),
        ("10.0.0.1", [" , ,10.0.0.2"], ""),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy_of_ours(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert TrustedProxies("10.0.0.0/8").client(peer, forwarded) == client


def test_a_limit_counts_a_network_of_ipv6_as_one_client_and_forgets_who_has_left() -> None:
    limit = Limit(2)
    first = limit.enter("2001:db8:1:1::1")
    assert first is not None
    assert limit.enter("2001:db8:1:1:ffff::2") is not None
    assert limit.enter("2001:db8:1:1::3") is None
    assert limit.enter("2001:db8:1:2::3") is not None
    limit.leave(first)
    assert limit.enter("2001:db8:1:1::3") is not None
    assert [limit.enter(same) is None for same in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1")] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.0.0.1, ::1", "", " 192.0.2.7/24 ,"])
def test_proxies_are_addresses_and_networks(text: str) -> None:
    assert Settings(trusted_proxies=text).trusted_proxies == text


@pytest.mark.parametrize("text", ["proxy.test", "10.0.0.0/33", "10.0.0.1;10.0.0.2", "*"])
def test_what_is_no_proxy_is_named_before_anything_is_served(text: str) -> None:
    with pytest.raises(ValidationError, match="must be IP addresses or networks with commas between them"):
        Settings(trusted_proxies=text)
