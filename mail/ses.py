"""The one module that talks to Amazon SES about sending: one call out, one answer in our own terms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ledger.attempts import Answer, Result
from mail.message import Content
from mail.ses_errors import (
    ENTRY_ANSWERS,
    THROTTLED_ENTRY,
    Verdict,
    is_about_the_sender,
    text_of,
    verdict_of,
    without_addresses,
)

# "The message can contain up to 50 destinations" (SES API reference, SendBulkEmail).
MAX_ENTRIES = 50
# SES takes 1 MB of JSON a call; what is left covers the parts that are not counted here.
MAX_CALL_BYTES = 900_000
CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 30


class SesClient(Protocol):
    """What is used of boto3's sesv2 client to send."""

    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]: ...

    def send_email(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all messages of a call share. `tags` carry ids, never names."""

    sender: str
    reply_to: str
    configuration_set: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of a call. `to` has its domain as A-labels."""

    message_id: int
    send_id: str
    to: str
    content: Content
    size: int = field(default=0)
    # The content as it stands in a bulk call; empty where it was not made beforehand.
    data: str = field(default="", repr=False)


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


def client() -> SesClient:
    """Return a client that never repeats a call by itself: SES has no idempotency token."""
    config = Config(
        retries={"total_max_attempts": 1},
        # Single mails may go out side by side (mail.call_modes).
        max_pool_connections=16,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        # What goes out is built here and checked by SES; the client's own check costs a fifth of a call.
        parameter_validation=False,
    )
    found: SesClient = boto3.client("sesv2", config=config)
    return found


def outgoing(message_id: int, send_id: str, to: str, content: Content) -> Outgoing:
    """Return a message with its size, and with the JSON of its content, which is made once."""
    data = json.dumps(_template_data(content))
    return Outgoing(message_id, send_id, to, content, _size(content, data), data)


def size_of(content: Content) -> int:
    """Return about how many bytes the message takes in a bulk call, never too few."""
    return _size(content, json.dumps(_template_data(content)))


def _size(content: Content, data: str) -> int:
    headers = sum(len(name) + len(value) + 40 for name, value in content.headers)
    # Inside the call it is a string again: quotation marks around it, and a backslash before each within.
    quoted = len(data) + 2 + data.count('"') + data.count("\\")
    # A destination and three tags come to less than this.
    return quoted + headers + 1_000


def send(ses: SesClient, envelope: Envelope, messages: Sequence[Outgoing], *, single: bool) -> Reply:
    """Make one call for `messages` and return what it came to; `single` uses SendEmail for the one message.

    Nothing that the network or SES does raises.
    """
    try:
        if single:
            answer = ses.send_email(**_single_request(envelope, messages[0]))
            return _read_single(messages[0], answer)
        return _read_bulk(messages, ses.send_bulk_email(**_bulk_request(envelope, messages)))
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


def _bulk_request(envelope: Envelope, messages: Sequence[Outgoing]) -> dict[str, Any]:
    return {
        **_shared(envelope),
        "DefaultContent": {
            "Template": {
                # The messages come rendered: the template only passes them through.
                "TemplateContent": _passed_through(messages),
                "TemplateData": "{}",
            }
        },
        "BulkEmailEntries": [
            {
                "Destination": {"ToAddresses": [item.to]},
                "ReplacementTags": _tags(envelope, item),
                "ReplacementHeaders": _headers(item),
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {
                        "ReplacementTemplateData": item.data or json.dumps(_template_data(item.content))
                    }
                },
            }
            for item in messages
        ],
    }


def _passed_through(messages: Sequence[Outgoing]) -> dict[str, str]:
    """Return the call's template. A mail of plain text alone has no HTML part, nor has any in its call."""
    parts = {"Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}"}
    if not any(item.content.html for item in messages):
        del parts["Html"]
    return parts


def _single_request(envelope: Envelope, item: Outgoing) -> dict[str, Any]:
    content = item.content
    return {
        **_shared(envelope),
        "Destination": {"ToAddresses": [item.to]},
        "EmailTags": _tags(envelope, item),
        "Content": {
            "Simple": {
                "Subject": {"Data": content.subject, "Charset": "UTF-8"},
                "Body": {
                    part: {"Data": data, "Charset": "UTF-8"}
                    for part, data in (("Html", content.html), ("Text", content.text))
                    if data
                },
                "Headers": _headers(item),
            }
        },
    }


def _shared(envelope: Envelope) -> dict[str, Any]:
    shared: dict[str, Any] = {
        "FromEmailAddress": envelope.sender,
        "ConfigurationSetName": envelope.configuration_set,
    }
    if envelope.reply_to:
        shared["ReplyToAddresses"] = [envelope.reply_to]
    return shared


def _tags(envelope: Envelope, item: Outgoing) -> list[dict[str, str]]:
    tags = {**envelope.tags, "send_id": item.send_id}
    return [{"Name": name, "Value": value} for name, value in tags.items()]


def _headers(item: Outgoing) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in item.content.headers]


def _template_data(content: Content) -> dict[str, str]:
    return {"subject": content.subject, "html": content.html, "text": content.text}


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
