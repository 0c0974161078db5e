"""A Prefect server of our own on this machine: for one command, or for a person to look at."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from cli import guard

PREFECT = (sys.executable, "-m", "prefect", "--no-prompt")
_START_SECONDS = 180


def environment(port: int, home: Path) -> Mapping[str, str]:
    """Return the variables that a server on `port`, and everything that talks to it, wants."""
    api = f"http://127.0.0.1:{port}/api"
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": api,
        # Without it the page of a server on another port asks port 4200.
        "PREFECT_SERVER_UI_API_URL": api,
        "PREFECT_HOME": str(home),
    }


@contextmanager
def serving(port: int, variables: Mapping[str, str], log: Path, *options: str) -> Iterator[None]:
    """Serve on 127.0.0.1, from the first answer on until the end of the block or of this process."""
    command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port), *options]
    server = guard.start(command, os.environ | variables, log)
    try:
        wait_for(f"{variables['PREFECT_API_URL']}/health", server, log, "the Prefect server did not start")
        yield
    finally:
        guard.stop(server)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path, otherwise: str) -> None:
    """Wait until a server answers. Raises ClickException with `otherwise` and the end of its log."""
    # No proxy: the address is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise click.ClickException(f"{otherwise}: {_last_line(log)}")


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing."
