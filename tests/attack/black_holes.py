"""SES, SQS, the DNS and callbacks' receivers take what is sent to them, and never answer."""

import socket
import threading
import time
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import processes
from front import Front, Stage, live
from outcome import require

from ledger.statuses import Status

_SILENT_SECONDS = 20.0
_DEAD = 10
# Beside ten dead receivers, another owner's callback.
_TOLD_SECONDS = 20.0


def black_holes(stage: Stage) -> str:
    """Let all of them fall silent at once, while others ask and an attacker asks for what needs them."""
    with live(stage, CAMPAIGN_CALLBACK_ALLOW_PRIVATE="1") as front, ExitStack() as stack:
        front.settled()
        heard, port = _receiver(stack)
        dead = [_dead(stack) for _ in range(_DEAD)]
        redirecting, elsewhere = _redirecting(stack)
        for number in range(50):
            url = f"http://127.0.0.1:{dead[number % _DEAD]}/hook"
            require(
                front.post(front.mail(f"dead{number}@mail.example", callbacks=[url])).status == 202, "a post"
            )
        front.post(front.mail("elsewhere@mail.example", callbacks=[f"http://127.0.0.1:{redirecting}/hook"]))
        began = time.monotonic()
        front.takes("told@mail.example", callbacks=[f"http://127.0.0.1:{port}/hook"])
        processes.until(lambda: bool(heard), "another owner's first callback comes", _TOLD_SECONDS)
        told = time.monotonic() - began
        front.settled()
        with front.others() as others:
            _all_silent(front)
            slowest = _asked_meanwhile(front)
            time.sleep(_SILENT_SECONDS)
            _all_answer(front)
        require(not elsewhere, "a redirect of a callback was followed")
        doubtful = _doubtful_after(front)
        out = front.settled(120)
        return front.said(
            f"first callback beside {_DEAD} dead receivers after {told:.1f} s",
            f"an attacker's posts answered within {slowest:.1f} s",
            f"{doubtful} in doubt",
            out,
            others.said(),
        )


def _all_silent(front: Front) -> None:
    front.stage.world.control(
        failures=[{"kind": "wait", "seconds": 600, "operations": ["*"]}], dns={"loss_probability": 1}
    )


def _all_answer(front: Front) -> None:
    front.stage.world.control(failures=[], dns={"loss_probability": 0})


def _asked_meanwhile(front: Front) -> float:
    """Post from senders that nobody knows, and to domains that nobody has asked about."""
    answers = []
    lock = threading.Lock()

    def post(content: object) -> None:
        answer = front.post(content)
        with lock:
            answers.append(answer)

    contents = [front.mail(f"a@unknown{n}.example") for n in range(30)]
    contents += [{**front.mail("b@mail.example"), "from": f"news@unknown{n}.example"} for n in range(30)]
    threads = [threading.Thread(target=post, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = {answer.status for answer in answers} - {202, 429, 503, 422}
    require(not wrong, f"posts that need SES or the DNS were answered {wrong}")
    longest = max(answer.seconds for answer in answers)
    require(longest < 20, f"a post was answered after {longest:.1f} s")
    return longest


def _doubtful_after(front: Front) -> int:
    """Return how many are in doubt for calls that were under way; they are not sent again by themselves."""
    processes.until(
        lambda: not any(status is Status.SENDING for _, status in front.statuses().values()), "calls end", 60
    )
    doubtful = {id_ for id_, (_, status) in front.statuses().items() if status is Status.IN_DOUBT}
    # Three calls without an answer, and then SES is left alone; a call holds 50 at the most.
    require(len(doubtful) <= 150, f"{len(doubtful)} are in doubt")
    for id_ in doubtful:
        front.answered.pop(id_, None)
    return len(doubtful)


def _dead(stack: ExitStack) -> int:
    """Listen, and never accept."""
    listening = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=512)))
    return int(listening.getsockname()[1])


def _receiver(stack: ExitStack) -> tuple[list[bytes], int]:
    heard: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return heard, _served(stack, Receiver)


def _redirecting(stack: ExitStack) -> tuple[int, list[bytes]]:
    """Answer every post with another place to go to; return who went there."""
    heard, elsewhere = _receiver(stack)

    class Redirecting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{elsewhere}/inside")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return _served(stack, Redirecting), heard


def _served(stack: ExitStack, handler: type[BaseHTTPRequestHandler]) -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stack.callback(server.server_close)
    stack.callback(thread.join)
    stack.callback(server.shutdown)
    return int(server.server_address[1])
