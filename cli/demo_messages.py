"""The part of the demo that sends single messages over the HTTP API."""

import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cli import guard
from cli.prefect_server import free_port
from mail.termination import GRACE_SECONDS

OWNER, OPERATOR = "BrightBooks", "ann"
MESSAGES: tuple[Mapping[str, str], ...] = (
    {
        "to": "reader@mail.example",
        "from": "Bright Books <news@brightbooks.example>",
        "subject": "Your order 4711",
        "text": "Your three books are on their way.",
        "externalId": "order4711",
    },
    {
        "to": "collector@mail.example",
        "from": "Bright Books <news@brightbooks.example>",
        "subject": "Your receipt",
        "text": "<h1>Thank you</h1><p>Two books, <b>38.00</b> in all.</p>",
    },
    {
        "to": "reader@gone.example",
        "from": "Bright Books <news@brightbooks.example>",
        "subject": "Your order 4712",
        "text": "Your book is on its way.",
    },
)
_PATIENCE_SECONDS = 60.0
# No proxy: the API is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the API beside the demo, its log in `folder`; give its address. It need not answer yet."""
    port = free_port()
    command = [sys.executable, "-m", "cli", "api", "--port", str(port)]
    process = guard.start(command, os.environ, folder / "api.log", stop_seconds=GRACE_SECONDS)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        guard.stop(process)


def send(url: str, key: str) -> None:
    """Post the messages, print what became of each, and wait until those that were taken in are delivered."""
    _until(lambda: _answers(url))
    posted = _ask(url, "/emails?unsubscribeMsg=No%20more%20mail", key, MESSAGES)["data"]
    ids = [item["id"] for item in posted if "id" in item]

    def shown() -> list[dict[str, Any]]:
        return [_ask(url, f"/emails/{id_}", key)["data"] for id_ in ids]

    _until(lambda: all(each["status"] not in ("QUEUED", "CLAIMED", "SENDING", "SENT") for each in shown()))
    found = {each["id"]: each for each in shown()}
    for message, item in zip(MESSAGES, posted, strict=True):
        if "error" in item:
            told = f"refused, {item['error']['code']}: {item['error']['message']}"
        else:
            told = " -> ".join(step["status"] for step in found[item["id"]]["history"])
        click.echo(f"  {message['subject']}: {told}")


def _answers(url: str) -> bool:
    try:
        with _OPENER.open(f"{url}/healthz", timeout=5):
            return True
    except OSError:
        return False


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        if time.monotonic() > until:
            raise click.ClickException("the e-mail API did not do its part: see the demo's api.log.")
        time.sleep(0.2)


def _ask(url: str, path: str, key: str, body: object = None) -> dict[str, Any]:
    request = urllib.request.Request(
        url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with _OPENER.open(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
