"""POST /emails beyond the contract's example: what is refused and why, and requests that are sent twice."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from api.door import MAX_EMAILS_BYTES
from ledger import owners, suppressions
from ledger.engine import Ledger
from ledger.idempotency import HOLDS_SECONDS
from ledger.schema import idempotency, message
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason
from mail import account_gate, intake

EMAIL: Mapping[str, Any] = {
    "to": "someone@mail.example",
    "from": "news@shop.example",
    "text": "we have a new offer this week",
    "subject": "EliPackage Promo",
}


def stored(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(message)).scalar_one()


def suppress(ledger: Ledger, scope: str) -> None:
    entry = Suppression(EMAIL["to"], SuppressionReason.UNSUBSCRIBE, "a test", scope=scope)
    with ledger.writing() as connection:
        suppressions.add(connection, [entry])


@pytest.mark.parametrize(
    ("changes", "code", "field", "sentence"),
    [
        ({"to": "nobody"}, "malformed_recipient", "to", "is not an e-mail address"),
        ({"to": "someone@@mail.example"}, "malformed_recipient", "to", "is not an e-mail address"),
        ({"to": "jörg@mail.example"}, "malformed_recipient", "to", "Amazon SES does not take"),
        ({"to": "a@mail.example, b@mail.example"}, "malformed_recipient", "to", "is not an e-mail"),
        ({"to": "info@mail.example"}, "role_alias", "to", "role address (info@)"),
        ({"to": "a@gone.example"}, "no_mx", "to", "gone.example takes no mail"),
        ({"from": "nobody"}, "malformed_sender", "from", "it must be an address"),
        ({"from": "news@other.example"}, "unverified_sender", "from", "ask for it with POST /senders"),
        ({"to": "a@mail.example\r\nBcc: b@mail.example"}, "control_character", "to", "line break"),
        ({"subject": "Hi\nBcc: b@mail.example"}, "control_character", "subject", "line break"),
        ({"from": "A\r\nB <news@shop.example>"}, "control_character", "from", "line break"),
        ({"alias": "New\nUser"}, "control_character", "alias", "line break"),
        ({"text": "a\0b"}, "control_character", "text", "NUL"),
        ({"text": " \n "}, "invalid", "text", "is empty"),
        ({"text": "x" * 120_001}, "invalid", "text", "longer than 120000 characters"),
        ({"subject": ""}, "invalid", "subject", "is empty"),
        ({"subject": "x" * 996}, "invalid", "subject", "longer than 995"),
        ({"from": "ä" * 400 + " <news@shop.example>"}, "malformed_sender", "from", "longer than 995"),
        ({"to": "a" * 310 + "@mail.example"}, "invalid", "to", "longer than 320"),
        ({"externalId": "abc-1"}, "invalid", "externalId", "letters and digits"),
        ({"clientId": 4.8}, "invalid", "clientId", "must be text"),
        ({"callbacks": [f"https://{n}.example" for n in range(11)]}, "invalid", "callbacks", "more than 10"),
        ({"cc": "a@mail.example"}, "invalid", "cc", "is not a field of an e-mail"),
    ],
)
def test_a_refusal_has_a_code_one_sentence_and_the_field(
    client: TestClient, ledger: Ledger, changes: dict[str, Any], code: str, field: str, sentence: str
) -> None:
    response = client.post("/emails", json={**EMAIL, **changes})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (422, code, field)
    assert sentence in error["message"]
    assert error["message"].endswith((".", "?"))
    assert stored(ledger) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"[{]", "not_json"),
        (b'{"to": "\xff"}', "not_json"),
        (b'"text"', "invalid"),
        (b"[]", "invalid"),
    ],
)
def test_a_body_that_is_no_email_is_refused(client: TestClient, body: bytes, code: str) -> None:
    response = client.post("/emails", content=body)
    assert response.status_code in (400, 422)
    assert response.json()["error"]["code"] == code


def test_a_body_too_large_is_refused(client: TestClient) -> None:
    response = client.post("/emails", content=b" " * (MAX_EMAILS_BYTES + 1))
    assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")


def test_the_links_words_must_be_one_line(client: TestClient) -> None:
    response = client.post("/emails?unsubscribeMsg=a%0Ab", json=EMAIL)
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "unsubscribeMsg"


def test_a_dns_that_does_not_answer_refuses_nobody(client: TestClient) -> None:
    assert client.post("/emails", json={**EMAIL, "to": "a@slow.example"}).status_code == 202


def test_domains_and_senders_are_asked_about_once_for_many(
    client: TestClient, dns: Any, identities: Any
) -> None:
    for _ in range(3):
        client.post("/emails", json=[EMAIL, EMAIL])
    assert dns.asked == ["mail.example"]
    assert identities.asked == ["shop.example"]


@pytest.mark.parametrize("scope", [EVERYWHERE, owners.scope_of("EliPackage")])
def test_a_suppressed_person_is_refused(client: TestClient, ledger: Ledger, scope: str) -> None:
    suppress(ledger, scope)
    response = client.post("/emails", json=EMAIL)
    assert response.status_code == 422
    assert response.json()["error"] == {
        "code": "suppressed",
        "message": "`to` is suppressed: this person must not be written to.",
        "field": "to",
    }
    assert stored(ledger) == 0


def test_a_suspended_account_takes_nothing_in(
    client: TestClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_gate, "suspended", lambda connection: "Too many messages bounced.")
    response = client.post("/emails", json=EMAIL)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "account_suspended")
    assert response.json()["error"]["message"] == "Too many messages bounced."
    assert stored(ledger) == 0


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", "Bearer", "Bearer "])
def test_without_a_good_key_nothing_is_done(anonymous: TestClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = anonymous.post("/emails", json=EMAIL, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_ledger_that_fails_is_told_with_when_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("INSERT", {"address": EMAIL["to"]}, Exception(EMAIL["to"]))

    monkeypatch.setattr(intake.singles, "add", fail)
    response = client.post("/emails", json=EMAIL)
    assert (response.status_code, response.headers["retry-after"]) == (503, "60")
    assert EMAIL["to"] not in caplog.text


def test_a_request_sent_twice_with_its_key_is_done_once(client: TestClient, ledger: Ledger) -> None:
    first, second = (
        client.post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"}) for _ in range(2)
    )
    assert first.content == second.content
    assert (second.status_code, second.headers["idempotency-replayed"]) == (202, "true")
    assert "idempotency-replayed" not in first.headers
    assert stored(ledger) == 1


@pytest.mark.parametrize("other", [{"subject": "Another"}, {"to": "other@mail.example"}])
def test_the_same_key_with_another_body_is_a_conflict(
    client: TestClient, ledger: Ledger, other: dict[str, str]
) -> None:
    client.post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"})
    response = client.post("/emails", json={**EMAIL, **other}, headers={"Idempotency-Key": "order-1"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert stored(ledger) == 1


def test_other_words_of_the_link_are_another_request(client: TestClient) -> None:
    client.post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"})
    response = client.post("/emails?unsubscribeMsg=Bye", json=EMAIL, headers={"Idempotency-Key": "order-1"})
    assert response.status_code == 409


def test_two_owners_may_use_the_same_key(client_of: Callable[..., TestClient], ledger: Ledger) -> None:
    for owner in ("A", "B"):
        response = client_of(owner).post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"})
        assert "idempotency-replayed" not in response.headers
    assert stored(ledger) == 2


def test_a_refused_request_may_be_mended_under_the_same_key(client: TestClient, ledger: Ledger) -> None:
    headers = {"Idempotency-Key": "order-1"}
    assert client.post("/emails", json={**EMAIL, "to": "nobody"}, headers=headers).status_code == 422
    suppress(ledger, EVERYWHERE)
    assert client.post("/emails", json=EMAIL, headers=headers).status_code == 422
    mended = {**EMAIL, "to": "other@mail.example"}
    assert client.post("/emails", json=mended, headers=headers).status_code == 202


def test_a_lists_refusals_come_back_with_the_key_as_well(client: TestClient, ledger: Ledger) -> None:
    both = [EMAIL, {**EMAIL, "to": "nobody"}]
    first, second = (client.post("/emails", json=both, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.status_code == second.status_code == 207
    assert first.json() == second.json()
    assert stored(ledger) == 1


def test_after_a_day_the_key_is_free(client: TestClient, ledger: Ledger) -> None:
    client.post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"})
    with ledger.writing() as connection:
        older = idempotency.c.created_at - HOLDS_SECONDS
        connection.execute(update(idempotency).values(created_at=older))
    client.post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"})
    assert stored(ledger) == 2


def test_what_is_kept_for_a_key_is_the_answer_as_it_was(client: TestClient, ledger: Ledger) -> None:
    response = client.post("/emails", json=EMAIL, headers={"Idempotency-Key": "order-1"})
    with ledger.reading() as connection:
        kept = connection.execute(select(idempotency.c.answer)).scalar_one()
    assert json.loads(kept) == response.json()
