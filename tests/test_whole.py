"""The whole product end to end: `campaign send` as a process, on the samples, against the sandbox."""

import csv
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

import sandbox
from cli import prefect_server
from ledger import campaigns, tallies
from ledger.engine import open_ledger
from ledger.schema import attempt, claim, message
from ledger.statuses import Count, Status
from ledger.tallies import Totals

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "lists" / "samples"
CALL_RECIPIENTS = 50
# What each outcome of the sandbox leaves in the ledger: a status, and what is counted.
LEAVES = {
    "delivered": (Status.DELIVERED, {Count.DELIVERED}),
    "auto_reply": (Status.DELIVERED, {Count.DELIVERED, Count.AUTO_REPLY}),
    "delayed_then_delivered": (Status.DELIVERED, {Count.DELIVERED, Count.DELAYED}),
    "hard_bounce": (Status.HARD_BOUNCED, {Count.HARD_BOUNCED}),
    "bounce_after_delivery": (Status.HARD_BOUNCED, {Count.DELIVERED, Count.HARD_BOUNCED}),
    "soft_bounce": (Status.SOFT_BOUNCED, {Count.SOFT_BOUNCED}),
    "complaint": (Status.COMPLAINED, {Count.DELIVERED, Count.COMPLAINED}),
}


class Office:
    """A folder with a ledger and outputs of its own, a sandbox behind it, and the command in front of it."""

    def __init__(self, folder: Path, world: sandbox.RunningSandbox, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.world = world
        self.database_url = f"sqlite:///{folder / 'ledger.sqlite3'}"
        mine = {"CAMPAIGN_DATABASE_URL": self.database_url, "CAMPAIGN_OUTPUT_DIR": str(folder / "output")}
        self.environment = {**os.environ, **world.environment, **mine, "HOME": str(folder), **variables}

    def sample(self, name: str, **changes: object) -> Path:
        """Copy the campaign file of a sample, which then sends as fast as the account allows."""
        content = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text("utf-8"))
        content["list"]["source"] = str(SAMPLES / content["list"]["source"])
        content |= {key: str(SAMPLES / content[key]) for key in ("html", "text")}
        content["send"] = {"rate_per_second": 0, "workers": 1}
        file = self.folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
        return file

    def start(self, *arguments: str | Path) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # What a file's mode is must not hang on it.
            umask=0,
        )

    def run(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=180)
        assert "Traceback" not in err, err
        # The sender may be named, and so may a campaign's file; nobody that is written to.
        assert re.findall(r"\S+@\S+\.(?!yaml)\w+", out + err) == []
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def report(self, name: str) -> Any:
        return json.loads((self.folder / "output" / "reports" / name / "report.json").read_text("utf-8"))

    def totals(self, name: str) -> Totals | None:
        """Return the campaign's totals, or None before it is enqueued."""
        if not (self.folder / "ledger.sqlite3").exists():
            return None
        with open_ledger(self.database_url) as ledger, ledger.reading() as connection:
            found = campaigns.find(connection, name)
            return None if found is None else tallies.read(connection, found.id)

    def await_events(self) -> None:
        """Wait until the sandbox has published everything that it knows."""
        deadline = time.monotonic() + 60
        while self.world.summary()["pending_events"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def started() -> Iterator[sandbox.RunningSandbox]:
    behaviour = sandbox.Behaviour.model_validate(
        yaml.safe_load((SAMPLES / "sandbox.yaml").read_text("utf-8")) | {"rate_per_second": 2_000}
    )
    with sandbox.start(sandbox.SandboxOptions(s3=False, behaviour=behaviour)) as running:
        yield running


@pytest.fixture(scope="module")
def prefect_variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """One Prefect server for the runs that are not about its start."""
    home, port = tmp_path_factory.mktemp("prefect"), prefect_server.free_port()
    variables = prefect_server.environment(port, home)
    with prefect_server.serving(port, variables, home / "server.log"):
        yield variables


@pytest.fixture
def alone(started: sandbox.RunningSandbox, tmp_path: Path) -> Office:
    """An office without a Prefect server, as on a newcomer's machine."""
    started.reset()
    return Office(tmp_path, started, {})


@pytest.fixture
def office(started: sandbox.RunningSandbox, tmp_path: Path, prefect_variables: Mapping[str, str]) -> Office:
    started.reset()
    return Office(tmp_path, started, prefect_variables)


def test_every_figure_of_the_report_is_what_the_sandbox_recorded(alone: Office) -> None:
    ran = alone.run("send", alone.sample("spring-offer"))
    assert ran.returncode == 0, ran
    by_the_run = alone.report("spring-offer")
    assert by_the_run["state"] == "COMPLETED"
    written = [alone.folder / "output", *(alone.folder / "output").rglob("*"), *alone.folder.glob("ledger.*")]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600, 0o700}

    # A bounce after the delivery, or an auto-reply, may come when the run is over.
    alone.await_events()
    assert alone.run("collect").returncode == 0
    reports = alone.folder / "output" / "reports" / "spring-offer"
    assert alone.run("report", "spring-offer", "--out", reports).returncode == 0
    report, summary = alone.report("spring-offer"), alone.world.summary()

    by_status, counts = Counter[str](), Counter[str]()
    for outcome, number in summary["outcomes"].items():
        status, counted = LEAVES[outcome]
        by_status[status] += number
        counts.update({count.value: number for count in counted})
    # SES takes no letters outside ASCII before the @: such recipients are refused before anything is sent.
    refused = by_status[Status.REJECTED] = sum(report["rejected"].values())
    assert {text.partition(":")[0] for text in report["rejected"]} == {"smtputf8"}
    assert {name: number for name, number in report["by_status"].items() if number} == dict(by_status)
    taken = summary["accepted"]
    counts.update(answered=taken, accepted=taken, known=taken)
    told = {name: number for name, number in report["counts"].items() if number}
    opened, clicked = told.pop("opened"), told.pop("clicked")
    assert told == dict(counts)
    # As sandbox.yaml has it: 41 of a hundred open, and 6 of them click on one link each.
    assert 0.38 < opened / report["delivered"] < 0.44
    assert 0.05 < clicked / report["delivered"] < 0.08
    assert (report["reading"]["opened"], report["reading"]["clicked"]) == (opened, clicked)
    assert sum(link["clicked"] for link in report["reading"]["links"]) == clicked
    assert report["sent"] == report["recipients"] - refused == summary["accepted"] == summary["recipients"]
    assert report["sent"] == by_the_run["sent"]
    assert report["delivered"] == counts["delivered"]
    assert report["hard_bounced"] == counts["hard_bounced"]
    assert report["bounce_rate"] == pytest.approx(counts["hard_bounced"] / summary["accepted"])
    assert report["complained"] == counts["complained"]
    # The sample is a list on which nothing halts.
    assert (report["state"], report["halt"]) == ("COMPLETED", None)

    with (SAMPLES / "subscribers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = sum(any(row) for row in csv.reader(file)) - 1
    assert report["list"]["rows"] == rows == report["list"]["accepted"] + report["list"]["rejected"]
    assert report["list"]["accepted"] == report["recipients"]
    assert sum(each["accepted"] for each in report["domains"]) == summary["accepted"]

    messages = alone.world.messages()
    recipients = [recipient for each in messages for recipient in each["recipients"]]
    assert len(set(recipients)) == len(recipients)
    with (reports / "messages.csv").open(encoding="utf-8-sig", newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == len(recipients) + refused
    headers = {header["name"] for header in messages[0]["headers"]}
    assert {"List-Unsubscribe", "List-Unsubscribe-Post"} <= headers


def test_a_bad_list_halts_and_after_it_ses_takes_no_more_than_was_committed(office: Office) -> None:
    file = office.sample("bad-list", send={"rate_per_second": 200})
    ran = office.run("send", file)
    assert ran.returncode == 3, ran
    assert "campaign resume bad-list --by WHO --reason WHY" in ran.stdout
    report, accepted = office.report("bad-list"), office.world.summary()["accepted"]
    assert (report["state"], report["halt"]["by"]) == ("HALTED", "gate")
    assert report["by_status"]["QUEUED"] > 0
    assert accepted == report["counts"]["accepted"] + report["by_status"]["IN_DOUBT"]
    with open_ledger(office.database_url) as ledger, ledger.reading() as connection:
        started_at = connection.execute(select(attempt.c.started_at)).scalars().all()
    # One worker has one call under way: what was committed in the moment of the halt.
    assert len(started_at) == accepted
    assert sum(at > report["halt"]["at"] for at in started_at) == 0

    found = json.loads(office.run("status", "bad-list", "--json").stdout)
    assert found["halt"] == {key: report["halt"][key] for key in found["halt"]}


def test_killed_in_mid_run_and_started_again_nobody_is_mailed_twice_and_nobody_forgotten(
    office: Office,
) -> None:
    office.world.control(rate_per_second=400)
    # A part of the sample is enough for a kill in the middle.
    part = office.folder / "part.csv"
    part.write_bytes(b"".join((SAMPLES / "subscribers.csv").read_bytes().splitlines(keepends=True)[:1_500]))
    file = office.sample(
        "spring-offer",
        list={"source": str(part), "address_column": "email"},
        send={"rate_per_second": 0, "settle_seconds": 8},
    )
    with office.start("send", file) as process:
        deadline = time.monotonic() + 120
        while not (totals := office.totals("spring-offer")) or totals.counts[Count.ACCEPTED] < 500:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
        process.communicate()
    killed = office.totals("spring-offer")
    assert killed is not None
    assert 500 <= killed.counts[Count.ACCEPTED] < killed.recipients
    # No call was answered and not recorded, but for the one under way.
    assert office.world.summary()["accepted"] <= killed.counts[Count.ACCEPTED] + CALL_RECIPIENTS

    with open_ledger(office.database_url) as ledger, ledger.writing() as connection:
        connection.execute(update(claim).values(leased_until=claim.c.leased_until - 120))
    office.world.control(rate_per_second=2_000)
    ran = office.run("send", file)
    assert ran.returncode in (0, 5), ran
    recipients = [recipient for each in office.world.messages() for recipient in each["recipients"]]
    assert len(recipients) == len(set(recipients))
    with open_ledger(office.database_url) as ledger, ledger.reading() as connection:
        rows = connection.execute(select(message.c.address, message.c.domain, message.c.status)).all()
    in_doubt = {f"{row.address.rpartition('@')[0]}@{row.domain}" for row in rows if row.status == "IN_DOUBT"}
    everybody = {
        f"{row.address.rpartition('@')[0]}@{row.domain}" for row in rows if row.status != Status.REJECTED
    }
    assert len(in_doubt) <= CALL_RECIPIENTS
    assert set(recipients) <= everybody
    assert everybody - set(recipients) <= in_doubt
    assert {row.status for row in rows} & {"QUEUED", "CLAIMED", "SENDING"} == set()
    assert (ran.returncode == 5) == bool(in_doubt)
