"""What the account has from the start, made by the calls that anybody else would make."""

import json

from sandbox import ses_configuration, sns_api, sqs_queues
from sandbox.behaviour import EventType
from sandbox.options import (
    ACCOUNT,
    CONFIGURATION_SET,
    EVENT_QUEUE,
    EVENT_TOPIC,
    HOST,
    OWN_TAG,
    REGION,
    SECRET_KEY,
)
from sandbox.world import World


def prepare(world: World) -> None:
    """Make the configuration set, its topic and the queue behind that."""
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{EVENT_QUEUE}"
    topic_arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{EVENT_TOPIC}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        ],
    }
    sqs_queues.create_queue(world, {"QueueName": EVENT_QUEUE})
    world.queues[EVENT_QUEUE].attributes["Policy"] = json.dumps(policy)
    # Nobody but AWS can set a tag that begins so: no queue of it passes for one of a sandbox.
    world.queues[EVENT_QUEUE].tags[OWN_TAG] = "yes"
    sns_api.create_topic(world, {"Name": EVENT_TOPIC})
    sns_api.subscribe(world, {"TopicArn": topic_arn, "Protocol": "sqs", "Endpoint": queue_arn})
    ses_configuration.create(world, {"ConfigurationSetName": CONFIGURATION_SET})
    ses_configuration.create_destination(
        world,
        CONFIGURATION_SET,
        {
            "EventDestinationName": "events",
            "EventDestination": {
                "Enabled": True,
                "MatchingEventTypes": [kind.name for kind in EventType],
                "SnsDestination": {"TopicArn": topic_arn},
            },
        },
    )


def environment(base_url: str, s3_url: str | None, dns_port: int) -> dict[str, str]:
    """Return the variables that point boto3 and the project at the sandbox."""
    variables = {"AWS_ENDPOINT_URL": base_url}
    if s3_url is not None:
        variables["AWS_ENDPOINT_URL_S3"] = s3_url
    return variables | {
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": REGION,
        "CAMPAIGN_NAMESERVERS": f"{HOST}:{dns_port}",
        "CAMPAIGN_PUBLIC_URL": f"http://{HOST}:8000",
        "CAMPAIGN_SECRET_KEY": SECRET_KEY,
        "CAMPAIGN_CONFIGURATION_SET": CONFIGURATION_SET,
        "CAMPAIGN_EVENT_QUEUE_URL": f"{base_url}/{ACCOUNT}/{EVENT_QUEUE}",
    }
