"""What a person gets who did something wrong: one sentence with the mend, exit 2, and nothing half done.

What is out of reach ends with exit 1.
"""

import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sandbox
from cli import main
from mail import campaign_file

if TYPE_CHECKING:
    from conftest import Command, Office, Ran

ROOT = Path(__file__).parent.parent.parent
SENDER = "news@brightbooks.example"
READERS = "reader.example"


def workbook() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("list.csv", "email\nann@reader.example\n")
    return packed.getvalue()


LIST = "email,first_name\nann@reader.example,Ann\n"


def listing(content: str | bytes) -> Callable[["Office"], object]:
    return lambda office: office.write("list.csv", content)


def template(content: str | bytes) -> Callable[["Office"], object]:
    return lambda office: office.write("mail.html.j2", content)


def keys(**changes: object) -> Callable[["Office"], object]:
    return lambda office: office.write_campaign(**changes)


def used_before(office: "Office") -> None:
    office.begin(office.folder / "campaign.yaml")
    office.write_list(4)


def used_with_other_content(office: "Office") -> None:
    office.begin(office.folder / "campaign.yaml")
    office.write("mail.html.j2", "<p>Something else. {{ unsubscribe_url }}</p>")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a campaign that `send` is given, and what the sentence must hold."""

    name: str
    spoil: Callable[["Office"], object]
    says: Sequence[str]


FAULTS = [
    Fault("no file", lambda o: (o.folder / "campaign.yaml").unlink(), ["campaign.yaml", "no such file"]),
    Fault("not YAML", lambda o: o.write("campaign.yaml", "name: [a\n"), ["campaign.yaml", "line 2"]),
    Fault("no keys", lambda o: o.write("campaign.yaml", "hello"), ["campaign.yaml", "name:"]),
    Fault("not UTF-8", lambda o: o.write("campaign.yaml", b"name: \xff\xfe"), ["campaign.yaml", "UTF-8"]),
    Fault(
        "a key written twice",
        lambda o: o.write("campaign.yaml", "name: a\nname: b\n"),
        ["campaign.yaml, line 2", "`name`", "twice"],
    ),
    Fault("a wrong key", keys(subjekt="Hi"), ["campaign.yaml", "`subjekt`", "did you mean `subject`"]),
    Fault("a wrong inner key", keys(halt={"rate": 0.01}), ["campaign.yaml", "`halt.rate`"]),
    Fault(
        "a bounce limit above 5 %",
        keys(halt={"bounce_rate": 0.06}),
        ["campaign.yaml", "`halt.bounce_rate` is 0.06", "at most 0.05"],
    ),
    Fault("a number as text", keys(send={"workers": "many"}), ["`send.workers` is 'many'", "whole number"]),
    Fault("no sender's address", keys(**{"from": "Bright Books"}), ["campaign.yaml", "`from`"]),
    Fault("an empty subject", keys(subject=" "), ["campaign.yaml", "`subject` must not be empty"]),
    Fault("two lines of subject", keys(subject="Hi\nBcc: x"), ["`subject` holds a line break"]),
    Fault(
        "callbacks",
        keys(callbacks=["http://10.0.0.1"]),
        ["spring-offer", "`callbacks.0` must be an https://"],
    ),
    Fault("no list", lambda o: (o.folder / "list.csv").unlink(), ["list.csv", "does not exist"]),
    Fault("a folder as list", keys(list={"source": "."}), ["is a folder", "name the file"]),
    Fault(
        "a list that cannot be read",
        keys(list={"source": "list.csv/inside.csv"}),
        ["list.csv/inside.csv cannot be read", "Not a directory"],
    ),
    Fault("a list of another scheme", keys(list={"source": "ftp://host.example/l"}), ["host.example/l"]),
    Fault(
        "a missing column",
        keys(list={"source": "list.csv", "address_column": "e-post"}),
        ["list.csv", "'e-post'", "'email', 'first_name'"],
    ),
    Fault("no column of addresses", listing("who,what\na,b\n"), ["list.csv", "'email'", "'who', 'what'"]),
    Fault("an empty list", listing(b""), ["list.csv is empty"]),
    Fault("a list of blanks", listing("\ufeff\n \n"), ["list.csv is empty"]),
    Fault("a header alone", listing("email,first_name\n"), ["list.csv has a header but no rows"]),
    Fault("no header", listing("ann@reader.example,Ann\n"), ["list.csv begins with a recipient"]),
    Fault(
        "no header and a wrong delimiter",
        listing("ann@reader.example^Ann\nbob@reader.example^Bob\n"),
        ["list.csv"],
    ),
    Fault("a wrong delimiter", listing(LIST.replace(",", "^")), ["list.csv", "email^first_name"]),
    Fault("a ZIP", listing(archive()), ["list.csv is a ZIP archive", "unpack it"]),
    Fault("an Excel workbook", listing(workbook()), ["list.csv is an Excel workbook", "save it as CSV"]),
    Fault("a PDF", listing(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"), ["list.csv is a PDF"]),
    Fault(
        "UTF-16 without its mark", listing(LIST.encode("utf-16-le")), ["list.csv looks like UTF-16", "UTF-8"]
    ),
    Fault(
        "Windows-1252",
        listing("email,first_name\nann@reader.example,Zoë\n".encode("cp1252")),
        ["list.csv, line 2, is not UTF-8", "save it as CSV (UTF-8)"],
    ),
    Fault("neither text nor Parquet", listing(bytes(range(1, 32)) * 9), ["list.csv is not text"]),
    Fault("a damaged gzip", listing(b"\x1f\x8b\x08\x00damaged"), ["list.csv is a damaged gzip"]),
    Fault("a damaged Parquet", listing(b"PAR1 and nothing of it PAR1"), ["list.csv"]),
    Fault("an open quote", listing(f'email,first_name\n"x@reader.example,X\n{LIST}'), ["list.csv, row 1"]),
    Fault("no template", lambda o: (o.folder / "mail.html.j2").unlink(), ["mail.html.j2", "`html`"]),
    Fault("a missing text", keys(text="mail.txt.j2"), ["mail.txt.j2", "`text`"]),
    Fault("a folder as template", keys(html="."), ["`html`"]),
    Fault("an empty template", template(""), ["mail.html.j2 is empty"]),
    Fault("a binary template", template(b"<p>\xff"), ["mail.html.j2 is not UTF-8"]),
    Fault("a syntax error", template("<p>\n{% if first_name %}</p>"), ["mail.html.j2, line 2"]),
    Fault(
        "an unknown field",
        template("{{ first_nam }} {{ unsubscribe_url }}"),
        ["mail.html.j2", "`first_nam`", "did you mean `first_name`"],
    ),
    Fault("an unknown field in the subject", keys(subject="Hi {{ surname }}"), ["subject", "`surname`"]),
    Fault("an unverified sender", keys(**{"from": "a@other.example"}), ["a@other.example is not verified"]),
    Fault("another list under this name", used_before, ["spring-offer", "list"]),
    Fault("other content under this name", used_with_other_content, ["spring-offer"]),
]

WRONG_SETTINGS = [
    ("PUBLIC_URL", "", "CAMPAIGN_PUBLIC_URL must be set"),
    ("SECRET_KEY", "", "CAMPAIGN_SECRET_KEY must be set"),
    ("CONFIGURATION_SET", "", "CAMPAIGN_CONFIGURATION_SET must be set"),
    ("EVENT_QUEUE_URL", "", "CAMPAIGN_EVENT_QUEUE_URL must be set"),
    ("PUBLIC_URL", "http://news.example", "CAMPAIGN_PUBLIC_URL: must be an https:// address"),
    ("PUBLIC_URL", "news.example", "CAMPAIGN_PUBLIC_URL: must be an https:// address"),
    ("PUBLIC_URL", "https://[", "CAMPAIGN_PUBLIC_URL"),
    ("SECRET_KEY", "short", "CAMPAIGN_SECRET_KEY: must be at least 16"),
    ("NAMESERVERS", "dns.example", "CAMPAIGN_NAMESERVERS"),
    ("DATABASE_URL", "ledger.sqlite3", "CAMPAIGN_DATABASE_URL is not a database URL"),
    ("DATABASE_URL", "mysql://localhost/ledger", "CAMPAIGN_DATABASE_URL cannot be opened with mysql"),
    ("DATABASE_URL", "postgresql://u:hush-hush@127.0.0.1:1/ledger", "127.0.0.1:1/ledger cannot be reached"),
    ("DATABASE_URL", "postgresql://127.0.0.1:many/ledger", "CAMPAIGN_DATABASE_URL"),
    ("DATABASE_URL", "sqlite:///list.csv/ledger.sqlite3", "list.csv"),
    ("DATABASE_URL", "sqlite:///list.csv", "list.csv is not a ledger"),
    ("DATABASE_URL", "sqlite:///.", "CAMPAIGN_DATABASE_URL"),
    ("CONFIGURATION_SET", "nobody-made-it", "configuration set nobody-made-it cannot be used"),
    ("EVENT_QUEUE_URL", "{url}/123456789012/nobody-made-it", "nobody-made-it cannot be read"),
    ("EVENT_QUEUE_URL", "a queue", "CAMPAIGN_EVENT_QUEUE_URL"),
]


def one_sentence(ran: "Ran") -> str:
    """Return what stands on stderr, which must be one line that says no recipient's address."""
    outage = re.search(r"127\.0\.0\.1:1/ledger cannot be reached|Could not connect", ran.err)
    assert ran.code == (1 if outage else 2), ran
    assert ran.err.startswith("campaign: ")
    assert ran.err.endswith((".\n", "?\n"))
    assert ran.err.count("\n") == 1
    assert re.findall(r"\S+@reader\.example", ran.err) == []
    assert "hush-hush" not in ran.err
    return ran.err


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_send_refuses_in_one_sentence_and_leaves_nothing_half_done(
    fault: Fault, office: "Office", command: "Command"
) -> None:
    fault.spoil(office)
    before = office.files(), office.campaigns()
    said = one_sentence(command("send", office.folder / "campaign.yaml"))
    assert [each for each in fault.says if each not in said] == []
    assert (office.files(), office.campaigns()) == before
    assert office.world.summary()["accepted"] == 0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_dry_run_refuses_what_sending_would_refuse(
    fault: Fault, office: "Office", command: "Command"
) -> None:
    fault.spoil(office)
    before = office.files()
    said = one_sentence(command("send", office.folder / "campaign.yaml", "--dry-run"))
    assert [each for each in fault.says if each not in said] == []
    assert office.files() == before


@pytest.mark.parametrize(("name", "value", "says"), WRONG_SETTINGS)
def test_send_names_the_setting_that_is_wrong(
    name: str, value: str, says: str, office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    before = office.files()
    monkeypatch.setenv(f"CAMPAIGN_{name}", value.format(url=office.world.url))
    assert says in one_sentence(command("send", office.folder / "campaign.yaml"))
    assert office.files() == before
    assert office.campaigns() == 0
    assert office.world.summary()["accepted"] == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sending_enabled": False}, "sending is switched off"),
        ({"enforcement_status": "SHUTDOWN"}, "SES has shut this account down"),
        (
            {"failures": [sandbox.Failure(kind=sandbox.FailureKind.EXPIRED_TOKEN, operations=["*"])]},
            "Amazon SES does not answer (An error occurred (ExpiredTokenException)",
        ),
    ],
)
def test_send_says_what_is_wrong_with_the_account(
    changes: dict[str, object], says: str, office: "Office", command: "Command"
) -> None:
    office.world.control(**changes)
    assert says in one_sentence(command("send", office.folder / "campaign.yaml"))
    assert office.campaigns() == 0


def test_send_says_that_ses_is_out_of_reach(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "Amazon SES does not answer" in one_sentence(command("send", office.folder / "campaign.yaml"))
    assert office.campaigns() == 0


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"])
def test_send_says_that_aws_is_not_set_up(
    missing: str, office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    if missing == "AWS_ACCESS_KEY_ID":
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    said = one_sentence(command("send", office.folder / "campaign.yaml"))
    assert re.search("credentials|AWS_DEFAULT_REGION", said)
    assert office.campaigns() == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AWS_DEFAULT_REGION", None, "AWS_DEFAULT_REGION"),
        ("AWS_ENDPOINT_URL", "nowhere", "AWS_ENDPOINT_URL"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "Could not connect"),
        ("CAMPAIGN_EVENT_QUEUE_URL", "", "CAMPAIGN_EVENT_QUEUE_URL must be set"),
        ("CAMPAIGN_EVENT_QUEUE_URL", "{url}/123456789012/gone", "123456789012/gone cannot be read"),
    ],
)
def test_collect_says_why_the_queue_cannot_be_read(
    name: str,
    value: str | None,
    says: str,
    office: "Office",
    command: "Command",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value.format(url=office.world.url))
    assert says in one_sentence(command("collect"))


@pytest.mark.parametrize("changes", [{"AWS_DEFAULT_REGION": ""}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}])
def test_setup_says_why_nothing_can_be_made(
    changes: dict[str, str], command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in changes.items():
        monkeypatch.delenv(name)
        if value:
            monkeypatch.setenv(name, value)
    assert "could not be made" in one_sentence(command("setup"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("clean", "list.csv", "--out", "there"),
        ("send", "campaign.yaml", "--dry-run"),
        ("status",),
        ("status", "spring-offer", "--json"),
        ("halt", "spring-offer"),
        ("resume", "spring-offer", "--by", "ann", "--reason", "why"),
        ("cancel", "spring-offer", "--by", "ann", "--reason", "why"),
        ("report", "spring-offer", "--out", "there"),
        ("collect",),
        ("db", "upgrade"),
    ],
    ids=" ".join,
)
def test_every_command_says_that_the_database_is_out_of_reach(
    arguments: Sequence[str], office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", "postgresql://u:hush-hush@127.0.0.1:1/ledger")
    before = office.files()
    said = one_sentence(command(*arguments))
    assert "u:***@127.0.0.1:1/ledger cannot be reached" in said
    assert "CAMPAIGN_DATABASE_URL" in said
    assert office.files() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["frob"], "No such command 'frob'. See `campaign --help`."),
        (["send"], "Missing argument 'FILE'. See `campaign send --help`."),
        (["send", "campaign.yaml", "--fast"], "No such option '--fast'. See `campaign send --help`."),
        (["send", "campaign.yaml", "other.yaml"], "unexpected extra argument"),
        (["preview", "campaign.yaml"], "Missing option '--row'"),
        (["preview", "campaign.yaml", "--row", "0"], "'--row': 0 is not in the range x>=1"),
        (["resume", "spring-offer", "--by", "ann"], "Missing option '--reason'"),
        (["cancel", "spring-offer", "--reason", "why"], "Missing option '--by'"),
        (["clean", "list.csv"], "Missing option '--out'"),
        (["clean", "list.csv", "--out", "list.csv"], "'--out': Directory 'list.csv' is a file"),
        (["db", "downgrade"], "See `campaign db --help`."),
    ],
)
def test_wrong_usage_gets_one_sentence_and_the_way_to_the_help(
    arguments: Sequence[str], says: str, office: "Office", command: "Command"
) -> None:
    assert says in one_sentence(command(*arguments))


def test_no_command_at_all_shows_the_help(command: "Command") -> None:
    ran = command()
    assert ran.code == 2
    assert "Usage: campaign" in ran.err


@pytest.mark.parametrize("name", sorted(main.campaign.commands))
def test_every_command_explains_itself(name: str, command: "Command") -> None:
    ran = command(name, "--help")
    assert ran.code == 0
    assert "usage:" in ran.out.lower()
    assert ran.err == ""


def test_an_error_of_our_own_is_no_traceback_and_quotes_nothing(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: str) -> None:
        raise KeyError("ann@reader.example")

    monkeypatch.setattr(campaign_file, "load", broken)
    ran = command("send", "campaign.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "campaign: KeyError: this should not happen; CAMPAIGN_DEBUG=1 shows where it did.\n"
    monkeypatch.setenv("CAMPAIGN_DEBUG", "1")
    assert "Traceback" in command("send", "campaign.yaml").err


def test_an_interrupted_command_says_so(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(campaign_file, "load", interrupted)
    ran = command("send", "campaign.yaml")
    assert ran.code == 1
    assert ran.err.strip() == "campaign: interrupted."


def run_python(program: str, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_line_loads_none_of_what_takes_long_to_load() -> None:
    program = (
        "import sys, cli.main; "
        "print(sorted({'prefect', 'pandas', 'pyarrow', 'boto3', 'sandbox', 'flows'} & sys.modules.keys()))"
    )
    assert run_python(program, folder=ROOT).stdout == "[]\n"


def test_bad_input_is_answered_without_loading_prefect(office: "Office") -> None:
    (office.folder / "list.csv").unlink()
    program = (
        "import atexit, sys; from cli.main import main; "
        "atexit.register(lambda: print('prefect' in sys.modules)); main()"
    )
    ran = run_python(program, "send", "campaign.yaml", folder=office.folder)
    assert (ran.returncode, ran.stdout) == (2, "False\n")
    assert ran.stderr.count("\n") == 1
