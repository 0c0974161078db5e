"""Serving: what uvicorn is told, which keeps the links' tokens out of the logs."""

import threading
from pathlib import Path

import pytest
import uvicorn

import api.server
from api.server import serve
from mail.termination import GRACE_SECONDS
from settings import Settings


def test_the_server_delivers_callbacks_and_keeps_no_access_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[uvicorn.Config] = []
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

    def run(server: uvicorn.Server) -> None:
        assert "callbacks" in {thread.name for thread in threading.enumerate()}
        told.append(server.config)
        server.started = True

    monkeypatch.setattr(uvicorn.Server, "run", run)
    serve("127.0.0.1", 0)
    (config,) = told
    assert [thread.name for thread in threading.enumerate() if thread.name == "callbacks"] == []
    assert config.access_log is False
    assert (config.host, config.port) == ("127.0.0.1", 0)
    # The rest of the grace belongs to the calls under way.
    assert config.timeout_graceful_shutdown is not None
    assert config.timeout_graceful_shutdown < GRACE_SECONDS
