"""The same through the real flow: `campaign send`, killed and started again; a Prefect server each time."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from invariants import hold_always, hold_settled, require
from places import DOMAIN
from sqlalchemy import update

import sandbox
from ledger import campaigns, tallies
from ledger.engine import Ledger, open_ledger
from ledger.schema import claim
from ledger.statuses import Count, Status

ROOT = Path(__file__).resolve().parents[2]
_NAME = "chaos-flow"
_PER_SECOND = 200
_CALL_SIZE = 20
_RECIPIENTS = 4_000
_PATIENCE_SECONDS = 400.0


def kill_flows(kills: int) -> str:
    """Kill the command so many times in the middle of its sending, let it finish, and return the figures.

    Raises Violated.
    """
    behaviour = sandbox.Behaviour(rate_per_second=_PER_SECOND)
    with (
        TemporaryDirectory() as name,
        sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as world,
    ):
        folder = Path(name)
        url = f"sqlite:///{folder / 'ledger.sqlite3'}"
        own = {"CAMPAIGN_DATABASE_URL": url, "CAMPAIGN_OUTPUT_DIR": str(folder / "output"), "HOME": name}
        environment = {**os.environ, **world.environment, **own}
        file = _campaign(folder)
        began = time.monotonic()
        with open_ledger(url) as ledger:
            for number in range(1, kills + 1):
                # Some way into what this run sends, wherever the last one was stopped.
                _kill_after(ledger, environment, file, number * _RECIPIENTS // (kills + 2))
                with ledger.writing() as connection:
                    connection.execute(update(claim).values(leased_until=0.0))
            code = _command(environment, file).wait(_PATIENCE_SECONDS)
            require(code in (0, 5), f"the last run ended with {code}")
            addresses = [f"flow.{number}@{DOMAIN}" for number in range(_RECIPIENTS)]
            with ledger.reading() as connection:
                hold_always(connection, _NAME, kills, _CALL_SIZE)
                hold_settled(connection, _NAME, addresses, world, decided=False)
                found = tallies.read(connection, campaigns.get(connection, _NAME).id)
    return (
        f"flow: {kills} kills of `campaign send`, {time.monotonic() - began:.0f} s\n"
        f"  {_RECIPIENTS} recipients, {found.by_status[Status.IN_DOUBT]} in doubt at the end"
    )


def _campaign(folder: Path) -> Path:
    rows = "".join(f"flow.{number}@{DOMAIN},Reader {number}\n" for number in range(_RECIPIENTS))
    (folder / "list.csv").write_text("email,first_name\n" + rows, encoding="utf-8")
    (folder / "mail.html.j2").write_text("<p>Hello {{ first_name }}</p>", encoding="utf-8")
    (folder / "mail.txt.j2").write_text("Hello {{ first_name }}", encoding="utf-8")
    content = {
        "name": _NAME,
        "list": {"source": "list.csv"},
        "from": "Bright Books <news@brightbooks.example>",
        "subject": "{{ first_name }}, spring is here",
        "html": "mail.html.j2",
        "text": "mail.txt.j2",
        "postal_address": "Bright Books & Co, 1 High Street, Exampletown",
        # What a killed run had received comes again when the queue's 30 s are over.
        "send": {"settle_seconds": 60},
        # As many as can be out at once, so that a kill finds something.
        "halt": {"ladder": [], "unknown_at_most": 1_000_000},
    }
    file = folder / "campaign.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def _command(environment: dict[str, str], file: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "cli", "send", str(file)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _kill_after(ledger: Ledger, environment: dict[str, str], file: Path, accepted: int) -> None:
    with _command(environment, file) as process:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while _accepted(ledger) < accepted:
            require(process.poll() is None, f"the command ended by itself with {process.poll()}")
            require(time.monotonic() < deadline, "the command sends nothing")
            time.sleep(0.05)
        process.kill()
    with ledger.reading() as connection:
        left = tallies.read(connection, campaigns.get(connection, _NAME).id).may_still_go
    require(left > 0, "the kill fell when all was sent")


def _accepted(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        found = campaigns.find(connection, _NAME)
        return tallies.read(connection, found.id).counts[Count.ACCEPTED] if found else 0
