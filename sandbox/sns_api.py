"""The query protocol of SNS, and STS's one call that tools make to see who they are."""

import re
import uuid
from collections.abc import Callable
from xml.sax.saxutils import escape

from sandbox.errors import ApiError
from sandbox.http import Request, Response
from sandbox.options import ACCOUNT
from sandbox.sns import Subscription, Topic
from sandbox.sns_signer import signer
from sandbox.world import World

_XMLNS = {
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}


def operation(request: Request) -> str:
    """Return the API name of the call."""
    if _asks_for_certificate(request):
        return "GetSigningCertificate"
    return request.form().get("Action", "")


def handle(world: World, request: Request) -> Response:
    """Answer an SNS or STS call. Raises ApiError where SNS would refuse it."""
    if _asks_for_certificate(request):
        return Response(200, signer().certificate, "application/x-pem-file")
    form = request.form()
    action = form.get("Action", "")
    if action == "GetCallerIdentity":
        return _answer(action, _caller_identity(), "sts")
    handler = _HANDLERS.get(action)
    if handler is None:
        raise ApiError(400, "InvalidAction", f"The sandbox does not have the operation {action}.")
    return _answer(action, handler(world, form), "sns")


def error(err: ApiError) -> Response:
    """Return a refusal in the query protocol's XML."""
    body = (
        f'<ErrorResponse xmlns="{_XMLNS["sns"]}"><Error><Type>Sender</Type><Code>{escape(err.code)}</Code>'
        f"<Message>{escape(err.message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Response(err.status, body.encode(), "text/xml")


def create_topic(world: World, form: dict[str, str]) -> str:
    """CreateTopic: the same name gives the same topic."""
    name = form.get("Name", "")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", name):
        raise _invalid("Invalid parameter: Topic Name")
    topic = world.topics.create(name)
    topic.attributes |= _map(form, "Attributes")
    return _tag("TopicArn", topic.arn)


def subscribe(world: World, form: dict[str, str]) -> str:
    """Subscribe: queues only; SNS confirms those by itself."""
    topic = _topic(world, form.get("TopicArn", ""))
    if form.get("Protocol") != "sqs":
        raise _invalid("Invalid parameter: the sandbox has subscriptions of the protocol sqs only")
    endpoint = form.get("Endpoint", "")
    if not endpoint.startswith("arn:aws:sqs:"):
        raise _invalid("Invalid parameter: SQS endpoint ARN")
    subscription = world.topics.subscribe(topic, "sqs", endpoint, _map(form, "Attributes"))
    return _tag("SubscriptionArn", subscription.arn)


def _publish(world: World, form: dict[str, str]) -> str:
    topic = _topic(world, form.get("TopicArn") or form.get("TargetArn", ""))
    if not form.get("Message"):
        raise _invalid("Invalid parameter: Empty message")
    attributes: dict[str, dict[str, str]] = {}
    number = 1
    while f"MessageAttributes.entry.{number}.Name" in form:
        entry = f"MessageAttributes.entry.{number}"
        value = form.get(f"{entry}.Value.StringValue", form.get(f"{entry}.Value.BinaryValue", ""))
        attributes[form[f"{entry}.Name"]] = {
            "Type": form.get(f"{entry}.Value.DataType", "String"),
            "Value": value,
        }
        number += 1
    return _tag(
        "MessageId",
        world.topics.publish(topic, form["Message"], world.now(), form.get("Subject"), attributes),
    )


def _get_topic_attributes(world: World, form: dict[str, str]) -> str:
    topic = _topic(world, form.get("TopicArn", ""))
    return _entries(
        {
            "TopicArn": topic.arn,
            "Owner": ACCOUNT,
            "DisplayName": "",
            "SubscriptionsConfirmed": str(len(topic.subscriptions)),
            "SubscriptionsPending": "0",
            "SubscriptionsDeleted": "0",
        }
        | topic.attributes
    )


def _set_topic_attributes(world: World, form: dict[str, str]) -> str:
    topic = _topic(world, form.get("TopicArn", ""))
    topic.attributes[form.get("AttributeName", "")] = form.get("AttributeValue", "")
    return ""


def _delete_topic(world: World, form: dict[str, str]) -> str:
    world.topics.by_arn.pop(form.get("TopicArn", ""), None)
    return ""


def _list_topics(world: World, form: dict[str, str]) -> str:
    members = "".join(f"<member>{_tag('TopicArn', arn)}</member>" for arn in world.topics.by_arn)
    return f"<Topics>{members}</Topics>"


def _get_subscription_attributes(world: World, form: dict[str, str]) -> str:
    subscription = _subscription(world, form)
    return _entries(
        {
            "SubscriptionArn": subscription.arn,
            "TopicArn": subscription.topic_arn,
            "Protocol": subscription.protocol,
            "Endpoint": subscription.endpoint,
            "Owner": ACCOUNT,
            "PendingConfirmation": "false",
            "RawMessageDelivery": "false",
        }
        | subscription.attributes
    )


def _set_subscription_attributes(world: World, form: dict[str, str]) -> str:
    _subscription(world, form).attributes[form.get("AttributeName", "")] = form.get("AttributeValue", "")
    return ""


def _list_by_topic(world: World, form: dict[str, str]) -> str:
    return _subscriptions(_topic(world, form.get("TopicArn", "")).subscriptions)


def _list_subscriptions(world: World, form: dict[str, str]) -> str:
    return _subscriptions([found for topic in world.topics.by_arn.values() for found in topic.subscriptions])


def _unsubscribe(world: World, form: dict[str, str]) -> str:
    subscription = _subscription(world, form)
    world.topics.by_arn[subscription.topic_arn].subscriptions.remove(subscription)
    return ""


_HANDLERS: dict[str, Callable[[World, dict[str, str]], str]] = {
    "CreateTopic": create_topic,
    "Subscribe": subscribe,
    "Publish": _publish,
    "GetTopicAttributes": _get_topic_attributes,
    "SetTopicAttributes": _set_topic_attributes,
    "DeleteTopic": _delete_topic,
    "ListTopics": _list_topics,
    "GetSubscriptionAttributes": _get_subscription_attributes,
    "SetSubscriptionAttributes": _set_subscription_attributes,
    "ListSubscriptionsByTopic": _list_by_topic,
    "ListSubscriptions": _list_subscriptions,
    "Unsubscribe": _unsubscribe,
}


def _asks_for_certificate(request: Request) -> bool:
    return request.method == "GET" and request.raw_path == signer().path


def _topic(world: World, arn: str) -> Topic:
    topic = world.topics.by_arn.get(arn)
    if topic is None:
        raise ApiError(404, "NotFound", "Topic does not exist")
    return topic


def _subscription(world: World, form: dict[str, str]) -> Subscription:
    subscription = world.topics.subscription(form.get("SubscriptionArn", ""))
    if subscription is None:
        raise ApiError(404, "NotFound", "Subscription does not exist")
    return subscription


def _map(form: dict[str, str], name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    number = 1
    while (key := form.get(f"{name}.entry.{number}.key")) is not None:
        found[key] = form.get(f"{name}.entry.{number}.value", "")
        number += 1
    return found


def _caller_identity() -> str:
    return (
        _tag("Arn", f"arn:aws:iam::{ACCOUNT}:user/sandbox")
        + _tag("UserId", "AIDASANDBOX")
        + _tag("Account", ACCOUNT)
    )


def _subscriptions(found: list[Subscription]) -> str:
    members = "".join(
        "<member>"
        + _tag("SubscriptionArn", one.arn)
        + _tag("Owner", ACCOUNT)
        + _tag("Protocol", one.protocol)
        + _tag("Endpoint", one.endpoint)
        + _tag("TopicArn", one.topic_arn)
        + "</member>"
        for one in found
    )
    return f"<Subscriptions>{members}</Subscriptions>"


def _entries(attributes: dict[str, str]) -> str:
    entries = "".join(
        f"<entry>{_tag('key', name)}{_tag('value', value)}</entry>" for name, value in attributes.items()
    )
    return f"<Attributes>{entries}</Attributes>"


def _tag(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _answer(action: str, result: str, service: str) -> Response:
    body = (
        f'<{action}Response xmlns="{_XMLNS[service]}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{action}Response>"
    )
    return Response(200, body.encode(), "text/xml")


def _invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidParameter", message)
