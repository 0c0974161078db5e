"""`/sandbox/...`: looking at what was accepted, and changing how the stand-in behaves."""

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.behaviour import EventType
from sandbox.events import Bounce, Happening
from sandbox.inbox_pages import inbox_routes

if TYPE_CHECKING:
    from sandbox.server import App

_MOST_MESSAGES = 10_000


class ManualEvent(BaseModel):
    """An event pushed by hand for an accepted message, which its sequence or SES message id names."""

    model_config = ConfigDict(extra="forbid")

    message_id: str | None = None
    sequence: int | None = None
    type: EventType
    recipient: str | None = None
    bounce_type: str = "Permanent"
    bounce_sub_type: str = "General"
    status: str = "5.1.1"
    diagnostic: str = "smtp; 550 5.1.1 user unknown"
    detail: str = ""
    times: Annotated[int, Field(ge=1, le=1000)] = 1


def control_app(app: "App") -> Starlette:
    """Return the application behind `/sandbox`."""

    async def home(request: Request) -> Response:
        return RedirectResponse("/sandbox/inbox")

    async def show_behaviour(request: Request) -> Response:
        return JSONResponse(app.world.behaviour.model_dump(mode="json"))

    async def change_behaviour(request: Request) -> Response:
        changes = await _json_object(request)
        try:
            behaviour = app.world.change(changes)
        except ValidationError as err:
            raise HTTPException(422, _first_error(err)) from err
        return JSONResponse(behaviour.model_dump(mode="json"))

    async def messages(request: Request) -> Response:
        after, limit = _number(request, "after", 0), min(_number(request, "limit", 1000), _MOST_MESSAGES)
        bodies = request.query_params.get("bodies") == "1"
        page = app.world.log.page(after, limit)
        return JSONResponse([message.as_json(bodies=bodies) for message in page])

    async def summary(request: Request) -> Response:
        return JSONResponse(app.world.log.summary() | {"pending_events": app.world.courier.pending})

    async def push_event(request: Request) -> Response:
        try:
            event = ManualEvent.model_validate(await _json_object(request))
        except ValidationError as err:
            raise HTTPException(422, _first_error(err)) from err
        log = app.world.log
        message = log.find(event.message_id) if event.message_id else log.at(event.sequence or 0)
        if message is None:
            raise HTTPException(404, "No accepted message has that message_id or sequence.")
        bounce = Bounce(event.bounce_type, event.bounce_sub_type, event.status, event.diagnostic)
        happening = Happening(event.type, event.recipient, bounce, event.detail)
        for _ in range(event.times):
            app.world.courier.add(message, happening)
        return JSONResponse({"planned": event.times})

    async def reset(request: Request) -> Response:
        app.reset()
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/sandbox", home),
            Route("/sandbox/control", show_behaviour, methods=["GET"]),
            Route("/sandbox/control", change_behaviour, methods=["PUT"]),
            Route("/sandbox/messages", messages),
            Route("/sandbox/summary", summary),
            Route("/sandbox/events", push_event, methods=["POST"]),
            Route("/sandbox/reset", reset, methods=["POST"]),
            *inbox_routes(lambda: app.world),
        ],
        exception_handlers={HTTPException: _refused},
    )


def _refused(request: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    return JSONResponse({"error": err.detail}, err.status_code)


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await request.body() or b"{}")
    except ValueError as err:
        raise HTTPException(400, "The body is not JSON.") from err
    if not isinstance(content, dict):
        raise HTTPException(400, "The body is not a JSON object.")
    return content


def _first_error(err: ValidationError) -> str:
    first = err.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isdigit() else default
