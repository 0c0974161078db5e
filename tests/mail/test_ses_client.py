"""The client for sending: what it puts on the wire is what boto3 would have put there."""

import io
import json
import re
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.credentials import Credentials

from mail import ses_client, ses_requests
from mail.message import Content
from mail.ses_requests import Envelope

HEADERS = (("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),)
ENVELOPE = Envelope("news@brightbooks.example", "hello@brightbooks.example", "campaign", {"campaign": "17"})
TEXTS = ("Hello", 'é "quoted" \\ \n\t', "\u2028 \U0001f4da", "", "\ud83d")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def _sent(client: Any, request: Mapping[str, Any]) -> list[AWSPreparedRequest]:
    """Return what would go out, signed; it goes nowhere."""
    sent = []

    def instead(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(
            request.url, 400, {}, urllib3.HTTPResponse(io.BytesIO(b"{}"), preload_content=False)
        )

    client.meta.events.register("before-send.sesv2", instead)
    with pytest.raises(client.exceptions.ClientError):
        client.send_bulk_email(**request)
    return sent


def _wire(client: Any, request: Mapping[str, Any]) -> tuple[str, str, str, Mapping[str, Any]]:
    """Return method, URL, content type and body of the one request."""
    (only,) = _sent(client, request)
    assert int(only.headers["Content-Length"]) == len(only.body)
    return only.method, only.url, only.headers["Content-Type"], json.loads(only.body)


@pytest.mark.parametrize("text", TEXTS)
def test_a_bulk_call_says_the_same_as_boto3s_own(text: str) -> None:
    content = Content("Spring", text, text, HEADERS)
    messages = [ses_requests.outgoing(n, f"send-{n}", f"reader.{n}@reader.example", content) for n in (1, 2)]
    request = ses_requests.bulk(ENVELOPE, messages)
    told = _wire(ses_client.client(), request)
    assert told == _wire(boto3.client("sesv2"), request)
    assert len(told[3]["BulkEmailEntries"]) == 2
    data = told[3]["BulkEmailEntries"][0]["ReplacementEmailContent"]["ReplacementTemplate"]
    assert json.loads(data["ReplacementTemplateData"]) == {"subject": "Spring", "html": text, "text": text}


def test_the_signature_is_of_the_body_that_goes_out() -> None:
    content = Content("Spring", "one", "one", HEADERS)
    item = ses_requests.outgoing(1, "send-1", "reader@reader.example", content)
    (sent,) = _sent(ses_client.client(), ses_requests.bulk(ENVELOPE, [item]))
    authorization = sent.headers["Authorization"].decode()
    signed = re.findall(r"SignedHeaders=([^,]+)", authorization)[0].split(";")
    headers = {name: sent.headers[name].decode() for name in signed if name != "host"}
    again = AWSRequest(sent.method, sent.url, headers, sent.body)
    again.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials("nobody", "nothing"), "ses", "eu-central-1")
    text = signer.string_to_sign(again, signer.canonical_request(again))
    assert authorization.endswith(f"Signature={signer.signature(text, again)}")
