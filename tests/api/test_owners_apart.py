"""One owner never sees another's mail, reports, senders or suppressions."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from ledger import enqueueing, owners, suppressions
from ledger.engine import Ledger
from ledger.enqueueing import NewCampaign
from ledger.suppressions import Suppression, SuppressionReason

EMAIL = {"to": "someone@mail.example", "from": "news@shop.example", "text": "x", "subject": "y"}

Clients = Callable[..., TestClient]


def test_an_owner_finds_its_own_mail_alone(client_of: Clients) -> None:
    ann, bob = client_of("Ann"), client_of("Bob")
    theirs = ann.post("/emails", json=EMAIL).json()["data"]["id"]
    bob.post("/emails", json={**EMAIL, "subject": "Bob's"})
    assert ann.get(f"/emails/{theirs}").status_code == 200
    assert bob.get(f"/emails/{theirs}").status_code == 404
    assert [each["id"] for each in ann.get("/emails").json()["data"]] == [theirs]
    assert [each["subject"] for each in bob.get("/emails").json()["data"]] == ["Bob's"]


def test_two_operators_of_an_owner_see_the_same_mail(client_of: Clients) -> None:
    first, second = client_of("Ann", "one"), client_of("Ann", "two")
    id_ = first.post("/emails", json=EMAIL).json()["data"]["id"]
    shown = second.get(f"/emails/{id_}").json()["data"]
    assert (shown["userName"], shown["operator"]) == ("Ann", "one")


def test_a_campaigns_report_and_messages_are_its_owners(client_of: Clients, campaign_message: int) -> None:
    ann, bob = client_of("Ann"), client_of("Bob")
    assert ann.get("/reports/spring-offer").json()["data"]["recipients"] == 1
    assert bob.get("/reports/spring-offer").status_code == 404
    (shown,) = ann.get("/emails", params={"campaign": "spring-offer"}).json()["data"]
    assert (shown["id"], shown["campaign"]) == (str(campaign_message), "spring-offer")
    assert bob.get("/emails", params={"campaign": "spring-offer"}).json()["data"] == []
    assert ann.get(f"/emails/{campaign_message}").status_code == 200
    assert bob.get(f"/emails/{campaign_message}").status_code == 404
    # A single message is not found by the ledger's own number.
    ann.post("/emails", json=EMAIL)
    assert ann.get(f"/emails/{campaign_message + 1}").status_code == 404


def test_a_campaign_without_an_owner_is_nobodys(client_of: Clients, ledger: Ledger) -> None:
    new = NewCampaign("plain", {"name": "plain"}, "l", "t", 1, {"rows": 0, "rejected": 0})
    with ledger.writing() as connection:
        enqueueing.enqueue(connection, new, [])
    assert client_of("Ann").get("/reports/plain").status_code == 404


def test_who_left_one_owner_can_still_be_written_to_by_another(client_of: Clients, ledger: Ledger) -> None:
    with ledger.writing() as connection:
        entry = Suppression(
            EMAIL["to"], SuppressionReason.UNSUBSCRIBE, "a test", scope=owners.scope_of("Ann")
        )
        suppressions.add(connection, [entry])
    assert client_of("Ann").post("/emails", json=EMAIL).status_code == 422
    assert client_of("Bob").post("/emails", json=EMAIL).status_code == 202


def test_a_refusal_does_not_tell_why_somebody_is_suppressed(client_of: Clients, ledger: Ledger) -> None:
    with ledger.writing() as connection:
        suppressions.add(connection, [Suppression(EMAIL["to"], SuppressionReason.COMPLAINT, "Bob's mail")])
    text = client_of("Ann").post("/emails", json=EMAIL).text
    assert "complaint" not in text
    assert "Bob" not in text


def test_a_sender_is_its_owners(client_of: Clients) -> None:
    ann, bob = client_of("Ann"), client_of("Bob")
    assert ann.post("/senders", json={"address": "Me@shop.example"}).status_code == 202
    assert ann.get("/senders/me@shop.example").json()["data"]["status"] == "verified"
    assert bob.get("/senders/me@shop.example").status_code == 404
    assert bob.post("/senders", json={"address": "me@shop.example"}).status_code == 403
    stolen = bob.post("/emails", json={**EMAIL, "from": "me@shop.example"})
    assert (stolen.status_code, stolen.json()["error"]["code"]) == (403, "unverified_sender")
    assert ann.post("/emails", json={**EMAIL, "from": "me@shop.example"}).status_code == 202
