"""A campaign file in a folder of its own and a sandbox behind it; the tasks' functions need no server."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import sandbox
import settings
from ledger.engine import Ledger, open_ledger
from lists.policy import HygienePolicy, ListSource
from mail.campaign_file import Campaign
from mail.policy import HaltPolicy
from reports import list_cleaning

HTML = '<p>Hello {{ first_name or "there" }}</p> <a href="{{ unsubscribe_url }}">{{ unsubscribe_text }}</a>'


@pytest.fixture(scope="session")
def started() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour(rate_per_second=100_000)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@pytest.fixture
def world(
    started: sandbox.RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sandbox.RunningSandbox]:
    started.reset()
    # boto3 keeps the credentials and the region that it once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in started.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    settings.settings.cache_clear()
    yield started
    settings.settings.cache_clear()


@pytest.fixture
def ledger(world: sandbox.RunningSandbox) -> Iterator[Ledger]:
    with open_ledger(settings.settings().database_url) as ledger:
        yield ledger


@pytest.fixture
def campaign(tmp_path: Path, ledger: Ledger) -> Campaign:
    """A campaign to thirty readers, cleaned into the folder `clean` and not yet enqueued."""
    rows = [f"reader.{number}@reader.example,Reader {number}" for number in range(30)]
    (tmp_path / "list.csv").write_text("\n".join(["email,first_name", *rows, ""]))
    (tmp_path / "mail.html.j2").write_text(HTML)
    found = Campaign(
        name="spring-offer",
        list=ListSource(source=str(tmp_path / "list.csv")),
        sender="Bright Books <no-reply@brightbooks.example>",
        subject="Spring is here",
        html=str(tmp_path / "mail.html.j2"),
        postal_address="Bright Books, 1 High Street, Exampletown",
        hygiene=HygienePolicy(mx=False),
        # Nobody collects while chunks are sent here, and the pace would wait for outcomes.
        halt=HaltPolicy(ladder=(), unknown_at_most=1_000_000),
    )
    list_cleaning.clean(ledger, found.list, found.hygiene, "", tmp_path / "clean")
    return found
