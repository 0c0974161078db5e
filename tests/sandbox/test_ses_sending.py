"""Unmodified boto3 sends through the sandbox."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import RunningSandbox

Arguments = Callable[..., dict[str, Any]]
TEMPLATE = {"Subject": "{{subject}}", "Html": "{{html}}"}


def addresses(number: int) -> list[str]:
    return [f"reader{place}@shop.example" for place in range(number)]


def statuses(answer: dict[str, Any]) -> list[str]:
    return [result["Status"] for result in answer["BulkEmailEntryResults"]]


def refusal(call: Callable[..., Any], arguments: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_bulk_results_stand_in_the_order_of_the_entries(
    ses: Any, running: RunningSandbox, bulk: Arguments
) -> None:
    answer = ses.send_bulk_email(**bulk(addresses(50)))
    assert statuses(answer) == ["SUCCESS"] * 50
    by_id = {message["message_id"]: message for message in running.messages()}
    results = answer["BulkEmailEntryResults"]
    assert [by_id[result["MessageId"]]["to"][0] for result in results] == addresses(50)


def test_an_entry_keeps_its_own_headers_tags_and_data_unescaped(
    ses: Any, running: RunningSandbox, bulk: Arguments
) -> None:
    ses.send_bulk_email(**bulk(addresses(2)))
    message = running.messages(bodies=True)[1]
    assert message["subject"] == "No. 1"
    assert message["html"] == "<b>A & B</b>"
    assert message["tags"] == {"campaign": "spring", "send_id": "id-1"}
    assert {"name": "List-Unsubscribe", "value": "<https://x.example/1>"} in message["headers"]
    assert (message["call"], message["operation"], message["outcome"]) == (1, "SendBulkEmail", "delivered")


def test_default_template_data_fills_what_an_entry_leaves_out(
    ses: Any, running: RunningSandbox, bulk: Arguments
) -> None:
    content = {
        "Template": {"TemplateContent": TEMPLATE, "TemplateData": '{"html": "default", "subject": "x"}'}
    }
    arguments = bulk(addresses(1), DefaultContent=content)
    data = {"ReplacementTemplate": {"ReplacementTemplateData": '{"subject": "own"}'}}
    arguments["BulkEmailEntries"][0]["ReplacementEmailContent"] = data
    ses.send_bulk_email(**arguments)
    message = running.messages(bodies=True)[0]
    assert (message["subject"], message["html"]) == ("own", "default")


@pytest.mark.parametrize("number", [0, 51])
def test_a_bulk_call_takes_1_to_50_entries(
    ses: Any, running: RunningSandbox, bulk: Arguments, number: int
) -> None:
    code, message = refusal(ses.send_bulk_email, bulk(addresses(number)))
    assert code == "BadRequestException"
    assert "50" in message
    assert running.messages() == []


def test_more_than_one_megabyte_of_json_is_refused(
    ses: Any, running: RunningSandbox, bulk: Arguments
) -> None:
    arguments = bulk(addresses(5))
    for entry in arguments["BulkEmailEntries"]:
        data = json.dumps({"subject": "x", "html": "x" * 210_000, "text": "x"})
        entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"] = data
    assert refusal(ses.send_bulk_email, arguments)[0] == "BadRequestException"
    assert running.messages() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ReplacementTags": [{"Name": "send_id", "Value": "a b"}]}, "tag value"),
        ({"ReplacementTags": [{"Name": "sénd", "Value": "a"}]}, "tag name"),
        ({"ReplacementTags": [{"Name": "n", "Value": "v" * 257}]}, "tag value"),
        ({"ReplacementTags": [{"Name": "n", "Value": "1"}, {"Name": "n", "Value": "2"}]}, "Duplicate tag"),
        ({"ReplacementHeaders": [{"Name": f"X-{n}", "Value": "v"} for n in range(16)]}, "Too many headers"),
        ({"ReplacementHeaders": [{"Name": "X" * 127, "Value": "v"}]}, "header name"),
        ({"ReplacementHeaders": [{"Name": "X:Y", "Value": "v"}]}, "header name"),
        ({"ReplacementHeaders": [{"Name": "X", "Value": "v" * 996}]}, "value of header"),
        ({"ReplacementHeaders": [{"Name": "X", "Value": "grün"}]}, "value of header"),
        ({"ReplacementHeaders": [{"Name": "X", "Value": "a\r\nBcc: b@c.example"}]}, "value of header"),
        ({"ReplacementHeaders": [{"Name": "X" * 10, "Value": "v" * 990}]}, "longer than 996"),
        ({"ReplacementHeaders": [{"Name": "Reply-To", "Value": "a@b.example"}]}, "not allowed"),
        ({"ReplacementHeaders": [{"Name": "message-id", "Value": "<a@b.example>"}]}, "not allowed"),
        ({"Destination": {"ToAddresses": ["jörg@shop.example"]}}, "Local address contains non-ASCII"),
        ({"Destination": {"ToAddresses": ["a@bücher.example"]}}, "Domain contains non-ASCII"),
        ({"Destination": {"ToAddresses": ["nobody"]}}, "Missing final '@domain'"),
        ({"Destination": {"ToAddresses": ["a@shop.example."]}}, "ends with dot"),
        ({"Destination": {"ToAddresses": ["a b@shop.example"]}}, "whitespace"),
        ({"Destination": {}}, "no address"),
        (
            {"ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": "{"}}},
            "not valid JSON",
        ),
    ],
)
def test_a_bad_entry_is_refused_alone(
    ses: Any, running: RunningSandbox, bulk: Arguments, change: dict[str, Any], reason: str
) -> None:
    arguments = bulk(addresses(3))
    arguments["BulkEmailEntries"][1] |= change
    answer = ses.send_bulk_email(**arguments)
    assert statuses(answer) == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert reason in answer["BulkEmailEntryResults"][1]["Error"]
    assert [message["to"][0] for message in running.messages()] == [addresses(3)[0], addresses(3)[2]]
    assert running.summary()["refused"] == {"INVALID_PARAMETER": 1}


def test_bad_default_tags_refuse_the_whole_call(ses: Any, running: RunningSandbox, bulk: Arguments) -> None:
    arguments = bulk(addresses(2), DefaultEmailTags=[{"Name": "campaign", "Value": "spring offer"}])
    assert refusal(ses.send_bulk_email, arguments)[0] == "BadRequestException"
    assert running.messages() == []


def test_bulk_entries_name_a_missing_configuration_set(ses: Any, bulk: Arguments) -> None:
    answer = ses.send_bulk_email(**bulk(addresses(2), ConfigurationSetName="nowhere"))
    assert statuses(answer) == ["CONFIGURATION_SET_NOT_FOUND"] * 2


def test_bulk_entries_from_an_unverified_sender_are_rejected(ses: Any, bulk: Arguments) -> None:
    answer = ses.send_bulk_email(**bulk(addresses(1), FromEmailAddress="a@elsewhere.example"))
    assert statuses(answer) == ["MESSAGE_REJECTED"]
    assert answer["BulkEmailEntryResults"][0]["Error"].startswith("Email address is not verified.")


def test_a_stored_template_is_not_found(ses: Any, bulk: Arguments) -> None:
    arguments = bulk(
        addresses(1), DefaultContent={"Template": {"TemplateName": "stored", "TemplateData": "{}"}}
    )
    assert refusal(ses.send_bulk_email, arguments)[0] == "NotFoundException"


def test_send_email_takes_simple_content(ses: Any, running: RunningSandbox, simple: Arguments) -> None:
    message_id = ses.send_email(**simple(ReplyToAddresses=["help@brightbooks.example"]))["MessageId"]
    message = running.messages(bodies=True)[0]
    assert message["message_id"] == message_id
    assert (message["source"], message["subject"], message["text"]) == (
        "news@brightbooks.example",
        "Hi",
        "Hello",
    )
    assert {"name": "Reply-To", "value": "help@brightbooks.example"} in message["headers"]


def test_send_email_takes_an_inline_template(ses: Any, running: RunningSandbox, simple: Arguments) -> None:
    data = json.dumps({"subject": "S", "html": "<i>{{x}}</i>"})
    template = {"TemplateContent": TEMPLATE, "TemplateData": data, "Headers": [{"Name": "X-A", "Value": "b"}]}
    ses.send_email(**simple(Content={"Template": template}))
    message = running.messages(bodies=True)[0]
    assert (message["subject"], message["html"]) == ("S", "<i>{{x}}</i>")
    assert {"name": "X-A", "value": "b"} in message["headers"]


def test_send_email_takes_raw_mime_with_addresses_in_its_headers(ses: Any, running: RunningSandbox) -> None:
    mime = (
        "From: Bright <news@brightbooks.example>\r\nTo: a@shop.example\r\nBcc: b@shop.example\r\n"
        "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-SES-CONFIGURATION-SET: campaign\r\n"
        "X-SES-MESSAGE-TAGS: send_id=r1, campaign=c\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Raw</p>\r\n"
    )
    ses.send_email(Content={"Raw": {"Data": mime.encode()}})
    message = running.messages(bodies=True)[0]
    assert message["subject"] == "Grüße"
    assert message["recipients"] == ["a@shop.example", "b@shop.example"]
    assert message["tags"] == {"send_id": "r1", "campaign": "c"}
    assert message["configuration_set"] == "campaign"
    assert message["html"].strip() == "<p>Raw</p>"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ConfigurationSetName": "nowhere"}, "NotFoundException"),
        ({"FromEmailAddress": "a@elsewhere.example"}, "MessageRejected"),
        ({"Destination": {"ToAddresses": ["jörg@shop.example"]}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": addresses(51)}}, "BadRequestException"),
        (
            {"Destination": {"ToAddresses": addresses(30), "BccAddresses": addresses(21)}},
            "BadRequestException",
        ),
        ({"EmailTags": [{"Name": "a", "Value": "b c"}]}, "BadRequestException"),
        ({"Content": {}}, "BadRequestException"),
        ({"Content": {"Template": {"TemplateName": "stored"}}}, "NotFoundException"),
    ],
)
def test_send_email_refuses_as_ses_does(
    ses: Any, running: RunningSandbox, simple: Arguments, change: dict[str, Any], code: str
) -> None:
    assert refusal(ses.send_email, simple(**change))[0] == code
    assert running.messages() == []
    assert running.summary()["refused"] == {code: 1}


def test_without_production_access_recipients_must_be_verified_too(
    ses: Any, running: RunningSandbox, simple: Arguments
) -> None:
    running.control(production_access=False)
    code, message = refusal(ses.send_email, simple("stranger@shop.example"))
    assert code == "MessageRejected"
    assert "stranger@shop.example" in message
    ses.send_email(**simple("success@simulator.amazonses.com"))
    ses.send_email(**simple("colleague@brightbooks.example"))
    assert running.summary()["accepted"] == 2


def test_a_missing_attribute_is_accepted_and_told_by_an_event(
    ses: Any, bulk: Arguments, receive: Callable[[int], list[dict[str, Any]]], running: RunningSandbox
) -> None:
    arguments = bulk(addresses(1))
    data = {"ReplacementTemplate": {"ReplacementTemplateData": '{"subject": "s", "text": "t"}'}}
    arguments["BulkEmailEntries"][0]["ReplacementEmailContent"] = data
    assert statuses(ses.send_bulk_email(**arguments)) == ["SUCCESS"]
    event = receive(1)[0]
    assert event["eventType"] == "Rendering Failure"
    assert event["failure"]["errorMessage"] == "Attribute 'html' is not present in the rendering data."
    assert event["mail"]["tags"]["send_id"] == ["id-0"]
    assert "Send" not in running.summary()["events"]
