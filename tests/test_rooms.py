"""The rooms of the project, and who may know of whom: imports run one way."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each room, and the rooms whose code it may import beside its own.
MAY_IMPORT = {
    "flows": {"tasks", "reports", "mail", "lists", "ledger"},
    "tasks": {"reports", "mail", "lists", "ledger"},
    "reports": {"mail", "lists", "ledger"},
    "mail": {"lists", "ledger"},
    "lists": {"ledger"},
    "ledger": set(),
    "api": {"reports", "mail", "lists", "ledger"},
    # It stands in for the world, which knows nothing of the product.
    "sandbox": set(),
    "cli": {"flows", "tasks", "reports", "mail", "lists", "ledger", "api", "sandbox"},
}
ROOMS = list(MAY_IMPORT)
# Tests of what several modules promise together are named for the promise.
PROMISES = {
    "flows": {"alerts", "asking", "chunks", "due", "lost_runs", "refusals", "several_runs"},
    "lists": {"round_trips", "damaged_lists"},
    "ledger": {"owners_apart", "wrong_clocks"},
    "mail": {
        "half_enqueued",
        "halting",
        "kill",
        "rejections",
        "poisoned_events",
        "forged_events",
        "claims_given_back",
        "text_bounds",
        "wrong_clocks",
    },
    "reports": {"campaign_epochs", "pages_everywhere"},
    "cli": {"iam_policy", "private_files"},
    "api": {"contract", "erasing", "isolation", "kill", "owners_apart", "owners_generated", "terminating"},
}
# Importing Prefect costs seconds, so the command line takes these in only where a command needs them.
LAZY = {"flows", "tasks", "sandbox", "prefect"}


def files(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Return the top-level names of what these nodes import."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A relative import stays in its room; the house writes none.
            assert node.level == 0, f"a relative import in line {node.lineno}"
            found.add((node.module or "").partition(".")[0])
    return found


def imports(path: Path) -> set[str]:
    return imported(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports_when_loaded(path: Path) -> set[str]:
    """Return what a file imports as soon as it is imported: not inside a function, not for types alone."""

    def executed(node: ast.AST) -> Iterator[ast.AST]:
        yield node
        for child in ast.iter_child_nodes(node):
            for_types = isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
            if not for_types and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from executed(child)

    return imported(executed(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_files(room: str) -> None:
    assert files(room)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    forbidden = set(ROOMS) - MAY_IMPORT[room] - {room}
    wrong = {
        str(path.relative_to(ROOT)): found for path in files(room) if (found := imports(path) & forbidden)
    }
    assert wrong == {}


@pytest.mark.parametrize("room", sorted(set(ROOMS) - {"flows", "tasks"}))
def test_prefect_stays_in_flows_and_tasks(room: str) -> None:
    assert [str(path.relative_to(ROOT)) for path in files(room) if "prefect" in imports(path)] == []


def test_settings_know_no_room() -> None:
    assert imports(ROOT / "settings.py") & {*ROOMS, "prefect"} == set()


def test_no_room_imports_the_tests() -> None:
    assert [path for room in ROOMS for path in files(room) if "tests" in imports(path)] == []


def test_the_command_line_takes_flows_and_the_sandbox_in_lazily() -> None:
    wrong = {path.name: found for path in files("cli") if (found := imports_when_loaded(path) & LAZY)}
    assert wrong == {}


def test_the_command_line_starts_without_prefect() -> None:
    program = (
        "import sys, cli.main; print(sorted({'prefect', 'flows', 'tasks', 'sandbox'} & sys.modules.keys()))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


def test_every_package_is_named_in_pyproject() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for room in ROOMS for path in files(room)}
    # The samples are data, with the script that made them beside them.
    folders.remove(Path("lists/samples"))
    assert sorted(named) == sorted(".".join(folder.parts) for folder in folders)
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_every_folder_of_tests_is_a_room() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    assert {str(folder) for folder in folders} <= {*ROOMS, "."}


@pytest.mark.parametrize("room", ROOMS)
def test_tests_are_named_for_the_modules_they_test(room: str) -> None:
    """`test_dns.py` tests a module `dns`, or some `dns_...`; a folder of the room counts as well."""
    names = {path.stem for path in (ROOT / room).iterdir() if not path.name.startswith("_")}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / room).glob("test_*.py")}
    tests -= PROMISES.get(room, set())
    assert {test for test in tests if not any(f"{name}_".startswith(f"{test}_") for name in names)} == set()


def test_tests_are_no_packages() -> None:
    # Two folders may hold a file of the same name: pytest's importlib mode needs no packages for that.
    assert list((ROOT / "tests").rglob("__init__.py")) == []
