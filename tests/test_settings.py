"""The environment, read in one place."""

from collections.abc import Iterator

import pytest

from settings import Settings, SettingsError, settings

KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the environment anew in every test, and again after it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CAMPAIGN_{name.upper()}", raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_with_nothing_set_the_ledger_is_a_file_in_var() -> None:
    found = settings()
    assert found.database_url == "sqlite:///var/campaign.sqlite3"
    assert found.output_dir == "var"
    assert (found.public_url, found.secret_key.get_secret_value(), found.nameservers) == ("", "", "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql+psycopg://ada@db.example/ledger"),
        ("configuration_set", "campaigns"),
        ("event_queue_url", "https://sqs.example/1/events"),
        ("nameservers", "192.0.2.53:5353"),
        ("mx_canaries", "shop.example"),
        ("public_url", "https://news.example"),
        ("output_dir", "reports"),
    ],
)
def test_each_setting_is_the_variable_of_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CAMPAIGN_{name.upper()}", value)
    assert getattr(settings(), name) == value


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_settings_do_not_change_while_the_process_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    first = settings()
    monkeypatch.setenv("CAMPAIGN_OUTPUT_DIR", "elsewhere")
    assert settings() is first
    with pytest.raises(ValueError, match="frozen"):
        first.output_dir = "elsewhere"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://news.example", "https://news.example"),
        ("https://news.example/", "https://news.example"),
        ("https://news.example/mail/", "https://news.example/mail"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
        ("http://localhost:8025/", "http://localhost:8025"),
        ("http://[::1]:8025", "http://[::1]:8025"),
    ],
)
def test_a_public_url_is_https_or_this_machine(
    given: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_PUBLIC_URL", given)
    assert settings().public_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://news.example",
        "http://127.0.0.1.news.example",
        "http://localhost.news.example",
        "ftp://news.example",
        "news.example",
        "https://",
        "https:///mail",
    ],
)
def test_any_other_public_url_is_one_sentence(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_PUBLIC_URL", given)
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_PUBLIC_URL: .*https://.*\.$"):
        settings()


@pytest.mark.parametrize("given", [KEY, f"{KEY},{KEY}old"])
def test_a_secret_key_is_long_and_so_is_each_older_one(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_SECRET_KEY", given)
    assert settings().secret_key.get_secret_value() == given


@pytest.mark.parametrize("given", ["hush-hush", f"{KEY},hush-hush", f"{KEY},", " " * 20])
def test_a_short_secret_key_is_refused_without_being_shown(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_SECRET_KEY", given)
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_SECRET_KEY: .*16 characters") as caught:
        settings()
    assert "hush-hush" not in str(caught.value)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_SECRET_KEY", KEY)
    assert KEY not in f"{settings()} {settings()!r} {settings().model_dump_json()}"


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMPAIGN_SECRET_KEY", "short")
    monkeypatch.setenv("CAMPAIGN_PUBLIC_URL", "news.example")
    with pytest.raises(SettingsError, match=r"CAMPAIGN_PUBLIC_URL.*CAMPAIGN_SECRET_KEY"):
        settings()


def test_what_is_needed_and_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_PUBLIC_URL and CAMPAIGN_SECRET_KEY must be set"):
        settings().need("public_url", "secret_key")
    monkeypatch.setenv("CAMPAIGN_PUBLIC_URL", "https://news.example")
    monkeypatch.setenv("CAMPAIGN_SECRET_KEY", KEY)
    settings.cache_clear()
    settings().need("public_url", "secret_key")
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_CONFIGURATION_SET must be set"):
        settings().need("public_url", "configuration_set")


def test_what_is_needed_and_missing_is_one_sentence() -> None:
    with pytest.raises(SettingsError) as caught:
        settings().need("event_queue_url")
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
