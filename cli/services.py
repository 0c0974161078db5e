"""Servers that run until they are stopped."""

import click

from cli import paths, ports
from cli.ports import PORT


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
)
@click.pass_context
def sandbox(context: click.Context) -> None:
    """Serve stand-ins for SES, SNS, SQS, S3 and DNS on this machine, with an inbox to look into."""
    from sandbox.__main__ import main

    context.exit(main(context.args))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8000, show_default=True, help="Port to listen on.")
@click.option(
    "--send/--no-send",
    "sends",
    default=True,
    help="Send and collect beside it, or leave that to the flows send-messages and watch-statuses.",
)
def api(host: str, port: int, sends: bool) -> None:
    """Serve the e-mail API and the pages behind the links in the mail."""
    from api.server import serve
    from mail import python_level

    for sentence in python_level.weaknesses():
        click.echo(f"warning: {sentence}", err=True)
    ports.refuse_taken(host, port)
    click.echo(f"http://{host}:{port}", err=True)
    serve(host, port, sends=sends)


@click.command()
@click.option("--port", type=PORT, default=4200, show_default=True, help="Port of the Prefect UI.")
@click.option(
    "--api-port",
    type=PORT,
    default=8000,
    show_default=True,
    help="Port of the e-mail API and the unsubscribe pages.",
)
@click.option(
    "--out",
    "directory",
    default="var/ui",
    show_default=True,
    type=paths.folder(),
    help="Folder.",
)
def ui(port: int, api_port: int, directory: str) -> None:
    """Serve the Prefect UI with every deployment, the sandbox behind it, and the e-mail API."""
    from pathlib import Path

    from cli import workbench

    if port == api_port:
        raise click.BadParameter(
            f"{port} is the port of the Prefect UI already: name another.", param_hint="'--api-port'"
        )
    workbench.run(port, api_port, Path(directory))
