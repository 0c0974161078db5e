"""Every command against everyday mistakes: one sentence with what to do, never a traceback or a shrug.

The table of commands is held against the command line itself, so that a new command joins it.
"""

import os
import resource
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import settings
from cli import main
from ledger.engine import open_ledger

if TYPE_CHECKING:
    from conftest import Command, Office, Ran

WHO = ("--by", "Ann", "--reason", "why")


@dataclass(frozen=True)
class Use:
    """A command as somebody types it: {list}, {campaign}, ... are files that it reads, {out} what it writes.

    `writes` says what {out} is. `ledger`, `aws`: whether it asks them.
    """

    line: str
    writes: str = ""
    ledger: bool = True
    aws: bool = False

    @property
    def reads(self) -> str:
        """Which of the files in READ it names."""
        return next((name for name in READ if f"{{{name}}}" in self.line), "")

    def arguments(self, **names: str) -> list[str]:
        found = {**READ, "out": "there", **names}
        words = (WHO if word == "WHO" else (word.format(**found),) for word in self.line.split())
        return [each for word in words for each in word]


READ: Mapping[str, str] = {
    "list": "list.csv",
    "campaign": "campaign.yaml",
    "cleaned": "cleaned",
    "backup": "backup.sqlite3",
    "names": "names.txt",
}
USES = (
    Use("clean {list} --out {out} --no-mx", "folder"),
    Use("clean {list} --out {out}", "folder"),
    Use("clean list.csv --out {out} --no-mx --disposable-domains {names}", "folder"),
    Use("clean list.csv --out {out} --no-mx --role-names {names}", "folder"),
    Use("accept-suggestions {cleaned} --out {out}", "file", ledger=False),
    Use("preview {campaign} --row 1 --out {out}", "file", ledger=False),
    Use("send {campaign} --dry-run", aws=True),
    Use("test-send {campaign} --to me@mail.example", aws=True),
    Use("status"),
    Use("status spring-offer"),
    Use("list"),
    Use("compare spring-offer spring-offer"),
    Use("halt spring-offer"),
    Use("resume spring-offer WHO"),
    Use("cancel spring-offer WHO"),
    Use("in-doubt spring-offer"),
    Use("in-doubt spring-offer --resend WHO"),
    Use("report spring-offer --out {out}", "folder"),
    Use("change {campaign} WHO"),
    Use("simulate --recipients 100 --out {out}", "file", ledger=False),
    Use("account", aws=True),
    Use("account lift WHO"),
    Use("doctor", aws=True),
    Use("callbacks list"),
    Use("callbacks replay --all"),
    Use("callbacks deliver --seconds 1"),
    Use("callbacks secret", ledger=False),
    Use("suppress add ann@mail.example --note why --by Ann"),
    Use("suppress remove ann@mail.example WHO"),
    Use("suppress list"),
    Use("suppress history ann@mail.example"),
    Use("suppress import {list} --by Ann"),
    Use("suppress export {out}", "file"),
    Use("suppress sync", aws=True),
    Use("suppress review"),
    Use("events unread"),
    Use("events export {out} --by Ann", "file"),
    Use("events delete --all --by Ann"),
    Use("events take 1 --by Ann --reason why", aws=True),
    Use("erase ann@mail.example WHO"),
    Use("inactive --days 90 --out {out}", "file"),
    Use("keys create --owner Shop --operator Ann"),
    Use("keys list"),
    Use("keys revoke 1"),
    Use("messages drop --owner Shop WHO"),
    Use("messages withdrawals"),
    Use("senders add ann@mail.example", ledger=False, aws=True),
    Use("senders show ann@mail.example", ledger=False, aws=True),
    Use("senders list"),
    Use("senders give shop.example --owner Shop"),
    Use("senders release shop.example"),
    Use("collect", aws=True),
    Use("setup", ledger=False, aws=True),
    Use("db upgrade"),
    Use("db compact"),
    Use("db backup {out}", "file"),
    Use("db files", ledger=False),
    Use("db restore {backup}"),
    Use("db restored"),
    Use("db adopt-queue WHO"),
)
# These serve until somebody ends them, or run for half a minute.
SERVERS = {"demo", "sandbox", "api", "ui"}


def leaves(command: click.Command, path: str = "") -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield path
        return
    if command.invoke_without_command:
        yield path
    for name, each in command.commands.items():
        yield from leaves(each, f"{path} {name}".strip())


def test_every_command_is_in_the_table() -> None:
    missing = [
        path
        for path in leaves(main.campaign)
        if path not in SERVERS and not any(f"{use.line} ".startswith(f"{path} ") for use in USES)
    ]
    assert missing == []


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an empty ledger as a file: making one takes longer than most of these commands."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite3"
    open_ledger(f"sqlite:///{path}").close()
    return path.read_bytes()


@pytest.fixture
def desk(office: "Office", migrated: bytes, monkeypatch: pytest.MonkeyPatch) -> "Office":
    """A folder in which every command of the table can find what it reads."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    office.write("ledger.sqlite3", migrated)
    office.write("backup.sqlite3", migrated)
    office.write("names.txt", "shop.example\n")
    return office


def share(uses: Sequence[Use], mistake: str) -> list[Use]:
    """Return a quarter of the commands, another for each mistake; all of them with the thorough profile.

    A client of boto3 costs a third of a second to make.
    """
    if os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
        return list(uses)
    return [use for number, use in enumerate(uses) if (number + sum(mistake.encode("utf-8"))) % 4 == 0]


def wrong_about(ran: "Ran") -> str:
    """Return what is wrong with how a command ended; "" where nothing is."""
    told = [line for line in ran.err.splitlines() if line.startswith("campaign: ")]
    if "should not happen" in ran.err or "Traceback" in ran.err or "campaign: Error" in ran.err:
        return ran.err[-400:]
    if ran.code == 0:
        return "" if not told else f"exit 0 and yet: {told}"
    # 4: the doctor has warnings.
    if ran.code not in (1, 2, 4):
        return f"exit {ran.code}"
    if len(told) != 1 or not ran.err.rstrip().endswith((".", "?")) or not ran.err.rstrip().endswith(told[0]):
        return f"not one sentence: {ran.err[-400:]!r}"
    return ""


def wrong(found: Mapping[str, "Ran"], *, fails: Callable[[str], bool] = lambda line: False) -> dict[str, str]:
    """Return by command what is wrong with how they ended; those that `fails` names may not end well."""
    faults = {line: wrong_about(ran) for line, ran in found.items()}
    faults |= {line: "exit 0" for line, ran in found.items() if not ran.code and fails(line)}
    return {line: fault for line, fault in faults.items() if fault}


def test_with_nothing_wrong_the_commands_of_the_table_do_their_work(
    desk: "Office", command: "Command"
) -> None:
    desk.begin(desk.folder / "campaign.yaml")
    command("clean", "list.csv", "--out", "cleaned", "--no-mx")
    command("suppress", "add", "ann@mail.example", "--note", "x", "--by", "Ann")
    refused = {}
    for number, use in enumerate(USES):
        ran = command(*use.arguments(out=f"out-{number}"))
        if ran.code:
            refused[use.line] = ran.err
    # The campaign was cancelled before, the account was never suspended, and the sandbox's queue has no
    # dead-letter queue, of which the doctor warns.
    assert set(refused) == {"in-doubt spring-offer --resend WHO", "account lift WHO", "doctor"}, refused


DATABASES = (
    "",
    "ledger",
    "://",
    "sqlite",
    "sqlite:",
    "sqlite://var/x.db",
    "sqlite://x.db",
    "sqlite:///.",
    "sqlite:///list.csv",
    "sqlite:///list.csv/x.db",
    "sqlite:///list.csv/deeper/x.db",
    f"sqlite:///{'x' * 300}.db",
    "mysql://host.example/x",
    "sqlite+aiosqlite:///x.db",
    "postgresql://u:hush-hush@127.0.0.1:1/x",
    "postgresql://host.example:many/x",
    "postgresql://u@127.0.0.1:1/x?option=1",
    "http://host.example/x",
)


@pytest.mark.parametrize("url", DATABASES)
def test_a_wrong_database_is_named_by_every_command_that_asks_the_ledger(
    url: str, desk: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", url)
    found = {use.line: command(*use.arguments()) for use in USES if use.ledger}
    assert wrong(found, fails=lambda line: True) == {}
    assert not any("hush-hush" in ran.err for ran in found.values())


WRONG = {
    "MX_QUESTIONS_PER_SECOND": ("", "0", "many"),
    "SOFT_BOUNCES_IN_A_ROW": ("", "-1", "1.5", "many"),
    "API_REQUESTS_PER_SECOND": ("", "-1", "nan", "many"),
    "CALLBACK_ALLOW_PRIVATE": ("maybe",),
    "PUBLIC_URL": ("news.example", "https://[", "https://"),
    "SECRET_KEY": ("short", ","),
    "OUTPUT_DIR": ("", "s3://bucket/x", "\udcff"),
    "FILE_MODE": ("rw",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_wrong_setting_is_named_by_every_command_that_reads_the_settings(
    name: str, value: str, desk: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CAMPAIGN_{name}", value)
    found = {use.line: command(*use.arguments()) for use in USES if use.ledger}
    assert wrong(found, fails=lambda line: True) == {}
    assert [line for line, ran in found.items() if f"CAMPAIGN_{name}" not in ran.err] == []


@pytest.mark.parametrize("value", ["", " ", "0", "false", "No", "off", "OFF "])
def test_a_switch_that_is_off_is_off(
    value: str, desk: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_DEBUG", value)
    monkeypatch.setenv("CAMPAIGN_CALLBACK_ALLOW_PRIVATE", value)
    assert command("status", "nobody").err.count("\n") == 1
    settings.settings.cache_clear()
    assert settings.settings().callback_allow_private is False


LATE = {
    "NAMESERVERS": ("dns.example", "192.0.2", "127.0.0.1:99999", "[::1"),
    "MX_CANARIES": ("no domain", ",", "a..example", "x" * 80 + ".example"),
    "EVENT_QUEUE_URL": ("a queue", "http://[", "ftp://host.example/q", "http://127.0.0.1:1/q"),
    "CONFIGURATION_SET": ("nobody made it", "ü"),
    "OUTPUT_DIR": ("list.csv", "/proc/nowhere"),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in LATE for value in LATE[name]])
def test_a_setting_that_cannot_be_used_is_one_sentence_where_it_matters(
    name: str, value: str, desk: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CAMPAIGN_{name}", value)
    uses = [use for use in USES if use.aws or use.line.startswith(("clean", "inactive", "erase", "resume"))]
    found = {use.line: command(*use.arguments()) for use in share(uses, name + value)}
    assert wrong(found) == {}


AWS: Mapping[str, Mapping[str, str | None]] = {
    "no region": {"AWS_DEFAULT_REGION": None},
    "no credentials": {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
    "half of the credentials": {"AWS_SECRET_ACCESS_KEY": None},
    "an endpoint that is no address": {"AWS_ENDPOINT_URL": "nowhere"},
    "an endpoint with an open bracket": {"AWS_ENDPOINT_URL": "http://["},
    "an endpoint that is down": {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
    "an unknown profile": {"AWS_PROFILE": "nobody"},
    "a broken configuration": {"AWS_CONFIG_FILE": "list.csv"},
    "an unknown way to try again": {"AWS_RETRY_MODE": "hard"},
    "a region that is none": {"AWS_DEFAULT_REGION": "eu west 1", "AWS_ENDPOINT_URL": None},
}


@pytest.mark.parametrize("mistake", AWS)
def test_aws_that_is_not_set_up_is_one_sentence(
    mistake: str, desk: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in AWS[mistake].items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    uses = [
        *(use for use in USES if use.aws),
        Use("clean s3://lists/list.csv --out {out} --no-mx"),
        Use("suppress import s3://lists/list.csv --by Ann"),
    ]
    found = {use.line: command(*use.arguments()) for use in share(uses, mistake)}
    # What says itself how to try again does not look at that setting.
    assert wrong(found, fails=lambda line: "AWS_RETRY_MODE" not in AWS[mistake]) == {}


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def mark_alone(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf")


def blanks(path: Path) -> None:
    path.write_bytes(b"\n \r\n\n")


def zeros(path: Path) -> None:
    path.write_bytes(bytes(5000))


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"\xc3")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def broken_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


# Reading it is refused by the system, to the superuser too.
def unreadable(path: Path) -> None:
    path.unlink()
    path.symlink_to("/proc/self/mem")


def below_a_file(path: Path) -> None:
    path.unlink()
    path.symlink_to("mail.html.j2/inside")


SPOILT = (
    missing,
    empty,
    mark_alone,
    blanks,
    zeros,
    noise,
    cut_off,
    a_folder,
    broken_link,
    circle,
    unreadable,
    below_a_file,
)


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_file_that_is_none_is_one_sentence_that_names_it(
    spoil: Callable[[Path], None], desk: "Office", command: "Command"
) -> None:
    found = {}
    for use in USES:
        if not use.reads or use.reads == "cleaned":
            continue
        path = desk.folder / READ[use.reads]
        before = path.read_bytes()
        spoil(path)
        found[use.line] = command(*use.arguments())
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(before)
    # Names of disposable domains may be none.
    assert wrong(found, fails=lambda line: "{names}" not in line and spoil is not cut_off) == {}


@pytest.mark.parametrize(
    "name", ["m\udcfcller.csv", "x" * 300, "-", "s3://", "s3://bucket", "http://host.example/l", " "]
)
def test_a_name_that_is_no_file_is_one_sentence(name: str, desk: "Office", command: "Command") -> None:
    found = {use.line: command(*use.arguments(**{use.reads: name})) for use in USES if use.reads}
    assert wrong(found, fails=lambda line: True) == {}


OUTS = (
    "s3://bucket/folder/",
    "file:///tmp/x",
    "list.csv/inside",
    "/proc/nowhere/x",
    "x" * 300,
    " ",
    "circle",
    "circle/x",
)


@pytest.mark.parametrize("out", [*OUTS, "m\udcfcller"])
def test_a_place_that_cannot_be_written_is_one_sentence(out: str, desk: "Office", command: "Command") -> None:
    desk.begin(desk.folder / "campaign.yaml")
    command("clean", "list.csv", "--out", "cleaned", "--no-mx")
    (desk.folder / "circle").symlink_to("circle")
    uses = [use.arguments(out=out) for use in USES if use.writes]
    uses += [["send", "campaign.yaml", "--report", out]]
    found = {" ".join(words): command(*words) for words in uses}
    # A file may take the place of a link that leads nowhere.
    assert wrong(found, fails=lambda line: out != "circle" or "clean " in line) == {}
    assert not (desk.folder / "s3:").exists()


def test_a_folder_for_a_file_and_a_file_for_a_folder_are_one_sentence(
    desk: "Office", command: "Command"
) -> None:
    desk.begin(desk.folder / "campaign.yaml")
    command("clean", "list.csv", "--out", "cleaned", "--no-mx")
    found = {
        use.line: command(*use.arguments(out="." if use.writes == "file" else "list.csv"))
        for use in USES
        if use.writes
    }
    assert wrong(found, fails=lambda line: True) == {}


@pytest.mark.parametrize("name", ["run:1", "a b", "ü"])
def test_any_other_name_is_a_place_to_write_to(name: str, desk: "Office", command: "Command") -> None:
    desk.begin(desk.folder / "campaign.yaml")
    command("clean", "list.csv", "--out", "cleaned", "--no-mx")
    for use in USES:
        if use.writes:
            ran = command(*use.arguments(out=f"{name}/{use.writes}-{USES.index(use)}"))
            assert (ran.code, ran.err) == (0, ""), use.line


@contextmanager
def full_disk(spare_bytes: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes: the system refuses it as it refuses a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (spare_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("spare_bytes", [1000])
def test_a_full_disk_is_one_sentence(spare_bytes: int, desk: "Office", command: "Command") -> None:
    desk.begin(desk.folder / "campaign.yaml")
    command("clean", "list.csv", "--out", "cleaned", "--no-mx")
    found = {}
    for number, use in enumerate(USES):
        with full_disk(spare_bytes):
            found[use.line] = command(*use.arguments(out=f"out-{number}"))
    assert wrong(found) == {}


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.parametrize("line", ["api --port {}", "ui --port {}", "ui --port 18763 --api-port {}"])
def test_a_port_that_is_taken_is_said_before_anything_starts(
    line: str, taken: int, desk: "Office", command: "Command"
) -> None:
    before = desk.files()
    ran = command(*line.format(taken).split())
    assert (wrong_about(ran), ran.code) == ("", 1)
    assert f"port {taken} on 127.0.0.1 cannot be had (Address already in use)" in ran.err
    assert desk.files() == before


@pytest.mark.parametrize(
    "line", ["api --port 99999", "api --port 0", "ui --port 99999", "api --host nowhere.invalid"]
)
def test_a_port_or_host_that_is_none_is_one_sentence(line: str, desk: "Office", command: "Command") -> None:
    assert wrong({line: command(*line.split())}, fails=lambda line: True) == {}


def test_a_sandbox_says_why_it_does_not_start(taken: int, desk: "Office", command: "Command") -> None:
    for line in (f"--port {taken}", "--port 99999", "--behaviour list.csv", "--zone nowhere.yaml"):
        ran = command("sandbox", "--no-s3", *line.split())
        assert (ran.code in (1, 2), ran.err.count("\n")) == (True, 1), line
        assert "should not happen" not in ran.err
