"""Who asks, and how much: the dependencies of every route that wants a key."""

import math
from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Context, Here
from api.errors import Code, Refusal, Refused
from ledger.owners import Caller

_BEARER = HTTPBearer(auto_error=False, description="`campaign keys create --owner NAME --operator NAME`")
# Where `api.door` leaves in a request's scope who asks, and what.
CALLER = "campaign.caller"
BODY = "campaign.body"
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


async def caller(
    request: Request, here: Here, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Caller:
    """Return who asks, as a dependency; refuses without a good key and whoever asks too often.

    That it wants the key puts it into the description, by which the door knows.
    """
    return await caller_of(request, here)


async def caller_of(request: Request, here: Context) -> Caller:
    """Return the same without FastAPI's dependencies, which cost a third of a short request."""
    found: Caller | None = request.scope.get(CALLER)
    return found or await known(here, key_in(request.scope["headers"]))


def key_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the key among a request's headers."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            return key.strip() or None if scheme.lower() == "bearer" else None
    return None


async def known(here: Context, key: str | None) -> Caller:
    """Return whose key it is; refuses without a good one and whoever asks too often."""
    if key is None:
        raise Refused(
            Refusal(
                401,
                Code.UNAUTHORIZED,
                "Send your key as `Authorization: Bearer KEY`.",
                "Authorization",
                _CHALLENGE,
            )
        )
    found = await here.keys.caller(key)
    if found is None:
        raise Refused(
            Refusal(
                401,
                Code.UNAUTHORIZED,
                "This key is unknown or was revoked: ask for a new one (`campaign keys create`).",
                "Authorization",
                _CHALLENGE,
            )
        )
    if (seconds := here.pace.wait_seconds(found.owner_id)) > 0:
        raise Refused(too_many(seconds))
    return found


def too_many(seconds: float) -> Refusal:
    """Return the refusal of a request that may come again after so many seconds."""
    wait = max(1, math.ceil(seconds))
    return Refusal(
        429,
        Code.TOO_MANY_REQUESTS,
        f"Too many requests: send this one again after {wait} s.",
        headers={"Retry-After": str(wait)},
    )


async def body_of(request: Request) -> bytes:
    """Return the request's body, which the door has read."""
    found: bytes | None = request.scope.get(BODY)
    return await request.body() if found is None else found


Who = Annotated[Caller, Depends(caller)]
