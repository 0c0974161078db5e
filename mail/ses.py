"""The one module that talks to Amazon SES about sending: one call out, one answer in our own terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ledger.attempts import Answer, Result
from mail import ses_requests
from mail.ses_client import SesClient
from mail.ses_errors import (
    ENTRY_ANSWERS,
    THROTTLED_ENTRY,
    Verdict,
    is_about_the_sender,
    text_of,
    verdict_of,
    without_addresses,
)
from mail.ses_requests import Envelope, Outgoing


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call came to: a result for each message in order, and a text where the account is at fault.

    `stop` says why the campaign cannot go on; `throttled` that SES wants it slower.
    """

    verdict: Verdict
    results: Sequence[Result]
    text: str = ""
    stop: str = ""
    throttled: bool = False


def send(ses: SesClient, envelope: Envelope, messages: Sequence[Outgoing], *, single: bool) -> Reply:
    """Make one call for `messages` and return what it came to; `single` uses SendEmail for the one message.

    Nothing that the network or SES does raises.
    """
    try:
        if single:
            answer = ses.send_email(**ses_requests.single(envelope, messages[0]))
            return _read_single(messages[0], answer)
        return _read_bulk(messages, ses.send_bulk_email(**ses_requests.bulk(envelope, messages)))
    except Exception as err:  # noqa: BLE001 - the intent is committed: whatever breaks here is an outcome.
        return _failed(messages, err, single=single)


def together(replies: Sequence[Reply]) -> Reply:
    """Return what some calls of one message each came to, as one answer."""
    verdicts = {reply.verdict for reply in replies}
    # Something definite came back wherever one of them has it; the results say the rest.
    verdict = verdicts.pop() if len(verdicts) == 1 else Verdict.ANSWERED
    return Reply(
        verdict,
        [result for reply in replies for result in reply.results],
        text=next((reply.text for reply in replies if reply.text), ""),
        stop=next((reply.stop for reply in replies if reply.stop), ""),
        throttled=any(reply.throttled for reply in replies),
    )


def _read_single(item: Outgoing, answer: Mapping[str, Any]) -> Reply:
    ses_id = answer.get("MessageId")
    if not ses_id:
        return Reply(
            Verdict.ANSWERED, [Result(item.send_id, Answer.UNKNOWN, text="no MessageId in the answer")]
        )
    return Reply(Verdict.ANSWERED, [Result(item.send_id, Answer.ACCEPTED, ses_message_id=str(ses_id))])


def _read_bulk(messages: Sequence[Outgoing], answer: Mapping[str, Any]) -> Reply:
    entries = answer.get("BulkEmailEntryResults") or []
    results = []
    stop, throttled = "", False
    for index, item in enumerate(messages):
        # Results are positional; with more or fewer of them than entries none can be told apart.
        entry = entries[index] if len(entries) == len(messages) else {}
        status = str(entry.get("Status", ""))
        if status == "SUCCESS" and entry.get("MessageId"):
            results.append(Result(item.send_id, Answer.ACCEPTED, ses_message_id=str(entry["MessageId"])))
            continue
        error = str(entry.get("Error") or "")
        text = without_addresses(f"{status or 'no result'}: {error}".rstrip(": "))
        found = ENTRY_ANSWERS.get(status, Answer.UNKNOWN)
        if is_about_the_sender(status, error):
            found = Answer.NOT_SENT
        if found is Answer.ACCEPTED:
            found, text = Answer.UNKNOWN, "SUCCESS without a MessageId"
        results.append(Result(item.send_id, found, text=text))
        if found is Answer.NOT_SENT:
            throttled = throttled or status == THROTTLED_ENTRY
            stop = stop or (text if status != THROTTLED_ENTRY else "")
    return Reply(Verdict.ANSWERED, results, stop=stop, throttled=throttled)


def _failed(messages: Sequence[Outgoing], error: Exception, *, single: bool) -> Reply:
    verdict, text = verdict_of(error), text_of(error)
    if single and isinstance(error, ClientError) and _is_about_the_message(error):
        return Reply(Verdict.ANSWERED, [Result(messages[0].send_id, Answer.REJECTED, text=text)])
    match verdict:
        case Verdict.UNKNOWN:
            found = Answer.UNKNOWN
        case Verdict.INVALID:
            found = Answer.SPLIT if len(messages) > 1 else Answer.REJECTED
        case _:
            found = Answer.NOT_SENT
    return Reply(
        verdict,
        [Result(item.send_id, found, text=text) for item in messages],
        text=text,
        stop=text if verdict is Verdict.REFUSED else "",
        throttled=verdict is Verdict.THROTTLED,
    )


def _is_about_the_message(error: ClientError) -> bool:
    """Whether SendEmail refused this one message, and not the sender, whom SES refuses by the same code."""
    found = error.response.get("Error", {})
    code, message = str(found.get("Code")), str(found.get("Message"))
    return code == "MessageRejected" and not is_about_the_sender(code, message)
