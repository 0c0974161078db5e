"""The unsubscribe pages over a real ledger: looking changes nothing, posting unsubscribes for good."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

import api.unsubscribing
from api.main import create_app
from api.unsubscribing import MAX_BODY_BYTES
from ledger.engine import Ledger
from ledger.enqueueing import NewCampaign, NewMessage, enqueue
from ledger.errors import LedgerUnreachable
from ledger.schema import campaign, message, suppression
from mail.page_language import WordsError, languages
from mail.unsubscribe import Tokens
from settings import Settings, SettingsError

KEY = "a key for tests that is long enough"
ADDRESS = "ann@reader.example"
ONE_CLICK = "List-Unsubscribe=One-Click"


@pytest.fixture
def token(ledger: Ledger) -> str:
    """The token of the one message of a campaign."""
    new = NewCampaign(
        name="spring-offer",
        definition={"name": "spring-offer", "from": '"Bright <Books>" <news@brightbooks.example>'},
        list_digest="l",
        template_digest="t",
        seed=1,
        list_summary={},
    )
    recipient = NewMessage(
        address=ADDRESS, address_key=ADDRESS, domain="reader.example", fields={}, source_row=1, position=0
    )
    with ledger.writing() as connection:
        stored = enqueue(connection, new, [[recipient]])
        message_id = connection.execute(select(message.c.id)).scalar_one()
    return Tokens(KEY).issue(message_id, stored.id)


@pytest.fixture
def client(anonymous: TestClient) -> TestClient:
    """Whoever opens a link has no key."""
    return anonymous


def suppressed(ledger: Ledger) -> list[tuple[str, str, str, str | None]]:
    columns = (
        suppression.c.address_key,
        suppression.c.reason,
        suppression.c.scope,
        suppression.c.note,
    )
    with ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns))]


def unsubscribed_at(ledger: Ledger) -> float | None:
    with ledger.reading() as connection:
        return connection.execute(select(message.c.unsubscribed_at)).scalar_one()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_page_changes_nothing(
    client: TestClient, ledger: Ledger, token: str, method: str
) -> None:
    response = client.request(method, f"/unsubscribe/{token}")
    assert response.status_code == 200
    assert suppressed(ledger) == []
    assert unsubscribed_at(ledger) is None


def test_the_page_says_from_whom_and_has_one_button(client: TestClient, token: str) -> None:
    page = client.get(f"/unsubscribe/{token}").text
    assert "<h1>No more mail from Bright &lt;Books&gt;?</h1>" in page
    assert page.count("<button") == 1
    assert '<form method="post">' in page
    assert "Leave the list" not in page
    assert ADDRESS not in page


@pytest.mark.parametrize(
    "sent",
    [
        {"content": ONE_CLICK, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"content": ONE_CLICK},
    ],
    ids=["urlencoded", "multipart", "no content type"],
)
def test_one_click_unsubscribes_without_redirect_and_without_cookie(
    client: TestClient, ledger: Ledger, token: str, sent: dict[str, object]
) -> None:
    response = client.post(f"/unsubscribe/{token}", **sent)  # type: ignore[arg-type]
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    assert suppressed(ledger) == [(ADDRESS, "unsubscribe", "", "one-click")]
    assert unsubscribed_at(ledger) is not None


def test_the_pages_button_unsubscribes_and_says_so(client: TestClient, ledger: Ledger, token: str) -> None:
    response = client.post(f"/unsubscribe/{token}", data={"unsubscribe": "yes"})
    assert response.status_code == 200
    assert "You are unsubscribed" in response.text
    assert "Bright &lt;Books&gt; will not write to you again." in response.text
    assert suppressed(ledger) == [(ADDRESS, "unsubscribe", "", "page")]


@pytest.mark.parametrize("body", [b"", b"\xff\x00 not a form", b"a" * MAX_BODY_BYTES])
def test_the_link_alone_is_the_permission_whatever_the_form_holds(
    client: TestClient, ledger: Ledger, token: str, body: bytes
) -> None:
    assert client.post(f"/unsubscribe/{token}", content=body).status_code == 200
    assert len(suppressed(ledger)) == 1


@pytest.fixture
def of_a_list(ledger: Ledger, token: str) -> str:
    """The token, whose campaign went to a list with a name."""
    definition = {
        "from": "Bright Books <news@brightbooks.example>",
        "list": {"name": "Weekly <news>", "unsubscribe": "list"},
    }
    with ledger.writing() as connection:
        connection.execute(update(campaign).values(definition=definition))
    return token


def test_where_the_list_has_a_name_the_page_lets_people_choose(client: TestClient, of_a_list: str) -> None:
    page = client.get(f"/unsubscribe/{of_a_list}").text
    first, second = re.findall(r'value="(\w+)"', page)
    assert (first, second) == ("list", "everything")
    assert "Leave the list “Weekly &lt;news&gt;”" in page


@pytest.mark.parametrize(
    ("chosen", "scope", "said"),
    [
        ("list", "Weekly <news>", "You are off the list “Weekly &lt;news&gt;”."),
        ("everything", "", "Bright Books will not write to you again."),
        ("nonsense", "Weekly <news>", "You are off the list"),
    ],
)
def test_the_choice_on_the_page_holds(
    client: TestClient, ledger: Ledger, of_a_list: str, chosen: str, scope: str, said: str
) -> None:
    response = client.post(f"/unsubscribe/{of_a_list}", data={"from": chosen})
    assert response.status_code == 200
    assert said in response.text
    assert suppressed(ledger) == [(ADDRESS, "unsubscribe", scope, "page")]


def test_the_providers_button_does_what_the_campaign_says(
    client: TestClient, ledger: Ledger, of_a_list: str
) -> None:
    response = client.post(f"/unsubscribe/{of_a_list}", files={"List-Unsubscribe": (None, "One-Click")})
    assert "Unsubscribe from everything</button>" in response.text
    assert suppressed(ledger) == [(ADDRESS, "unsubscribe", "Weekly <news>", "one-click")]


def test_the_link_of_a_single_message_leaves_its_owner(
    client_of: Callable[..., TestClient], client: TestClient, ledger: Ledger
) -> None:
    mail = {"to": ADDRESS, "from": "Eli <news@shop.example>", "text": "Hello", "subject": "Promo"}
    assert client_of("EliPackage").post("/emails", json=mail).status_code == 202
    with ledger.reading() as connection:
        message_id = connection.execute(select(message.c.id)).scalar_one()
    link = f"/unsubscribe/{Tokens(KEY).issue(message_id, 0)}"
    assert "<h1>No more mail from Eli?</h1>" in client.get(link).text
    assert "Eli will not write to you again." in client.post(link, content=ONE_CLICK).text
    assert suppressed(ledger) == [(ADDRESS, "unsubscribe", "owner EliPackage", "one-click")]
    assert client_of("EliPackage").post("/emails", json=mail).json()["error"]["code"] == "suppressed"
    assert client_of("SomebodyElse").post("/emails", json=mail).status_code == 202


def test_posting_twice_is_the_same_as_once(client: TestClient, ledger: Ledger, token: str) -> None:
    client.post(f"/unsubscribe/{token}", content=ONE_CLICK)
    first = unsubscribed_at(ledger)
    again = client.post(f"/unsubscribe/{token}", data={"unsubscribe": "yes"})
    assert again.status_code == 200
    assert suppressed(ledger) == [(ADDRESS, "unsubscribe", "", "one-click")]
    assert unsubscribed_at(ledger) == first


def test_a_body_too_large_for_a_form_is_refused(client: TestClient, ledger: Ledger, token: str) -> None:
    response = client.post(f"/unsubscribe/{token}", content=b"a" * (MAX_BODY_BYTES + 1))
    assert response.status_code == 413
    assert suppressed(ledger) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_we_did_not_sign_gets_a_page_in_plain_words(
    client: TestClient, ledger: Ledger, token: str, method: str
) -> None:
    other = "B" if token[20] == "A" else "A"
    for wrong in (token[:-1], token[:20] + other + token[21:], "x", Tokens("another key").issue(1, 1)):
        response = client.request(method, f"/unsubscribe/{wrong}")
        assert response.status_code == 404
        assert "We do not know this link" in response.text
    assert suppressed(ledger) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_signed_token_of_a_campaign_that_is_gone_is_unknown_and_told_to_the_operator(
    client: TestClient, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = Tokens(KEY).issue(8, 9)
    assert client.request(method, f"/unsubscribe/{token}").status_code == 404
    told = [record.getMessage() for record in caplog.records if record.name == "api.unsubscribing"]
    assert len(told) == 1
    assert "CAMPAIGN_DATABASE_URL" in told[0]
    assert token not in told[0]


def test_an_old_key_still_opens_its_links(configured: Settings, ledger: Ledger, token: str) -> None:
    rotated = configured.model_copy(update={"secret_key": SecretStr(f"a newer key of our own,{KEY}")})
    with TestClient(create_app(rotated)) as client:
        assert client.get(f"/unsubscribe/{token}").status_code == 200


def test_a_record_without_a_sender_does_not_break_the_link(
    client: TestClient, ledger: Ledger, token: str
) -> None:
    with ledger.writing() as connection:
        connection.execute(update(campaign).values(definition={}))
    assert "No more mail from this sender?" in client.get(f"/unsubscribe/{token}").text
    assert client.post(f"/unsubscribe/{token}", content=ONE_CLICK).status_code == 200
    assert len(suppressed(ledger)) == 1


def test_every_page_forbids_caches_frames_referrers_and_foreign_content(
    client: TestClient, token: str
) -> None:
    for response in (
        client.get(f"/unsubscribe/{token}"),
        client.post(f"/unsubscribe/{token}", content=ONE_CLICK),
        client.get("/unsubscribe/x"),
        client.get("/unsubscribe"),
        client.put(f"/unsubscribe/{token}"),
    ):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["x-content-type-options"] == "nosniff"
        nonce = policy.split("'nonce-")[1].split("'")[0]
        assert response.text.count(f'<style nonce="{nonce}">') == 1
        assert "<script" not in response.text
        assert "http://" not in response.text
        assert "https://" not in response.text


def test_another_method_is_refused_with_those_there_are(client: TestClient, token: str) -> None:
    response = client.put(f"/unsubscribe/{token}")
    assert response.status_code == 405
    assert response.headers["allow"]


def test_health_is_told_where_the_ledger_answers(client: TestClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_a_ledger_that_fails_gives_a_page_that_asks_for_patience_and_logs_no_address(
    client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise OperationalError("SELECT ?", {"address_key": ADDRESS}, Exception(ADDRESS))

    monkeypatch.setattr(api.unsubscribing, "unsubscribe", fail)
    with caplog.at_level(logging.DEBUG):
        response = client.post(f"/unsubscribe/{token}", content=ONE_CLICK)
    assert response.status_code == 503
    assert "nothing has changed yet" in response.text
    assert response.headers["retry-after"] == "60"
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("api")]
    assert logged == ["the ledger does not answer: OperationalError"]
    assert ADDRESS not in caplog.text


def test_an_api_without_a_key_or_a_database_does_not_start(configured: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="CAMPAIGN_SECRET_KEY must be set"):
        create_app(configured.model_copy(update={"secret_key": SecretStr("")}))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(LedgerUnreachable):
        create_app(configured.model_copy(update={"database_url": f"sqlite:///{blocked}/ledger.sqlite3"}))


def test_the_pages_speak_the_mails_language_and_else_the_browsers(
    client: TestClient, ledger: Ledger, token: str
) -> None:
    path = f"/unsubscribe/{token}"
    spanish = client.get(path, headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"})
    assert '<html lang="es">' in spanish.text
    assert spanish.headers["Content-Language"] == "es"
    assert "Darme de baja" in spanish.text
    unknown = client.get("/unsubscribe/nonsense", headers={"Accept-Language": "pl"})
    assert (unknown.status_code, '<html lang="pl">' in unknown.text) == (404, True)
    definition = {"name": "spring-offer", "from": "Books <news@brightbooks.example>", "language": "de-AT"}
    with ledger.writing() as connection:
        connection.execute(update(campaign).values(definition=definition))
    german = client.get(path, headers={"Accept-Language": "es"})
    assert '<html lang="de">' in german.text
    assert "Keine E-Mails mehr von Books?" in german.text
    done = client.post(path, data={"from": "everything"}, headers={"Accept-Language": "es"})
    assert "Sie sind abgemeldet" in done.text
    assert len(suppressed(ledger)) == 1


def test_a_folder_of_ones_own_words_is_read_and_a_bad_one_refused_at_the_start(
    configured: Settings, tmp_path: Path
) -> None:
    (tmp_path / "en.toml").write_text('unknown = "What is <this>?"\n', encoding="utf-8")
    settings = configured.model_copy(update={"page_words": str(tmp_path)})
    with TestClient(create_app(settings)) as client:
        assert "What is &lt;this&gt;?" in client.get("/unsubscribe/nonsense").text
    (tmp_path / "fr.toml").write_text('unknwn = "x"\n', encoding="utf-8")
    languages.cache_clear()
    with pytest.raises(WordsError, match=r"fr\.toml: `unknwn` is no text"):
        create_app(settings)
