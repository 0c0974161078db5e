"""What stands around campaigns: collecting, the parts in AWS, the database."""

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import psycopg
import pytest
from sqlalchemy import func, select

import settings
from ledger import migrating
from ledger.schema import attempt, event, message

if TYPE_CHECKING:
    from conftest import Command, Office

NAMES = ("--configuration-set", "books", "--topic", "books-events", "--queue", "books-events")
MADE = [
    "made: queue books-events-dead-letter",
    "made: queue books-events",
    "made: configuration set books",
    "made: event destination campaign-events",
]


def client(name: str) -> Any:
    return boto3.session.Session().client(name)


def queue_url(office: "Office", name: str) -> str:
    return f"{office.world.url}/123456789012/{name}"


def test_setup_makes_everything_and_prints_the_settings(office: "Office", command: "Command") -> None:
    ran = command("setup", *NAMES)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "CAMPAIGN_CONFIGURATION_SET=books",
        f"CAMPAIGN_EVENT_QUEUE_URL={queue_url(office, 'books-events')}",
    ]
    assert ran.err.splitlines() == MADE
    ses, sqs = client("sesv2"), client("sqs")
    destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName="books")
    assert set(destinations["EventDestinations"][0]["MatchingEventTypes"]) == {
        "SEND",
        "DELIVERY",
        "BOUNCE",
        "COMPLAINT",
        "REJECT",
        "DELIVERY_DELAY",
        "RENDERING_FAILURE",
    }
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url(office, "books-events"), AttributeNames=["All"])[
        "Attributes"
    ]
    assert attributes["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    assert "dead-letter" in attributes["RedrivePolicy"]
    ses.close()
    sqs.close()


def test_setup_twice_makes_nothing_more_and_prints_the_same_settings(
    office: "Office", command: "Command"
) -> None:
    first = command("setup", *NAMES)
    again = command("setup", *NAMES)
    assert (again.code, again.out, again.err) == (0, first.out, "")


def test_setup_mends_what_differs(office: "Office", command: "Command") -> None:
    command("setup", *NAMES)
    command("setup", *NAMES, "--engagement")
    ses = client("sesv2")
    destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName="books")
    assert {"OPEN", "CLICK"} < set(destinations["EventDestinations"][0]["MatchingEventTypes"])
    ses.close()


def test_setup_as_a_dry_run_makes_nothing_and_prints_the_policy(office: "Office", command: "Command") -> None:
    ran = command("setup", "--dry-run", *NAMES)
    assert (ran.code, ran.err) == (0, "")
    plan, _, policy = ran.out.partition("{")
    assert all(line.startswith("would make: ") for line in plan.splitlines())
    assert {"books", "books-events", "books-events-dead-letter"} <= set(plan.replace(":", "").split())
    assert json.loads("{" + policy)["Version"] == "2012-10-17"
    assert office.world.summary()["calls"] == {}


def test_what_setup_made_carries_a_campaign(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in command("setup", *NAMES).out.splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value)
    settings.settings.cache_clear()
    name = office.send(office.folder / "campaign.yaml")
    assert json.loads(command("status", name, "--json").out)["by_status"]["DELIVERED"] == 3
    with office.ledger() as ledger, ledger.reading() as connection:
        query = select(event.c.verified, func.count()).group_by(event.c.verified)
        assert dict(connection.execute(query).all()) == {True: 6}
        told = [json.dumps(each) for each in office.world.messages(bodies=True)]
    # Tags travel to SES alone.
    assert [ledger.ledger_id in re.sub(r'"tags": {[^}]*}', "", each) for each in told] == [False] * 3


def test_an_event_of_another_topic_is_put_aside_said_and_taken_in_on_a_persons_word(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in command("setup", *NAMES).out.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    settings.settings.cache_clear()
    office.world.control(events={"withheld": True})
    name = office.begin(office.folder / "campaign.yaml")
    send_without_collecting(office, name)
    with office.ledger() as ledger, ledger.reading() as connection:
        query = select(attempt.c.send_id, attempt.c.ses_message_id, message.c.address)
        query = query.join(message, message.c.id == attempt.c.message_id).limit(1)
        send_id, ses_id, address = connection.execute(query).one()
    forged = {
        "eventType": "Bounce",
        "mail": {"messageId": ses_id, "destination": [address], "tags": {"send_id": [send_id]}},
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address}]},
    }
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    topic = sns.create_topic(Name="of-somebody-else", Attributes={"SignatureVersion": "2"})["TopicArn"]
    queue_arn = sqs.get_queue_attributes(
        QueueUrl=settings.settings().event_queue_url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    sns.publish(TopicArn=topic, Message=json.dumps(forged))
    ran = command("collect", "--json")
    assert (json.loads(ran.out)["forged"], "say to be of SES and are not" in ran.err) == (1, True)
    (shown,) = json.loads(command("events", "unread", "--json").out)["messages"]
    assert (shown["forged"], shown["why"]) == (True, "not our topic, though it says to be about our mail")
    taking = ("events", "take", str(shown["id"]), "--by", "Ann", "--reason", "our second topic")
    taken = command(*taking, "--from-now-on")
    assert (taken.code, taken.out) == (0, "1 taken in: 1 new events, 0 about no message of ours.\n")
    assert json.loads(command("status", name, "--json").out)["by_status"]["HARD_BOUNCED"] == 1
    # From now on it is known.
    forged["bounce"]["feedbackId"] = "another"
    sns.publish(TopicArn=topic, Message=json.dumps(forged))
    assert json.loads(command("collect", "--json").out)["forged"] == 0
    again = command(*taking)
    assert "1 are no events, or not there" in again.err


def test_collecting_counts_what_came_off_the_queue(office: "Office", command: "Command") -> None:
    office.world.control(events={"withheld": True})
    file = office.write_campaign(name="quiet")
    name = office.begin(file)
    send_without_collecting(office, name)
    counts = json.loads(command("collect", "--json").out)
    assert counts.keys() == {
        "received", "new", "repeated", "unmatched", "not_events", "unverified", "forged", "left", "unread",
    }  # fmt: skip
    assert (counts["left"], counts["unread"]) == (0, 0)
    # SNS says hello to a new subscription in a message that is no event.
    assert (counts["new"], counts["repeated"], counts["unmatched"]) == (0, 0, 0)
    office.world.control(events={"withheld": False, "duplicate_probability": 1, "reorder_seconds": 0})
    total = dict.fromkeys(counts, 0)
    while total["new"] < 6 or total["repeated"] < 6:
        ran = command("collect", "--json")
        assert ran.code == 0
        total = {key: total[key] + value for key, value in json.loads(ran.out).items()}
    assert (total["new"], total["repeated"]) == (6, 6)
    assert json.loads(command("status", name, "--json").out)["by_status"]["DELIVERED"] == 3
    assert command("collect").out.endswith(" not events\n")


def send_without_collecting(office: "Office", name: str) -> None:
    from mail import sending, working

    with office.ledger() as ledger:
        sending.send_chunk(working.open_work(ledger, settings.settings(), name), 10)


def test_upgrading_makes_a_missing_sqlite_file_and_is_harmless_twice(
    office: "Office", command: "Command"
) -> None:
    first, again = command("db", "upgrade"), command("db", "upgrade")
    assert (first.code, first.out) == (0, f"The ledger has the current schema ({migrating.HEAD}).\n")
    assert (again.code, again.out) == (0, first.out)
    assert "no campaigns yet" in command("status").out


def test_postgresql_wants_an_upgrade_before_anything_else(
    postgres: str, office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(host=postgres, user="postgres", autocommit=True) as server:
        server.execute("CREATE DATABASE plumbing")
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"postgresql+psycopg://postgres@/plumbing?host={postgres}")
    early = command("status")
    assert early.code == 2
    assert "run `campaign db upgrade` first" in early.err
    assert command("db", "upgrade").code == 0
    assert command("db", "upgrade").code == 0
    assert "no campaigns yet" in command("status").out
