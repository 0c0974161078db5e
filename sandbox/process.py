"""Runs a sandbox as a process of its own, for tests and for the demo."""

import json
import os
import subprocess
import sys
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel

from sandbox.errors import SandboxError
from sandbox.options import SandboxOptions

_PAGE = 5_000
_STOP_SECONDS = 5


class RunningSandbox:
    """A sandbox that answers. As a context manager it stops at the end.

    environment: the variables that point boto3 and the project at it.
    """

    def __init__(
        self, process: "subprocess.Popen[str]", environment: dict[str, str], errors: IO[str]
    ) -> None:
        self._process = process
        self._errors = errors
        self.environment = environment
        self.url = environment["AWS_ENDPOINT_URL"]

    def summary(self) -> dict[str, Any]:
        """Return the counts of what was accepted, refused and published."""
        found: dict[str, Any] = self._ask("GET", "/sandbox/summary")
        return found

    def messages(self, *, bodies: bool = False) -> list[dict[str, Any]]:
        """Return every accepted message, oldest first; with `html` and `text` where asked for."""
        found: list[dict[str, Any]] = []
        while True:
            path = f"/sandbox/messages?after={len(found)}&limit={_PAGE}&bodies={int(bodies)}"
            page: list[dict[str, Any]] = self._ask("GET", path)
            found += page
            if len(page) < _PAGE:
                return found

    def control(self, **changes: Any) -> dict[str, Any]:
        """Replace fields of the behaviour and return all of it. Raises SandboxError for a wrong one."""
        behaviour: dict[str, Any] = self._ask("PUT", "/sandbox/control", changes)
        return behaviour

    def push_event(self, **event: Any) -> None:
        """Publish an event by hand: `type`, `message_id` or `sequence`, and the event's particulars."""
        self._ask("POST", "/sandbox/events", event)

    def reset(self) -> None:
        """Make everything as it was at the start."""
        self._ask("POST", "/sandbox/reset", {})

    def save_inbox(self, directory: Path | str) -> Path:
        """Write the inbox as pages that open from disk, and return the first one's path."""
        from sandbox.inbox_copy import write_inbox

        return write_inbox(self.messages(bodies=True), Path(directory))

    def stop(self) -> None:
        """End the process. Calling it twice does no harm."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        # No library that reads proxy variables: this never leaves the machine.
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
        try:
            connection.request(method, path, None if content is None else json.dumps(content, default=_plain))
            response = connection.getresponse()
            body = json.loads(response.read())
        except (OSError, ValueError) as err:
            raise SandboxError(f"The sandbox at {self.url} does not answer: {err}.") from err
        finally:
            connection.close()
        if response.status >= 400:
            raise SandboxError(f"The sandbox refused {method} {path}: {body['error']}")
        return body


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def start(options: SandboxOptions | None = None) -> RunningSandbox:
    """Start a sandbox and return it once it answers; it ends with this process at the latest.

    Raises SandboxError with what the process wrote to stderr where it does not get ready.
    """
    options = (options or SandboxOptions()).model_copy(update={"exit_with_parent": True})
    root = Path(__file__).resolve().parent.parent
    # Not a pipe: nobody would read it, and a full one would stop the process.
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--options", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        # A signal to the group of whoever started it would end it before the calls to it are answered.
        start_new_session=True,
        cwd=root,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    zone = options.zone.resolve() if options.zone else None
    process.stdin.write(options.model_copy(update={"zone": zone}).model_dump_json())
    process.stdin.close()
    environment: dict[str, str] = {}
    for line in process.stdout:
        if line == "ready\n":
            return RunningSandbox(process, environment, errors)
        name, _, value = line.rstrip("\n").partition("=")
        environment[name] = value
    process.wait()
    process.stdout.close()
    with errors:
        errors.seek(0)
        raise SandboxError(f"The sandbox did not start: {errors.read().strip()}")
