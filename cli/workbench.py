"""The Prefect UI with everything behind it on this machine: for looking, trying and showing."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from cli import guard, ports, prefect_server, stack_folder
from cli.demo import behaviour, point_at
from mail.termination import GRACE_SECONDS

POOL = "campaigns"
POINTED = ("CAMPAIGN_DATABASE_URL", "CAMPAIGN_OUTPUT_DIR", "CAMPAIGN_PUBLIC_URL")


def run(port: int, api_port: int, folder: Path) -> None:
    """Serve until Ctrl-C or SIGTERM; then end every process that was started."""
    import sandbox

    shown, folder = folder, folder.resolve()
    # A closed terminal ends it as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        stack.enter_context(stack_folder.held(folder, f"http://127.0.0.1:{port}"))
        ports.refuse_taken("127.0.0.1", port)
        ports.refuse_taken("127.0.0.1", api_port, "--api-port")
        for name in stack_folder.OUTRANKING:
            os.environ.pop(name, None)
        world = stack.enter_context(sandbox.start(sandbox.SandboxOptions(behaviour=behaviour())))
        point_at(world.environment, folder)
        os.environ["CAMPAIGN_PUBLIC_URL"] = f"http://127.0.0.1:{api_port}"
        variables = prefect_server.environment(port, folder / "prefect")
        click.echo("Starting the Prefect server: up to a minute the first time.")
        stack.enter_context(prefect_server.serving(port, variables, folder / "server.log"))
        os.environ.update(variables)
        _once([*prefect_server.PREFECT, "work-pool", "create", POOL, "--type", "process", "--overwrite"])
        _once([*prefect_server.PREFECT, "deploy", "--all"])
        worker = [*prefect_server.PREFECT, "worker", "start", "--pool", POOL]
        stack.enter_context(_running(worker, os.environ, folder / "worker.log"))
        api = [sys.executable, "-m", "cli", "api", "--port", str(api_port)]
        door = stack.enter_context(_running(api, os.environ, folder / "api.log", GRACE_SECONDS))
        prefect_server.wait_for(
            f"http://127.0.0.1:{api_port}/healthz", door, folder / "api.log", "the e-mail API did not start"
        )
        click.echo(f"\nPrefect UI:           http://127.0.0.1:{port}/deployments")
        click.echo(f"Inbox of the sandbox: {world.url}/sandbox/inbox")
        click.echo(f"E-mail API:           http://127.0.0.1:{api_port}/docs")
        click.echo(f"A key for it:         {_new_key()}")
        ours = {name: os.environ[name] for name in (*world.environment, *POINTED, *variables)}
        stack.enter_context(stack_folder.environment(folder, ours))
        click.echo(f"In a second terminal: . {shlex.quote(str(shown / stack_folder.ENVIRONMENT))}")
        click.echo("  then `campaign status` and every other command there talks to this ledger.")
        click.echo("Press Run on a deployment and watch it. Ctrl-C ends everything.")
        try:
            signal.pause()
        except KeyboardInterrupt:
            click.echo("\nStopping.")


def _new_key() -> str:
    """Return a key of the owner that the sample campaigns name."""
    from api import keys
    from cli.demo_messages import OPERATOR, OWNER
    from ledger.engine import open_ledger
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        return keys.create(ledger, OWNER, OPERATOR)


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], log: Path, stop_seconds: float = 10.0
) -> Iterator["subprocess.Popen[bytes]"]:
    process = guard.start(command, environment, log, stop_seconds=stop_seconds)
    try:
        yield process
    finally:
        guard.stop(process)


def _once(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise click.ClickException(f"`{' '.join(command[2:])}` failed: {said}")
