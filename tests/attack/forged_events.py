"""Events that are made up, by the hundred, through the real queue: they stop nobody and suppress nobody."""

import json
import random
from typing import Any

import processes
from event_queue import EventQueue
from front import Front, Stage, live
from outcome import require
from sqlalchemy import select

from ledger.engine import open_ledger
from ledger.schema import suppression
from ledger.statuses import Status

_BOUNCE: dict[str, Any] = {
    "bounceType": "Permanent",
    "bounceSubType": "General",
    "timestamp": "2027-01-15T08:05:00.000Z",
    "feedbackId": "made-up",
}
_MAILS = 40
_ROUNDS = 12


def forged_events(stage: Stage) -> str:
    """Listen to the real ones, and make hundreds of others out of them."""
    with live(stage) as front:
        queue = EventQueue(stage.world)
        with processes.started(["setup"], front.environment, stage.folder / "setup.log") as setup:
            require(setup.wait(60) == 0, f"`campaign setup` failed: {setup.said()[-200:]}")
        listener = queue.listen()
        for number in range(_MAILS):
            front.takes(f"victim{number}@mail.example")
        front.settled()
        _until_delivered(front)
        real = [each for each in queue.heard(listener) if '\\"Delivery\\"' in each]
        require(len(real) >= _MAILS, f"the listener heard {len(real)} deliveries")
        forged = [body for each in real[:_ROUNDS] for body in _forged(each)]
        random.Random(1).shuffle(forged)
        with front.others() as others:
            queue.put(forged)
            # What is real comes among it, and counts.
            for number in range(10):
                front.takes(f"meanwhile{number}@mail.example")
            processes.until(queue.is_empty, "the queue is read off", 90)
        _until_delivered(front)
        with open_ledger(front.url, make=False) as ledger, ledger.reading() as connection:
            suppressed = connection.execute(select(suppression.c.address_key)).scalars().all()
        require(not suppressed, f"{len(suppressed)} are suppressed by events that were made up")
        front.takes("afterwards@mail.example")
        return front.said(f"{len(forged)} made-up events", front.settled(), others.said())


def _until_delivered(front: Front) -> None:
    processes.until(
        lambda: all(front.statuses()[id_][1] is Status.DELIVERED for id_ in front.answered),
        "real events count",
        60,
    )


def _forged(real: str) -> list[str]:
    """Return what can be made of a real event by whoever may write to the queue and knows all of it."""
    envelope = json.loads(real)
    event = json.loads(envelope["Message"])
    (victim,) = event["mail"]["destination"]

    def said(kind: str, detail: dict[str, Any], **mail: Any) -> str:
        changed = {**event, "eventType": kind, kind.lower(): detail, "mail": {**event["mail"], **mail}}
        return json.dumps(changed)

    bounced = {**_BOUNCE, "bouncedRecipients": [{"emailAddress": victim, "status": "5.1.1"}]}
    # An unverified event that is right in every part counts (docs/events.md), so none of these is.
    named = [f"victim{number}@mail.example" for number in range(_MAILS)]
    others = [{"emailAddress": each, "status": "5.1.1"} for each in named if each != victim]
    tags = {name: list(value) for name, value in event["mail"]["tags"].items()}
    made_up = {**tags, "send_id": ["made-up"]}
    return [
        # Signed, and changed behind the signature.
        json.dumps({**envelope, "Message": said("Bounce", bounced)}),
        json.dumps({**envelope, "Message": said("Complaint", {**bounced, "complainedRecipients": others})}),
        # From a topic, an account and a configuration set that are not ours.
        json.dumps({**envelope, "TopicArn": envelope["TopicArn"] + "-2", "Message": said("Bounce", bounced)}),
        said("Bounce", bounced, sendingAccountId="210987654321"),
        said("Bounce", bounced, tags={**tags, "ses:configuration-set": ["other"]}),
        # Ours in part: another message's id, another recipient, a send that nobody knows.
        said("Bounce", bounced, messageId="made-up"),
        said("Bounce", {**bounced, "bouncedRecipients": others}, destination=["nobody@mail.example"]),
        said("Bounce", bounced, messageId="made-up", tags=made_up),
        said("Send", {}, messageId="made-up", tags=made_up),
        said("Bounce", bounced, messageId="made-up", tags={}),
        said("Complaint", bounced, messageId="made-up", tags={**tags, "campaign": ["0"], "send_id": ["x"]}),
        # What breaks whoever reads it.
        "[" * 100_000,
        '{"eventType": "Bounce", "mail": ' + '{"mail":' * 20_000,
        json.dumps({**event, "mail": None}),
        json.dumps({**event, "mail": {**event["mail"], "destination": ["x" * 1_000] * 200}}),
        said("Bounce", {**bounced, "bouncedRecipients": others * 40}, messageId="made-up"),
        "not JSON",
        real,
        real.replace("Notification", "SubscriptionConfirmation"),
    ]
