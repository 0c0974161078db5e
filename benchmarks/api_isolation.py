"""What the API's other callers wait for while one thing is slow: SES silent, or the ledger's write lock held.

    python benchmarks/api_isolation.py

One API process on loopback, beside an SES that falls silent when told to. Each line: how often somebody asked
meanwhile, how long the answers took, and which statuses they had. Takes about a minute, and ends by itself.
"""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from api import keys
from ledger import mx_answers
from ledger.engine import Ledger, open_ledger
from ledger.mx_answers import MxAnswer
from ledger.schema import message
from mail.unsubscribe import Tokens

SECRET = "a key for a benchmark on loopback"
UNKNOWN_SENDERS = 45
ONE_CLICKS = 20
SILENT_AT_MOST_SECONDS = 70.0
LOCK_SECONDS = 20.0
_REQUEST_SECONDS = 120.0


@dataclass
class Looks:
    """The answers to one kind of request."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def line(self, name: str) -> str:
        if not self.seconds:
            return f"| {name} | 0 | | | |"
        ordered = sorted(self.seconds)
        middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        said = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return f"| {name} | {len(ordered)} | {middle:.3f} | {late:.3f} | {ordered[-1]:.3f} | {said} |"


@dataclass(frozen=True)
class Request:
    """One kind of request that is made again and again."""

    name: str
    method: str
    path: Callable[[], str]
    body: Callable[[], str] = lambda: ""
    key: str = ""
    every_seconds: float = 0.1


class Ses(BaseHTTPRequestHandler):
    """SES as it is asked who may send; `shop.example` may."""

    answers = threading.Event()
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answers.wait(SILENT_AT_MOST_SECONDS)
        known = unquote(self.path).endswith("/shop.example")
        body = json.dumps(
            {"VerifiedForSendingStatus": True, "VerificationStatus": "SUCCESS"} if known else {}
        )
        self.send_response(200 if known else 404)
        if not known:
            self.send_header("x-amzn-ErrorType", "NotFoundException")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body.encode())
        except OSError:
            # Whoever asked waits no longer.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Measure both, and print a table of each."""
    with TemporaryDirectory() as folder, _ses() as endpoint:
        path = Path(folder, "ledger.sqlite3")
        with open_ledger(f"sqlite:///{path}") as ledger:
            _know_domain(ledger)
            flood, other = keys.create(ledger, "flood", "f"), keys.create(ledger, "other", "o")
            with _api(path, endpoint) as port:
                ids = _some_mail(port, other, ledger)
                _ses_silent(port, flood, other, ids)
                _write_lock_held(port, path, other, ids)


def _ses_silent(port: int, flood: str, other: str, ids: list[int]) -> None:
    Ses.answers.clear()
    for wave in ("", ", once more"):
        _wave(port, flood, other, ids, wave)
    Ses.answers.set()


def _wave(port: int, flood: str, other: str, ids: list[int], wave: str) -> None:
    unknown, lock = Looks(), threading.Lock()

    def post(number: int) -> None:
        body = _email(sender=f"news@unknown{number}.example")
        _ask(port, Request("", "POST", lambda: "/emails", lambda: body, flood), unknown, lock)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(UNKNOWN_SENDERS)]
    requests = [
        *_looks(other, ids),
        Request("another owner's post", "POST", lambda: "/emails", _email, other),
    ]
    with _asking(port, requests) as found:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    _print(
        f"SES silent, {UNKNOWN_SENDERS} posts from unknown senders{wave}", {"those posts": unknown, **found}
    )


def _write_lock_held(port: int, path: Path, other: str, ids: list[int]) -> None:
    left = iter(ids)
    lock = threading.Lock()

    def one_click() -> str:
        with lock:
            return _link(next(left, ids[0]))

    requests = [
        *_looks(other, ids),
        Request("a post", "POST", lambda: "/emails", _email, other),
        *[
            Request("one-click", "POST", one_click, lambda: "List-Unsubscribe=One-Click")
            for _ in range(ONE_CLICKS)
        ],
    ]
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        with _asking(port, requests) as found:
            time.sleep(LOCK_SECONDS)
            held.execute("ROLLBACK")
    _print(f"the write lock held for {LOCK_SECONDS:.0f} s, {ONE_CLICKS} one-clicks beside it", found)


def _looks(key: str, ids: list[int]) -> list[Request]:
    return [
        Request("/healthz", "GET", lambda: "/healthz"),
        Request("the unsubscribe page", "GET", lambda: _link(ids[0])),
        Request("/metrics", "GET", lambda: "/metrics"),
        Request("GET /emails", "GET", lambda: "/emails", key=key),
    ]


@contextmanager
def _asking(port: int, requests: list[Request]) -> Iterator[dict[str, Looks]]:
    """Ask again and again meanwhile; what is under way at the end is waited for."""
    found = {request.name: Looks() for request in requests}
    done, lock = threading.Event(), threading.Lock()

    def ask(request: Request) -> None:
        while not done.is_set():
            _ask(port, request, found[request.name], lock)
            done.wait(request.every_seconds)

    threads = [threading.Thread(target=ask, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _ask(port: int, request: Request, looks: Looks, lock: threading.Lock) -> bytes:
    headers = {"Content-Type": "application/json"}
    if request.key:
        headers["Authorization"] = f"Bearer {request.key}"
    began = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_REQUEST_SECONDS)) as connection:
        connection.request(request.method, request.path(), request.body() or None, headers)
        answer = connection.getresponse()
        body = answer.read()
    with lock:
        looks.seconds.append(time.monotonic() - began)
        looks.statuses[answer.status] += 1
    return body


def _email(sender: str = "news@shop.example", to: str = "reader@mail.example") -> str:
    return json.dumps({"to": to, "from": sender, "text": "hello", "subject": "hello"})


def _link(message_id: int) -> str:
    return f"/unsubscribe/{Tokens(SECRET).issue(message_id, 0)}"


def _some_mail(port: int, key: str, ledger: Ledger) -> list[int]:
    items = [json.loads(_email(to="someone@mail.example")) for _ in range(1_000)]
    request = Request("", "POST", lambda: "/emails", lambda: json.dumps(items), key)
    looks = Looks()
    _ask(port, request, looks, threading.Lock())
    if set(looks.statuses) != {202}:
        raise SystemExit(f"the mail to begin with was not taken in: {dict(looks.statuses)}")
    with ledger.reading() as connection:
        return list(connection.execute(select(message.c.id).order_by(message.c.id)).scalars())


def _know_domain(ledger: Ledger) -> None:
    """Let the ledger know the one domain, so that no DNS is asked."""
    with ledger.writing() as connection:
        answer = MxAnswer("mail.example", "deliverable", "", "", 86_400.0)
        mx_answers.store(connection, "127.0.0.1:9", [answer])


@contextmanager
def _ses() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ses)
    server.daemon_threads = True
    Ses.answers.set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        Ses.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _api(path: Path, endpoint: str) -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ,
        "CAMPAIGN_DATABASE_URL": f"sqlite:///{path}",
        "CAMPAIGN_SECRET_KEY": SECRET,
        "CAMPAIGN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CAMPAIGN_NAMESERVERS": "127.0.0.1:9",
        "CAMPAIGN_API_REQUESTS_PER_SECOND": "0",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_ENDPOINT_URL": endpoint,
    }
    command = [str(Path(sys.executable).with_name("campaign")), "api", "--port", str(port), "--no-send"]
    process = subprocess.Popen(command, env=environment, cwd=Path(__file__).resolve().parent.parent)
    try:
        _wait_for(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the API did not start")


def _print(title: str, found: dict[str, Looks]) -> None:
    print(f"\n{title}\n\n| | answers | p50 s | p99 s | longest s | statuses |\n|---|---:|---:|---:|---:|---|")
    for name, looks in found.items():
        print(looks.line(name))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
