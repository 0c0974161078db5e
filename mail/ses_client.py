"""The client that sends: boto3's, told never to repeat a call, and to write a bulk call's JSON at once."""

from collections.abc import Mapping
from typing import Any, Protocol

import boto3
from botocore.config import Config

from ledger.json_text import encoded

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 30

# Where a call's JSON waits in botocore's context of that call.
_BODY = "campaign_bulk_body"


class SesClient(Protocol):
    """What is used of boto3's sesv2 client to send."""

    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]: ...

    def send_email(self, **request: Any) -> Mapping[str, Any]: ...


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
    made = boto3.client("sesv2", config=config)
    # botocore walks every value of a request by its model. SendBulkEmail has nothing but a JSON body whose
    # names are those of the request, so the same body is written in one go, in half of the whole call's time.
    made.meta.events.register("provide-client-params.sesv2.SendBulkEmail", _set_aside)
    made.meta.events.register("before-call.sesv2.SendBulkEmail", _put_in)
    found: SesClient = made
    return found


def _set_aside(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> Mapping[str, Any]:
    context[_BODY] = encoded(params)
    return {**params, "BulkEmailEntries": []}


def _put_in(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    params["body"] = context.pop(_BODY)
