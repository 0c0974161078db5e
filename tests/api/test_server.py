"""Serving: what uvicorn is told, which keeps the links' tokens out of the logs."""

import threading
from pathlib import Path

import pytest

import api.server
from api.server import serve
from settings import Settings


def test_the_server_delivers_callbacks_and_keeps_no_access_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
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

    def run(app: object, **options: object) -> None:
        assert "callbacks" in {thread.name for thread in threading.enumerate()}
        told.append((app, options))

    monkeypatch.setattr(api.server.uvicorn, "run", run)
    serve("127.0.0.1", 0)
    ((_, options),) = told
    assert [thread.name for thread in threading.enumerate() if thread.name == "callbacks"] == []
    assert options["access_log"] is False
    assert (options["host"], options["port"]) == ("127.0.0.1", 0)
