"""The whole of `campaign ui` on ports of its own, and what its Prefect server says."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import guard, prefect_server

START_SECONDS = 600.0
RUN_SECONDS = 600.0
_WAITING = ("SCHEDULED", "PENDING", "RUNNING")


@dataclass(frozen=True)
class Workbench:
    """Where its pages are."""

    ui: str
    inbox: str
    folder: Path

    def ask(self, path: str, body: object = None) -> Any:
        """Return what Prefect's API answers; with a body it is a POST."""
        return _json(f"{self.ui}/api{path}", body)

    def run(self, deployment: str, flow: str = "send-campaign") -> str:
        """Start a deployment as the button *Run* does; return the id of its run."""
        found = self.ask(f"/deployments/name/{flow}/{deployment}")
        created = self.ask(f"/deployments/{found['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
        return str(created["id"])

    def runs_of(self, deployment: str, flow: str = "send-campaign") -> list[str]:
        """Return the ids of a deployment's runs, the newest first."""
        wanted = {
            "flows": {"name": {"any_": [flow]}},
            "deployments": {"name": {"any_": [deployment]}},
            "sort": "EXPECTED_START_TIME_DESC",
        }
        return [str(each["id"]) for each in self.ask("/flow_runs/filter", wanted)]

    def wait(self, run: str) -> str:
        """Wait until a run has ended or waits for a person; return its state's name."""
        return self._state(run, lambda state: state["type"] not in _WAITING)

    def wait_for_the_answer(self, run: str) -> None:
        """Wait until a run that waited for a person goes on."""
        self._state(run, lambda state: state["type"] != "PAUSED")

    def _state(self, run: str, wanted: Callable[[dict[str, Any]], bool]) -> str:
        until = time.monotonic() + RUN_SECONDS
        while time.monotonic() < until:
            state = self.ask(f"/flow_runs/{run}")["state"]
            if wanted(state):
                return str(state["name"])
            time.sleep(0.2)
        raise TimeoutError(f"the run {run} stays {state['name']}")

    def artifact(self, run: str, key: str) -> str:
        """Return the address of the page of a run's latest artifact with this key."""
        wanted = {
            "artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": [key]}},
            "sort": "CREATED_DESC",
        }
        return f"{self.ui}/artifacts/artifact/{self.ask('/artifacts/filter', wanted)[0]['id']}"

    def unsubscribe_link(self) -> str:
        """Return the unsubscribe link of the latest mail in the sandbox's inbox."""
        messages = _json(f"{self.inbox.removesuffix('/inbox')}/messages?bodies=1&limit=1")
        found = re.search(r"https?://[^\s\"'<>\\]+/unsubscribe/[\w.~-]+", json.dumps(messages))
        assert found is not None
        return found[0]


@contextmanager
def running(folder: Path) -> Iterator[Workbench]:
    """Serve it until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    port, api_port = prefect_server.free_port(), prefect_server.free_port()
    log = folder / "ui.log"
    command = [sys.executable, "-u", "-m", "cli", "ui", "--port", str(port), "--api-port", str(api_port)]
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--out", str(folder)], stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + START_SECONDS
        while "Press Run" not in (said := log.read_text("utf-8")):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"`campaign ui` did not start: {said}")
            time.sleep(0.5)
        inbox = re.search(r"Inbox of the sandbox: (\S+)", said)
        assert inbox is not None
        yield Workbench(f"http://127.0.0.1:{port}", inbox[1], folder)
    finally:
        guard.stop(process)


def _json(url: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    # No proxy: the address is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.load(answer)
