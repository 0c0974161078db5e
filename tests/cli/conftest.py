"""The `campaign` command in this process: a folder of its own, a sandbox behind it, and no Prefect."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from sqlalchemy import func, select

import sandbox
import settings
from cli import main, runs
from ledger.engine import Ledger, open_ledger
from ledger.schema import campaign
from mail import campaign_file, collecting, recipients, sending, working
from mail.templating import Templates
from reports import list_cleaning

HTML = """<p>Hello {{ first_name or "there" }}</p>
<p><a href="{{ unsubscribe_url }}">{{ unsubscribe_text }}</a> {{ postal_address }}</p>
"""
LEDGER = "ledger.sqlite3"


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


class Office:
    """A folder with a campaign in it, the ledger beside it, and the sandbox that its mail goes to."""

    def __init__(self, folder: Path, world: sandbox.RunningSandbox) -> None:
        self.folder = folder
        self.world = world
        self.output = folder / "output"
        self.content: dict[str, Any] = {
            "name": "spring-offer",
            "list": {"source": "list.csv", "address_column": "email"},
            "from": "Bright Books <news@brightbooks.example>",
            "subject": "{{ first_name or 'Hello' }}, spring is here",
            "html": "mail.html.j2",
            "postal_address": "Bright Books, 1 High Street, Exampletown",
        }
        self.write("mail.html.j2", HTML)
        self.write_list(3)
        self.write_campaign()

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write_list(self, readers: int | Sequence[str], name: str = "list.csv") -> Path:
        """Write a list of so many readers, or of these addresses."""
        addresses = (
            [f"reader.{number}@reader.example" for number in range(1, readers + 1)]
            if isinstance(readers, int)
            else readers
        )
        rows = (f"{address},Reader {number}" for number, address in enumerate(addresses, start=1))
        return self.write(name, "\n".join(["email,first_name", *rows, ""]))

    def write_campaign(self, *, file: str = "campaign.yaml", **changes: Any) -> Path:
        # Nobody collects while these campaigns are sent, and the pace would wait for outcomes.
        unpaced = {"ladder": [], "unknown_at_most": 1_000_000}
        changes["halt"] = unpaced | dict(changes.get("halt", {}))
        return self.write(file, yaml.safe_dump(self.content | changes, sort_keys=False))

    def ledger(self) -> Ledger:
        return open_ledger(settings.settings().database_url)

    def begin(self, file: Path) -> str:
        """Enqueue a campaign file without sending anything, and return the campaign's name."""
        found, directory = campaign_file.load(file), self.output / "begun"
        with self.ledger() as ledger:
            nameservers = settings.settings().nameservers
            list_cleaning.clean(ledger, found.list, found.hygiene, nameservers, directory)
            recipients.enqueue_list(ledger, found, Templates.load(found), directory)
        return found.name

    def send(self, file: Path) -> str:
        """Send a campaign file and wait for its outcomes, as the flow does; return the campaign's name."""
        name = self.begin(file)
        with self.ledger() as ledger:
            sending.send_chunk(working.open_work(ledger, settings.settings(), name), 10_000)
            collecting.collect_during(working.open_collector(ledger, settings.settings()), name, 20)
        return name

    def campaigns(self) -> int:
        """Return how many campaigns the ledger holds; 0 where there is no ledger."""
        if not (self.folder / LEDGER).exists():
            return 0
        with open_ledger(f"sqlite:///{self.folder / LEDGER}") as ledger, ledger.reading() as connection:
            return connection.execute(select(func.count()).select_from(campaign)).scalar_one()

    def files(self) -> Mapping[str, bytes]:
        """Return the content of all files but the ledger's."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and not path.name.startswith(LEDGER)
        }


@pytest.fixture(scope="session")
def started() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour(rate_per_second=1_000_000, tag_calls_per_second=1_000)
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@pytest.fixture(scope="session")
def ledger_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with nothing in it, so that no command has to make one and say so."""
    path = tmp_path_factory.mktemp("template") / LEDGER
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def office(
    started: sandbox.RunningSandbox,
    ledger_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    """A campaign that could be sent, with the environment that it takes."""
    started.reset()
    shutil.copyfile(ledger_template, tmp_path / LEDGER)
    # boto3 keeps the credentials and the region that it once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name, value in started.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", f"sqlite:///{tmp_path / LEDGER}")
    monkeypatch.setenv("CAMPAIGN_OUTPUT_DIR", str(tmp_path / "output"))
    monkeypatch.chdir(tmp_path)
    settings.settings.cache_clear()
    yield Office(tmp_path, started)
    settings.settings.cache_clear()


@pytest.fixture
def command(office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `campaign` with arguments, as a shell would. Starting Prefect fails: nothing here may need it."""

    def no_prefect(*_: object) -> None:
        pytest.fail("Prefect was started")

    monkeypatch.setattr(runs, "prefect", no_prefect)

    def run(*arguments: str | os.PathLike[str]) -> Ran:
        settings.settings.cache_clear()
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.setattr(sys, "argv", ["campaign", *map(os.fspath, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.main()
        written = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, written.out, written.err)

    return run
