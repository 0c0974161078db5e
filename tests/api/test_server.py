"""Serving: what uvicorn is told, which keeps the links' tokens out of the logs."""

from pathlib import Path

import pytest

import api.server
from api.server import serve
from settings import Settings


def test_the_server_keeps_no_access_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[tuple[object, dict[str, object]]] = []
    monkeypatch.setattr(
        api.server,
        "settings",
        lambda: Settings.model_validate(
            {
                "database_url": f"sqlite:///{tmp_path}/ledger.sqlite3",
                "secret_key": "a key for tests that is long enough",
            }
        ),
    )
    monkeypatch.setattr(api.server.uvicorn, "run", lambda app, **options: told.append((app, options)))
    serve("127.0.0.1", 0)
    ((_, options),) = told
    assert options["access_log"] is False
    assert (options["host"], options["port"]) == ("127.0.0.1", 0)
