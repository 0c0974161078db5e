"""SQS's JSON protocol: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from sandbox.errors import ApiError
from sandbox.http import Request, Response, json_response
from sandbox.options import ACCOUNT
from sandbox.sqs import SETTABLE, Queue, QueuedMessage
from sandbox.sqs_checksums import attributes_md5
from sandbox.world import World

TARGET = "AmazonSQS."
_JSON = "application/x-amz-json-1.0"
_MOST_IN_BATCH = 10
_LARGEST_BYTES = 1_048_576
_QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
}


def operation(request: Request) -> str:
    """Return the API name of the call."""
    return request.headers.get("x-amz-target", "").removeprefix(TARGET)


async def handle(world: World, request: Request) -> Response:
    """Answer an SQS call. Raises ApiError where SQS would refuse it."""
    body = _body(request)
    name = operation(request)
    if name == "ReceiveMessage":
        return json_response(await _receive(world, body), content_type=_JSON)
    handler = _HANDLERS.get(name)
    if handler is None:
        raise ApiError(400, "UnsupportedOperation", f"The sandbox does not have the SQS operation {name}.")
    return json_response(handler(world, body), content_type=_JSON)


def error(err: ApiError) -> Response:
    """Return a refusal; the header holds the code that SDKs of the older query protocol knew."""
    query_code = _QUERY_CODES.get(err.code, err.code)
    return json_response(
        {"__type": f"com.amazonaws.sqs#{err.code}", "message": err.message},
        err.status,
        {"x-amzn-query-error": f"{query_code};Sender"},
        _JSON,
    )


def create_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """CreateQueue: the same name with other attributes is refused."""
    name = str(body.get("QueueName") or "")
    if (
        not name
        or len(name) > 80
        or not name.isascii()
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        raise _invalid(
            "A queue's name has 1 to 80 ASCII letters, digits, '_' and '-'; FIFO queues are not here."
        )
    attributes = body.get("Attributes") or {}
    _check_attributes(attributes)
    queue = world.queues.get(name)
    if queue is not None and any(queue.attributes.get(key) != value for key, value in attributes.items()):
        raise ApiError(400, "QueueNameExists", f"A queue named {name} exists with other attributes.")
    if queue is None:
        queue = Queue(name, f"{world.base_url}/{ACCOUNT}/{name}", world.now())
        _set_attributes(world, queue, attributes)
        queue.tags |= body.get("tags") or {}
        world.queues[name] = queue
    return {"QueueUrl": queue.url}


def _get_queue_url(world: World, body: dict[str, Any]) -> dict[str, Any]:
    return {"QueueUrl": _by_name(world, str(body.get("QueueName") or "")).url}


def _list_queues(world: World, body: dict[str, Any]) -> dict[str, Any]:
    prefix = str(body.get("QueueNamePrefix") or "")
    urls = [queue.url for name, queue in world.queues.items() if name.startswith(prefix)]
    return {"QueueUrls": urls} if urls else {}


def _delete_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    del world.queues[_queue(world, body).name]
    return {}


def _purge_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    _queue(world, body).purge()
    return {}


def _get_queue_attributes(world: World, body: dict[str, Any]) -> dict[str, Any]:
    queue = _queue(world, body)
    asked = body.get("AttributeNames") or []
    visible, in_flight, delayed = queue.counts(world.now())
    known = queue.attributes | {
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(int(queue.created_at)),
        "LastModifiedTimestamp": str(int(queue.created_at)),
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesNotVisible": str(in_flight),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
    }
    unknown = set(asked) - set(known) - SETTABLE - {"All"}
    if unknown:
        raise ApiError(400, "InvalidAttributeName", f"Unknown Attribute {min(unknown)}.")
    shown = known if "All" in asked else {name: known[name] for name in asked if name in known}
    return {"Attributes": shown} if shown else {}


def _set_queue_attributes(world: World, body: dict[str, Any]) -> dict[str, Any]:
    attributes = body.get("Attributes") or {}
    _check_attributes(attributes)
    _set_attributes(world, _queue(world, body), attributes)
    return {}


def _send_message(world: World, body: dict[str, Any]) -> dict[str, Any]:
    return _sent(world, _queue(world, body), body)


def _send_batch(world: World, body: dict[str, Any]) -> dict[str, Any]:
    queue = _queue(world, body)

    def send(entry: dict[str, Any]) -> dict[str, Any]:
        return _sent(world, queue, entry)

    return _batch(body, send)


async def _receive(world: World, body: dict[str, Any]) -> dict[str, Any]:
    queue = _queue(world, body)
    limit = int(body.get("MaxNumberOfMessages", 1))
    if not 1 <= limit <= _MOST_IN_BATCH:
        raise _invalid("MaxNumberOfMessages is between 1 and 10.")
    wait = float(body.get("WaitTimeSeconds", queue.attributes["ReceiveMessageWaitTimeSeconds"]))
    if not 0 <= wait <= 20:
        raise _invalid("WaitTimeSeconds is between 0 and 20.")
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


def _delete_message(world: World, body: dict[str, Any]) -> dict[str, Any]:
    queue = _queue(world, body)
    message = _received(queue, body)
    if message is not None:
        queue.delete(message)
    return {}


def _delete_batch(world: World, body: dict[str, Any]) -> dict[str, Any]:
    def delete(entry: dict[str, Any]) -> dict[str, Any]:
        return _delete_message(world, entry | {"QueueUrl": body.get("QueueUrl")})

    return _batch(body, delete)


def _change_visibility(world: World, body: dict[str, Any]) -> dict[str, Any]:
    queue = _queue(world, body)
    seconds = int(body.get("VisibilityTimeout", 0))
    if not 0 <= seconds <= 43_200:
        raise _invalid("VisibilityTimeout is between 0 and 43200.")
    message = _received(queue, body)
    if message is None or not message.hidden:
        raise ApiError(400, "MessageNotInflight", "The message is not in flight.")
    queue.change_visibility(message, seconds, world.now())
    return {}


def _change_visibility_batch(world: World, body: dict[str, Any]) -> dict[str, Any]:
    def change(entry: dict[str, Any]) -> dict[str, Any]:
        return _change_visibility(world, entry | {"QueueUrl": body.get("QueueUrl")})

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


_HANDLERS: dict[str, Callable[[World, dict[str, Any]], dict[str, Any]]] = {
    "CreateQueue": create_queue,
    "GetQueueUrl": _get_queue_url,
    "ListQueues": _list_queues,
    "DeleteQueue": _delete_queue,
    "PurgeQueue": _purge_queue,
    "GetQueueAttributes": _get_queue_attributes,
    "SetQueueAttributes": _set_queue_attributes,
    "SendMessage": _send_message,
    "SendMessageBatch": _send_batch,
    "DeleteMessage": _delete_message,
    "DeleteMessageBatch": _delete_batch,
    "ChangeMessageVisibility": _change_visibility,
    "ChangeMessageVisibilityBatch": _change_visibility_batch,
}


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as err:
        raise _invalid("The body is not JSON.") from err
    if not isinstance(body, dict):
        raise _invalid("The body is not a JSON object.")
    return body


def _queue(world: World, body: dict[str, Any]) -> Queue:
    return _by_name(world, str(body.get("QueueUrl") or "").rpartition("/")[2])


def _by_name(world: World, name: str) -> Queue:
    queue = world.queues.get(name)
    if queue is None:
        raise ApiError(400, "QueueDoesNotExist", "The specified queue does not exist.")
    return queue


def _check_attributes(attributes: dict[str, str]) -> None:
    unknown = set(attributes) - SETTABLE
    if unknown:
        raise ApiError(400, "InvalidAttributeName", f"Unknown Attribute {min(unknown)}.")
    if attributes.get("RedrivePolicy"):
        try:
            policy = json.loads(attributes["RedrivePolicy"])
            valid = str(policy["deadLetterTargetArn"]) and int(policy["maxReceiveCount"]) >= 1
        except (ValueError, KeyError, TypeError):
            valid = False
        if not valid:
            raise ApiError(400, "InvalidAttributeValue", "Invalid value for the parameter RedrivePolicy.")
    for name in (
        "DelaySeconds",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "VisibilityTimeout",
    ):
        if not str(attributes.get(name, "0")).isdigit():
            raise ApiError(400, "InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _set_attributes(world: World, queue: Queue, attributes: dict[str, str]) -> None:
    if "RedrivePolicy" in attributes:
        queue.dead_letters = None
        if attributes["RedrivePolicy"]:
            policy = json.loads(attributes["RedrivePolicy"])
            target = world.queue_by_arn(str(policy["deadLetterTargetArn"]))
            if target is None:
                raise ApiError(
                    400, "QueueDoesNotExist", "The dead-letter queue of RedrivePolicy does not exist."
                )
            queue.dead_letters = (target, int(policy["maxReceiveCount"]))
    for name, value in attributes.items():
        if value == "":
            queue.attributes.pop(name, None)
        else:
            queue.attributes[name] = value


def _sent(world: World, queue: Queue, body: dict[str, Any]) -> dict[str, Any]:
    text = body.get("MessageBody")
    if not isinstance(text, str) or not text:
        raise ApiError(400, "MissingParameter", "The request must contain the parameter MessageBody.")
    if len(text.encode()) > _LARGEST_BYTES:
        raise _invalid(
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


def _invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidParameterValue", message)
