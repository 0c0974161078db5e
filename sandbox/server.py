"""One HTTP port for all of AWS that the project uses, and for looking into the sandbox."""

import asyncio
from contextlib import suppress
from types import ModuleType
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox import ses_api, sns_api, sqs_api
from sandbox.behaviour import Failure, FailureKind
from sandbox.control import control_app
from sandbox.errors import ApiError, throttled
from sandbox.http import Request, Response
from sandbox.options import SandboxOptions
from sandbox.premade import prepare
from sandbox.world import World

_DROPPABLE = "sandbox.transport"


class DroppableProtocol(H11Protocol):
    """Lets the application cut the connection, which ASGI has no message for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand the transport on to the application."""
        super().connection_made(transport)
        inner: Any = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope[_DROPPABLE] = transport
            await inner(scope, receive, send)

        self.app = app


class App:
    """The ASGI application. It owns the world, and the task that publishes the world's events."""

    def __init__(self, options: SandboxOptions, base_url: str) -> None:
        self._options = options
        self._base_url = base_url
        self._control: ASGIApp = control_app(self)
        self._publishing: asyncio.Task[None] | None = None
        self.world = World(options, base_url)
        self.reset()

    def reset(self) -> None:
        """Make everything as it was at the start."""
        if self._publishing is not None:
            self._publishing.cancel()
        self.world.stop_waiting()
        self.world = World(self._options, self._base_url)
        prepare(self.world)
        self._publishing = asyncio.get_running_loop().create_task(self.world.courier.run())

    async def close(self) -> None:
        """End the publishing."""
        if self._publishing is not None:
            self._publishing.cancel()
            with suppress(asyncio.CancelledError):
                await self._publishing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] == "/" and scope["method"] == "GET":
            scope = {**scope, "path": "/sandbox", "raw_path": b"/sandbox"}
        if scope["path"].startswith("/sandbox"):
            await self._control(scope, receive, send)
            return
        response = await self._answer(await _read(scope, receive))
        if response is None:
            scope[_DROPPABLE].abort()
            # Until the server has seen the connection go it would try to answer in our place.
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        headers = {"content-type": response.content_type, "content-length": str(len(response.body))}
        encoded = [(name.encode(), value.encode()) for name, value in (headers | response.headers).items()]
        await send({"type": "http.response.start", "status": response.status, "headers": encoded})
        await send({"type": "http.response.body", "body": response.body})

    async def _answer(self, request: Request) -> Response | None:
        """Return the response, or None where the connection is to be cut."""
        api = _api(request)
        operation = api.operation(request)
        world = self.world
        world.log.calls[operation or "unknown"] += 1
        struck = world.failures.strike(operation)
        kinds = {failure.kind for failure in struck}
        try:
            await _wait(struck, FailureKind.WAIT)
            if FailureKind.DROP in kinds:
                return None
            _refuse(kinds)
            if FailureKind.SUSPEND_ACCOUNT in kinds:
                world.change({"enforcement_status": "SHUTDOWN"})
            response = await _handle(api, world, request, struck)
            await _wait(struck, FailureKind.ACCEPT_THEN_WAIT)
            if FailureKind.ACCEPT_THEN_DROP in kinds:
                return None
            if FailureKind.ACCEPT_THEN_500 in kinds:
                raise _internal_failure()
        except ApiError as err:
            world.log.refused[err.code] += 1
            answer: Response = api.error(err)
            return answer
        return response


async def _handle(api: ModuleType, world: World, request: Request, struck: list[Failure]) -> Response:
    if api is ses_api:
        return ses_api.handle(world, request, struck)
    if api is sqs_api:
        return await sqs_api.handle(world, request)
    return sns_api.handle(world, request)


def _api(request: Request) -> ModuleType:
    if request.headers.get("x-amz-target", "").startswith(sqs_api.TARGET):
        return sqs_api
    if request.raw_path.startswith("/v2/email/"):
        return ses_api
    return sns_api


def _refuse(kinds: set[FailureKind]) -> None:
    if FailureKind.REFUSE_500 in kinds:
        raise _internal_failure()
    if FailureKind.EXPIRED_TOKEN in kinds:
        raise ApiError(403, "ExpiredTokenException", "The security token included in the request is expired")
    if FailureKind.THROTTLE in kinds:
        raise throttled()


def _internal_failure() -> ApiError:
    return ApiError(500, "InternalFailure", "The request processing has failed.")


async def _wait(struck: list[Failure], kind: FailureKind) -> None:
    seconds = sum(failure.seconds for failure in struck if failure.kind is kind)
    if seconds:
        await asyncio.sleep(seconds)


async def _read(scope: Scope, receive: Receive) -> Request:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("ascii"),
        query=scope["query_string"].decode("ascii"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=b"".join(chunks),
    )
