"""An owner's callbacks: who was told, what was given up, another try, and the secret that signs them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, FailFast, Field

from api import answers
from api.asking import Who
from api.context import Here
from api.describing import REFUSALS
from api.pools import runs_in
from ledger import callback_list
from ledger.callback_list import Counted, Selection, Undelivered
from mail import signing

router = APIRouter(tags=["callbacks"])

_LARGEST_ID = 2**63 - 1


class Again(BaseModel):
    """Which of the callbacks that were given up are tried again; all of them where nothing is said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [17, 18]}]})

    ids: Annotated[list[Annotated[int, Field(ge=1, le=_LARGEST_ID)]], FailFast(), Field(max_length=1_000)] = (
        Field(default=[], description="Numbers that `GET /callbacks` shows.")
    )
    url: Annotated[str, Field(max_length=2_000, pattern=r"^[^\x00]*$")] = Field(
        default="", description="Those for this receiver."
    )


@router.get("/callbacks", summary="Who was told, and what was given up", responses=REFUSALS)
@runs_in(lambda pools: pools.reads)
def list_(
    here: Here,
    who: Who,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Given-up ones at most.")] = 100,
) -> Response:
    """List your receivers with the number of their callbacks, and those that were given up, newest first."""
    selection = Selection(owner=who.owner)
    with here.ledger.reading() as connection:
        receivers = callback_list.count(connection, selection)
        failed = callback_list.failed(connection, selection, limit)
    return answers.done(
        {"receivers": [_receiver(each) for each in receivers], "failed": [_failed(each) for each in failed]}
    )


@router.post("/callbacks/replay", summary="Try given-up callbacks again", responses=REFUSALS)
@runs_in(lambda pools: pools.writes)
def replay(again: Again, here: Here, who: Who) -> Response:
    """Try them from the start; a receiver that answered 410 is asked again."""
    selection = Selection(url=again.url, owner=who.owner)
    with here.ledger.writing() as connection:
        count = callback_list.replay(connection, selection, again.ids)
    return answers.done({"replayed": count})


@router.get("/callbacks/secret", summary="The secret that signs your callbacks", responses=REFUSALS)
async def secret(here: Here, who: Who) -> Response:
    """Give the secret as Standard Webhooks libraries take it; an older one holds while a key is changed."""
    newest, *older = signing.secrets_of(here.settings.secret_key.get_secret_value(), who.owner)
    return answers.done({"secret": newest, "older": older})


def _receiver(each: Counted) -> dict[str, Any]:
    return {
        "url": each.url,
        "waiting": each.waiting,
        "delivered": each.delivered,
        "failed": each.failed,
        "disabledAt": answers.milliseconds(each.disabled_at),
    }


def _failed(each: Undelivered) -> dict[str, Any]:
    return {
        "id": each.id,
        "email": each.message,
        "campaign": each.campaign or None,
        "url": each.url,
        "status": each.status.value,
        "time": answers.milliseconds(each.at),
        "attempts": each.attempts,
        "failedAt": answers.milliseconds(each.failed_at),
        "answer": each.answer,
    }
