"""The pages behind the unsubscribe links: looking changes nothing, posting unsubscribes at once."""

import logging
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from api import pages
from api.context import Here
from api.pools import runs_in, write_patiently
from api.senders import sender_name
from ledger.unsubscribes import Extent, Leaving, find, unsubscribe
from mail.unsubscribe import TokenClaims

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

# An unsubscribe form is a few dozen bytes; nobody has a reason to post more.
MAX_BODY_BYTES = 16_384


async def claims(token: str, here: Here) -> TokenClaims:
    """Return what the link's token says, as a dependency."""
    found = here.tokens.read(token)
    if found is None:
        raise HTTPException(404)
    return found


async def _small_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413)
    return body


# Link scanners follow every link of a mail, so reading the page changes nothing.
@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
@runs_in(lambda pools: pools.pages)
def ask(request: Request, here: Here, held: Annotated[TokenClaims, Depends(claims)]) -> Response:
    """Ask what is meant: this list, or everything."""
    with here.ledger.reading() as connection:
        found = find(connection, message_id=held.message_id, campaign_id=held.campaign_id)
    if found is None:
        raise _nobody()
    usual = found.usual if found.list_name else Extent.EVERYTHING
    extents = sorted(Extent, key=lambda extent: extent is not usual) if found.list_name else [usual]
    return pages.in_words(
        "ask.html.j2",
        request,
        language=found.language,
        sender=sender_name(found.sender),
        list_name=found.list_name,
        extents=extents,
    )


@router.post("/unsubscribe/{token}")
@runs_in(lambda pools: pools.page_writes)
def act(
    request: Request,
    here: Here,
    held: Annotated[TokenClaims, Depends(claims)],
    body: Annotated[bytes, Depends(_small_body)],
) -> Response:
    """Unsubscribe at once."""
    # RFC 8058 section 3.1: the provider posts this pair, urlencoded or multipart, with no cookie. The
    # link alone is the permission, so a form that cannot be parsed unsubscribes as well.
    by = "one-click" if b"List-Unsubscribe" in body and b"One-Click" in body else "page"
    extent = _extent(body)

    def write() -> Leaving | None:
        with here.ledger.writing() as connection:
            return unsubscribe(
                connection, message_id=held.message_id, campaign_id=held.campaign_id, by=by, extent=extent
            )

    found = write_patiently(write)
    if found is None:
        raise _nobody()
    left = found.list_name if (extent or found.usual) is Extent.LIST else ""
    return pages.in_words(
        "done.html.j2", request, language=found.language, sender=sender_name(found.sender), list_name=left
    )


def _nobody() -> HTTPException:
    """Return the answer to a link of ours that leads to nobody, and tell whoever runs this."""
    # An empty answer would hide that a mistyped CAMPAIGN_DATABASE_URL lets people unsubscribe in vain.
    log.warning(
        "an unsubscribe link that was signed here leads to no message of this ledger: "
        "is CAMPAIGN_DATABASE_URL the ledger that sent it?"
    )
    return HTTPException(404)


def _extent(body: bytes) -> Extent | None:
    """Return which button of the page was pressed; None for the provider's own."""
    chosen = parse_qs(body.decode("utf-8", "replace")).get("from", [""])[0]
    return Extent(chosen) if chosen in list(Extent) else None
