"""The folder of `campaign ui`: one at a time, and what a second terminal reads from it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli import stack_folder

_HOLD = """
import sys, time
from pathlib import Path
from cli import stack_folder
with stack_folder.held(Path(sys.argv[1]), "http://127.0.0.1:1"):
    print("held", flush=True)
    sys.stdin.read()
"""
_ODD = 'it\'s "$HOME" `id` \\ &; #\n'


def test_a_killed_ui_keeps_nobody_out(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(click.ClickException, match=rf"process {other.pid}\)"),
            stack_folder.held(tmp_path, "http://127.0.0.1:2"),
        ):
            pytest.fail("both hold it")
        other.kill()
        other.wait()
        with stack_folder.held(tmp_path, "http://127.0.0.1:2"):
            pass


def test_a_shell_that_reads_the_environment_has_every_variable_as_it_is(tmp_path: Path) -> None:
    variables = {"CAMPAIGN_DATABASE_URL": "sqlite:////a b/c.sqlite3", "CAMPAIGN_ODD": _ODD, "AWS_EMPTY": ""}
    tell = "import json, os, shutil; print(json.dumps([dict(os.environ), shutil.which('python')]))"
    with stack_folder.environment(tmp_path, variables) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        told = subprocess.run(
            ["/bin/sh", "-euc", '. "$1"; . "$1"; exec "$2" -c "$3"', "sh", str(path), sys.executable, tell],
            env={
                "PATH": "/usr/bin:/bin",
                **dict.fromkeys(stack_folder.OUTRANKING, "mine"),
                "CAMPAIGN_ODD": "old",
            },
            capture_output=True,
            text=True,
            check=True,
        )
    found, program = json.loads(told.stdout)
    assert {name: found.get(name) for name in variables} == variables
    assert not found.keys() & set(stack_folder.OUTRANKING)
    # The programs of this installation come first, and once however often the file is read.
    assert Path(program).parent == Path(sys.executable).parent
    assert found["PATH"].count(str(Path(sys.executable).parent)) == 1
    assert not path.exists()
