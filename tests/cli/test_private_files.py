"""Whatever a command writes is private, whatever the umask; a team may say otherwise."""

import ast
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ledger import file_modes

if TYPE_CHECKING:
    from tests.cli.conftest import Command, Office

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "cli", "flows", "ledger", "lists", "mail", "reports", "tasks")
# What makes files, by the name of the method or by the whole name. Where an argument is a call of
# `private_files`, the file is private by then.
MAKERS = {
    *("write_text", "write_bytes", "touch", "mkdir", "makedirs", "mknod", "OSFile", "ParquetWriter"),
    *("to_parquet", "to_csv", "NamedTemporaryFile", "FileHandler", "RotatingFileHandler", "mkstemp"),
    *("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "parquet.write_table"),
}
LOOKED_AT = {"open", "connect", *(each.rpartition(".")[2] for each in MAKERS)}
# These make no file; nor does a temporary one without a name.
READS = {"", "r", "rb", "rt", "r+", "r+b"}


@pytest.fixture(params=[0o000, 0o022], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(paths: "list[Path]") -> dict[str, int]:
    return {str(path): stat.S_IMODE(path.stat().st_mode) for path in paths}


def write_everything(office: "Office", command: "Command", folder: Path) -> list[Path]:
    """Have every kind of file written into a new folder, and return all that is there by then."""
    before = set(office.folder.rglob("*"))
    # As a newcomer: a ledger that is made by the first command that needs one.
    for path in office.folder.glob("ledger.sqlite3*"):
        path.unlink()
    office.send(office.folder / "campaign.yaml")
    for arguments in (
        ("clean", "list.csv", "--out", folder / "list", "--no-mx"),
        ("preview", "campaign.yaml", "--row", "1", "--out", folder / "preview.html"),
        ("report", "spring-offer", "--out", folder / "deep" / "report"),
        ("suppress", "add", "someone@reader.example", "--by", "Ann", "--note", "a test"),
        ("suppress", "export", folder / "suppressed.csv"),
        ("events", "export", folder / "unread.jsonl", "--by", "Ann"),
        ("simulate", "--recipients", "100", "--out", folder / "simulation.html"),
        ("db", "backup", folder / "backup.sqlite3"),
        ("db", "restore", folder / "backup.sqlite3", "--by", "Ann", "--reason", "a test"),
    ):
        ran = command(*arguments)
        assert ran.code == 0, (arguments, ran.err)
    return sorted(set(office.folder.rglob("*")) - before | set(office.folder.glob("ledger.sqlite3*")))


def test_every_file_is_0600_and_every_folder_0700(office: "Office", command: "Command", umask: int) -> None:
    made = write_everything(office, command, office.folder / "new")
    assert len(made) > 15
    assert modes(made) == {str(path): 0o700 if path.is_dir() else 0o600 for path in made}


def test_the_ledgers_log_is_as_private_as_the_ledger(office: "Office", umask: int) -> None:
    for path in office.folder.glob("ledger.sqlite3*"):
        path.unlink()
    with office.ledger() as ledger, ledger.reading():
        found = modes(sorted(office.folder.glob("ledger.sqlite3*")))
    assert {Path(name).name.removeprefix("ledger.sqlite3") for name in found} == {"", "-wal", "-shm", ".made"}
    assert set(found.values()) == {0o600}


def test_a_team_shares_by_mode_and_by_the_folders_group(
    office: "Office", command: "Command", umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = office.folder / "shared"
    shared.mkdir()
    if os.geteuid() == 0:
        os.chown(shared, -1, 4242)
    shared.chmod(0o2770)
    monkeypatch.setenv("CAMPAIGN_FILE_MODE", "0640")
    assert command("clean", "list.csv", "--out", shared / "a" / "list", "--no-mx").code == 0
    made = sorted(shared.rglob("*"))
    assert modes(made) == {str(path): 0o2750 if path.is_dir() else 0o640 for path in made}
    assert {path.stat().st_gid for path in made} == {shared.stat().st_gid}


@pytest.mark.parametrize("mode", ["640", "0640", "0o640", "0600", "660"])
def test_a_mode_is_octal(command: "Command", monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("CAMPAIGN_FILE_MODE", mode)
    assert command("status").code == 0


@pytest.mark.parametrize("mode", ["0400", "0777", "x", "0641", "rw", "-1", "06400"])
def test_what_is_no_mode_is_refused(command: "Command", monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("CAMPAIGN_FILE_MODE", mode)
    ran = command("status")
    assert (ran.code, "CAMPAIGN_FILE_MODE" in ran.err) == (2, True)


def test_what_is_there_is_left_and_told(
    office: "Office", command: "Command", monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, report = office.folder / "ledger.sqlite3", office.output / "reports" / "old.html"
    report.parent.mkdir(parents=True, mode=0o755)
    report.write_text("somebody@reader.example")
    ledger.chmod(0o644)
    report.chmod(0o644)
    # Folders that nobody else gets into hide what is in them.
    assert command("db", "files").out.startswith("Nobody else")
    assert command("status").err == ""
    monkeypatch.setattr(file_modes, "_who_gets_there", lambda folder: 0o044)
    ran = command("db", "files")
    assert f"chmod 600 {ledger}  # is 0644" in ran.out
    assert f"chmod 600 {report}  # is 0644" in ran.out
    assert "can read" in command("status").err
    assert "can read" in command("send", "campaign.yaml", "--dry-run").err
    assert stat.S_IMODE(ledger.stat().st_mode) == 0o644
    # A team that means it hears nothing.
    monkeypatch.setenv("CAMPAIGN_FILE_MODE", "0644")
    assert command("status").err == ""


def test_nothing_else_in_the_product_makes_a_file() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)[:80]}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "private_files.py" and "samples" not in path.parts
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and makes_a_file(call)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("open(path, 'w')", True),
        ("open(path, mode='ab')", True),
        ("path.open('wb')", True),
        ("path.open('r+b')", False),
        ("rows.copy()", False),
        ("shutil.copyfile(old, new)", True),
        ("parquet.write_table(table, path)", True),
        ("parquet.write_table(table, private_files.created(path))", False),
        ("path.open(mode)", True),
        ("os.open(path, os.O_WRONLY)", True),
        ("path.write_text(page)", True),
        ("sqlite3.connect(path)", True),
        ("parquet.ParquetWriter(str(path), schema)", True),
        ("tempfile.mkstemp()", True),
        ("open(path)", False),
        ("path.open('rb')", False),
        ("os.open(os.devnull, os.O_WRONLY)", False),
        ("sqlite3.connect(uri, uri=True)", False),
        ("parquet.ParquetWriter(private_files.created(path), schema)", False),
        ("private_files.opened(path, 'w')", False),
        ("opener.open(url)", False),
    ],
)
def test_the_look_for_such_calls_finds_them(source: str, expected: bool) -> None:
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert makes_a_file(call) is expected


def makes_a_file(call: ast.Call) -> bool:
    """Tell whether a call may make a file or a folder, other than through `private_files`."""
    # Most calls are of something else, and need not be written out.
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called not in LOOKED_AT:
        return False
    whole = ast.unparse(call.func)
    owner, _, name = whole.rpartition(".")
    first = ast.unparse(call.args[0]) if call.args else ""
    if owner == "private_files" or any(ast.unparse(each).startswith("private_files.") for each in call.args):
        return False
    keywords = {each.arg: ast.unparse(each.value) for each in call.keywords}
    if whole == "sqlite3.connect":
        # By its URI a file is only made where that says so.
        return keywords.get("uri") != "True"
    if whole == "os.open":
        return first != "os.devnull"
    if name == "OSFile":
        return len(call.args) > 1
    if name == "open":
        place = 1 if whole == "open" else 0
        given = call.args[place] if len(call.args) > place else None
        mode = keywords.get("mode") or ("" if given is None else ast.unparse(given))
        is_text = mode[:1] in ("'", '"')
        if whole != "open" and not is_text and mode != "mode":
            # A browser's or an archive's: what it opens is no file here.
            return False
        return mode.strip("'\"") not in READS
    return bool({name, whole} & MAKERS)
