"""The locks: production gets what it runs with and no test tool, and every package by its hash."""

import importlib.util
import re
import socket
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
PRODUCTION, TOOLS = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def normalised(name: str) -> str:
    """Return a package's name in the form that locks have (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: Path) -> dict[str, list[str]]:
    """Return the lines of a lock by package, each with its hashes."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\S)", lock.read_text("utf-8").strip()):
        if not block.startswith("--"):
            match = _NAME.match(block)
            assert match is not None, block
            found.setdefault(match.group(), []).append(block)
    return found


def required(extra: str = "") -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
    names = (_NAME.match(each) for each in wanted)
    return {normalised(name.group()) for name in names if name is not None}


def test_production_has_all_that_it_runs_with_and_no_test_tool() -> None:
    production = set(pinned(PRODUCTION))
    assert required() | required("install") <= production
    assert not production & (required("dev") - required() - {"cryptography"})


def test_the_test_tools_stand_on_top_of_production() -> None:
    assert TOOLS.read_text("utf-8").startswith("--requirement requirements.txt\n")
    assert required("dev") <= set(pinned(PRODUCTION)) | set(pinned(TOOLS))
    assert not set(pinned(PRODUCTION)) & set(pinned(TOOLS))


@pytest.mark.parametrize("lock", [PRODUCTION, TOOLS], ids=lambda lock: lock.name)
def test_a_lock_holds_versions_and_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert " @ " not in text
    for blocks in pinned(lock).values():
        for block in blocks:
            assert re.match(r"[\w.-]+==[\w.+!-]+( ; [^\\\n]+)? \\\n", block), block
            assert block.count("--hash=sha256:") >= 1


def test_installing_for_production_reads_the_production_lock_alone() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    rule = re.search(r"^\.venv/installed:.*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    assert rule is not None
    assert "requirements.txt" in rule.group()
    assert "requirements-dev" not in rule.group()


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tests" / "audit" / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_audit_that_reached_no_database_is_no_pass(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setattr(audit, "DATABASE", f"http://127.0.0.1:{port}/")
    assert audit.main() == 3
    said = capsys.readouterr().out
    assert "was NOT checked" in said
    assert "MIT" in said


def test_licences_are_those_of_what_is_installed(audit: ModuleType) -> None:
    found = audit.licences(PRODUCTION.read_text("utf-8"))
    assert sum(map(len, found.values())) > 50
    assert any(each.startswith("lxml ") for each in found["BSD-3-Clause"])
