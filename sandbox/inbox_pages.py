"""The inbox in a browser, and the page that verifies an identity."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.inbox import Links, Listing, list_page, mail_page, notice_page, verify_page
from sandbox.messages import Message
from sandbox.world import World

_PAGE = 50
_LINKS = Links(home="/sandbox/inbox", mail="/sandbox/inbox/{sequence}", live=True)


def inbox_routes(world: Callable[[], World]) -> list[Route]:
    """Return the routes of the pages."""

    async def inbox(request: Request) -> Response:
        sought = request.query_params.get("q", "").strip()
        number = request.query_params.get("page", "1")
        page = max(1, int(number)) if number.isdigit() else 1
        found = [message for message in world().log.newest_first() if _matches(message, sought.lower())]
        start = (page - 1) * _PAGE
        listing = Listing(
            messages=[message.as_json(bodies=True) for message in found[start : start + _PAGE]],
            total=len(world().log),
            found=len(found),
            sought=sought,
            page=page,
            pages=max(1, -(-len(found) // _PAGE)),
            pending=[(one.name, one.token) for one in world().identities.all() if not one.verified],
        )
        return HTMLResponse(list_page(listing, _LINKS))

    async def mail(request: Request) -> Response:
        message = world().log.at(request.path_params["sequence"])
        if message is None:
            return _notice("No such mail", "The sandbox has not accepted a mail with this number.")
        return HTMLResponse(mail_page(message.as_json(bodies=True), _LINKS))

    async def verify(request: Request) -> Response:
        identity = world().identities.by_token(request.path_params["token"])
        if identity is None:
            return _notice("This link does not work", "It is unknown, or the identity was deleted.")
        # Looking at the page must not verify: mail scanners and previews follow links, too.
        if request.method == "POST" and not identity.verified:
            identity.verified = True
            identity.verified_at = world().now()
        return HTMLResponse(verify_page(identity.name, verified=identity.verified, links=_LINKS))

    return [
        Route("/sandbox/inbox", inbox),
        Route("/sandbox/inbox/{sequence:int}", mail),
        Route("/sandbox/verify/{token}", verify, methods=["GET", "POST"]),
    ]


def _matches(message: Message, sought: str) -> bool:
    return (
        not sought
        or sought in message.subject.lower()
        or any(sought in to.lower() for to in message.recipients)
    )


def _notice(title: str, text: str) -> Response:
    return HTMLResponse(notice_page(title, text, _LINKS), HTTPStatus.NOT_FOUND)
