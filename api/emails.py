"""POST /emails: single messages taken in, each on the disk before it is answered."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json

from api import answers, pages
from api.asking import body_of, caller_of, too_many
from api.checking import DEFAULT_UNSUBSCRIBE_TEXT, not_your_sender
from api.context import Context, context
from api.describing import MAX_EMAILS, MAX_KEY, MAX_UNSUBSCRIBE_TEXT, POSTED
from api.errors import Code, Refusal, Refused
from api.group_commit import Crowded
from api.new_email import FIELDS, NewEmail, refusal_of, unknown
from ledger.owners import Caller
from ledger.singles import NewSingle
from mail.addresses import CONTROL, parse_from
from mail.intake import Answered, OtherBody, Submission, Suspended
from mail.unwelcome import Unwelcome

router = APIRouter(tags=["emails"])


@router.post("/emails", status_code=202, summary="Send one e-mail, or up to 1,000", **POSTED)
async def post(request: Request) -> Response:
    """Take e-mails in. Each is checked, stored, and sent within about a second.

    The body is one e-mail or a list of up to 1,000; of a list every e-mail has a result of its own, in order,
    and the status is 207 where any was refused.
    """
    here = await context(request)
    who = await caller_of(request, here)
    unsubscribe_text = _unsubscribe_text(request)
    key = _idempotency_key(request)
    body = await body_of(request)
    emails, is_list = await here.pools.read_body(body, _emails)
    checked = await here.checker.check(emails, who, unsubscribe_text)
    checked = await here.composing.check(checked, who)
    if not is_list and isinstance(checked[0], Refusal):
        raise Refused(checked[0])
    submission = Submission(
        caller=who,
        messages=[item for item in checked if isinstance(item, NewSingle)],
        answer=lambda unwelcome: _answer(checked, who, unwelcome, is_list=is_list),
        key=key,
        digest=hashlib.sha256(f"{unsubscribe_text}\n".encode() + body).hexdigest() if key else "",
    )
    return await _taken_in(here, submission)


def _unsubscribe_text(request: Request) -> str:
    text = request.query_params.get("unsubscribeMsg", DEFAULT_UNSUBSCRIBE_TEXT)
    if CONTROL.search(text) or not 0 < len(text.strip()) <= len(text) <= MAX_UNSUBSCRIBE_TEXT:
        raise Refused(
            Refusal(
                422,
                Code.INVALID,
                f"`unsubscribeMsg` must be one line of 1 to {MAX_UNSUBSCRIBE_TEXT} characters.",
                "unsubscribeMsg",
            )
        )
    return text


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if CONTROL.search(key) or len(key) > MAX_KEY:
        raise Refused(
            Refusal(
                422,
                Code.INVALID,
                f"`Idempotency-Key` must be at most {MAX_KEY} printable characters.",
                "Idempotency-Key",
            )
        )
    return key


async def _taken_in(here: Context, submission: Submission) -> Response:
    try:
        result = await here.intake.submit(submission)
    except Crowded as err:
        raise Refused(too_many(1)) from err
    if isinstance(result, Suspended):
        raise Refused(Refusal(403, Code.ACCOUNT_SUSPENDED, result.reason))
    if isinstance(result, OtherBody):
        raise Refused(
            Refusal(
                409,
                Code.IDEMPOTENCY_CONFLICT,
                "This Idempotency-Key was used for another request in the last 24 hours: take a new one.",
                "Idempotency-Key",
            )
        )
    here.arrived.set()
    return _response(result)


def _response(result: Answered) -> Response:
    more = {"Idempotency-Replayed": "true"} if result.again else {}
    return Response(
        result.body, result.status, media_type="application/json", headers={**pages.HEADERS, **more}
    )


def _emails(body: bytes) -> tuple[Sequence[NewEmail | Refusal], bool]:
    """Return the e-mails of a body, and whether it is a list. Refuses what is neither one nor a list."""
    try:
        items = from_json(body)
    except ValueError as err:
        raise Refused(Refusal(400, Code.NOT_JSON, "The body is not JSON.", "body")) from err
    if not isinstance(items, list):
        email = _email(items)
        if isinstance(email, Refusal):
            raise Refused(email)
        return [email], False
    if not items:
        raise Refused(Refusal(422, Code.INVALID, "The list is empty: put e-mails into it.", "body"))
    if len(items) > MAX_EMAILS:
        raise Refused(
            Refusal(
                422,
                Code.TOO_MANY_ITEMS,
                f"The list holds {len(items):,} e-mails: send at most {MAX_EMAILS:,} in one request.",
                "body",
            )
        )
    return [_email(item) for item in items], True


def _email(item: object) -> NewEmail | Refusal:
    if isinstance(item, dict) and len(item) > len(FIELDS):
        # Pydantic would first make an error of each of them.
        return unknown(next(name for name in item if name not in FIELDS))
    try:
        return NewEmail.model_validate(item)
    except ValidationError as err:
        return refusal_of(err)


def _answer(
    checked: Sequence[NewSingle | Refusal],
    who: Caller,
    unwelcome: Mapping[str, Unwelcome],
    *,
    is_list: bool,
) -> tuple[int, str]:
    """Return the status and the body of the answer, now that the ledger has said who is unwelcome."""
    results = [_result(item, who, unwelcome) for item in checked]
    refused = [item for item in results if isinstance(item, Refusal)]
    if not is_list and refused:
        return refused[0].status, _json({"meta": answers.meta(), "error": refused[0].as_json()})
    data = [{"error": item.as_json()} if isinstance(item, Refusal) else item for item in results]
    status = 207 if refused else 202
    return status, _json({"meta": answers.meta(), "data": data if is_list else data[0]})


def _result(
    item: NewSingle | Refusal, who: Caller, unwelcome: Mapping[str, Unwelcome]
) -> dict[str, Any] | Refusal:
    if isinstance(item, Refusal):
        return item
    match unwelcome.get(item.public_id):
        case Unwelcome.SUPPRESSED:
            return Refusal(
                422, Code.SUPPRESSED, "`to` is suppressed: this person must not be written to.", "to"
            )
        case Unwelcome.UNCONFIRMED:
            return Refusal(
                422,
                Code.UNCONFIRMED,
                "`to` has signed up and not confirmed it yet: until then only that question goes there.",
                "to",
            )
        case Unwelcome.NOT_THEIR_SENDER:
            return not_your_sender(parse_from(item.sender).address)
        case None:
            pass
    return {
        "id": item.public_id,
        "to": item.recipient,
        "from": item.sender,
        "userName": who.owner,
        "operator": who.operator,
        "text": item.text,
        "status": "QUEUED",
        "subject": item.subject,
        "externalId": item.external_id,
        "clientId": item.client_id,
        "callbacks": list(item.callbacks),
        "alias": item.alias,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
