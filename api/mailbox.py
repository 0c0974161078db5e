"""GET /emails: one message with its history, or pages of them. An owner sees its own alone."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api import answers
from api.asking import Who
from api.context import Here
from api.describing import LISTED, SHOWN
from api.errors import Code, Refusal, Refused
from api.pages import HEADERS
from api.pools import runs_in
from ledger.owners import Caller
from ledger.statuses import Status
from reports import emails
from reports.emails import Email, Step, Wanted

router = APIRouter(tags=["emails"])

# As far as a 64-bit id goes.
_LARGEST_ID = 2**63 - 1
# A text is 120,000 letters at the most, and all of these are in memory at once.
_AT_A_TIME = 20


@router.get("/emails", summary="Pages of e-mails, the newest first", **LISTED)
@runs_in(lambda pools: pools.reads)
def list_(
    here: Here,
    who: Who,
    status: Annotated[Status | None, Query(description="The status they are in.")] = None,
    external_id: Annotated[str | None, Query(alias="externalId", max_length=128)] = None,
    client_id: Annotated[str | None, Query(alias="clientId", max_length=200)] = None,
    campaign: Annotated[
        str | None, Query(max_length=120, description="The messages of this campaign, not single ones.")
    ] = None,
    since: Annotated[datetime | None, Query(description="Not older: ISO 8601 or epoch seconds.")] = None,
    until: Annotated[datetime | None, Query(description="Older: ISO 8601 or epoch seconds.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="E-mails a page.")] = 50,
    before: Annotated[
        int | None, Query(ge=1, le=_LARGEST_ID, description="The next page: `next` of the one before it.")
    ] = None,
    with_text: Annotated[
        bool, Query(alias="withText", description="With the text of each, which is null else.")
    ] = False,
) -> Response:
    """List e-mails. `next` is null on the last page."""
    wanted = Wanted(
        status=status,
        external_id=_given("externalId", external_id),
        client_id=_given("clientId", client_id),
        campaign=_given("campaign", campaign),
        since=_seconds(since),
        until=_seconds(until),
    )

    def read(before: int | None, count: int) -> Sequence[Email]:
        with here.ledger.reading() as connection:
            return emails.page(
                connection,
                who.owner_id,
                who.owner,
                wanted,
                before=before,
                limit=count,
                with_text=with_text,
            )

    pieces = written(read, who, before=before, limit=limit)
    # What cannot be read is a refusal, as long as nothing was answered yet.
    first = next(pieces)
    return StreamingResponse(chain([first], pieces), media_type="application/json", headers=dict(HEADERS))


def written(
    read: Callable[[int | None, int], Sequence[Email]], who: Caller, *, before: int | None, limit: int
) -> Iterator[str]:
    """Yield a page in JSON, read and written some e-mails at a time; nothing is held while a client reads.

    `read` returns that many e-mails whose ledger id is below another one's.
    """
    start = f'{{"meta":{_json(answers.meta())},"data":['
    while True:
        # One more than is shown tells whether there is another page.
        found = read(before, min(limit, _AT_A_TIME) + 1)
        shown = found[: min(limit, _AT_A_TIME)]
        limit -= len(shown)
        more = len(found) > len(shown)
        yield start + ",".join(_json(_shown(email, who)) for email in shown)
        if not (limit and more):
            break
        before, start = shown[-1].message_id, ","
    yield f'],"next":{_json(shown[-1].message_id if more else None)}}}'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@router.get("/emails/{id}", summary="One e-mail with its history", **SHOWN)
@runs_in(lambda pools: pools.reads)
def show(id: str, here: Here, who: Who) -> Response:
    """Show an e-mail and how it came to its status."""
    with here.ledger.reading() as connection:
        found = emails.find(connection, who.owner_id, who.owner, id) if _is_writable(id) else None
        if found is None:
            raise Refused(Refusal(404, Code.NOT_FOUND, "You have no e-mail of this id.", "id"))
        steps = emails.history(connection, found)
    return answers.done({**_shown(found, who), "history": [_step(step) for step in steps]})


def _shown(email: Email, who: Caller) -> dict[str, Any]:
    return {
        "id": email.id,
        "to": email.to,
        "from": email.sender,
        "userName": who.owner,
        "operator": email.operator,
        "text": email.text,
        "status": email.status.value,
        "subject": email.subject,
        "externalId": email.external_id,
        "clientId": email.client_id,
        "callbacks": list(email.callbacks),
        "alias": email.alias,
        "campaign": email.campaign,
        "createdAt": _milliseconds(email.created_at),
        "diagnostic": email.detail,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "timestamp": _milliseconds(step.at),
        "status": step.status.value,
        "diagnostic": step.diagnostic,
    }


def _given(name: str, text: str | None) -> str | None:
    if text is not None and not _is_writable(text):
        raise Refused(Refusal(422, Code.CONTROL_CHARACTER, f"`{name}` holds a NUL: take it out.", name))
    return text


def _is_writable(text: str) -> bool:
    # No database takes one, in a question either.
    return "\0" not in text


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError) as err:
        raise Refused(Refusal(422, Code.INVALID, "The time is out of range.", "since")) from err


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
