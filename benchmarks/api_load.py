"""POST /emails under wrk, beside a bare endpoint that commits one row, and killed with SIGKILL under load.

`python benchmarks/api_load.py [--seconds 60] [--kills 5]`. Everything that was answered with 202 has to be in
the ledger and to have gone out once, or it fails; so it does below 0.4 of the bare endpoint's requests.
"""

import argparse
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import sandbox
from cli.prefect_server import free_port

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RATIO_AT_LEAST = 0.4
CONNECTIONS = 64
SENT = {"SENT", "DELIVERED"}


@dataclass(frozen=True)
class Measured:
    """What wrk says of a run."""

    per_second: float
    p50: str
    p99: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kills", type=int, default=5)
    asked = parser.parse_args()
    # No event is lost on the way, and the account's rate is no limit here.
    options = sandbox.SandboxOptions(s3=False, behaviour=sandbox.Behaviour(rate_per_second=5_000))
    with TemporaryDirectory(prefix="api-load") as name, sandbox.start(options) as world:
        folder = Path(name)
        environment = os.environ | world.environment | _settings(folder)
        key = _campaign(environment, "keys", "create", "--owner", "load", "--operator", "wrk")
        bare = _bare(folder, asked.seconds)
        print(f"bare endpoint: {bare.per_second:,.0f} requests/s, p50 {bare.p50}, p99 {bare.p99}", flush=True)
        load = {"LOAD_FOLDER": name, "LOAD_KEY": key}
        with _serving(_api(environment), environment) as url:
            ours = _wrk(url, asked.seconds, load | {"LOAD_RUN": "steady"})
        print(f"POST /emails:  {ours.per_second:,.0f} requests/s, p50 {ours.p50}, p99 {ours.p99}", flush=True)
        ratio = ours.per_second / bare.per_second
        print(f"ratio {ratio:.2f}, at least {RATIO_AT_LEAST} is wanted", flush=True)
        _killed(environment, load, asked.kills)
        with _serving(_api(environment), environment):
            _until_sent(folder)
        good = _account(folder, world.messages())
    return 0 if good and ratio >= RATIO_AT_LEAST else 1


def _settings(folder: Path) -> dict[str, str]:
    return {
        "CAMPAIGN_DATABASE_URL": f"sqlite:///{folder}/ledger.sqlite3",
        "CAMPAIGN_API_REQUESTS_PER_SECOND": "0",
        "PYTHONPATH": f"{ROOT}:{HERE}",
    }


def _bare(folder: Path, seconds: int) -> Measured:
    environment = os.environ | {"BARE_DATABASE": str(folder / "bare.sqlite3"), "PYTHONPATH": str(HERE)}
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bare_api:app", "--port", str(port), "--no-access-log"]
    with _serving((command, port), environment, "/docs") as url:
        return _wrk(url, seconds, {"LOAD_FOLDER": str(folder), "LOAD_KEY": "none", "LOAD_RUN": "bare"})


def _killed(environment: Mapping[str, str], load: Mapping[str, str], kills: int) -> None:
    """Kill the API several times while wrk goes on asking."""
    port = free_port()
    for number in range(kills):
        command, _ = _api(environment, port)
        process = subprocess.Popen(
            command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
        )
        _until_there(f"http://127.0.0.1:{port}/healthz")
        told = {**os.environ, **load, "LOAD_RUN": f"killed{number}"}
        wrk = subprocess.Popen(
            _wrk_command(f"http://127.0.0.1:{port}", 4), env=told, stdout=subprocess.DEVNULL
        )
        time.sleep(2 + number / kills)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wrk.wait()
    print(f"killed {kills} times under load", flush=True)


def _api(environment: Mapping[str, str], port: int = 0) -> tuple[list[str], int]:
    port = port or free_port()
    return [sys.executable, "-m", "cli", "api", "--port", str(port)], port


@contextmanager
def _serving(
    served: tuple[Sequence[str], int], environment: Mapping[str, str], path: str = "/healthz"
) -> Iterator[str]:
    command, port = served
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _until_there(url + path)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wrk_command(url: str, seconds: int) -> list[str]:
    script = str(HERE / "api_load.lua")
    return [
        "wrk",
        "-t2",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "30s",
        "-s",
        script,
        url,
    ]


def _wrk(url: str, seconds: int, load: Mapping[str, str]) -> Measured:
    told = subprocess.run(
        _wrk_command(url, seconds), env=os.environ | load, capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise SystemExit(told)

    def found(pattern: str) -> str:
        match = re.search(pattern, told)
        assert match, told
        return match.group(1)

    return Measured(float(found(r"Requests/sec:\s+([\d.]+)")), found(r"50%\s+(\S+)"), found(r"99%\s+(\S+)"))


def _until_there(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        try:
            opener.open(url, timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


def _until_sent(folder: Path) -> None:
    """Wait until nothing is queued, claimed or being sent any more."""
    began = time.monotonic()
    while left := _left(folder):
        print(f"  {left:,} still to be sent", flush=True)
        time.sleep(5)
        if time.monotonic() - began > 1_800:
            raise SystemExit("they are not sent within half an hour")


def _left(folder: Path) -> int:
    with sqlite3.connect(folder / "ledger.sqlite3") as ledger:
        query = "SELECT count(*) FROM message WHERE status IN ('QUEUED', 'CLAIMED', 'SENDING')"
        return int(ledger.execute(query).fetchone()[0])


def _account(folder: Path, taken: Sequence[Mapping[str, object]]) -> bool:
    """Hold what was answered to the ledger, and both to what the sandbox took."""
    answered = [
        line for path in folder.glob("*.ids") if "bare" not in path.name for line in path.read_text().split()
    ]
    with sqlite3.connect(folder / "ledger.sqlite3") as ledger:
        query = "SELECT public_id, address, status FROM single JOIN message ON message.id = message_id"
        stored = {public_id: (address, status) for public_id, address, status in ledger.execute(query)}
    mails = Counter(str(recipient) for mail in taken for recipient in _recipients(mail))
    missing = [id_ for id_ in answered if id_ not in stored]
    statuses = Counter(status for _, status in stored.values())
    twice = [address for address, count in mails.items() if count > 1]
    unsent = [id_ for id_ in answered if id_ in stored and not _went_out(*stored[id_], mails)]
    print(f"answered with 202: {len(answered):,}; of them not in the ledger: {len(missing)}")
    print(f"in the ledger: {len(stored):,}: {dict(statuses)}")
    print(f"taken by the sandbox: {sum(mails.values()):,}; twice: {len(twice)}")
    print(f"answered, and not sent: {len(unsent)}")
    return not (missing or twice or unsent)


def _went_out(address: str, status: str, mails: Mapping[str, int]) -> bool:
    # What a kill left in doubt may have gone out or not; it is named, and never sent again by itself.
    return status == "IN_DOUBT" or (status in SENT and mails[address] == 1)


def _recipients(mail: Mapping[str, object]) -> list[object]:
    found = mail["recipients"]
    assert isinstance(found, list)
    return found


def _campaign(environment: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
