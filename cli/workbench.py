"""The Prefect UI with everything behind it on this machine: for looking, trying and showing."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from cli.demo import behaviour, point_at

POOL = "campaigns"
API_PORT = 8000
_START_SECONDS = 180
_STOP_SECONDS = 10


def run(port: int, folder: Path) -> None:
    """Serve until Ctrl-C or SIGTERM; then end every process that was started."""
    import sandbox

    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        options = sandbox.SandboxOptions(behaviour=behaviour())
        world = stack.enter_context(sandbox.start(options))
        point_at(world.environment, folder)
        environment = os.environ | _prefect_environment(port, folder)
        click.echo("Starting the Prefect server: up to a minute the first time.")
        prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
        server = stack.enter_context(
            _process([*prefect, "server", "start", "--port", str(port)], environment, folder / "server.log")
        )
        _wait_for(f"http://127.0.0.1:{port}/api/health", server, folder / "server.log")
        _once([*prefect, "work-pool", "create", POOL, "--type", "process", "--overwrite"], environment)
        _once([*prefect, "deploy", "--all"], environment)
        worker = [*prefect, "worker", "start", "--pool", POOL]
        stack.enter_context(_process(worker, environment, folder / "worker.log"))
        serve_api = [sys.executable, "-m", "cli", "api", "--port", str(API_PORT)]
        stack.enter_context(_process(serve_api, environment, folder / "api.log"))
        click.echo(f"\nPrefect UI:         http://127.0.0.1:{port}/deployments")
        click.echo(f"Inbox of the sandbox: {world.url}/sandbox/inbox")
        click.echo(f"Unsubscribe pages:  http://127.0.0.1:{API_PORT}")
        click.echo("Press Run on a deployment and watch it. Ctrl-C ends everything.")
        server.wait()


def _prefect_environment(port: int, folder: Path) -> Mapping[str, str]:
    api = f"http://127.0.0.1:{port}/api"
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": api,
        # Without it the page of a server on another port asks port 4200.
        "PREFECT_SERVER_UI_API_URL": api,
        "PREFECT_HOME": str(folder / "prefect"),
    }


@contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a group of its own, so that its children end with it; its output goes to `log`."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sign)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _once(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(
            f"`{' '.join(command[2:])}` failed: {done.stderr.strip() or done.stdout.strip()}"
        )


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    # No proxy: the address is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with opener.open(url, timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    raise click.ClickException(f"the Prefect server did not start: see {log}.")
