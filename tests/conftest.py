"""What every test needs: an environment without anybody's account, Hypothesis's size, a PostgreSQL server."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sandbox.errors import SandboxError
from sandbox.postgres import PostgresServer

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


_data_home = tempfile.TemporaryDirectory(prefix="campaign-tests-data-")


def pytest_configure() -> None:
    """Take the developer's own settings and AWS account out of reach of the tests; end in good order."""
    for name in list(os.environ):
        if name.startswith(("CAMPAIGN_", "AWS_")):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # Times are told in this machine's zone too.
    os.environ["TZ"] = "UTC"
    time.tzset()
    # The ledger of whoever runs the tests: a test that names none gets a folder which is there for nobody.
    os.environ["XDG_DATA_HOME"] = _data_home.name
    # A run that is ended from outside stops its servers as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Run a PostgreSQL server of the tests' own; give the folder of its socket, which is its `host`.

    The programs come from a wheel, so that nothing has to be installed beside the development requirements.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        try:
            server = PostgresServer(folder)
        except SandboxError as err:
            pytest.fail(str(err)) if os.environ.get("CI") else pytest.skip(str(err))
        with server:
            yield str(folder)
    finally:
        shutil.rmtree(folder)
