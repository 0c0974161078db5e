"""One slow thing never freezes the door: all routes, with SES and the DNS silent, with the ledger locked."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import select

import api.main
from api import docs, keys
from api.main import PARTS, create_app
from api.pools import Pools
from api.thread_pools import ThreadPool
from ledger.engine import Ledger
from ledger.patience import Patience
from ledger.schema import message, sign_up, suppression
from lists.dns_verdicts import DELIVERABLE, MxVerdict
from mail.unsubscribe import CONFIRM, Tokens
from settings import Settings

EMAIL = {"to": "a@mail.example", "from": "news@shop.example", "text": "Hello", "subject": "Hi"}
UNKNOWN_SENDERS = 45
# Nothing here waits for so long; a test that does has found a request that waits for ever.
GUARD_SECONDS = 30
ROUTES = [
    (method, route.path)
    for part in PARTS
    for route in part.router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
READS = [(method, path) for method, path in ROUTES if method in ("GET", "HEAD")]
WRITES = [(method, path) for method, path in ROUTES if method == "POST"]
BODIES: Mapping[str, Any] = {
    "/emails": EMAIL,
    "/senders": {"address": "news@shop.example"},
    "/subscribers": {"address": "new@mail.example", "from": "news@shop.example", "text": "Yes, please."},
    "/callbacks/replay": {},
    "/unsubscribe/{token}": None,
    "/confirm/{token}": None,
}


class Silent:
    """SES and the DNS: they answer as long as `answers` is set, and then none of their callers gets away."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.verified = {"shop.example"}
        self.asked: list[str] = []

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
        self.asked.append(request["EmailIdentity"])
        self.answers.wait()
        known = request["EmailIdentity"] in self.verified
        return {"VerifiedForSendingStatus": known, "VerificationStatus": "SUCCESS" if known else "PENDING"}

    def create_email_identity(self, **request: Any) -> Mapping[str, Any]:
        self.answers.wait()
        return {}

    def mx(self, domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        self.answers.wait()
        return dict.fromkeys(domains, DELIVERABLE)


@dataclass
class Door:
    """The application with a client, and links that are good."""

    app: FastAPI
    client: httpx.AsyncClient
    paths: Mapping[str, str]

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        filled = self.paths.get(path, path)
        json = BODIES[path] if method == "POST" and body is None else body
        async with asyncio.timeout(GUARD_SECONDS):
            return await self.client.request(method, filled, json=json)


@pytest.fixture
def world() -> Iterator[Silent]:
    silent = Silent()
    yield silent
    silent.answers.set()


@pytest.fixture
def short() -> Pools:
    """Pools whose callers wait for SES and the DNS for next to nothing."""
    return Pools(
        ses=ThreadPool("ses", "Amazon SES", threads=6, waiting_at_most=60, deadline_seconds=0.02),
        dns=ThreadPool("dns", "The DNS", threads=6, waiting_at_most=60, deadline_seconds=0.02),
    )


@asynccontextmanager
async def opened(
    configured: Settings, ledger: Ledger, world: Silent, pools: Pools | None = None
) -> AsyncIterator[Door]:
    app = create_app(configured, mx=world.mx, identities=lambda: world, pools=pools)
    key = keys.create(ledger, "Ann", "ann")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://door.test",
            headers={"Authorization": f"Bearer {key}"},
        ) as client,
    ):
        posted = await client.post("/emails", json=EMAIL)
        assert posted.status_code == 202
        signed_up = {**BODIES["/subscribers"], "address": "s@mail.example"}
        assert (await client.post("/subscribers", json=signed_up)).status_code == 202
        with ledger.reading() as connection:
            message_id = connection.execute(select(message.c.id).order_by(message.c.id).limit(1)).scalar_one()
            sign_up_id, owner_id = connection.execute(select(sign_up.c.id, sign_up.c.owner_id)).one()
        secret = configured.secret_key.get_secret_value()
        await client.post("/senders", json=BODIES["/senders"])
        yield Door(
            app,
            client,
            {
                "/unsubscribe/{token}": f"/unsubscribe/{Tokens(secret).issue(message_id, 0)}",
                "/confirm/{token}": f"/confirm/{Tokens(secret, CONFIRM).issue(sign_up_id, owner_id)}",
                "/emails/{id}": f"/emails/{posted.json()['data']['id']}",
                "/reports/{campaign}": "/reports/none",
                "/senders/{address}": "/senders/news@shop.example",
                "/subscribers/{address}": "/subscribers/s@mail.example",
            },
        )


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _dependants(each)


def test_no_route_runs_on_the_threads_that_all_would_share() -> None:
    shared = {
        each.call
        for part in PARTS
        for route in part.router.routes
        if isinstance(route, APIRoute)
        for each in _dependants(route.dependant)
        if each.call is not None
        and not asyncio.iscoroutinefunction(each.call)
        and not asyncio.iscoroutinefunction(type(each.call).__call__)
    }
    # The description as a page waits for nothing.
    assert shared == {docs.docs}


def test_while_ses_and_the_dns_are_silent_every_route_answers(
    configured: Settings, ledger: Ledger, world: Silent, short: Pools
) -> None:
    async def run() -> None:
        async with opened(configured, ledger, world, short) as door:
            usual = {route: (await door.ask(*route)).status_code for route in READS}
            world.answers.clear()
            unknown = await asyncio.gather(
                *(
                    door.ask("POST", "/emails", {**EMAIL, "from": f"a@unknown{n}.example"})
                    for n in range(UNKNOWN_SENDERS)
                )
            )
            assert {answer.status_code for answer in unknown} == {503}
            assert all(int(answer.headers["Retry-After"]) >= 1 for answer in unknown)
            assert {answer.json()["error"]["field"] for answer in unknown} == {"from"}
            # To a domain nobody has asked about: the DNS refuses nobody.
            known = [door.ask("POST", "/emails", {**EMAIL, "to": f"a@mail{n}.example"}) for n in range(20)]
            assert {answer.status_code for answer in await asyncio.gather(*known)} == {202}
            for route in READS:
                assert (await door.ask(*route)).status_code == usual[route], route
            for path in ("/unsubscribe/{token}", "/confirm/{token}", "/callbacks/replay"):
                assert (await door.ask("POST", path)).status_code == 200, path
            assert not world.answers.is_set()
            world.answers.set()

    asyncio.run(run())
    with ledger.reading() as connection:
        assert connection.execute(select(suppression.c.address_key)).scalars().all() == ["a@mail.example"]


def test_while_the_write_lock_is_held_every_look_answers_beside_the_writers_that_wait(
    configured: Settings, ledger: Ledger, world: Silent, tmp_path: Path
) -> None:
    async def run() -> None:
        async with opened(configured, ledger, world) as door:
            usual = {route: (await door.ask(*route)).status_code for route in READS}
            with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                writers = [
                    asyncio.create_task(door.ask(method, path)) for method, path in WRITES for _ in range(4)
                ]
                for route in READS:
                    assert (await door.ask(*route)).status_code == usual[route], route
                assert not any(writer.done() for writer in writers)
                other.execute("ROLLBACK")
            answers = await asyncio.gather(*writers)
            assert {answer.status_code for answer in answers} <= {200, 202, 422}

    asyncio.run(run())


def test_while_the_write_lock_is_held_whoever_writes_is_told_so_and_nothing_is_done(
    configured: Settings,
    ledger: Ledger,
    world: Silent,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api.main, "LEDGER_PATIENCE", Patience(lock_seconds=0.01, bounded=False))

    async def run() -> None:
        async with opened(configured, ledger, world) as door:
            with closing(sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                before = other.execute("SELECT count(*) FROM message").fetchone()
                for route in WRITES:
                    answer = await door.ask(*route)
                    assert answer.status_code == 503, route
                    assert int(answer.headers["Retry-After"]) >= 1, route
                assert other.execute("SELECT count(*) FROM message").fetchone() == before
                other.execute("ROLLBACK")
            for route in WRITES:
                assert (await door.ask(*route)).status_code in (200, 202, 422), route

    asyncio.run(run())


def test_every_route_that_writes_is_tried() -> None:
    assert {path for _, path in WRITES} == BODIES.keys()
