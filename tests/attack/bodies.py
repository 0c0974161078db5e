"""Bodies that are huge, come without a key, have no end or a wrong length, or are compressed."""

import gzip
import threading
from collections.abc import Callable

import by_hand
from front import Front, Stage, live
from outcome import require

_HUGE = 300_000_000
_CHUNK = b" " * 65_536


def bodies(stage: Stage) -> str:
    """Send them, while others ask."""
    with live(stage) as front:
        with front.others() as others:
            read = _without_key(front)
            _too_large(front)
            _framed_wrong(front)
            _compressed(front)
            _many_of_the_largest(front)
        out = front.settled()
        return front.said(f"300 MB without a key refused after {read / 1e6:.1f} MB sent", out, others.said())


def _without_key(front: Front) -> int:
    """Send 300 MB to every route that takes a body, all at once, and return how much the most took."""
    paths = ["/senders", "/subscribers", "/callbacks/replay", "/emails", "/unsubscribe/x", "/nowhere"]
    answers: dict[str, by_hand.Answer] = {}

    def send(path: str) -> None:
        request = by_hand.head("POST", path, {"Content-Length": _HUGE, "Content-Type": "application/json"})
        answers[path] = by_hand.ask(front.port, request, (_CHUNK for _ in range(_HUGE // len(_CHUNK))))

    _at_once([lambda path=path: send(path) for path in paths])
    for path, answer in answers.items():
        # What comes behind a refusal is cut off, and on its way the refusal may be lost with it.
        require(answer.status in (0, 401, 404, 413), f"300 MB to {path}: {answer.status}")
        require(answer.sent < 20_000_000, f"300 MB to {path}: {answer.sent:,} bytes were taken")
    return max(answer.sent for answer in answers.values())


def _too_large(front: Front) -> None:
    for path, most in (("/emails", 10_000_000), ("/senders", 100_000), ("/subscribers", 100_000)):
        told = by_hand.head("POST", path, {"Content-Length": most + 1}, front.attacker)
        answer = by_hand.ask(front.port, told)
        require(answer.status == 413, f"{path}, one byte too many announced: {answer.status}")
        told = by_hand.head("POST", path, {"Transfer-Encoding": "chunked"}, front.attacker)
        chunk = b"%x\r\n%s\r\n" % (len(_CHUNK), _CHUNK)
        answer = by_hand.ask(front.port, told, (chunk for _ in range(4_000)))
        require(answer.status in (0, 413), f"{path}, chunks without end: {answer.status}")
        require(answer.sent < most + 20_000_000, f"{path}, chunks without end: {answer.sent:,} bytes taken")


def _framed_wrong(front: Front) -> None:
    """Lengths that are none, two of them, and ways to hide a second request in the first one."""
    hidden = b"GET /metrics HTTP/1.1\r\nHost: api.test\r\n\r\n"
    for what, headers, body in (
        ("a length that is none", {"Content-Length": "many"}, b"{}"),
        ("a length below 0", {"Content-Length": "-1"}, b"{}"),
        ("two lengths in one", {"Content-Length": "2, 3"}, b"{}"),
        ("a length that no number holds", {"Content-Length": "9" * 400}, b"{}"),
        ("a length and chunks", {"Content-Length": 4, "Transfer-Encoding": "chunked"}, b"0\r\n\r\n" + hidden),
        ("chunks in another coding", {"Transfer-Encoding": "gzip, chunked"}, b"0\r\n\r\n"),
        ("a chunk of no size", {"Transfer-Encoding": "chunked"}, b"zz\r\n{}\r\n0\r\n\r\n"),
        ("half a body", {"Content-Length": 100}, b'{"to":'),
        ("a header of a megabyte", {"X-Long": "x" * 1_000_000, "Content-Length": 2}, b"{}"),
        ("5,000 headers", {f"X-{n}": n for n in range(5_000)} | {"Content-Length": 2}, b"{}"),
    ):
        request = by_hand.head("POST", "/emails", headers, front.attacker)
        answer = by_hand.ask(front.port, request, [body], ends=True, seconds=15)
        require(answer.status == 0 or 400 <= answer.status < 500, f"{what}: {answer.status}")
        require(b"campaign_" not in answer.body, f"{what}: the hidden request was answered")
    for path in (
        "/%00",
        "/emails/%00",
        "/unsubscribe/" + "x" * 20_000,
        "/emails?limit=" + "9" * 4_000,
        "//x",
    ):
        answer = by_hand.get(front.port, path, front.attacker)
        require(answer.status == 0 or 400 <= answer.status < 500, f"{path[:30]}: {answer.status}")


def _compressed(front: Front) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    for coding in ("gzip", "deflate", "br"):
        answer = front.post(bomb, headers={"Content-Encoding": coding})
        require(answer.status in (400, 413, 415), f"a body in {coding}: {answer.status}")


def _many_of_the_largest(front: Front) -> None:
    """A dozen bodies at once, as large as is allowed: what they are is told, and memory holds."""
    statuses: list[int] = []
    for body in (b" " * 9_999_998 + b"{}", b'{"to":"' + b"x" * 9_999_980 + b'"}'):
        _at_once([lambda body=body: statuses.append(front.post(body).status) for _ in range(6)])
    require(set(statuses) <= {400, 422, 429, 503}, f"bodies of 10 MB: {statuses}")


def _at_once(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
