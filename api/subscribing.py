"""Sign-ups: POST /subscribers asks the person back, and nothing else goes there before the confirmation."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api import answers
from api.asking import Who
from api.checking import DEFAULT_UNSUBSCRIBE_TEXT
from api.context import Here
from api.describing import REFUSALS, refusal
from api.errors import Code, Refusal, Refused
from api.new_email import LANGUAGE, NewEmail, refusal_of
from api.pools import runs_in
from ledger import sign_ups
from ledger.sign_ups import SignUp
from ledger.singles import NewSingle
from lists.addresses import Address, parse
from mail import opt_in
from mail.opt_in import Suppressed, Suspended
from mail.unsubscribe import CONFIRM, Tokens

router = APIRouter(tags=["subscribers"])


class NewSubscriber(BaseModel):
    """Somebody who asked for mail."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "address": "someone@mail.example",
                    "from": "Bright Books <news@shop.example>",
                    "text": "Yes, send me the weekly letter with offers. I can leave at any time.",
                }
            ]
        },
    )

    address: str = Field(max_length=320, description="Whose mail it is to be.")
    sender: str = Field(alias="from", max_length=995, description="Your verified sender, who will write.")
    text: Annotated[str, Field(min_length=1, max_length=4_000)] = Field(
        description="What the person was shown and agreed to; it is kept as proof and shown again."
    )
    subject: Annotated[str, Field(max_length=995)] = Field(
        default="Please confirm your sign-up", description="The subject of the mail that asks back."
    )
    language: Annotated[str, Field(max_length=35, pattern=LANGUAGE)] | None = Field(
        default=None,
        description="Of the page that confirms, such as de; else the one that the reader's browser asks for.",
    )


@router.post(
    "/subscribers",
    status_code=202,
    summary="Sign somebody up (double opt-in)",
    responses={403: refusal("The account is suspended, or the sender is another owner's"), **REFUSALS},
)
async def add(new: NewSubscriber, here: Here, who: Who) -> Response:
    """Send the mail that asks whether the sign-up was theirs; its link confirms.

    Until then nothing else goes to the address. Safe to send again: who waits is asked again after an hour at
    the earliest, and who has confirmed stays so.
    """
    if not here.settings.public_url:
        raise Refused(
            Refusal(503, Code.UNAVAILABLE, "CAMPAIGN_PUBLIC_URL is not set, so there is no link to send.")
        )
    draft = await _draft(new, here, who)
    secret_key = here.settings.secret_key.get_secret_value()
    found = await here.pools.writes.run(
        opt_in.sign_up,
        here.ledger,
        who,
        draft,
        new.text,
        Tokens(secret_key, CONFIRM),
        here.settings.public_url,
    )
    match found:
        case SignUp():
            here.arrived.set()
            return answers.done(_shown(found), status=202)
        case Suppressed():
            raise Refused(
                Refusal(
                    422,
                    Code.SUPPRESSED,
                    "`address` is suppressed: this person must not be written to.",
                    "address",
                )
            )
        case Suspended(reason):
            raise Refused(Refusal(403, Code.ACCOUNT_SUSPENDED, reason))


@router.get("/subscribers/{address}", summary="Where a sign-up stands, with its proof", responses=REFUSALS)
@runs_in(lambda pools: pools.reads)
def show(address: str, here: Here, who: Who) -> Response:
    """Say whether the person has confirmed, when, and what to."""
    key = found.key if isinstance(found := parse(address), Address) else ""
    with here.ledger.reading() as connection:
        sign_up = sign_ups.of(connection, who.owner_id, key)
    if sign_up is None:
        raise Refused(
            Refusal(404, Code.NOT_FOUND, "Nobody with this address has signed up with you.", "address")
        )
    return answers.done(_shown(sign_up))


async def _draft(new: NewSubscriber, here: Here, who: Who) -> NewSingle:
    """Return the mail to be, as far as a checked e-mail is one. Refuses what `POST /emails` would."""
    try:
        email = NewEmail.model_validate(
            {"to": new.address, "from": new.sender, "subject": new.subject, "text": new.text}
            | {"language": new.language}
        )
    except ValidationError as err:
        raise Refused(_for_subscribers(refusal_of(err))) from err
    (checked,) = await here.checker.check([email], who, DEFAULT_UNSUBSCRIBE_TEXT)
    if isinstance(checked, NewSingle):
        # The mail that asks back holds the text; what stands around it is ours.
        (checked,) = await here.composing.check([checked], who)
    if isinstance(checked, Refusal):
        raise Refused(_for_subscribers(checked))
    return checked


def _for_subscribers(refused: Refusal) -> Refusal:
    """An e-mail's `to` is a subscriber's `address`."""
    if refused.field != "to":
        return refused
    return replace(refused, field="address", message=refused.message.replace("`to`", "`address`"))


def _shown(found: SignUp) -> dict[str, Any]:
    return {
        "address": found.address,
        "status": found.state.value.upper(),
        "from": found.sender,
        "text": found.consent_text,
        "requestedAt": answers.milliseconds(found.requested_at),
        "requestedBy": found.requested_by,
        "askedAt": answers.milliseconds(found.mailed_at),
        "emailId": found.mail_id,
        "confirmedAt": answers.milliseconds(found.confirmed_at),
        "confirmedBy": found.confirmed_by,
    }
