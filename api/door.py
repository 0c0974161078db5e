"""What stands before every route: who asks, how large, how deep, and only then the body itself.

The order is the point. A body that is read before the key makes a gigabyte out of three strangers' requests,
and one that is parsed before it is counted stalls everybody for as long as the parser takes.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import answers, body_shape, failures
from api.asking import BODY, CALLER, key_in, known
from api.client_address import Limit, TrustedProxies
from api.context import Context
from api.errors import Code, Refusal, Refused
from api.thread_pools import Unavailable
from ledger.errors import LedgerError

log = logging.getLogger(__name__)

# A list of 1,000 e-mails, of 8 fields and 10 callbacks each.
MAX_EMAILS_BYTES = 10_000_000
MAX_EMAILS_MEMBERS = 20_000
# The largest of the others are 1,000 ids, or a sign-up of which every letter is written as an escape.
MAX_BODY_BYTES = 100_000
MAX_MEMBERS = 2_000
# Forms and the like, from whoever has a link.
MAX_BYTES_WITHOUT_KEY = 65_536

_READS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route asks of a request: a key or none, and bytes and members at most."""

    with_key: bool
    most_bytes: int
    most_members: int = MAX_MEMBERS


_NOBODYS = Rule(with_key=False, most_bytes=0)
_PAGE = Rule(with_key=False, most_bytes=MAX_BYTES_WITHOUT_KEY)
_SMALL = Rule(with_key=True, most_bytes=MAX_BODY_BYTES)
_LARGE = {"/emails": Rule(True, MAX_EMAILS_BYTES, MAX_EMAILS_MEMBERS)}


class Door:
    """ASGI middleware before all routes of an application.

    A route wants a key where the application's OpenAPI description says so; one that is not described, or
    described without a key, gets no more than a small body, so that a new route cannot be open by mistake.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        of: FastAPI,
        routes: Iterable[BaseRoute],
        proxies: TrustedProxies,
        requests_per_client: int,
    ) -> None:
        self._app, self._of = app, of
        self._proxies, self._open = proxies, Limit(requests_per_client)
        self._exact: dict[tuple[str, str], Rule] = {}
        self._patterns: list[tuple[APIRoute, Rule]] = []
        self._learn(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._proxies and (peer := scope["client"] or ("", 0))[0] in self._proxies:
            await self._by_proxy(peer[0], scope, receive, send)
        else:
            await self._enter(scope, receive, send)

    async def _by_proxy(self, peer: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the requests of whom the proxy names: their connections end at the proxy."""
        forwarded = [
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        ]
        client = self._proxies.client(peer, forwarded)
        if not client:
            await self._enter(scope, receive, send)
            return
        scope["client"] = (client, 0)
        who = self._open.enter(client)
        if who is None:
            await answers.refused(too_many_open())(scope, receive, send)
            return
        try:
            await self._enter(scope, receive, send)
        finally:
            self._open.leave(who)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = self._rule(scope)
        try:
            if rule.with_key:
                here: Context = self._of.state.context
                scope[CALLER] = await known(here, key_in(scope["headers"]))
            if scope["method"] in _READS:
                receive = await self._body(rule, scope, receive)
        except Refused as err:
            await answers.refused(err.refusal)(scope, receive, send)
            return
        except (SQLAlchemyError, LedgerError) as err:
            await (await failures.not_now(Request(scope), err))(scope, receive, send)
            return
        except Unavailable as err:
            await (await failures.unavailable(Request(scope), err))(scope, receive, send)
            return
        except _Gone:
            return
        await self._app(scope, receive, send)

    async def _body(self, rule: Rule, scope: Scope, receive: Receive) -> Receive:
        """Return what gives the route its body: the whole of it where there is a key, else bounded pieces."""
        said = _length(scope)
        if not rule.with_key:
            # A route that answers nobody reads nothing; the pages say themselves what is too large.
            return _bounded(receive, rule.most_bytes)
        if said > rule.most_bytes:
            raise Refused(_too_large(rule.most_bytes))
        # How long that may take is for the connection to say (api.connections).
        body = await _read(receive, rule.most_bytes)
        here: Context = self._of.state.context
        why = await here.pools.read_body(body, body_shape.refusal, rule.most_members)
        if why is not None:
            raise Refused(why)
        scope[BODY] = body
        return _given(body, receive)

    def _rule(self, scope: Scope) -> Rule:
        path = scope["path"]
        rule = self._exact.get((scope["method"], path))
        if rule is not None:
            return rule
        for route, of_route in self._patterns:
            if scope["method"] in (route.methods or ()) and route.path_regex.match(path):
                return of_route
        return _NOBODYS

    def _learn(self, routes: Iterable[BaseRoute]) -> None:
        described = self._of.openapi()["paths"]
        for route in routes:
            if not isinstance(route, APIRoute):
                continue
            for method in route.methods or ():
                operation = described.get(route.path_format, {}).get(method.lower(), {})
                with_key = route.include_in_schema and bool(operation.get("security"))
                rule = _LARGE.get(route.path, _SMALL) if with_key else _PAGE
                if "{" in route.path:
                    self._patterns.append((route, rule))
                else:
                    self._exact[method, route.path] = rule


def too_many_open() -> Refusal:
    """Return the refusal of a client that has as many requests or connections open as it may."""
    return Refusal(
        429,
        Code.TOO_MANY_REQUESTS,
        "Too many requests at once from one address: wait for some of them, or set "
        "CAMPAIGN_TRUSTED_PROXIES where the address is a proxy's.",
        headers={"Retry-After": "1", "Connection": "close"},
    )


def too_slow() -> Refusal:
    """Return the refusal of a request that does not arrive."""
    return Refusal(
        408,
        Code.TOO_SLOW,
        "The request did not arrive in time: send it again, in smaller parts.",
        headers={"Connection": "close"},
    )


class _Gone(Exception):
    """Nobody is there any more to be answered."""


async def _read(receive: Receive, most: int) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(body) <= most:
        return body
    pieces, length = [body], len(body)
    while message.get("more_body", False) and length <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
    if length > most:
        raise Refused(_too_large(most))
    return b"".join(pieces)


def _given(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then what else comes."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    def give() -> Awaitable[Message]:
        return _now(messages.pop()) if messages else receive()

    return give


async def _now(message: Message) -> Message:
    return message


def _bounded(receive: Receive, most: int) -> Callable[[], Awaitable[Message]]:
    length = 0

    async def give() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > most:
            raise HTTPException(413)
        return message

    return give


def _length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _too_large(most: int) -> Refusal:
    return Refusal(413, Code.BODY_TOO_LARGE, f"The body is larger than {most:,} bytes.", "body")
