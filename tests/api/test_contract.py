"""The contract of POST /emails, to the letter: names of fields, what comes back, what is refused."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

# The example of the contract; its "string" stands for the URL of a webhook.
EXAMPLE: Mapping[str, Any] = {
    "to": "someone@mail.example",
    "from": "news@shop.example",
    "text": "we have a new offer this week",
    "subject": "EliPackage Promo",
    "externalId": "123456789abcde",
    "clientId": "48118112",
    "callbacks": ["https://shop.example/hook"],
    "alias": "New User",
}


def test_the_contracts_example_is_answered_to_the_letter(client: TestClient) -> None:
    response = client.post("/emails?unsubscribeMsg=No%20more%20offers", json=EXAMPLE)
    answer = response.json()
    assert response.status_code == 202
    assert list(answer) == ["meta", "data"]
    assert list(answer["meta"]) == ["timestamp", "transactionId"]
    assert isinstance(answer["meta"]["timestamp"], int)
    assert len(str(answer["meta"]["timestamp"])) == 13
    assert isinstance(answer["meta"]["transactionId"], str)
    assert re.fullmatch(r"[0-9a-f]{20}", answer["data"]["id"])
    assert list(answer["data"].items()) == [
        ("id", answer["data"]["id"]),
        ("to", "someone@mail.example"),
        ("from", "news@shop.example"),
        ("userName", "EliPackage"),
        ("operator", "EliPackage"),
        ("text", "we have a new offer this week"),
        ("status", "QUEUED"),
        ("subject", "EliPackage Promo"),
        ("externalId", "123456789abcde"),
        ("clientId", "48118112"),
        ("callbacks", ["https://shop.example/hook"]),
        ("alias", "New User"),
    ]


def test_the_four_required_fields_are_enough(client: TestClient) -> None:
    fields = ("to", "from", "text", "subject")
    answer = client.post("/emails", json={name: EXAMPLE[name] for name in fields}).json()
    assert {name: answer["data"][name] for name in fields} == {name: EXAMPLE[name] for name in fields}
    assert answer["data"]["externalId"] is None
    assert answer["data"]["clientId"] is None
    assert answer["data"]["callbacks"] == []
    assert answer["data"]["alias"] is None


@pytest.mark.parametrize("missing", ["to", "from", "text", "subject"])
def test_a_required_field_that_is_missing_is_named(client: TestClient, missing: str) -> None:
    response = client.post("/emails", json={key: EXAMPLE[key] for key in EXAMPLE if key != missing})
    assert response.status_code == 422
    assert response.json()["error"] == {
        "code": "invalid",
        "message": f"`{missing}` is missing: it is required.",
        "field": missing,
    }


def test_callbacks_may_be_a_comma_separated_string(client: TestClient) -> None:
    sent = {**EXAMPLE, "callbacks": "https://shop.example/a, https://shop.example/b"}
    answer = client.post("/emails", json=sent).json()
    assert answer["data"]["callbacks"] == ["https://shop.example/a", "https://shop.example/b"]


TAKEN: Sequence[tuple[str, object, object]] = [
    *(("callbacks", nothing, []) for nothing in (None, "", "  ", ",", " , ", [])),
    ("callbacks", "https://shop.example/a,", ["https://shop.example/a"]),
    ("callbacks", ",https://shop.example/a,,", ["https://shop.example/a"]),
    ("callbacks", ["https://shop.example/a,"], ["https://shop.example/a"]),
    ("callbacks", [" https://shop.example/a "], ["https://shop.example/a"]),
    # A comma is a sign like others within an address.
    ("callbacks", ["https://shop.example/a?ids=1,2"], ["https://shop.example/a?ids=1,2"]),
    *((name, nothing, None) for name in ("externalId", "clientId", "alias") for nothing in (None, "", " ")),
    ("externalId", 123456789, "123456789"),
    ("clientId", 48118112, "48118112"),
    ("clientId", 0, "0"),
    ("clientId", -7, "-7"),
    ("clientId", 10**150, "1" + "0" * 150),
    ("alias", 7, "7"),
]
WORKS = 'such as ["https://shop.example/hook"]'
REFUSED: Sequence[tuple[str, object, str]] = [
    ("callbacks", ["string"], WORKS),
    ("callbacks", "string", WORKS),
    ("callbacks", [""], WORKS),
    ("callbacks", [None], WORKS),
    ("callbacks", [["https://shop.example/a"]], WORKS),
    ("callbacks", 1, WORKS),
    ("callbacks", {"url": "https://shop.example/a"}, WORKS),
    # Half of one address must not become the whole of another that is told of people.
    ("callbacks", ["https://shop.example/a,https://other.example/b"], "an entry of its own"),
    ("callbacks", ["https://shop.example/a, HTTPS://other.example/b"], "an entry of its own"),
    ("callbacks", "https://shop.example/a?ids=1,2", "%2C"),
    *(
        (name, value, "must be text or a whole number")
        for name in ("externalId", "clientId", "alias")
        for value in (True, 1.5, [], {}, 10**300)
    ),
    ("externalId", -7, "letters and digits alone"),
    ("externalId", 10**150, "longer than 128"),
]


def test_what_a_reader_would_expect_of_a_value_is_taken(client: TestClient) -> None:
    mails = [{**EXAMPLE, field: given} for field, given, _ in TAKEN]
    response = client.post("/emails", json=mails)
    assert response.status_code == 202
    for (field, given, kept), answer in zip(TAKEN, response.json()["data"], strict=True):
        assert answer[field] == kept, (field, given)
    found = client.get("/emails", params={"limit": len(TAKEN)}).json()["data"]
    assert [each[field] for (field, _, _), each in zip(TAKEN, reversed(found), strict=True)] == [
        kept for _, _, kept in TAKEN
    ]


def test_what_is_refused_says_how_to_write_it(client: TestClient) -> None:
    for field, given, told in REFUSED:
        response = client.post("/emails", json={**EXAMPLE, field: given})
        error = response.json()["error"]
        assert (response.status_code, error["field"]) == (422, field), given
        assert error["message"].startswith(f"`{field}` ")
        assert told in error["message"]


def test_a_number_of_more_digits_than_python_writes_is_no_json(client: TestClient) -> None:
    for field in ("externalId", "clientId", "callbacks", "to"):
        body = json.dumps({**EXAMPLE, field: "DIGITS"}).replace('"DIGITS"', "1" + "0" * 5_000)
        assert client.post("/emails", content=body).status_code == 400


def test_nothing_redirects_to_where_the_host_header_says(anonymous: TestClient) -> None:
    for path in ("/emails/", "/senders/", "/healthz/", "/unsubscribe/", "/docs/"):
        for method in ("GET", "POST"):
            response = anonymous.request(method, path, headers={"Host": "attacker.example"})
            assert not response.is_redirect
            assert "attacker.example" not in f"{response.headers}{response.text}"


@pytest.mark.parametrize("callbacks", [["string"], "string", ["ftp://shop.example/hook"], [""], [1]])
def test_a_callback_that_is_no_url_is_refused(client: TestClient, callbacks: object) -> None:
    response = client.post("/emails", json={**EXAMPLE, "callbacks": callbacks})
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "callbacks"


@pytest.mark.parametrize("url", ["http://shop.example/hook", "https://127.0.0.1/hook", "https://[::1]/"])
def test_a_callback_never_goes_to_a_private_address_or_over_plain_http(client: TestClient, url: str) -> None:
    response = client.post("/emails", json={**EXAMPLE, "callbacks": [url]})
    assert response.status_code == 422
    assert response.json()["error"]["message"].startswith("`callbacks` must ")


@pytest.mark.parametrize("text", ["  two blanks \r\n\ttab\n", "<p>Hello <b>you</b></p>\n", "Füße 🎉 & <3"])
def test_the_text_comes_back_as_sent(client: TestClient, text: str) -> None:
    assert client.post("/emails", json={**EXAMPLE, "text": text}).json()["data"]["text"] == text


def test_every_item_of_a_list_has_its_own_result_in_order(client: TestClient) -> None:
    wrong = {**EXAMPLE, "to": "nobody"}
    response = client.post("/emails", json=[EXAMPLE, wrong, {**EXAMPLE, "to": "other@mail.example"}])
    answer = response.json()
    assert response.status_code == 207
    assert list(answer) == ["meta", "data"]
    assert [item.get("to") for item in answer["data"]] == [
        "someone@mail.example",
        None,
        "other@mail.example",
    ]
    assert answer["data"][1]["error"]["code"] == "malformed_recipient"
    assert answer["data"][1]["error"]["field"] == "to"


def test_a_list_of_which_all_is_accepted_is_answered_like_one(client: TestClient) -> None:
    response = client.post("/emails", json=[EXAMPLE, EXAMPLE])
    assert response.status_code == 202
    first, second = response.json()["data"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1_000, 202), (1_001, 422)])
def test_a_list_holds_one_to_a_thousand(client: TestClient, count: int, status: int) -> None:
    response = client.post("/emails", json=[EXAMPLE] * count)
    assert response.status_code == status
    if status == 422:
        assert response.json()["error"]["code"] == "too_many_items" if count else "invalid"
