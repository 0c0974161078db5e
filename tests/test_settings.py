"""The environment, read in one place."""

from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of the test's own, and a working folder beside it."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(work)
    return home


def test_with_nothing_set_there_is_one_ledger_for_a_user_in_every_working_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = settings()
    monkeypatch.chdir("/")
    settings.cache_clear()
    assert settings().database_url == first.database_url
    assert Path(first.database_url.removeprefix("sqlite:///")).is_relative_to(home)
    assert first.output_dir == "var"
    assert (first.public_url, first.secret_key.get_secret_value(), first.nameservers) == ("", "", "")


@pytest.mark.parametrize("name", ["HOME", "XDG_DATA_HOME"])
@pytest.mark.parametrize("value", [None, "", "/", "//", "/.", "somewhere", "/dev/null"])
def test_without_a_usable_home_the_ledger_has_to_be_named(
    name: str, value: str | None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    if value is not None:
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="set CAMPAIGN_DATABASE_URL") as caught:
        settings()
    assert str(caught.value).count("\n") == 0
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", "sqlite:////srv/campaign.sqlite3")
    assert settings().database_url == "sqlite:////srv/campaign.sqlite3"


def test_a_home_that_is_not_there_is_not_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home / "gone"))
    with pytest.raises(SettingsError, match="which is not there"):
        settings()
    assert list(home.iterdir()) == []


def test_a_home_that_cannot_be_written_to_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever runs tests as root may write everywhere.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(SettingsError, match="cannot be written to"):
        settings()


def test_a_data_folder_that_somebody_names_serves_without_a_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    assert settings().database_url.startswith(f"sqlite:///{home}/")


@pytest.mark.parametrize("homeless", [False, True])
def test_a_ledger_of_the_working_folder_stops_everything_until_it_is_named(
    homeless: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if homeless:
        monkeypatch.delenv("HOME")
    former = Path("var", "campaign.sqlite3").absolute()
    former.parent.mkdir()
    former.write_bytes(b"")
    with pytest.raises(SettingsError) as caught:
        settings()
    assert f"CAMPAIGN_DATABASE_URL=sqlite:///{former}" in str(caught.value)
    assert ("or move it" in str(caught.value)) is not homeless
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{former}")
    assert settings().database_url == f"sqlite:///{former}"


@pytest.mark.parametrize("value", ["", "  "])
def test_a_ledger_that_was_meant_to_be_named_is_not_another_one(
    value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", value)
    with pytest.raises(SettingsError, match=r"^CAMPAIGN_DATABASE_URL: is empty"):
        settings()


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
