"""Senders: asked for here, confirmed by the link in the mail that SES sends, and usable from then on."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api import answers
from api.asking import Who
from api.context import Context, Here
from api.describing import SENDER_ASKED, SENDER_SHOWN
from api.errors import Code, Refusal, Refused
from ledger import senders
from ledger.owners import Caller
from lists.addresses import Address, parse
from mail import identities
from mail.identities import Identity

router = APIRouter(tags=["senders"])


class NewSender(BaseModel):
    """An address that mail is to come from."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"address": "news@shop.example"}]}
    )

    address: str = Field(max_length=320, description="The sender's address.")


@router.post("/senders", status_code=202, summary="Ask for a sender", **SENDER_ASKED)
async def add(new: NewSender, here: Here, who: Who) -> Response:
    """Make the address a sender of yours: SES writes to it, and whoever reads it clicks the link.

    Safe to send again.
    """
    address = _address(new.address)
    by_domain = (await here.senders.standing(address)).by_domain
    if not await here.pools.writes.run(_keep, here, address, who, by_domain):
        raise Refused(
            Refusal(
                403,
                Code.CONFLICT,
                "This address is another owner's sender: choose another, or ask whoever runs this to "
                "give it to you.",
                "address",
            )
        )
    return answers.done(_shown(await here.senders.onboard(who.owner_id, address)), status=202)


@router.get("/senders/{address}", summary="Where a sender stands", **SENDER_SHOWN)
async def show(address: str, here: Here, who: Who) -> Response:
    """Say whether mail may be sent from the address, and what is to be done where not."""
    found = _address(address)
    if await here.pools.reads.run(_owner_id, here, found) != who.owner_id:
        raise Refused(
            Refusal(404, Code.NOT_FOUND, "You have no such sender: ask for it with POST /senders.", "address")
        )
    return answers.done(_shown(await here.senders.standing(found)))


def _keep(here: Context, address: str, who: Caller, by_domain: str) -> bool:
    """Make the address the owner's; return False where it is another's."""
    with here.ledger.writing() as connection:
        return senders.onboard(connection, address.lower(), who.owner_id, by_domain)


def _owner_id(here: Context, address: str) -> int | None:
    with here.ledger.reading() as connection:
        return senders.owners_of(connection, [address.lower()]).get(address.lower())


def _address(text: str) -> str:
    found = parse(text)
    if not isinstance(found, Address) or "smtputf8" in found.flags:
        raise Refused(
            Refusal(
                422, Code.MALFORMED_SENDER, "`address` is not an address that SES can send from.", "address"
            )
        )
    return f"{found.address.rpartition('@')[0]}@{found.domain}"


def _shown(identity: Identity) -> dict[str, Any]:
    return {
        "address": identity.address,
        "status": identity.standing.value,
        "message": identities.what_to_do(identity),
    }
