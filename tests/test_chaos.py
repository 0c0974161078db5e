"""A handful of the kills of `make chaos`, by a fixed seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_processes_mail_nobody_twice_and_forget_nobody(
    database: str, request: pytest.FixtureRequest
) -> None:
    if database == "postgresql":
        # The run has a server of its own, to restart; this skips or fails where there is none.
        request.getfixturevalue("postgres")
    command = [sys.executable, "tests/chaos", "--kills-a-round", "4", "--database", database]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"CHAOS_SEED": "20261126"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "kills while mail was moving" in ran.stdout
    assert "Traceback" not in ran.stderr
