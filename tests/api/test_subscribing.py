"""Double opt-in over HTTP: one mail asks, its page confirms, and nothing else goes out before."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select

from api.main import create_app
from ledger.engine import Ledger
from ledger.schema import single
from mail import single_claiming
from mail.single_claiming import Held
from mail.unsubscribe import CONFIRM, Tokens
from settings import Settings

KEY = "a key for tests that is long enough"
SIGN_UP = {
    "address": "Ann@reader.example",
    "from": '"Bright <Books>" <news@shop.example>',
    "text": "Yes, send me <b>the letter</b>.\nI can leave at any time.",
}
MAIL = {"to": "ann@reader.example", "from": "news@shop.example", "text": "Hello", "subject": "Promo"}


@pytest.fixture
def configured(configured: Settings) -> Settings:
    return configured.model_copy(update={"public_url": "https://mail.shop.example"})


@pytest.fixture
def link(client: TestClient, ledger: Ledger) -> str:
    """The path of the link in the mail that asks Ann."""
    assert client.post("/subscribers", json=SIGN_UP).status_code == 202
    return _links(ledger)[0]


def _links(ledger: Ledger) -> list[str]:
    with ledger.reading() as connection:
        texts = connection.execute(select(single.c.text).order_by(single.c.message_id)).scalars().all()
    return [re.findall(r"https://mail\.shop\.example(/confirm/\S+)", text)[0] for text in texts]


def status(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/subscribers/ann@reader.example").json()["data"]
    return found


def test_a_sign_up_is_answered_as_it_stands(client: TestClient) -> None:
    response = client.post("/subscribers", json=SIGN_UP)
    answer = response.json()
    assert (response.status_code, list(answer)) == (202, ["meta", "data"])
    assert answer["data"]["status"] == "PENDING"
    assert answer["data"]["text"] == SIGN_UP["text"]
    assert answer["data"]["confirmedAt"] is None
    assert answer["data"] == status(client)


def test_the_mail_shows_what_was_agreed_to_and_goes_to_the_subscriber(
    client: TestClient, ledger: Ledger
) -> None:
    client.post("/subscribers", json=SIGN_UP)
    with ledger.reading() as connection:
        mail = connection.execute(select(single)).one()
    assert (mail.recipient, mail.subject) == ("Ann@reader.example", "Please confirm your sign-up")
    assert SIGN_UP["text"] in mail.text
    assert "signed up for mail from Bright <Books>" in mail.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_page_confirms_nothing(client: TestClient, link: str, method: str) -> None:
    assert client.request(method, link).status_code == 200
    assert status(client)["status"] == "PENDING"


def test_the_page_says_who_wants_to_write_and_what_was_agreed_to(client: TestClient, link: str) -> None:
    page = client.get(link).text
    assert "<h1>Do you want mail from Bright &lt;Books&gt;?</h1>" in page
    assert "Yes, send me &lt;b&gt;the letter&lt;/b&gt;." in page
    assert page.count("<button") == 1
    assert "reader.example" not in page


def test_the_button_confirms_and_the_proof_is_kept(
    anonymous: TestClient, client: TestClient, link: str
) -> None:
    response = anonymous.post(link)
    assert response.status_code == 200
    assert "You are signed up" in response.text
    assert "set-cookie" not in response.headers
    proof = status(client)
    assert (proof["status"], proof["confirmedBy"], proof["text"]) == ("CONFIRMED", "page", SIGN_UP["text"])
    assert proof["requestedAt"] <= proof["confirmedAt"]
    assert anonymous.post(link).status_code == 200
    assert "You are signed up" in anonymous.get(link).text
    assert status(client) == proof


def test_before_the_confirmation_nothing_else_is_taken_in(client: TestClient, link: str) -> None:
    refused = client.post("/emails", json=MAIL)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "unconfirmed")
    client.post(link)
    assert client.post("/emails", json=MAIL).status_code == 202


def test_of_what_was_taken_in_before_only_the_question_goes_out(client: TestClient, ledger: Ledger) -> None:
    assert client.post("/emails", json=MAIL).status_code == 202
    assert client.post("/subscribers", json=SIGN_UP).status_code == 202
    held = single_claiming.claim(ledger, "worker-1", 10)
    assert isinstance(held, Held)
    ids = [item.message_id for item in held.claim.recipients]
    assert [held.mails[id_].subject for id_ in ids] == ["Please confirm your sign-up"]


def test_a_sign_up_that_is_sent_again_asks_once(client: TestClient, ledger: Ledger, link: str) -> None:
    assert client.post("/subscribers", json=SIGN_UP).json()["data"] == status(client)
    assert _links(ledger) == [link]
    client.post(link)
    assert client.post("/subscribers", json=SIGN_UP).json()["data"]["status"] == "CONFIRMED"
    assert _links(ledger) == [link]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"address": "nobody"}, "malformed_recipient", "address"),
        ({"address": "info@reader.example"}, "role_alias", "address"),
        ({"address": "ann@gone.example"}, "no_mx", "address"),
        ({"from": "news@elsewhere.example"}, "unverified_sender", "from"),
        ({"subject": "Hi\r\nBcc: x@y.example"}, "control_character", "subject"),
        ({"text": ""}, "invalid", "text"),
        ({"name": "Ann"}, "invalid", "name"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    client: TestClient, ledger: Ledger, changes: dict[str, str], code: str, field: str
) -> None:
    response = client.post("/subscribers", json=SIGN_UP | changes)
    assert response.status_code == 422
    assert (response.json()["error"]["code"], response.json()["error"]["field"]) == (code, field)
    assert _links(ledger) == []


def test_who_unsubscribed_is_not_asked(client: TestClient, ledger: Ledger, link: str) -> None:
    with ledger.reading() as connection:
        message_id = connection.execute(select(single.c.message_id)).scalar_one()
    client.post(f"/unsubscribe/{Tokens(KEY).issue(message_id, 0)}")
    refused = client.post("/subscribers", json=SIGN_UP)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "suppressed")


def test_an_owner_sees_no_other_owners_subscribers(client_of: Callable[..., TestClient], link: str) -> None:
    assert client_of("SomebodyElse").get("/subscribers/ann@reader.example").status_code == 404
    assert client_of("EliPackage").get("/subscribers/nobody").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_we_did_not_sign_for_this_is_unknown(client: TestClient, link: str, method: str) -> None:
    for token in ("x", Tokens(KEY).issue(1, 1), Tokens("another key of ours", CONFIRM).issue(1, 1)):
        response = client.request(method, f"/confirm/{token}")
        assert response.status_code == 404
        assert "We do not know this link" in response.text
    assert status(client)["status"] == "PENDING"
    assert client.request(method, f"/confirm/{Tokens(KEY, CONFIRM).issue(999, 1)}").status_code == 404


@pytest.fixture
def rotated(configured: Settings, link: str) -> Iterator[TestClient]:
    """The API after its key was changed."""
    newer = configured.model_copy(update={"secret_key": SecretStr(f"a newer key of our own,{KEY}")})
    with TestClient(create_app(newer)) as opened:
        yield opened


def test_a_link_survives_a_change_of_the_key(rotated: TestClient, client: TestClient, link: str) -> None:
    assert rotated.post(link).status_code == 200
    assert status(client)["status"] == "CONFIRMED"


def test_without_an_address_for_its_links_nobody_is_asked(client_of, ledger: Ledger, anonymous) -> None:
    here = anonymous.app.state.context
    bare = here.settings.model_copy(update={"public_url": ""})
    object.__setattr__(here, "settings", bare)
    refused = client_of("EliPackage").post("/subscribers", json=SIGN_UP)
    assert refused.status_code == 503
    assert "CAMPAIGN_PUBLIC_URL" in refused.json()["error"]["message"]


def test_the_pages_of_single_mail_speak_the_language_it_says(
    client: TestClient, anonymous: TestClient, ledger: Ledger
) -> None:
    assert client.post("/subscribers", json=SIGN_UP | {"language": "fr"}).status_code == 202
    page = anonymous.get(_links(ledger)[0], headers={"Accept-Language": "de"})
    assert '<html lang="fr">' in page.text
    assert "Oui, je me suis inscrit(e)" in page.text
    mail = MAIL | {"to": "bob@reader.example", "language": "nl"}
    assert client.post("/emails", json=mail).status_code == 202
    with ledger.reading() as connection:
        query = select(single.c.message_id).where(single.c.language == "nl")
        message_id = connection.execute(query).scalar_one()
    token = Tokens(KEY).issue(message_id, 0)
    assert '<html lang="nl">' in anonymous.get(f"/unsubscribe/{token}").text
    refused = client.post("/emails", json=mail | {"language": "Dutch!"})
    assert (refused.status_code, "`language`" in refused.text) == (422, True)
