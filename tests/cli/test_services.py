"""Servers on the command line: what is said before they serve."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import sandbox
from cli import services, stack_folder
from mail import python_level
from mail.python_level import Pattern


def test_the_api_warns_of_a_python_that_its_filters_cannot_rest_on(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []
    monkeypatch.setattr("api.server.serve", lambda host, port, *, sends: served.append(host))
    monkeypatch.setattr(python_level.weaknesses, "__defaults__", ((Pattern("a", "a", 0),),))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = CliRunner().invoke(services.api, ["--port", str(port)])
    assert (result.exit_code, served) == (0, ["127.0.0.1"])
    assert "warning: Python 3." in result.stderr


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free(taken: int) -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        pytest.fail("the sandbox was started")

    monkeypatch.setattr(sandbox, "start", start)


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_taken_port_of_the_ui_is_said_before_anything_starts(
    option: str, taken: int, free: int, tmp_path: Path
) -> None:
    other = "--api-port" if option == "--port" else "--port"
    arguments = [option, str(taken), other, str(free), "--out", str(tmp_path / "ui")]
    result = CliRunner().invoke(services.ui, arguments)
    assert result.exit_code == 1
    assert f"port {taken} on 127.0.0.1 cannot be had" in result.stderr
    assert f"with {option}." in result.stderr


@pytest.mark.usefixtures("nothing_starts")
def test_the_ui_and_the_api_want_two_ports(free: int, tmp_path: Path) -> None:
    arguments = ["--port", str(free), "--api-port", str(free), "--out", str(tmp_path / "ui")]
    result = CliRunner().invoke(services.ui, arguments)
    assert result.exit_code == 2
    assert f"{free} is the port of the Prefect UI already" in result.stderr


@pytest.mark.usefixtures("nothing_starts")
def test_a_second_ui_says_that_one_runs_and_where(taken: int, free: int, tmp_path: Path) -> None:
    with stack_folder.held(tmp_path, f"http://127.0.0.1:{taken}"):
        result = CliRunner().invoke(
            services.ui, ["--port", str(taken), "--api-port", str(free), "--out", str(tmp_path)]
        )
    assert result.exit_code == 1
    assert "`campaign ui` runs already" in result.stderr
    assert f"http://127.0.0.1:{taken} (process " in result.stderr
