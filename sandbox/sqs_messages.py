"""SQS's calls about messages."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from sandbox.errors import ApiError
from sandbox.options import ACCOUNT
from sandbox.sqs import Queue, QueuedMessage
from sandbox.sqs_checksums import attributes_md5
from sandbox.sqs_queues import invalid, queue_of
from sandbox.world import World

_MOST_IN_BATCH = 10
_LARGEST_BYTES = 1_048_576


def send_message(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """SendMessage."""
    return _sent(world, queue_of(world, body), body)


def send_message_batch(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """SendMessageBatch."""
    queue = queue_of(world, body)

    def send(entry: dict[str, Any]) -> dict[str, Any]:
        return _sent(world, queue, entry)

    return _batch(body, send)


async def receive_message(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """ReceiveMessage: waits for a first message where the call or the queue says so."""
    queue = queue_of(world, body)
    limit = int(body.get("MaxNumberOfMessages", 1))
    if not 1 <= limit <= _MOST_IN_BATCH:
        raise invalid("MaxNumberOfMessages is between 1 and 10.")
    wait = float(body.get("WaitTimeSeconds", queue.attributes["ReceiveMessageWaitTimeSeconds"]))
    if not 0 <= wait <= 20:
        raise invalid("WaitTimeSeconds is between 0 and 20.")
    deadline = world.now() + wait
    while True:
        taken = queue.receive(limit, body.get("VisibilityTimeout"), world.now())
        left = deadline - world.now()
        if taken or left <= 0 or world.closing:
            break
        await queue.wait(left, world.now())
    system = [*(body.get("AttributeNames") or []), *(body.get("MessageSystemAttributeNames") or [])]
    custom = body.get("MessageAttributeNames") or []
    return {"Messages": [_shown(message, system, custom) for message in taken]} if taken else {}


def delete_message(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """DeleteMessage; deleting twice does no harm."""
    queue = queue_of(world, body)
    message = _received(queue, body)
    if message is not None:
        queue.delete(message)
    return {}


def delete_message_batch(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """DeleteMessageBatch."""

    def delete(entry: dict[str, Any]) -> dict[str, Any]:
        return delete_message(world, entry | {"QueueUrl": body.get("QueueUrl")})

    return _batch(body, delete)


def change_message_visibility(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """ChangeMessageVisibility."""
    queue = queue_of(world, body)
    seconds = int(body.get("VisibilityTimeout", 0))
    if not 0 <= seconds <= 43_200:
        raise invalid("VisibilityTimeout is between 0 and 43200.")
    message = _received(queue, body)
    if message is None or not message.hidden:
        raise ApiError(400, "MessageNotInflight", "The message is not in flight.")
    queue.change_visibility(message, seconds, world.now())
    return {}


def change_message_visibility_batch(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """ChangeMessageVisibilityBatch."""

    def change(entry: dict[str, Any]) -> dict[str, Any]:
        return change_message_visibility(world, entry | {"QueueUrl": body.get("QueueUrl")})

    return _batch(body, change)


def _batch(body: dict[str, Any], act: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    entries = body.get("Entries") or []
    if not entries:
        raise ApiError(400, "EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > _MOST_IN_BATCH:
        raise ApiError(
            400,
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {_MOST_IN_BATCH}.",
        )
    if len({entry.get("Id") for entry in entries}) < len(entries):
        raise ApiError(400, "BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    successful: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            successful.append({"Id": entry.get("Id")} | act(entry))
        except ApiError as err:
            if err.code == "QueueDoesNotExist":
                raise
            failed.append(
                {"Id": entry.get("Id"), "SenderFault": True, "Code": err.code, "Message": err.message}
            )
    return {"Successful": successful} | ({"Failed": failed} if failed else {})


def _sent(world: World, queue: Queue, body: dict[str, Any]) -> dict[str, Any]:
    text = body.get("MessageBody")
    if not isinstance(text, str) or not text:
        raise ApiError(400, "MissingParameter", "The request must contain the parameter MessageBody.")
    if len(text.encode()) > _LARGEST_BYTES:
        raise invalid(
            f"One or more parameters are invalid. Message must be shorter than {_LARGEST_BYTES} bytes."
        )
    attributes = body.get("MessageAttributes") or {}
    message = queue.put(text, attributes, world.now(), body.get("DelaySeconds"))
    sent = {"MessageId": message.message_id, "MD5OfMessageBody": message.md5}
    return sent | ({"MD5OfMessageAttributes": attributes_md5(attributes)} if attributes else {})


def _shown(message: QueuedMessage, system: list[str], custom: list[str]) -> dict[str, Any]:
    handle = f"{message.message_id}:{message.turn}".encode()
    shown: dict[str, Any] = {
        "MessageId": message.message_id,
        "ReceiptHandle": base64.b64encode(handle).decode(),
        "MD5OfBody": message.md5,
        "Body": message.body,
    }
    if system:
        known = {
            "SenderId": ACCOUNT,
            "SentTimestamp": str(int(message.sent_at * 1000)),
            "ApproximateReceiveCount": str(message.received),
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
        }
        shown["Attributes"] = {
            name: value for name, value in known.items() if "All" in system or name in system
        }
    attributes = {
        name: value
        for name, value in message.attributes.items()
        if any(
            want in ("All", ".*", name) or (want.endswith(".*") and name.startswith(want[:-2]))
            for want in custom
        )
    }
    if attributes:
        shown |= {"MessageAttributes": attributes, "MD5OfMessageAttributes": attributes_md5(attributes)}
    return shown


def _received(queue: Queue, body: dict[str, Any]) -> QueuedMessage | None:
    """Return the message of a receipt handle, None where it is deleted already."""
    try:
        message_id, _, turn = (
            base64.b64decode(str(body.get("ReceiptHandle")), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        turn = ""
    if not turn.isdigit():
        raise ApiError(404, "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
    return queue.messages.get(message_id)
