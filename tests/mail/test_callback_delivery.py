"""Callbacks over real connections: signed, in order, each receiver at its own pace."""

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from standardwebhooks import Webhook

from ledger import callback_list, callback_receivers, callbacks
from ledger.callback_list import Selection
from ledger.callbacks import RETRY_AFTER_SECONDS
from mail import callback_delivery, signing
from mail.callback_delivery import Delivered, Deliverer
from mail.callback_service import delivering, watched

KEY = "a key for tests that is long enough"


class Receivers:
    """A server with a receiver at each path; `answers` says what each does with a post, by default 200."""

    def __init__(self) -> None:
        self.got: dict[str, list[tuple[Mapping[str, str], bytes]]] = defaultdict(list)
        self.answers: dict[str, Callable[[], int]] = {}
        self.posted = threading.Condition()
        receivers = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receivers.posted:
                    receivers.got[self.path].append((headers, body))
                    receivers.posted.notify_all()
                self.send_response(receivers.answers.get(self.path, lambda: 200)())
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{name}"

    def bodies(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got[f"/{name}"]]

    def told(self, name: str) -> dict[str, list[str]]:
        """Return by message the statuses that a receiver was told, in the order of their coming."""
        found: dict[str, list[str]] = defaultdict(list)
        for body in self.bodies(name):
            found[body["id"]].append(body["status"])
        return dict(found)

    def ids(self, name: str) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got[f"/{name}"]]


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    found = Receivers()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def sent(stage, receivers) -> Callable[..., None]:
    """Return a function that sends a campaign with these receivers, in front of the deliverer."""

    def send(recipients: int, *names: str) -> None:
        stage.enqueue(recipients, callbacks=[receivers.url(name) for name in names])
        stage.send()

    return send


@pytest.fixture
def deliverer(ledger) -> Callable[..., Deliverer]:
    def make(**changes: Any) -> Deliverer:
        whole: dict[str, Any] = {"allow_private": True, "timeout_seconds": 10.0, "jitter": lambda: 1.0}
        return Deliverer(ledger, KEY, **(whole | changes))

    return make


def test_a_receiver_is_told_of_every_change_in_order_and_signed(stage, sent, deliverer, receivers) -> None:
    sent(3, "hook")
    assert deliverer().drain(20) == Delivered(delivered=9, failed=0)
    assert list(receivers.told("hook").values()) == [["CLAIMED", "SENDING", "SENT"]] * 3
    (secret,) = signing.secrets_of(KEY, "")
    for headers, body in receivers.got["/hook"]:
        Webhook(secret).verify(body, dict(headers))
        assert headers["content-type"] == "application/json"
        # Whoever knows the ledger's id can make up events that look like its own.
        assert stage.ledger.ledger_id not in f"{headers} {body!r}"
    assert len(set(receivers.ids("hook"))) == 9


def test_a_body_says_what_became_of_whom(sent, deliverer, receivers) -> None:
    sent(1, "hook")
    deliverer().drain(20)
    last = receivers.bodies("hook")[-1]
    assert last.pop("id").isdecimal()
    assert last == {
        "status": "SENT",
        "previousStatus": "SENDING",
        "time": 1_800_000_000_000,
        "to": "reader.0@reader.example",
        "externalId": None,
        "clientId": None,
        "campaign": "spring-offer",
        "diagnostic": None,
    }


def test_a_slow_receiver_delays_nobody_else(sent, deliverer, receivers) -> None:
    sent(20, "slow", "quick")
    all_told = threading.Event()

    def wait_for_the_others() -> int:
        with receivers.posted:
            receivers.posted.wait_for(lambda: len(receivers.got["/quick"]) == 60, timeout=20)
            all_told.set()
        return 200

    receivers.answers["/slow"] = wait_for_the_others
    assert deliverer(timeout_seconds=30.0).drain(60) == Delivered(delivered=120, failed=0)
    assert all_told.is_set()


def test_a_failed_one_comes_again_under_the_same_id_and_before_what_follows_it(
    sent, deliverer, receivers, frozen
) -> None:
    sent(1, "hook")
    receivers.answers["/hook"] = lambda: 503 if len(receivers.got["/hook"]) == 1 else 200
    assert deliverer().drain(20) == Delivered(delivered=0, failed=1)
    assert deliverer().drain(20) == Delivered()
    frozen.tick(RETRY_AFTER_SECONDS[0])
    assert deliverer().drain(20) == Delivered(delivered=3, failed=0)
    assert list(receivers.told("hook").values()) == [["CLAIMED", "CLAIMED", "SENDING", "SENT"]]
    first, again, *_ = receivers.ids("hook")
    assert first == again


def test_jitter_stretches_the_wait(sent, deliverer, receivers, frozen) -> None:
    sent(1, "hook")
    receivers.answers["/hook"] = lambda: 500
    deliverer(jitter=lambda: 1.2).drain(20)
    frozen.tick(RETRY_AFTER_SECONDS[0] * 1.1)
    assert deliverer().drain(20) == Delivered()
    frozen.tick(RETRY_AFTER_SECONDS[0] * 0.2)
    assert deliverer().drain(20) == Delivered(delivered=0, failed=1)


def test_a_receiver_that_says_410_hears_nothing_more(sent, deliverer, receivers, ledger) -> None:
    sent(30, "hook", "other")
    receivers.answers["/hook"] = lambda: 410
    deliverer().drain(20)
    assert len(receivers.got["/hook"]) <= 8
    assert len(receivers.got["/other"]) == 90
    with ledger.reading() as connection:
        gone, other = callback_list.count(connection, Selection())
    assert (gone.waiting, gone.delivered, gone.failed) == (0, 0, 90)
    assert gone.disabled_at is not None
    assert (other.delivered, other.disabled_at) == (90, None)


def test_a_redirect_counts_as_a_failure(sent, deliverer, receivers, ledger) -> None:
    sent(1, "hook")
    receivers.answers["/hook"] = lambda: 307
    assert deliverer().drain(20) == Delivered(delivered=0, failed=1)
    assert len(receivers.got["/hook"]) == 1


def test_two_deliverers_tell_everything_once_and_in_order(sent, deliverer, receivers) -> None:
    sent(40, "hook", "other")
    with ThreadPoolExecutor(2) as both:
        total = list(both.map(lambda each: each.drain(30), [deliverer(), deliverer()]))
    assert sum(each.delivered for each in total) == 240
    for name in ("hook", "other"):
        assert len(set(receivers.ids(name))) == len(receivers.ids(name)) == 120
        assert set(map(tuple, receivers.told(name).values())) == {("CLAIMED", "SENDING", "SENT")}


def test_without_leave_nothing_goes_to_this_machine_or_over_plain_http(sent, deliverer, receivers) -> None:
    sent(2, "hook")
    assert deliverer(allow_private=False).drain(20) == Delivered(delivered=0, failed=2)
    assert receivers.got == {}


def test_a_deliverer_beside_something_else_delivers_what_comes(sent, deliverer, receivers) -> None:
    with delivering(deliverer()):
        sent(2, "hook")
        with receivers.posted:
            receivers.posted.wait_for(lambda: len(receivers.got["/hook"]) == 6, timeout=20)
    assert list(receivers.told("hook").values()) == [["CLAIMED", "SENDING", "SENT"]] * 2


def test_a_ledger_that_fails_is_asked_again_and_no_address_is_logged(
    sent, deliverer, receivers, monkeypatch, caplog
) -> None:
    sent(1, "hook")
    lease, failed = callbacks.lease, threading.Event()

    def fail_once(*arguments: Any) -> Any:
        if not failed.is_set():
            failed.set()
            raise OperationalError("SELECT ?", {"address": "reader.0@reader.example"}, Exception())
        return lease(*arguments)

    monkeypatch.setattr(callbacks, "lease", fail_once)
    with caplog.at_level(logging.DEBUG):
        assert deliverer().drain(20) == Delivered(delivered=3, failed=0)
    assert "callbacks wait, the ledger does not answer: OperationalError" in caplog.text
    assert "reader.0" not in caplog.text


@pytest.mark.parametrize(
    "error", [ValueError("x"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), KeyError("x")]
)
def test_a_callback_that_cannot_be_told_keeps_no_other_waiting(
    sent, deliverer, receivers, ledger, monkeypatch, caplog, error
) -> None:
    sent(3, "hook")
    real = callback_delivery.body_of

    def body_of(told: Any) -> bytes:
        if told.to == "reader.1@reader.example":
            raise error
        return real(told)

    monkeypatch.setattr(callback_delivery, "body_of", body_of)
    found = deliverer().drain(20)
    assert (found.delivered, found.failed) == (6, 1)
    assert sorted(map(tuple, receivers.told("hook").values())) == [("CLAIMED", "SENDING", "SENT")] * 2
    assert "reader.1" not in caplog.text


def test_a_receiver_whose_turn_breaks_off_rests_and_the_others_are_told(
    sent, deliverer, receivers, monkeypatch, caplog
) -> None:
    sent(2, "broken", "hook")
    real = callback_delivery.parse

    def parse(url: str, **named: Any) -> Any:
        if url.endswith("broken"):
            raise RuntimeError(url)
        return real(url, **named)

    monkeypatch.setattr(callback_delivery, "parse", parse)
    assert deliverer().drain(20) == Delivered(delivered=6, failed=0)
    assert caplog.text.count("a receiver's callbacks break off and are tried again: RuntimeError") == 1


def test_a_deliverer_that_breaks_is_started_again(sent, deliverer, receivers, monkeypatch) -> None:
    broken = deliverer()
    real, tries = callback_receivers.due, []

    def due(*arguments: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError
        return real(*arguments)

    monkeypatch.setattr(callback_receivers, "due", due)
    watch = watched(broken)
    watch.pause_seconds = (0.0,)
    with watch:
        sent(2, "hook")
        with receivers.posted:
            receivers.posted.wait_for(lambda: len(receivers.got["/hook"]) == 6, timeout=20)
    assert len(receivers.got["/hook"]) == 6
