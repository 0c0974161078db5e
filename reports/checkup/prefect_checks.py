"""What the Prefect server says, asked over HTTP: workers, late runs, missing deployments."""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from reports.checkup.finding import Figure, Finding, Surroundings, error, ok, warning

# Prefect itself says *Late* after 15 s, and a run takes that long to start.
LATE_SECONDS = 300.0
_ASK_SECONDS = 4.0
_PAGE = 200
_LARGEST_BYTES = 20_000_000
ALWAYS_NEEDED = "watch-statuses"
_SAMPLE = "sample"
_NO_SERVER = "PREFECT_API_URL is not set, so that a temporary server serves each run."


class _Away(Exception):
    """The server does not answer, or lets nobody in; the message is the sentence."""


def _asking(look: Callable[["Server", Surroundings], Finding]) -> Callable[[Surroundings], Finding]:
    @wraps(look)
    def asked(around: Surroundings) -> Finding:
        url = around.environment.get("PREFECT_API_URL", "").strip()
        if not url:
            return ok(_NO_SERVER)
        try:
            return look(Server(url, around.environment), around)
        except _Away as err:
            return error(str(err))

    return asked


class Server:
    """The server at an address, with the key of the environment."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key := environment.get("PREFECT_API_KEY", ""):
            self._headers["Authorization"] = f"Bearer {key}"
        elif pair := environment.get("PREFECT_API_AUTH_STRING", ""):
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer, or None where there is no such thing. Raises _Away."""
        data = None if body is None else json.dumps(body).encode()
        try:
            request = urllib.request.Request(f"{self._url}{path}", data, self._headers)
            with urllib.request.urlopen(request, timeout=_ASK_SECONDS) as answer:
                return json.loads(answer.read(_LARGEST_BYTES))
        except urllib.error.HTTPError as err:
            err.close()
            if err.code == 404 and path != "/health":
                return None
            if err.code in (401, 403):
                why = "lets nobody in without a key: check PREFECT_API_KEY or PREFECT_API_AUTH_STRING"
            else:
                why = f"answers HTTP {err.code}: check PREFECT_API_URL, which ends in /api, and its log"
            raise _Away(f"The Prefect server at {self.shown} {why}.") from err
        except (OSError, ValueError, HTTPException) as err:
            reason = getattr(err, "reason", err)
            late = isinstance(reason, TimeoutError)
            text = "timed out" if late else getattr(reason, "strerror", None) or type(reason).__name__
            raise _Away(
                f"The Prefect server at {self.shown} does not answer ({text}): start it, or correct "
                "PREFECT_API_URL."
            ) from err

    @property
    def shown(self) -> str:
        """The address without a password in it."""
        try:
            parts = urlsplit(self._url)
            return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        except ValueError:
            return "PREFECT_API_URL"


@_asking
def workers(server: Server, around: Surroundings) -> Finding:
    """Whether every work pool of prefect.yaml has a worker that is there."""
    server.ask("/health")
    pools = sorted({pool for _, pool in _wanted(around)})
    if not pools:
        return ok("The Prefect server answers; there is no prefect.yaml here that names work pools.")
    online = {pool: _online(server, pool) for pool in pools}
    figures = tuple(Figure("campaign_workers_online", count or 0, pool) for pool, count in online.items())
    for pool, count in online.items():
        if count is None:
            return error(
                f"There is no work pool {pool}: `prefect work-pool create {pool} --type process` makes it, "
                "then `prefect deploy --all`.",
                *figures,
            )
        if not count:
            return error(
                f"No worker attends to the work pool {pool}, so that no run begins: start one with "
                f"`prefect worker start --pool {pool}`.",
                *figures,
            )
    if paused := [pool for pool in pools if server.ask(f"/work_pools/{quote(pool)}").get("is_paused")]:
        return warning(
            f"The work pool {paused[0]} is paused, so that no run begins: "
            f"`prefect work-pool resume {paused[0]}`.",
            *figures,
        )
    return ok(
        f"Workers attend to {', '.join(f'{pool} ({count})' for pool, count in online.items())}.", *figures
    )


def _online(server: Server, pool: str) -> int | None:
    found = server.ask(f"/work_pools/{quote(pool)}/workers/filter", {"limit": _PAGE})
    return None if found is None else sum(each.get("status") == "ONLINE" for each in found)


@_asking
def late_runs(server: Server, around: Surroundings) -> Finding:
    """Whether runs wait that should have begun."""
    due = datetime.fromtimestamp(around.clock(), UTC) - timedelta(seconds=LATE_SECONDS)
    wanted = {
        "state": {"type": {"any_": ["SCHEDULED"]}, "name": {"any_": ["Late", "Scheduled"]}},
        "expected_start_time": {"before_": due.isoformat()},
    }
    count = int(server.ask("/flow_runs/count", {"flow_runs": wanted}) or 0)
    figure = Figure("campaign_late_runs", count)
    if count:
        return warning(
            f"{count:,} runs should have begun more than {LATE_SECONDS / 60:.0f} min ago: see that a worker "
            "runs and that nothing holds its place, and cancel the runs that nobody needs any more.",
            figure,
        )
    return ok("No run is late.", figure)


@_asking
def deployments(server: Server, around: Surroundings) -> Finding:
    """Whether every deployment of prefect.yaml is on the server."""
    wanted = {name for name, _ in _wanted(around)}
    if not wanted:
        return ok("There is no prefect.yaml here to compare the deployments with.")
    missing = sorted(wanted - {str(each.get("name")) for each in _all(server, "/deployments/filter")})
    figure = Figure("campaign_deployments_missing", len(missing))
    if missing:
        # Without that one no late bounce comes in; the others are a matter of what somebody uses.
        return (error if ALWAYS_NEEDED in missing else warning)(
            f"{', '.join(missing)} of prefect.yaml {'is' if len(missing) == 1 else 'are'} not on the Prefect "
            "server: run `prefect --no-prompt deploy --all`.",
            figure,
        )
    return ok(f"All {len(wanted)} deployments of prefect.yaml are on the Prefect server.", figure)


def _all(server: Server, path: str) -> Iterator[Mapping[str, Any]]:
    offset = 0
    while page := server.ask(path, {"limit": _PAGE, "offset": offset}):
        yield from page
        offset += len(page)
        if len(page) < _PAGE:
            return


def _wanted(around: Surroundings) -> list[tuple[str, str]]:
    """Return the deployments of prefect.yaml but for the samples, with their work pools.

    None where there is no such file.
    """
    try:
        found = yaml.safe_load((around.project / "prefect.yaml").read_text("utf-8"))
        return [
            (str(each["name"]), str(each["work_pool"]["name"]))
            for each in found["deployments"]
            if _SAMPLE not in each.get("tags", ())
        ]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return []
