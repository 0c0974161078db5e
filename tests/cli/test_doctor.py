"""`campaign doctor`: every check with all well, with its thing broken, and out of reach."""

import datetime
import http.server
import json
import os
import shutil
import socket
import sqlite3
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import settings
from cli import doctor
from ledger import accounts, drains, owners, unread
from ledger.accounts import Action, Rolling
from mail import python_level
from reports.checkup import amazon_checks, machine_checks, size_checks
from reports.checkup.checks import CHECKS, FIGURES, WITHOUT_SETTINGS
from reports.checkup.finding import Check, Finding, Level, Surroundings
from reports.checkup.rounds import Rounds

if TYPE_CHECKING:
    from conftest import Command, Office

ROOT = Path(__file__).resolve().parents[2]
DAY = 86_400.0


@dataclass
class PrefectServer:
    """What a Prefect server answers to the few questions that are asked of it."""

    workers: list[dict[str, str]] = field(default_factory=lambda: [{"name": "one", "status": "ONLINE"}])
    deployments: list[str] = field(
        default_factory=lambda: [
            each["name"] for each in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
        ]
    )
    late: int = 0
    url: str = ""

    def answer(self, path: str) -> object:
        match path.removeprefix("/api").split("/")[1:]:
            case ["health"]:
                return True
            case ["work_pools", "campaigns"]:
                return {"is_paused": False}
            case ["work_pools", "campaigns", "workers", "filter"]:
                return self.workers
            case ["flow_runs", "count"]:
                return self.late
            case ["deployments", "filter"]:
                return [{"name": name} for name in self.deployments]
        return None


@pytest.fixture
def prefect() -> Iterator[PrefectServer]:
    found = PrefectServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(found.answer(self.path)).encode()
            self.send_response(404 if body == b"null" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_port}/api"
        yield found
        server.shutdown()


def serve_tls(folder: Path, days_left: float) -> tuple[socket.socket, Path]:
    """Listen on localhost with a certificate that ends in so many days; its file makes it a good one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=90))
        .not_valid_after(now + datetime.timedelta(days=days_left))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def answer() -> None:
        while True:
            try:
                listening.accept()[0].close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=answer, daemon=True).start()
    return listening, file


@dataclass
class Ward:
    """Everything that is looked at, and ways to break it."""

    office: "Office"
    prefect: PrefectServer
    monkeypatch: pytest.MonkeyPatch
    clock: Callable[[], float] = time.time
    closing: list[socket.socket] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def set(self, name: str, value: str) -> None:
        self.monkeypatch.setenv(name, value)

    def sql(self, statement: str, *values: object) -> None:
        """Change the ledger's file behind its back."""
        with closing(sqlite3.connect(self.office.folder / "ledger.sqlite3")) as connection, connection:
            connection.execute(statement, values)

    def certificate(self, days_left: float) -> None:
        listening, file = serve_tls(self.office.folder, days_left)
        self.closing.append(listening)
        self.set("SSL_CERT_FILE", str(file))
        self.set("CAMPAIGN_PUBLIC_URL", f"https://localhost:{listening.getsockname()[1]}")

    def dead_letters(self, messages: int) -> None:
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
        own = os.environ["CAMPAIGN_EVENT_QUEUE_URL"]
        sqs.set_queue_attributes(QueueUrl=own, Attributes={"RedrivePolicy": redrive})
        for number in range(messages):
            sqs.send_message(QueueUrl=queue, MessageBody=f"lost {number}")

    def look(self, check: Check) -> Finding:
        settings.settings.cache_clear()
        self.monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        around = Surroundings(settings.settings(), os.environ, ROOT, self.clock)
        return Rounds([check], deadline_seconds=30).run(around)[0].finding


@pytest.fixture
def ward(office: "Office", prefect: PrefectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    found = Ward(office, prefect, monkeypatch)
    found.set("PREFECT_API_URL", prefect.url)
    yield found
    for listening in found.closing:
        listening.close()
    for folder in found.folders:
        shutil.rmtree(folder)


def suspend(ward: Ward) -> None:
    with ward.office.ledger() as ledger, ledger.writing() as connection:
        accounts.lock(connection)
        accounts.change(connection, Action.SUSPENDED, Rolling(0.0, 1_000, 60), by="x", reason="60 bounced.")


def more_waits_than_ses_takes(ward: Ward) -> None:
    ward.office.begin(ward.office.folder / "campaign.yaml")
    ward.office.world.control(daily_quota=2)


def a_full_queue(ward: Ward) -> None:
    ward.monkeypatch.setattr(amazon_checks, "QUEUE_AT_MOST", 0)
    boto3.client("sqs").send_message(QueueUrl=os.environ["CAMPAIGN_EVENT_QUEUE_URL"], MessageBody="x")


def nobody_drains(ward: Ward) -> None:
    with ward.office.ledger() as ledger, ledger.writing() as connection:
        drains.note(connection)
    ward.sql("UPDATE drain SET until = until - 7200, since = since - 7200")


def something_unread(ward: Ward) -> None:
    with ward.office.ledger() as ledger, ledger.writing() as connection:
        unread.keep(connection, {"no event": "is no JSON"})


def a_late_callback(ward: Ward) -> None:
    columns = "message_id, url_id, status, previous_status, at, attempts, due_at"
    ward.sql(f"INSERT INTO callback ({columns}) VALUES (1, 1, 'SENT', 'QUEUED', 0, 0, 1000)")


def an_old_key(ward: Ward) -> None:
    with ward.office.ledger() as ledger, ledger.writing() as connection:
        owners.add_key(connection, owners.ensure(connection, "Shop"), "Ann", "x", "ck_12345")
    ward.sql("UPDATE api_key SET created_at = 1000")


def old_keys_of_aws(ward: Ward) -> None:
    file = ward.office.write("credentials", "[default]\n")
    os.utime(file, (1_000, 1_000))
    ward.monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    ward.set("AWS_SHARED_CREDENTIALS_FILE", str(file))


def readable_by_all(ward: Ward) -> None:
    # The folders of the tests are private.
    folder = Path(tempfile.mkdtemp())
    ward.folders.append(folder)
    folder.chmod(0o755)
    file = folder / "list.csv"
    file.write_text("x")
    file.chmod(0o644)
    ward.set("CAMPAIGN_OUTPUT_DIR", str(folder))


def a_disk_that_fills(ward: Ward) -> None:
    ward.monkeypatch.setattr(size_checks, "DAYS_OF_DISK", 1e12)
    ward.office.send(ward.office.folder / "campaign.yaml")
    # What a young ledger grew by says nothing yet.
    assert ward.look(BY_NAME["tables"]).level is Level.OK
    ward.sql("UPDATE event SET received_at = received_at - 864000 WHERE id = (SELECT min(id) FROM event)")


def an_unpatched_python(ward: Ward) -> None:
    ward.monkeypatch.setattr(python_level, "weaknesses", lambda: ["Python is too old: upgrade."])


def no_ledger_answers(ward: Ward) -> None:
    ward.set("CAMPAIGN_DATABASE_URL", "postgresql://u:hush-hush@127.0.0.1:1/x")


def no_aws_answers(ward: Ward) -> None:
    ward.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    ward.set("CAMPAIGN_EVENT_QUEUE_URL", "http://127.0.0.1:1/000000000000/events")


def no_prefect_answers(ward: Ward) -> None:
    ward.set("PREFECT_API_URL", "http://ann:hush-hush@127.0.0.1:1/api")


def no_proxy_answers(ward: Ward) -> None:
    ward.set("CAMPAIGN_PUBLIC_URL", "https://127.0.0.1:1")


Change = Callable[[Ward], object]


@dataclass(frozen=True)
class Case:
    """How a check's thing is broken and what is said then; the same where it is out of reach."""

    broken: Change
    level: Level
    says: str
    away: Change | None = None
    away_level: Level = Level.WARNING
    fine: Change = lambda ward: None


ERROR, WARNING = Level.ERROR, Level.WARNING
TABLE = {
    "database": Case(
        lambda ward: ward.office.write("ledger.sqlite3", b"no database " * 100),
        ERROR,
        "cannot be read",
        no_ledger_answers,
        ERROR,
    ),
    "schema": Case(
        lambda ward: ward.sql("UPDATE alembic_version SET version_num = '0001'"),
        ERROR,
        "campaign db upgrade",
        no_ledger_answers,
    ),
    "settings": Case(
        lambda ward: ward.monkeypatch.delenv("CAMPAIGN_SECRET_KEY"), ERROR, "CAMPAIGN_SECRET_KEY must be set"
    ),
    "ses": Case(
        lambda ward: ward.office.world.control(sending_enabled=False),
        ERROR,
        "switched off",
        no_aws_answers,
        ERROR,
    ),
    "quota": Case(
        more_waits_than_ses_takes, WARNING, "3 messages wait, and SES takes 2", no_aws_answers, ERROR
    ),
    "account": Case(suspend, ERROR, "campaign account lift", no_ledger_answers),
    "breaker": Case(
        lambda ward: ward.sql(
            "INSERT INTO breaker (name, failures, probes, opened_at, probe_at) VALUES ('account', 3, 2, 1, 9)"
        ),
        ERROR,
        "SES has given no answers",
        no_ledger_answers,
    ),
    "mail": Case(
        lambda ward: setattr(ward, "clock", lambda: time.time() - 3600),
        WARNING,
        "clock",
        no_ledger_answers,
    ),
    "queue": Case(a_full_queue, WARNING, "campaign collect", no_aws_answers, ERROR),
    "drained": Case(nobody_drains, WARNING, "2 h ago", no_ledger_answers),
    "dead_letters": Case(
        lambda ward: ward.dead_letters(2),
        WARNING,
        "2 events are on the dead-letter queue",
        no_aws_answers,
        ERROR,
        lambda ward: ward.dead_letters(0),
    ),
    "unread": Case(something_unread, WARNING, "campaign events unread", no_ledger_answers),
    "callbacks": Case(a_late_callback, WARNING, "callbacks deliver", no_ledger_answers),
    "workers": Case(
        lambda ward: setattr(ward.prefect, "workers", []),
        ERROR,
        "prefect worker start --pool campaigns",
        no_prefect_answers,
        ERROR,
    ),
    "late_runs": Case(
        lambda ward: setattr(ward.prefect, "late", 2), WARNING, "2 runs", no_prefect_answers, ERROR
    ),
    "deployments": Case(
        lambda ward: ward.prefect.deployments.remove("watch-statuses"),
        ERROR,
        "watch-statuses of prefect.yaml is not on the Prefect server",
        no_prefect_answers,
        ERROR,
    ),
    "certificate": Case(
        lambda ward: ward.certificate(-1),
        ERROR,
        "expired",
        no_proxy_answers,
        ERROR,
        lambda ward: ward.certificate(90),
    ),
    "secrets": Case(old_keys_of_aws, WARNING, "IAM"),
    "keys": Case(an_old_key, WARNING, "campaign keys create", no_ledger_answers),
    "disk": Case(
        lambda ward: ward.monkeypatch.setattr(machine_checks, "FULL_BYTES", 10**18), ERROR, "make room"
    ),
    "files": Case(readable_by_all, WARNING, "campaign db files"),
    "tables": Case(a_disk_that_fills, WARNING, "the disk is full in", no_ledger_answers),
    "python": Case(an_unpatched_python, WARNING, "upgrade"),
}
BY_NAME = {check.name: check for check in CHECKS}


def test_every_check_is_in_the_table() -> None:
    assert sorted(TABLE) == sorted(BY_NAME)
    assert set(BY_NAME) >= WITHOUT_SETTINGS


@pytest.mark.parametrize("name", TABLE)
def test_a_check_says_what_is_broken_and_what_to_do_and_is_content_where_nothing_is(
    ward: Ward, name: str
) -> None:
    case, check = TABLE[name], BY_NAME[name]
    case.fine(ward)
    fine = ward.look(check)
    assert fine.level is Level.OK, fine.sentence
    case.broken(ward)
    broken = ward.look(check)
    assert (broken.level, case.says in broken.sentence) == (case.level, True), broken.sentence
    assert broken.sentence.count("\n") == 0
    assert broken.sentence.endswith((".", "WHY"))
    assert {each.name for each in (*fine.figures, *broken.figures)} <= set(FIGURES)


@pytest.mark.parametrize("name", [name for name, case in TABLE.items() if case.away is not None])
def test_what_is_out_of_reach_is_named_and_no_password_with_it(ward: Ward, name: str) -> None:
    case, check = TABLE[name], BY_NAME[name]
    assert case.away is not None
    case.away(ward)
    found = ward.look(check)
    assert found.level is case.away_level, found.sentence
    assert "hush-hush" not in found.sentence


def test_a_deployment_that_nobody_may_need_is_a_warning_and_a_sample_is_none(ward: Ward) -> None:
    ward.prefect.deployments.remove("spring-offer")
    assert ward.look(BY_NAME["deployments"]).level is Level.OK
    ward.prefect.deployments.remove("clean-shards")
    found = ward.look(BY_NAME["deployments"])
    assert (found.level, found.sentence.startswith("clean-shards of prefect.yaml is not")) == (WARNING, True)


def test_a_certificate_that_ends_soon_is_a_warning(ward: Ward) -> None:
    ward.certificate(3)
    found = ward.look(BY_NAME["certificate"])
    assert (found.level, found.sentence.endswith("in 2 days: renew it.")) == (WARNING, True)


def test_a_check_that_hangs_or_fails_hides_no_other_and_is_begun_once(ward: Ward) -> None:
    release, begun = threading.Event(), []

    def hang(_: Surroundings) -> Finding:
        begun.append(1)
        release.wait()
        return Finding(Level.OK, "It came back.")

    def fail(_: Surroundings) -> Finding:
        raise ValueError("ann@mail.example")

    checks = [
        Check("fails", "One thing", fail, "look at it"),
        Check("python", "Python", machine_checks.python, "upgrade"),
        Check("hangs", "Another thing", hang, "look at it", ERROR),
    ]
    around = Surroundings(settings.settings(), os.environ, ROOT, time.time)
    rounds = Rounds(checks, deadline_seconds=0.05)
    for _ in range(2):
        found = {each.check: each.finding for each in rounds.run(around)}
        assert list(found) == ["hangs", "fails", "python"]
        assert found["hangs"].sentence == "Another thing gave no answer within 0 s: look at it."
        assert found["fails"].sentence == "One thing could not be looked at (ValueError): look at it."
    assert begun == [1]
    release.set()


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("state", ["current", "older", "missing", "open"])
def test_looking_changes_no_file_and_makes_none(office: "Office", command: "Command", state: str) -> None:
    path = office.folder / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        match state:
            case "older":
                with connection:
                    connection.execute("UPDATE alembic_version SET version_num = '0001'")
            case "missing":
                path.unlink()
    for end in ("-wal", "-shm", ".made"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    with closing(sqlite3.connect(path if state == "open" else ":memory:")) as other:
        if state == "open":
            other.execute("SELECT count(*) FROM message").fetchone()
        before = everything(office.folder)
        command("doctor")
        after = everything(office.folder)
    # Readers leave their marks in the index of the log, which is no part of what it holds.
    ignored = {"ledger.sqlite3-shm"}
    assert {name: each for name, each in after.items() if name not in ignored} == {
        name: each for name, each in before.items() if name not in ignored
    }


def test_the_worst_comes_first_and_the_exit_code_says_how_bad_it_is(ward: Ward, command: "Command") -> None:
    ward.dead_letters(0)
    well = command("doctor")
    assert (well.code, well.err) == (0, ""), well.out
    ward.dead_letters(1)
    odd = command("doctor")
    assert odd.code == 4
    assert odd.err.startswith("campaign: warnings about dead_letters: 1 event is on the dead-letter queue ")
    assert odd.out.splitlines()[0].startswith("warning  dead_letters")
    suspend(ward)
    bad = command("doctor", "--json")
    assert bad.code == 1
    assert bad.err.startswith(
        "campaign: account broken; warnings about dead_letters: The account is suspended"
    )
    assert bad.err.count("\n") == 1
    found = json.loads(bad.out)
    assert found["worst"] == "error"
    assert [each["check"] for each in found["findings"][:2]] == ["account", "dead_letters"]
    assert found["findings"][1]["figures"] == [{"name": "campaign_dead_letters", "value": 1}]


def test_a_setting_of_no_use_is_a_finding_and_the_rest_is_looked_at(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_PUBLIC_URL", "http://shop.example")
    ran = command("doctor", "--json")
    found: list[dict[str, Any]] = json.loads(ran.out)["findings"]
    assert ran.code == 1
    assert (found[0]["check"], "CAMPAIGN_PUBLIC_URL" in found[0]["sentence"]) == ("settings", True)
    assert {each["check"] for each in found[1:]} == WITHOUT_SETTINGS


def test_it_finds_prefect_yaml_beside_itself() -> None:
    assert (doctor.ROOT / "prefect.yaml").is_file()


def test_the_page_of_monitoring_has_every_check_and_every_figure() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    assert [check.name for check in CHECKS if f"| `{check.name}` |" not in page] == []
    assert [name for name in FIGURES if f"| `{name}" not in page] == []
