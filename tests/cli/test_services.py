"""Servers on the command line: what is said before they serve."""

import socket

import pytest
from click.testing import CliRunner

from cli import services
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
