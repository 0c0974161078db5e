"""The process: how it starts, what it prints, how it ends."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

import sandbox
from sandbox.__main__ import main

ROOT = Path(sandbox.__file__).parent.parent
NAMES = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "CAMPAIGN_NAMESERVERS",
    "CAMPAIGN_PUBLIC_URL",
    "CAMPAIGN_SECRET_KEY",
    "CAMPAIGN_CONFIGURATION_SET",
    "CAMPAIGN_EVENT_QUEUE_URL",
]


def read_environment(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stdout is not None
    found = {}
    for line in process.stdout:
        if line == "ready\n":
            return found
        name, _, value = line.rstrip("\n").partition("=")
        found[name] = value
    pytest.fail("the sandbox ended before it was ready")


def test_it_prints_the_environment_and_ends_cleanly_on_sigterm() -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sandbox",
            "--port",
            "0",
            "--no-s3",
            "--rate",
            "7",
            "--verified",
            "me@shop.example",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        environment = read_environment(process)
        assert list(environment) == [name for name in NAMES if not name.endswith("_S3")]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            ses = boto3.session.Session().client("sesv2")
        assert ses.get_account()["SendQuota"]["MaxSendRate"] == 7
        assert ses.get_email_identity(EmailIdentity="me@shop.example")["VerifiedForSendingStatus"]
        ses.close()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
        assert (process.returncode, output, errors) == (0, "", "")


def test_it_starts_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("zone.yaml").write_text("nxdomain: [shop.example]\n")
    options = sandbox.SandboxOptions(s3=False, zone=Path("zone.yaml"))
    with sandbox.start(options) as running:
        assert running.summary()["accepted"] == 0


def test_it_ends_with_its_parent() -> None:
    script = (
        "import sandbox, sys, time\n"
        "running = sandbox.start(sandbox.SandboxOptions(s3=False))\n"
        "print(running._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # The child's end is seen by this, which it holds open: no polling of process numbers.
        watch = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
        parent.kill()
    if watch is None:
        pytest.skip("this system has no pidfd")
    ready, _, _ = select.select([watch], [], [], 10)
    os.close(watch)
    assert ready


def test_what_keeps_it_from_starting_is_told(running: sandbox.RunningSandbox) -> None:
    taken = int(running.url.rpartition(":")[2])
    with pytest.raises(sandbox.SandboxError, match=f"Port {taken} on 127.0.0.1 cannot be had"):
        sandbox.start(sandbox.SandboxOptions(port=taken))


@pytest.mark.parametrize("text", ["nonsense: [a.example]\n", "nxdomain: 7\n", "nxdomain: [\n"])
def test_a_wrong_zone_file_is_told(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    zone = tmp_path / "zone.yaml"
    zone.write_text(text)
    assert main(["--zone", str(zone), "--no-s3"]) == 1
    assert "is not a zone file" in capsys.readouterr().err


def test_a_wrong_behaviour_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    behaviour = tmp_path / "behaviour.yaml"
    behaviour.write_text("rate: 3\n")
    assert main(["--behaviour", str(behaviour)]) == 2
    assert "rate" in capsys.readouterr().err


def test_the_environment_of_a_started_sandbox_is_complete(running: sandbox.RunningSandbox) -> None:
    assert list(running.environment) == NAMES
    assert running.environment["AWS_ENDPOINT_URL"] == running.url


def test_s3_is_there(client: Callable[[str], Any], running: sandbox.RunningSandbox) -> None:
    s3 = client("s3")
    s3.create_bucket(
        Bucket="lists",
        CreateBucketConfiguration={"LocationConstraint": running.environment["AWS_DEFAULT_REGION"]},
    )
    s3.put_object(Bucket="lists", Key="a.csv", Body=b"email\na@shop.example\n")
    assert s3.get_object(Bucket="lists", Key="a.csv")["Body"].read() == b"email\na@shop.example\n"


def test_a_reset_makes_everything_new(ses: Any, running: sandbox.RunningSandbox, simple: Any) -> None:
    ses.send_email(**simple())
    ses.put_suppressed_destination(EmailAddress="a@shop.example", Reason="BOUNCE")
    ses.create_configuration_set(ConfigurationSetName="other")
    running.control(sending_enabled=False)
    running.reset()
    assert running.messages() == []
    assert running.summary()["calls"] == {}
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    assert ses.list_configuration_sets()["ConfigurationSets"] == ["campaign"]
    assert ses.get_account()["SendingEnabled"] is True
