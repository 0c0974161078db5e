"""Somebody innocent, who asks again and again: a process of its own, so that no attacker takes its time.

Standard input has one line of JSON with what to ask; at its end the asking ends, and it prints what it saw.
"""

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import Any

_PAUSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 30.0


def main() -> None:
    told = json.loads(sys.stdin.readline())
    done = threading.Event()
    seen: dict[str, list[list[float]]] = {"healthz": [], "page": [], "post": []}
    answered: list[list[str]] = []
    asking = [
        threading.Thread(
            target=_again, args=(told, done, seen["healthz"], "GET", lambda _: "/healthz", None)
        ),
        threading.Thread(target=_again, args=(told, done, seen["page"], "GET", lambda _: told["page"], None)),
        threading.Thread(
            target=_again, args=(told, done, seen["post"], "POST", lambda _: "/emails", answered)
        ),
    ]
    for thread in asking:
        thread.start()
    sys.stdin.read()
    done.set()
    for thread in asking:
        thread.join()
    json.dump({"seen": seen, "answered": answered}, sys.stdout)


def _again(
    told: Any, done: threading.Event, seen: list[list[float]], method: str, path: Any, answered: Any
) -> None:
    number = 0
    headers = {"Connection": "close"}
    if answered is not None:
        headers |= {"Authorization": f"Bearer {told['key']}", "Content-Type": "application/json"}
    while not done.is_set():
        number += 1
        to = f"{told['name']}.{number}@mail.example"
        body = None
        if answered is not None:
            mail = {"to": to, "from": told["from"], "subject": "Your order", "text": "It is on its way."}
            body = json.dumps(mail)
        began = time.monotonic()
        status, content = _ask(told["port"], method, path(number), body, headers)
        seen.append([time.monotonic() - began, status])
        if answered is not None and status == 202:
            answered.append([json.loads(content)["data"]["id"], to])
        done.wait(_PAUSE_SECONDS)


def _ask(port: int, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS, source_address=("127.0.0.2", 0))
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


if __name__ == "__main__":
    main()
