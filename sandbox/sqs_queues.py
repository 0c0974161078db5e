"""SQS's calls about queues."""

import json
from typing import Any

from sandbox.errors import ApiError
from sandbox.options import ACCOUNT
from sandbox.sqs import SETTABLE, Queue
from sandbox.world import World


def create_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """CreateQueue: the same name with other attributes is refused."""
    name = str(body.get("QueueName") or "")
    if (
        not name
        or len(name) > 80
        or not name.isascii()
        or not name.replace("-", "").replace("_", "").isalnum()
    ):
        raise invalid(
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


def get_queue_url(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """GetQueueUrl."""
    return {"QueueUrl": queue_named(world, str(body.get("QueueName") or "")).url}


def list_queues(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """ListQueues, whole."""
    prefix = str(body.get("QueueNamePrefix") or "")
    urls = [queue.url for name, queue in world.queues.items() if name.startswith(prefix)]
    return {"QueueUrls": urls} if urls else {}


def delete_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """DeleteQueue."""
    del world.queues[queue_of(world, body).name]
    return {}


def purge_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """PurgeQueue."""
    queue_of(world, body).purge()
    return {}


def get_queue_attributes(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """GetQueueAttributes."""
    queue = queue_of(world, body)
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


def set_queue_attributes(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """SetQueueAttributes; an empty value removes an attribute."""
    attributes = body.get("Attributes") or {}
    _check_attributes(attributes)
    _set_attributes(world, queue_of(world, body), attributes)
    return {}


def list_queue_tags(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """ListQueueTags."""
    _take_tag_call(world)
    tags = queue_of(world, body).tags
    return {"Tags": dict(tags)} if tags else {}


def tag_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """TagQueue: at most 50 tags a queue, and none of AWS's own."""
    _take_tag_call(world)
    queue = queue_of(world, body)
    new = {str(name): str(value) for name, value in (body.get("Tags") or {}).items()}
    if any(name.lower().startswith("aws:") for name in new):
        raise invalid("Tag keys that begin with aws: are reserved.")
    tags = queue.tags | new
    if len(tags) > 50:
        raise invalid("Too many tags added for queue.")
    queue.tags = tags
    return {}


def untag_queue(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """UntagQueue."""
    _take_tag_call(world)
    queue = queue_of(world, body)
    for name in body.get("TagKeys") or []:
        queue.tags.pop(name, None)
    return {}


def _take_tag_call(world: World) -> None:
    if not world.tag_calls.take(1, world.monotonic()):
        raise ApiError(400, "RequestThrottled", "The request was denied due to request throttling.")


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


def queue_of(world: World, body: dict[str, Any]) -> Queue:
    """Return the queue of a call's QueueUrl. Raises ApiError QueueDoesNotExist."""
    return queue_named(world, str(body.get("QueueUrl") or "").rpartition("/")[2])


def queue_named(world: World, name: str) -> Queue:
    """Return the queue of that name. Raises ApiError QueueDoesNotExist."""
    queue = world.queues.get(name)
    if queue is None:
        raise ApiError(400, "QueueDoesNotExist", "The specified queue does not exist.")
    return queue


def invalid(message: str) -> ApiError:
    """Return SQS's answer to a parameter out of range."""
    return ApiError(400, "InvalidParameterValue", message)
