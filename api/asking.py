"""Who asks, and how much: the dependencies of every route that wants a key."""

import math
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import Context, Here
from api.errors import Code, Refusal, Refused
from ledger.owners import Caller

_BEARER = HTTPBearer(auto_error=False, description="`campaign keys create --owner NAME --operator NAME`")
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


async def caller(
    here: Here, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> Caller:
    """Return who asks, as a dependency; refuses without a good key and whoever asks too often."""
    return await known(here, credentials.credentials if credentials else None)


async def caller_of(request: Request, here: Context) -> Caller:
    """Return the same without FastAPI's dependencies, which cost a third of a short request."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return await known(here, key.strip() if scheme.lower() == "bearer" and key.strip() else None)


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


async def body_of(request: Request, most_bytes: int) -> bytes:
    """Return the request's body. Refuses one that is larger, without reading the rest of it."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise Refused(
                Refusal(413, Code.BODY_TOO_LARGE, f"The body is larger than {most_bytes:,} bytes.", "body")
            )
    return bytes(body)


Who = Annotated[Caller, Depends(caller)]
