"""The pages behind the confirmation links: looking changes nothing, the button confirms."""

from fastapi import APIRouter, HTTPException, Request, Response

from api import pages
from api.context import Here
from api.pools import runs_in, write_patiently
from api.senders import sender_name
from ledger import sign_ups
from ledger.sign_ups import SignUp
from ledger.subscribers import Consent
from mail.unsubscribe import CONFIRM, Tokens

router = APIRouter(include_in_schema=False)


# Link scanners follow every link of a mail, and none of them has agreed to anything.
@router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
@runs_in(lambda pools: pools.pages)
def ask(token: str, request: Request, here: Here) -> Response:
    """Ask whether the sign-up was theirs."""
    id_ = _sign_up_id(token, here)
    with here.ledger.reading() as connection:
        found = sign_ups.find(connection, id_)
    return _page(found, request)


@router.post("/confirm/{token}")
@runs_in(lambda pools: pools.page_writes)
def act(token: str, request: Request, here: Here) -> Response:
    """Confirm at once."""
    id_ = _sign_up_id(token, here)

    def write() -> SignUp | None:
        with here.ledger.writing() as connection:
            return sign_ups.confirm(connection, id_, by="page")

    return _page(write_patiently(write), request)


def _sign_up_id(token: str, here: Here) -> int:
    held = Tokens(here.settings.secret_key.get_secret_value(), CONFIRM).read(token)
    if held is None:
        raise HTTPException(404)
    return held.message_id


def _page(found: SignUp | None, request: Request) -> Response:
    if found is None:
        raise HTTPException(404)
    template = "confirmed.html.j2" if found.state is Consent.CONFIRMED else "confirm.html.j2"
    return pages.in_words(
        template,
        request,
        language=found.language or "",
        sender=sender_name(found.sender),
        consent_text=found.consent_text,
    )
