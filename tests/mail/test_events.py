"""Every event that SES can publish, and everything else that a queue can hold.

The payloads have the shapes of the SES developer guide:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html,
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html and, for older ones,
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html. All addresses are of reserved domains.
"""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import events as ledger_events
from ledger.incoming import Event
from ledger.statuses import Fact
from ledger.suppressions import SuppressionReason
from ledger.withheld import WithheldReason
from mail.events import NotAnEvent, parse

SEND_ID = "0123456789abcdef0123456789abcdef"
RECEIVED = 1_900_000_000.0


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


TAKEN = epoch("2017-08-05T00:40:02.012")
LATER = epoch("2017-08-05T00:41:02.669")

MAIL: dict[str, Any] = {
    "timestamp": "2017-08-05T00:40:02.012Z",
    "source": "Bright Books <news@brightbooks.example>",
    "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/news@brightbooks.example",
    "sendingAccountId": "123456789012",
    "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
    "destination": ["recipient@example.com"],
    "headersTruncated": False,
    "headers": [
        {"name": "From", "value": "Bright Books <news@brightbooks.example>"},
        {"name": "To", "value": "recipient@example.com"},
        {"name": "Subject", "value": "Message sent from Amazon SES"},
        {"name": "MIME-Version", "value": "1.0"},
    ],
    "commonHeaders": {
        "from": ["Bright Books <news@brightbooks.example>"],
        "to": ["recipient@example.com"],
        "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
        "subject": "Message sent from Amazon SES",
    },
    "tags": {
        "ses:configuration-set": ["campaign"],
        "ses:source-ip": ["192.0.2.0"],
        "ses:from-domain": ["brightbooks.example"],
        "ses:caller-identity": ["ses_user"],
        "campaign": ["17"],
        "ledger": ["0f" * 16],
        "send_id": [SEND_ID],
    },
}

DETAILS: dict[str, tuple[str, dict[str, Any]]] = {
    "Send": ("send", {}),
    "Delivery": (
        "delivery",
        {
            "timestamp": "2017-08-05T00:41:02.669Z",
            "processingTimeMillis": 60_657,
            "recipients": ["recipient@example.com"],
            "smtpResponse": "250 2.6.0 Message received",
            "remoteMtaIp": "192.0.2.7",
            "reportingMTA": "mta.example.com",
        },
    ),
    "Bounce": (
        "bounce",
        {
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": "recipient@example.com",
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "reportingMTA": "dsn; mta.example.com",
        },
    ),
    "Complaint": (
        "complaint",
        {
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "complaintSubType": None,
            "complainedRecipients": [{"emailAddress": "recipient@example.com"}],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "userAgent": "Example feedback loop",
            "complaintFeedbackType": "abuse",
            "arrivalDate": "2017-08-05T00:41:02.000Z",
        },
    ),
    "Reject": ("reject", {"reason": "Bad content"}),
    "DeliveryDelay": (
        "deliveryDelay",
        {
            "timestamp": "2017-08-05T00:41:02.669Z",
            "delayType": "TransientCommunicationFailure",
            "expirationTime": "2017-08-05T14:40:02.012Z",
            "delayedRecipients": [
                {
                    "emailAddress": "recipient@example.com",
                    "status": "4.4.1",
                    "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                }
            ],
        },
    ),
    "Rendering Failure": (
        "failure",
        {
            "templateName": "MyTemplate",
            "errorMessage": "Attribute 'attributeName' is not present in the rendering data.",
        },
    ),
    "Open": (
        "open",
        {"ipAddress": "192.0.2.1", "timestamp": "2017-08-05T00:41:02.669Z", "userAgent": "Mozilla/5.0"},
    ),
    "Click": (
        "click",
        {
            "ipAddress": "192.0.2.1",
            "timestamp": "2017-08-05T00:41:02.669Z",
            "userAgent": "Mozilla/5.0",
            "link": "https://brightbooks.example/spring",
            "linkTags": {"samplekey0": ["samplevalue0"]},
        },
    ),
    "Subscription": (
        "subscription",
        {
            "contactList": "ContactListName",
            "timestamp": "2017-08-05T00:41:02.669Z",
            "source": "UnsubscribeHeader",
            "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
            "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
        },
    ),
}


def payload(kind: str, **changes: Any) -> dict[str, Any]:
    """Return a whole event; `changes` go into its inner object, `mail` and `tags` into those."""
    mail = copy.deepcopy(MAIL) | changes.pop("mail", {})
    name, detail = DETAILS[kind]
    return {"eventType": kind, "mail": mail, name: copy.deepcopy(detail) | changes}


def events_of(content: object) -> list[Event]:
    found = parse(json.dumps(content), RECEIVED)
    assert isinstance(found, list), found
    return found


def event_of(content: object) -> Event:
    (found,) = events_of(content)
    return found


def enveloped(text: str) -> dict[str, str]:
    """Return what SNS puts around a message where raw delivery is off."""
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:campaign-events",
        "Subject": "Amazon SES Email Event Notification",
        "Message": text,
        "Timestamp": "2017-08-05T00:41:03.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-EXAMPLE.pem",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    }


@pytest.mark.parametrize(
    ("kind", "fact", "diagnostic", "suppress"),
    [
        ("Send", None, None, None),
        ("Delivery", Fact.DELIVERED, None, None),
        ("Bounce", Fact.HARD_BOUNCED, "smtp; 550 5.1.1 user unknown", SuppressionReason.HARD_BOUNCE),
        ("Complaint", Fact.COMPLAINED, "abuse", SuppressionReason.COMPLAINT),
        ("Reject", Fact.REJECTED, "Bad content", None),
        ("DeliveryDelay", Fact.DELAYED, "smtp; 421 4.4.1 Unable to connect to remote host", None),
        (
            "Rendering Failure",
            Fact.FAILED,
            "Attribute 'attributeName' is not present in the rendering data.",
            None,
        ),
        ("Open", Fact.OPENED, None, None),
        ("Click", Fact.CLICKED, None, None),
        ("Subscription", Fact.UNSUBSCRIBED, None, SuppressionReason.UNSUBSCRIBE),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True], ids=["raw", "in an SNS envelope"])
def test_every_event_type_is_read_whole(
    kind: str, fact: Fact | None, diagnostic: str | None, suppress: SuppressionReason | None, wrapped: bool
) -> None:
    content = payload(kind)
    found = event_of(enveloped(json.dumps(content)) if wrapped else content)
    at = LATER if "timestamp" in DETAILS[kind][1] else TAKEN
    assert found.kind == kind
    assert found.send_id == SEND_ID
    assert found.ses_message_id == MAIL["messageId"]
    assert found.recipient == found.destination == "recipient@example.com"
    assert found.at == at
    assert found.facts == {Fact.ACCEPTED: TAKEN} | ({fact: at} if fact else {})
    assert (found.diagnostic, found.suppress) == (diagnostic, suppress)
    assert json.loads(found.raw) == content


def test_every_fact_that_an_event_can_bring_is_tried_above() -> None:
    assert set(DETAILS) == {
        "Send", "Delivery", "Bounce", "Complaint", "Reject", "DeliveryDelay", "Rendering Failure", "Open",
        "Click", "Subscription",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "fact", "suppress"),
    [
        # https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html, "Bounce types".
        ("Undetermined", "Undetermined", "", Fact.SOFT_BOUNCED, None),
        ("Permanent", "General", "5.1.1", Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE),
        ("Permanent", "NoEmail", "5.1.1", Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE),
        ("Permanent", "Suppressed", "5.1.1", Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE),
        ("Permanent", "OnAccountSuppressionList", "5.1.1", Fact.WITHHELD, None),
        ("Transient", "General", "4.4.7", Fact.TRANSIENT_GENERAL, SuppressionReason.EXPIRED),
        ("Transient", "General", "", Fact.TRANSIENT_GENERAL, None),
        ("Transient", "MailboxFull", "5.2.2", Fact.SOFT_BOUNCED, None),
        ("Transient", "MessageTooLarge", "5.3.4", Fact.SOFT_BOUNCED, None),
        ("Transient", "ContentRejected", "5.6.0", Fact.SOFT_BOUNCED, None),
        ("Transient", "AttachmentRejected", "5.6.0", Fact.SOFT_BOUNCED, None),
        # An unknown domain: hard, but only the MX check may suppress.
        ("Transient", "General", "5.4.4", Fact.HARD_BOUNCED, None),
        ("Transient", "MailboxFull", "5.4.4", Fact.HARD_BOUNCED, None),
        # What SES may come up with.
        ("Permanent", "Novelty", "5.1.1", Fact.HARD_BOUNCED, SuppressionReason.HARD_BOUNCE),
        ("Transient", "Novelty", "4.0.0", Fact.SOFT_BOUNCED, None),
        ("Novelty", "Novelty", "5.4.4", Fact.SOFT_BOUNCED, None),
    ],
)
def test_every_bounce_type_becomes_its_fact(
    kind: str, subtype: str, status: str, fact: Fact, suppress: SuppressionReason | None
) -> None:
    bounced = {"emailAddress": "recipient@example.com", "status": status, "diagnosticCode": "smtp; no"}
    found = event_of(payload("Bounce", bounceType=kind, bounceSubType=subtype, bouncedRecipients=[bounced]))
    assert found.facts == {Fact.ACCEPTED: TAKEN, fact: LATER}
    assert (found.bounce_type, found.bounce_subtype, found.suppress) == (kind, subtype, suppress)


def test_an_automatic_reply_brings_no_hard_fact_and_suppresses_nobody() -> None:
    reply = {"emailAddress": "recipient@example.com", "diagnosticCode": "smtp; out of office"}
    found = event_of(
        payload("Bounce", bounceType="Transient", bounceSubType="General", bouncedRecipients=[reply])
    )
    assert found.facts == {Fact.ACCEPTED: TAKEN, Fact.TRANSIENT_GENERAL: LATER}
    assert found.suppress is None


def test_leaving_one_topic_of_several_suppresses_nobody() -> None:
    left = [{"topicName": "sales", "subscriptionStatus": "OptOut"}]
    new = {"unsubscribeAll": False, "topicSubscriptionStatus": left}
    found = event_of(payload("Subscription", newTopicPreferences=new))
    assert (found.facts[Fact.UNSUBSCRIBED], found.suppress) == (LATER, None)


def test_a_complaint_that_the_account_suppression_list_answers_is_no_complaint() -> None:
    # "SES accepted the message, but didn't attempt to send it because it was on the account-level suppression
    # list" (notification-contents.html, complaintSubType).
    found = event_of(payload("Complaint", complaintSubType="OnAccountSuppressionList"))
    assert found.facts == {Fact.ACCEPTED: TAKEN, Fact.WITHHELD: LATER}
    assert (found.bounce_subtype, found.suppress) == ("OnAccountSuppressionList", None)


def test_what_ses_withheld_is_explained_by_its_name_where_ses_gives_no_reason() -> None:
    recipient = [{"emailAddress": "recipient@example.com"}]
    changes = {"bounceSubType": "EmailValidationSuppressed", "bouncedRecipients": recipient}
    found = event_of(payload("Bounce", **changes))
    assert (found.withheld, found.diagnostic) == (WithheldReason.VALIDATION, "EmailValidationSuppressed")
    assert found.facts == {Fact.ACCEPTED: TAKEN, Fact.WITHHELD: LATER}
    assert event_of(payload("Bounce", bounceSubType="EmailValidationSuppressed")).diagnostic == (
        "smtp; 550 5.1.1 user unknown"
    )


def test_the_first_message_of_a_topic_is_plain_text_and_no_event() -> None:
    greeting = "Successfully validated SNS topic for Amazon SES event publishing."
    silent = NotAnEvent("the greeting of a new topic", keep=False)
    assert parse(json.dumps(enveloped(greeting)), RECEIVED) == silent
    assert parse(greeting, RECEIVED) == silent


def test_an_unknown_type_is_an_event_without_a_fact_of_its_own() -> None:
    content = {"eventType": "Teleported", "mail": MAIL, "teleported": {"timestamp": "2017-08-05T00:41:02Z"}}
    found = event_of(content)
    assert (found.kind, found.send_id, found.at) == ("Teleported", SEND_ID, TAKEN)
    assert found.facts == {Fact.ACCEPTED: TAKEN}
    assert json.loads(found.raw) == content


def test_an_older_notification_has_no_tags_and_is_known_by_its_message_id() -> None:
    # https://docs.aws.amazon.com/ses/latest/dg/notification-examples.html
    mail = {key: value for key, value in MAIL.items() if key != "tags"}
    content = {"notificationType": "Bounce", "mail": mail, "bounce": DETAILS["Bounce"][1]}
    found = event_of(content)
    assert (found.kind, found.send_id, found.ses_message_id) == ("Bounce", None, MAIL["messageId"])
    assert Fact.HARD_BOUNCED in found.facts


def test_several_recipients_are_several_events() -> None:
    bounced = [
        {"emailAddress": "one@example.com", "status": "5.1.1", "diagnosticCode": "smtp; 550 no"},
        {"emailAddress": "two@example.com", "status": "4.2.2", "diagnosticCode": "smtp; 452 full"},
    ]
    found = events_of(payload("Bounce", bouncedRecipients=bounced))
    assert [(item.recipient, item.diagnostic) for item in found] == [
        ("one@example.com", "smtp; 550 no"),
        ("two@example.com", "smtp; 452 full"),
    ]
    assert len({item.dedupe_key for item in found}) == 2


def test_a_bounce_that_names_a_forwarders_target_keeps_the_address_that_was_written_to() -> None:
    bounced = [{"emailAddress": "elsewhere@example.net", "status": "5.1.1"}]
    found = event_of(payload("Bounce", bouncedRecipients=bounced))
    assert (found.recipient, found.destination) == ("elsewhere@example.net", "recipient@example.com")


def test_a_bounce_that_names_nobody_still_counts() -> None:
    found = event_of(payload("Bounce", bouncedRecipients=[]))
    assert found.recipient is None
    assert found.facts[Fact.HARD_BOUNCED] == LATER


@pytest.mark.parametrize("broken", [None, "", "yesterday", 5, []])
def test_missing_and_broken_times_are_replaced_by_the_next_best(broken: object) -> None:
    delivery = payload("Delivery", timestamp=broken)
    assert event_of(delivery).facts == {Fact.ACCEPTED: TAKEN, Fact.DELIVERED: TAKEN}
    delivery["mail"]["timestamp"] = broken
    assert event_of(delivery).facts == {Fact.ACCEPTED: RECEIVED, Fact.DELIVERED: RECEIVED}
    accepted_when = payload("Delivery", mail={"timestamp": broken})
    assert event_of(accepted_when).facts == {Fact.ACCEPTED: LATER, Fact.DELIVERED: LATER}


def test_copies_of_an_event_have_one_key_however_they_come() -> None:
    for kind in DETAILS:
        content = payload(kind)
        again = dict(reversed(content.items()))
        keys = {
            event_of(each).dedupe_key
            for each in (
                content,
                again,
                enveloped(json.dumps(content)),
                enveloped(json.dumps(again, indent=1)),
            )
        }
        assert len(keys) == 1


def test_different_events_have_different_keys() -> None:
    other_time = "2017-08-05T00:43:00.000Z"
    different = [
        *(payload(kind) for kind in DETAILS),
        payload("Open", timestamp=other_time),
        payload("Click", link="https://brightbooks.example/other"),
        payload("Click", timestamp=other_time),
        payload("DeliveryDelay", timestamp=other_time),
        payload("Bounce", feedbackId="another"),
        payload("Delivery", recipients=["other@example.com"]),
        payload("Send", mail={"messageId": "another"}),
    ]
    keys = [event_of(each).dedupe_key for each in different]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)


def test_tags_and_types_that_are_longer_than_the_ledgers_columns_do_no_harm() -> None:
    content = payload("Send", mail={"tags": {"send_id": ["x" * 256]}}) | {"eventType": "y" * 500}
    found = event_of(content)
    assert found.send_id is None
    assert len(found.kind) <= 40


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def _mangled(draw: st.DrawFn) -> object:
    """Return a whole event with one or two of its values replaced by anything."""
    content: Any = payload(draw(st.sampled_from(list(DETAILS))))
    for _ in range(draw(st.integers(1, 2))):
        place = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            place[key] = draw(_json)
            break
    return draw(st.sampled_from([content, enveloped(json.dumps(content))]))


def _parse_and_hold_to_account(body: str) -> None:
    found = parse(body, RECEIVED)
    if isinstance(found, NotAnEvent):
        assert found.why
        return
    assert found
    for item in found:
        assert Fact.ACCEPTED in item.facts
        assert len(item.dedupe_key) == 64
        # What a database takes: no NUL, no half of a surrogate pair, nothing longer than its column.
        texts = [item.kind, item.send_id, item.ses_message_id, item.recipient, item.bounce_type]
        texts += [item.bounce_subtype, item.diagnostic, item.raw, item.destination]
        for text in filter(None, texts):
            assert "\0" not in text
            text.encode("utf-8")


@given(st.text())
def test_no_text_raises(body: str) -> None:
    _parse_and_hold_to_account(body)


@given(_json)
def test_no_json_raises(content: object) -> None:
    _parse_and_hold_to_account(json.dumps(content))
    _parse_and_hold_to_account(json.dumps(enveloped(json.dumps(content))))
    _parse_and_hold_to_account(json.dumps({"eventType": "Bounce", "mail": content, "bounce": content}))


@given(_mangled())
def test_no_mangled_event_raises(content: object) -> None:
    _parse_and_hold_to_account(json.dumps(content))


@pytest.mark.parametrize(
    "body",
    [
        "[" * 200_000,
        json.dumps(enveloped("[" * 200_000)),
        '{"a":' * 100_000,
        "null",
        "{}",
        '{"mail": {}}',
        '{"mail": {}, "eventType": 5}',
        '{"mail": [], "eventType": "Send"}',
        json.dumps({"TopicArn": "x", "Message": None}),
        json.dumps({"TopicArn": "x", "Message": {"mail": {}}}),
        "Hello",
        "",
        json.dumps(enveloped("Hello")),
        json.dumps(enveloped(json.dumps(payload("Bounce"))))[:300],
        json.dumps(payload("Bounce"))[:-2],
        json.dumps([payload("Bounce")]),
        # S3 says this once to a new notification.
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "lists.example"}),
        # Somebody has to follow its link.
        json.dumps({"Type": "SubscriptionConfirmation", "TopicArn": "x", "Message": "You have chosen to"}),
        json.dumps({"detail-type": "Sending Status Disabled", "source": "aws.ses", "detail": {"a": 1}}),
        json.dumps({"detail-type": "Email Bounced", "source": "aws.ses", "detail": {}}),
        "9" * 10_000,
    ],
)
def test_what_is_no_event_is_said_to_be_none(body: str) -> None:
    found = parse(body, RECEIVED)
    assert isinstance(found, NotAnEvent)
    assert found.keep


def eventbridge(kind: str, detail: object, **changes: object) -> dict[str, object]:
    """Return what EventBridge puts around an event of SES."""
    return {
        "version": "0",
        "id": "12345678-1234-1234-1234-123456789012",
        "detail-type": kind,
        "source": "aws.ses",
        "account": "123456789012",
        "time": "2017-08-05T00:41:03Z",
        "region": "us-east-1",
        "resources": ["arn:aws:ses:us-east-1:123456789012:configuration-set/campaign"],
        "detail": detail,
    } | changes


NAMES = {
    "Send": "Email Sent", "Delivery": "Email Delivered", "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received", "Reject": "Email Rejected", "Open": "Email Opened",
    "DeliveryDelay": "Email Delivery Delayed", "Rendering Failure": "Email Rendering Failed",
    "Click": "Email Clicked", "Subscription": "Email Subscribed",
}  # fmt: skip


@pytest.mark.parametrize("kind", DETAILS)
def test_an_event_is_the_same_event_whichever_way_it_came(kind: str) -> None:
    content = payload(kind)
    bare = event_of(content)
    text = json.dumps(content)
    untyped = {key: value for key, value in content.items() if key != "eventType"}
    ways = [
        enveloped(text),
        eventbridge(NAMES[kind], content),
        # SNS or a second queue behind EventBridge, and rules that turn the event into text.
        enveloped(json.dumps(eventbridge(NAMES[kind], content))),
        eventbridge(NAMES[kind], text),
        eventbridge(NAMES[kind], enveloped(text)),
        text,
        json.dumps(text),
        # Rules that drop the envelope, or all but a part of it.
        {"detail": content},
        {"Message": text},
        {"Type": "Notification", "Message": content},
        eventbridge(NAMES[kind], untyped),
    ]
    for way in ways:
        found = event_of(way)
        assert (found.dedupe_key, found.facts, found.suppress) == (bare.dedupe_key, bare.facts, bare.suppress)
        assert (found.kind, found.recipient, found.send_id) == (kind, bare.recipient, bare.send_id)
    # What happened tells the type where nothing else does.
    assert event_of({"detail": untyped}).dedupe_key == bare.dedupe_key
    assert parse("\ufeff" + text, RECEIVED) == [bare]


def test_envelopes_without_an_end_are_no_event() -> None:
    content: object = payload("Bounce")
    for _ in range(30):
        content = enveloped(json.dumps(content)) if len(json.dumps(content)) < 20_000 else {"detail": content}
    assert isinstance(parse(json.dumps(content), RECEIVED), NotAnEvent)


@pytest.mark.parametrize("nasty", ["\0", "\ud800", "a\0b\udfff", "😀"])
def test_whatever_letters_an_event_holds_the_ledger_stores_it(ledger, nasty: str) -> None:
    content = payload("Bounce", bounceSubType=nasty, bouncedRecipients=[{"emailAddress": nasty}])
    content["mail"] |= {"messageId": nasty, "destination": [nasty], "tags": {"send_id": [nasty]}}
    with ledger.writing() as connection:
        applied = ledger_events.apply(connection, events_of(content))
    assert (applied.new, applied.unmatched) == (1, 1)
