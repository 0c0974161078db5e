"""GET /emails: one message with its history, and pages by every filter."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.mailbox import written
from ledger import attempts, claims, events
from ledger.attempts import Answer, Result
from ledger.engine import Ledger
from ledger.events import Event
from ledger.owners import Caller
from ledger.schema import message
from ledger.statuses import Fact, Status
from reports.emails import Email

EMAIL: Mapping[str, Any] = {
    "to": "someone@mail.example",
    "from": "news@shop.example",
    "text": "we have a new offer",
    "subject": "Promo",
}


def post(client: TestClient, **changes: Any) -> str:
    return str(client.post("/emails", json={**EMAIL, **changes}).json()["data"]["id"])


def ids(client: TestClient, **asked: Any) -> list[str]:
    return [each["id"] for each in client.get("/emails", params=asked).json()["data"]]


def send_first(ledger: Ledger, *facts: Fact, diagnostic: str | None = None) -> None:
    """Let SES take the oldest message, and say these things of it afterwards."""
    with ledger.writing() as connection:
        held = claims.take(connection, None, "w", claims.candidates(connection, None, 1))
        message_id = held.recipients[0].message_id
        attempts.commit_intent(connection, None, held, "call", {message_id: f"send-{message_id}"})
    with ledger.writing() as connection:
        attempts.record(connection, [Result(f"send-{message_id}", Answer.ACCEPTED, "ses-1")])
        at = connection.execute(select(message.c.accepted_at).where(message.c.id == message_id)).scalar_one()
        for place, fact in enumerate(facts, 1):
            event = Event(
                dedupe_key=f"{message_id}-{fact}",
                kind=fact,
                ses_message_id="ses-1",
                send_id=f"send-{message_id}",
                recipient=None,
                at=at + place,
                facts={fact: at + place},
                raw="{}",
                verified=True,
                diagnostic=diagnostic,
            )
            events.apply(connection, [event])


def test_a_message_is_shown_as_sent_with_what_became_of_it(client: TestClient, ledger: Ledger) -> None:
    id_ = post(client, externalId="abc1", clientId="c 1", alias="New User")
    send_first(ledger, Fact.DELIVERED, Fact.HARD_BOUNCED, diagnostic="550 no such user")
    shown = client.get(f"/emails/{id_}").json()["data"]
    assert {name: shown[name] for name in EMAIL} == EMAIL
    assert (shown["externalId"], shown["clientId"], shown["alias"]) == ("abc1", "c 1", "New User")
    assert (shown["status"], shown["diagnostic"]) == ("HARD_BOUNCED", "550 no such user")
    assert [(step["status"], step["diagnostic"]) for step in shown["history"]] == [
        ("QUEUED", None),
        ("SENDING", None),
        ("SENT", None),
        ("DELIVERED", "550 no such user"),
        ("HARD_BOUNCED", "550 no such user"),
    ]
    times = [step["timestamp"] for step in shown["history"]]
    assert times == sorted(times)
    assert times[0] == shown["createdAt"]


def test_what_nobody_has_is_not_found(client: TestClient) -> None:
    for id_ in ("0" * 20, "x", "1", "9" * 18, "9" * 40, "%00", "é" * 20, "²"):
        assert client.get(f"/emails/{id_}").status_code == 404


def test_messages_are_filtered_by_what_they_bear(client: TestClient, ledger: Ledger) -> None:
    first = post(client, externalId="a1", clientId="x")
    second = post(client, externalId="a2", clientId="x")
    send_first(ledger)
    assert ids(client) == [second, first]
    assert ids(client, status="QUEUED") == [second]
    assert ids(client, status="SENT") == [first]
    assert ids(client, externalId="a2") == [second]
    assert ids(client, clientId="x") == [second, first]
    assert ids(client, clientId="x", externalId="a1") == [first]
    assert ids(client, clientId="y") == []
    assert ids(client, campaign="no-such") == []


def test_messages_are_filtered_by_time(client: TestClient) -> None:
    id_ = post(client)
    created = client.get(f"/emails/{id_}").json()["data"]["createdAt"] / 1000
    assert ids(client, since=created - 1, until=created + 1) == [id_]
    assert ids(client, since=created + 1) == []
    assert ids(client, until=created - 1) == []
    assert ids(client, since="2020-01-01T00:00:00Z", until="2020-01-02") == []


def test_pages_follow_each_other_without_a_gap(client: TestClient) -> None:
    posted = [post(client) for _ in range(5)]
    seen: list[str] = []
    asked: dict[str, Any] = {"limit": 2}
    while True:
        answer = client.get("/emails", params=asked).json()
        seen += [each["id"] for each in answer["data"]]
        if answer["next"] is None:
            break
        # What comes in between changes no page that follows.
        post(client)
        asked["before"] = answer["next"]
    assert seen == posted[::-1]


@pytest.mark.parametrize(
    "asked", [{"status": "LOST"}, {"limit": 0}, {"limit": 1001}, {"since": "x"}, {"before": "x"}]
)
def test_a_filter_that_makes_no_sense_is_named(client: TestClient, asked: dict[str, Any]) -> None:
    response = client.get("/emails", params=asked)
    assert response.status_code == 422
    assert response.json()["error"]["field"] == next(iter(asked))


def test_a_list_has_no_texts_unless_they_are_asked_for(client: TestClient) -> None:
    id_ = post(client)
    (without,) = client.get("/emails").json()["data"]
    (whole,) = client.get("/emails", params={"withText": True}).json()["data"]
    assert (without["text"], whole["text"]) == (None, EMAIL["text"])
    assert without == whole | {"text": None}
    one = client.get(f"/emails/{id_}").json()["data"]
    del one["history"]
    assert whole == one


def test_a_page_is_read_and_written_in_parts_that_fit_together(client: TestClient) -> None:
    client.post("/emails", json=[{**EMAIL, "externalId": f"x{number}"} for number in range(45)])
    for limit, pages in ((45, 1), (44, 2), (20, 3), (21, 3), (1_000, 1)):
        found: list[str] = []
        asked: dict[str, Any] = {"limit": limit}
        for page in range(1, pages + 1):
            answer = client.get("/emails", params=asked).json()
            found += [each["externalId"] for each in answer["data"]]
            assert (answer["next"] is None) is (page == pages)
            asked["before"] = answer["next"]
        assert found == [f"x{number}" for number in reversed(range(45))]
    assert client.get("/emails", params={"clientId": "nobody"}).json()["data"] == []


def test_the_largest_page_is_written_in_bounded_memory() -> None:
    text, count, most = "x" * 120_000, 1_000, 0
    who = Caller(1, 1, "EliPackage", "ann")

    def read(before: int | None, limit: int) -> Sequence[Email]:
        nonlocal most
        most = max(most, limit)
        newest = count if before is None else before - 1
        return [email(number, text) for number in range(newest, max(0, newest - limit), -1)]

    lengths = [len(piece) for piece in written(read, who, before=None, limit=count)]
    assert sum(lengths) > count * len(text)
    assert max(lengths) < 30 * len(text)
    assert most < 30


def email(number: int, text: str) -> Email:
    return Email(
        message_id=number,
        id=f"{number}",
        to="someone@mail.example",
        sender="news@shop.example",
        operator="ann",
        text=text,
        status=Status.QUEUED,
        subject="Promo",
        external_id=None,
        client_id=None,
        callbacks=(),
        alias=None,
        campaign=None,
        created_at=0.0,
        detail=None,
    )
