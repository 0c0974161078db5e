"""Forged events of every type: none stops everything, none suppresses, and no real one is lost by it."""

import base64
import copy
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ledger import campaigns, event_sources, restores, unread
from ledger.campaigns import State
from ledger.event_sources import SourceKind
from ledger.statuses import Status
from lists.dns_verdicts import MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import sns_signature
from mail.collecting import Collected, Collector
from mail.queue import EventQueue

TOPIC = "arn:aws:sns:eu-central-1:123456789012:campaign-events"
URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem"
OTHER = "mallory@reader.example"
NOW = "2027-01-15T08:05:00.000Z"
KEY, STRANGER = (rsa.generate_private_key(65_537, 1024) for _ in range(2))
HASHES = {"1": hashes.SHA1(), "2": hashes.SHA256()}

# Each event type with what it says of a recipient, and the status that it leads to.
TYPES: dict[str, tuple[str, Callable[[str], dict[str, Any]], Status]] = {
    "Send": ("send", lambda to: {}, Status.SENT),
    "Delivery": ("delivery", lambda to: {"timestamp": NOW, "recipients": [to]}, Status.DELIVERED),
    "Bounce": (
        "bounce",
        lambda to: {
            "bounceType": "Permanent", "bounceSubType": "General", "timestamp": NOW, "feedbackId": f"b-{to}",
            "bouncedRecipients": [{"emailAddress": to, "status": "5.1.1"}],
        },
        Status.HARD_BOUNCED,
    ),
    "Complaint": (
        "complaint",
        lambda to: {
            "complaintFeedbackType": "abuse", "timestamp": NOW, "feedbackId": f"c-{to}",
            "complainedRecipients": [{"emailAddress": to}],
        },
        Status.COMPLAINED,
    ),
    "Reject": ("reject", lambda to: {"reason": "Bad content"}, Status.REJECTED),
    "DeliveryDelay": (
        "deliveryDelay",
        lambda to: {"timestamp": NOW, "delayedRecipients": [{"emailAddress": to, "status": "4.4.1"}]},
        Status.DELAYED,
    ),
    "Rendering Failure": ("failure", lambda to: {"errorMessage": "missing"}, Status.FAILED),
    "Open": ("open", lambda to: {"timestamp": NOW}, Status.SENT),
    "Click": ("click", lambda to: {"timestamp": NOW, "link": "https://shop.example/"}, Status.SENT),
    "Subscription": (
        "subscription",
        lambda to: {"timestamp": NOW, "newTopicPreferences": {"unsubscribeAll": True}},
        Status.SENT,
    ),
}  # fmt: skip
SUPPRESSING = ("Bounce", "Complaint", "Subscription")
UNTOUCHED = dict.fromkeys(TYPES, Status.SENT)
SETTLED = {kind: status for kind, (_, _, status) in TYPES.items()}

Content = dict[str, Any]


def event(kind: str, taken: tuple[str, str], campaign_id: int, ledger_id: str) -> Content:
    """Return an event as SES says it of a message that it took."""
    address, send_id = taken
    inner, detail, _ = TYPES[kind]
    tags = {"ses:configuration-set": "campaign", "send_id": send_id, "campaign": str(campaign_id)}
    return {
        "eventType": kind,
        "mail": {
            "timestamp": "2027-01-15T08:00:00.000Z",
            "messageId": f"ses-of-{send_id}",
            "sendingAccountId": "123456789012",
            "destination": [address],
            "tags": {name: [value] for name, value in (tags | {"ledger": ledger_id}).items()},
        },
        inner: detail(address),
    }


def wrapped(content: Content, *, topic: str = TOPIC, version: str = "2", key: Any = KEY) -> str:
    """Return an event as SNS hands it on, signed."""
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": topic,
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(content),
        "Timestamp": NOW,
    }
    signature = key.sign(sns_signature.canonical(envelope), padding.PKCS1v15(), HASHES[version])
    signed = {"SignatureVersion": version, "Signature": base64.b64encode(signature).decode()}
    return json.dumps(envelope | signed | {"SigningCertURL": URL})


def changed(content: Content, **changes: str) -> Content:
    """Return an event with other values in its `mail`, or in its tags."""
    found = copy.deepcopy(content)
    for name, value in changes.items():
        if name in ("send_id", "ledger"):
            found["mail"]["tags"][name] = [value]
        elif name == "configuration_set":
            found["mail"]["tags"]["ses:configuration-set"] = [value]
        else:
            found["mail"][name] = value
    return found


def about_another(content: Content) -> Content:
    """Return an event that names another recipient wherever it names one."""
    (own,) = content["mail"]["destination"]
    found: Content = json.loads(json.dumps(content).replace(own, OTHER))
    return found


def with_more(body: str) -> str:
    """Return a signed body with an event of another recipient beside the text that is signed."""
    envelope = json.loads(body)
    return json.dumps(about_another(json.loads(envelope["Message"])) | envelope)


def with_other_text(body: str) -> str:
    envelope = json.loads(body)
    return json.dumps(envelope | {"Message": envelope["Message"].replace("08:00", "08:01")})


# What is put on the queue in place of an event, and what becomes of it: it counts; it counts and suppresses
# nobody; it is put aside; it is stored and says nothing; it pauses the campaign that it names; it stops all,
# for SES knows of a send that the ledger does not, and settles its message.
ATTACKS: dict[str, tuple[Callable[[Content], str], str]] = {
    "no wrap": (json.dumps, "counts"),
    "wrapped right, version 1": (lambda it: wrapped(it, version="1"), "counts"),
    "wrapped right, version 2": (wrapped, "counts"),
    "wrapped without a signature": (
        lambda it: json.dumps({"TopicArn": TOPIC, "Message": json.dumps(it)}), "counts",
    ),
    "no way to the certificate": (lambda it: wrapped(it).replace("-1.pem", "-2.pem"), "counts"),
    "an event beside the signed one": (lambda it: with_more(wrapped(it)), "counts"),
    "wrong signature": (lambda it: wrapped(it, key=STRANGER), "aside"),
    "a signature of another text": (lambda it: with_other_text(wrapped(it)), "aside"),
    "no base64": (lambda it: wrapped(it).replace('"Signature": "', '"Signature": "%'), "aside"),
    "wrong topic": (lambda it: wrapped(it, topic=TOPIC + "-2"), "aside"),
    "wrong account of the topic": (
        lambda it: wrapped(it, topic=TOPIC.replace("123456789012", "210987654321")), "aside",
    ),
    "wrong account, bare": (lambda it: json.dumps(changed(it, sendingAccountId="210987654321")), "aside"),
    "wrong configuration set": (lambda it: wrapped(changed(it, configuration_set="other")), "aside"),
    "wrong configuration set, bare": (
        lambda it: json.dumps(changed(it, configuration_set="other")), "aside",
    ),
    "of another ledger": (
        lambda it: json.dumps(changed(it, send_id="theirs", ledger="theirs", messageId="theirs")), "nothing",
    ),
    "of another ledger, topic and set": (
        lambda it: wrapped(
            changed(it, send_id="t", ledger="t", messageId="t", configuration_set="other"),
            topic=TOPIC + "-2",
        ),
        "nothing",
    ),
    "unknown send, bare": (lambda it: json.dumps(changed(it, send_id="made-up")), "pauses"),
    "unknown send and message, bare": (
        lambda it: json.dumps(changed(it, send_id="made-up", messageId="made-up")), "pauses",
    ),
    "unknown send and message, verified": (
        lambda it: wrapped(changed(it, send_id="made-up", messageId="made-up")), "stops",
    ),
    "wrong message id, bare": (lambda it: json.dumps(changed(it, messageId="made-up")), "nothing"),
    "wrong message id, verified": (lambda it: wrapped(changed(it, messageId="made-up")), "counts"),
    "other recipient, bare": (lambda it: json.dumps(about_another(it)), "nothing"),
    "other recipient, verified": (lambda it: wrapped(about_another(it)), "counts without suppressing"),
}  # fmt: skip


class Sqs:
    """A queue in memory."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque()

    def receive_message(self, **request: Any) -> dict[str, Any]:
        found = []
        while self.waiting and len(found) < request["MaxNumberOfMessages"]:
            found.append({"Body": self.waiting.popleft(), "ReceiptHandle": "any"})
        return {"Messages": found}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        return {}


class Scene:
    """Two campaigns, of which one has sent a message for each event type, and its collector."""

    def __init__(self, stage: Any, *, known: bool = True) -> None:
        self.stage = stage
        self.sqs = Sqs()
        if known:
            self.note_sources()
        stage.enqueue(2, name="autumn-offer")
        # Some stay queued, so that the campaign goes on.
        stage.enqueue(len(TYPES) + 200)
        stage.send(stage.work(), len(TYPES))
        self.real = {
            kind: event(kind, taken, stage.stored().id, stage.ledger.ledger_id)
            for kind, taken in zip(TYPES, stage.ses.accepted, strict=True)
        }

    def note_sources(self) -> None:
        sources = [
            (SourceKind.TOPIC, TOPIC),
            (SourceKind.ACCOUNT, "123456789012"),
            (SourceKind.CONFIGURATION_SET, "campaign"),
        ]
        with self.stage.ledger.writing() as connection:
            event_sources.add(connection, sources, by="setup")

    def collector(self) -> Collector:
        def lookup(domains: Any) -> dict[str, MxVerdict]:
            return {domain: MxVerdict(MxStatus.DELIVERABLE) for domain in domains}

        def key_of(url: str, topic: str) -> rsa.RSAPublicKey | None:
            return KEY.public_key() if url == URL else None

        queue = EventQueue(self.sqs, "https://sqs.example/queue")  # type: ignore[arg-type]
        return Collector(self.stage.ledger, queue, lookup, self.stage.clock.read, key_of=key_of)

    def collect(self, *bodies: str) -> Collected:
        self.sqs.waiting.extend(bodies)
        return self.collector().drain()

    def statuses(self) -> dict[str, Status]:
        own = self.stage.stored().id
        rows = [row for row in self.stage.rows() if row["campaign_id"] == own]
        found = {row["address"]: Status(row["status"]) for row in rows}
        return {kind: found[it["mail"]["destination"][0]] for kind, it in self.real.items()}

    def state(self, name: str = "") -> State:
        with self.stage.ledger.reading() as connection:
            return campaigns.get(connection, name or self.stage.stored().name).state

    def is_stopped(self) -> bool:
        with self.stage.ledger.reading() as connection:
            return restores.is_open(connection)

    def kept(self) -> list[tuple[str, bool]]:
        with self.stage.ledger.reading() as connection:
            return [(each.why, each.forged) for page in unread.pages(connection) for each in page]


@pytest.fixture
def scene(stage: Any) -> Scene:
    return Scene(stage)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_each_attack_does_with_every_event_type_and_that_no_real_event_is_lost(
    scene: Scene, attack: str
) -> None:
    make, effect = ATTACKS[attack]
    found = scene.collect(*(make(each) for each in scene.real.values()))
    own = {scene.real[kind]["mail"]["destination"][0] for kind in SUPPRESSING}
    settles = effect.startswith("counts") or effect == "stops"
    assert scene.statuses() == (SETTLED if settles else UNTOUCHED)
    assert scene.stage.suppressed().keys() == (own if effect in ("counts", "stops") else set())
    assert (found.forged, len(scene.kept())) == ((len(TYPES),) * 2 if effect == "aside" else (0, 0))
    assert scene.is_stopped() is (effect == "stops")
    assert scene.state() is (State.PAUSED if effect in ("pauses", "stops") else State.RUNNING)
    assert scene.state("autumn-offer") is (State.PAUSED if effect == "stops" else State.RUNNING)
    scene.stage.count()
    scene.collect(*(wrapped(each) for each in scene.real.values()))
    assert scene.statuses() == SETTLED
    if effect != "counts without suppressing":
        assert scene.stage.suppressed().keys() == own
    assert scene.is_stopped() is (effect == "stops")
    scene.stage.count()


def test_the_right_signature_alone_makes_an_event_verified(scene: Scene) -> None:
    (first, second, third, *_) = scene.real.values()
    scene.collect(wrapped(first), json.dumps(second), wrapped(third).replace("-1.pem", "-2.pem"))
    assert [row["verified"] for row in scene.stage.events()] == [True, False, False]


def test_where_no_topic_is_known_nothing_is_proved_by_one(stage: Any) -> None:
    scene = Scene(stage, known=False)
    scene.collect(wrapped(scene.real["Bounce"], topic=TOPIC + "-2"))
    assert scene.statuses() == UNTOUCHED | {"Bounce": Status.HARD_BOUNCED}
    assert [row["verified"] for row in stage.events()] == [False]


def test_mail_of_before_setup_was_noted_may_have_gone_another_way(stage: Any) -> None:
    scene = Scene(stage, known=False)
    stage.clock.tick(3600)
    scene.note_sources()
    before = changed(scene.real["Bounce"], configuration_set="before")
    scene.collect(wrapped(before, topic=TOPIC + "-2"))
    assert scene.statuses() == UNTOUCHED | {"Bounce": Status.HARD_BOUNCED}
    later = changed(scene.real["Delivery"], timestamp="2027-01-15T10:00:00.000Z")
    assert scene.collect(wrapped(later, topic=TOPIC + "-2")).forged == 1


@pytest.mark.parametrize("type_", ["SubscriptionConfirmation", "UnsubscribeConfirmation", "Notification"])
def test_what_is_no_event_is_kept_and_says_nothing_against_anybody(scene: Scene, type_: str) -> None:
    found = scene.collect(json.dumps({"Type": type_, "TopicArn": TOPIC, "Message": "Hello", "Token": "t"}))
    assert (found.not_events, found.forged) == (1, 0)
    assert scene.kept() == [("plain text in an envelope", False)]


def test_an_event_of_more_recipients_than_ses_takes_is_put_aside_whole(scene: Scene) -> None:
    crowd = copy.deepcopy(scene.real["Bounce"])
    crowd["bounce"]["bouncedRecipients"] = [{"emailAddress": f"a{n}@shop.example"} for n in range(2_000)]
    assert scene.collect(json.dumps(crowd)).not_events == 1
    assert scene.kept() == [("more recipients than SES takes", False)]
    assert scene.stage.events() == []


def test_what_was_put_aside_can_be_taken_in_on_a_persons_word(scene: Scene) -> None:
    body = wrapped(scene.real["Bounce"], topic=TOPIC + "-2")
    scene.collect(body)
    assert scene.statuses() == UNTOUCHED
    assert scene.collector().take(body).new == 1
    assert scene.statuses() == UNTOUCHED | {"Bounce": Status.HARD_BOUNCED}
