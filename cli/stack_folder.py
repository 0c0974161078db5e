"""The folder of `campaign ui`: whose it is while that runs, and the environment for a second terminal."""

import fcntl
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from ledger import private_files

ENVIRONMENT = "environment"
_LOCK = "running"

# What is set for one's own account, and would win over the addresses and keys of the sandbox: see boto3's
# "Configuring credentials" and the AWS SDK guide's "Service-specific endpoints".
OUTRANKING = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ENDPOINT_URL_SESV2",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_STS",
)


@contextmanager
def held(folder: Path, url: str) -> Iterator[None]:
    """Make the folder and keep it to this process, however that ends.

    Raises ClickException with the address of the one that runs, where one does.
    """
    private_files.make_folder(folder)
    with private_files.opened(folder / _LOCK, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            runs = (folder / _LOCK).read_text("utf-8").strip()
            raise click.ClickException(
                f"`campaign ui` runs already, with {folder}: {runs or 'it starts just now'}. Open that, end "
                "it with Ctrl-C where it was started, or give this one --out, --port and --api-port of its "
                "own."
            ) from None
        lock.truncate(0)
        lock.write(f"{url} (process {os.getpid()})\n".encode())
        lock.flush()
        try:
            yield
        finally:
            (folder / _LOCK).unlink(missing_ok=True)


@contextmanager
def environment(folder: Path, variables: Mapping[str, str]) -> Iterator[Path]:
    """Keep a file that a shell reads to talk to the same ledger, sandbox and server; give its path."""
    path = folder / ENVIRONMENT
    programs = shlex.quote(str(Path(sys.executable).parent))
    lines = [
        "# In a second terminal: `.` and the path of this file. It goes when `campaign ui` ends.",
        f"unset {' '.join(OUTRANKING)}",
        *(f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())),
        f'case ":$PATH:" in *:{programs}:*) ;; *) export PATH={programs}:"$PATH" ;; esac',
    ]
    private_files.write_text(path, "\n".join([*lines, ""]))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
