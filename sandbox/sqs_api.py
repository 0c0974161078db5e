"""SQS's JSON protocol: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.errors import ApiError
from sandbox.http import Request, Response, json_response
from sandbox.sqs_messages import (
    change_message_visibility,
    change_message_visibility_batch,
    delete_message,
    delete_message_batch,
    receive_message,
    send_message,
    send_message_batch,
)
from sandbox.sqs_queues import (
    create_queue,
    delete_queue,
    get_queue_attributes,
    get_queue_url,
    invalid,
    list_queue_tags,
    list_queues,
    purge_queue,
    set_queue_attributes,
    tag_queue,
    untag_queue,
)
from sandbox.world import World

TARGET = "AmazonSQS."
_JSON = "application/x-amz-json-1.0"
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
        return json_response(await receive_message(world, body), content_type=_JSON)
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


_HANDLERS: dict[str, Callable[[World, dict[str, Any]], dict[str, Any]]] = {
    "CreateQueue": create_queue,
    "GetQueueUrl": get_queue_url,
    "ListQueues": list_queues,
    "DeleteQueue": delete_queue,
    "PurgeQueue": purge_queue,
    "GetQueueAttributes": get_queue_attributes,
    "SetQueueAttributes": set_queue_attributes,
    "ListQueueTags": list_queue_tags,
    "TagQueue": tag_queue,
    "UntagQueue": untag_queue,
    "SendMessage": send_message,
    "SendMessageBatch": send_message_batch,
    "DeleteMessage": delete_message,
    "DeleteMessageBatch": delete_message_batch,
    "ChangeMessageVisibility": change_message_visibility,
    "ChangeMessageVisibilityBatch": change_message_visibility_batch,
}


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as err:
        raise invalid("The body is not JSON.") from err
    if not isinstance(body, dict):
        raise invalid("The body is not a JSON object.")
    return body
