"""The ledger's file deleted or replaced under a live API, and two APIs on one ledger."""

import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import by_hand
import processes
from front import Front, Stage, live, restart, serve
from outcome import require

from ledger.engine import open_ledger


def lost_ledger(stage: Stage) -> str:
    """Delete it, and put it back; replace it by another one, and put it back."""
    ends = []
    with live(stage) as front:
        path = Path(front.url.removeprefix("sqlite:///"))
        aside = path.parent / "aside"
        for what in ("deleted", "replaced"):
            front.takes(f"before-{what}@mail.example")
            front.settled()
            stop_posting = threading.Event()
            poster = threading.Thread(target=_post_on, args=(front, what, stop_posting))
            poster.start()
            try:
                _take_away(path, aside, what)
                began = time.monotonic()
                code = front.api.wait(20)
                ends.append(time.monotonic() - began)
            finally:
                stop_posting.set()
                poster.join()
            require(code == 1, f"with its ledger {what} the API ended with {code}")
            require(
                "ledger" in front.api.said() and "Traceback" not in front.api.said(), "it does not say why"
            )
            processes.until(lambda: not front.api.descendants(), "its children end")
            if what == "deleted":
                _is_not_made_anew(front, path)
            _put_back(path, aside)
            restart(front)
            front.takes(f"after-{what}@mail.example")
            # What was posted between the last look and the end was not answered, or lies in the lost file.
            front.settled()
        return front.said(f"ended {', '.join(f'{each:.1f} s' for each in ends)} after", front.settled())


def two_apis(stage: Stage) -> str:
    """Let two serve and send from one ledger, and post to both under the same keys."""
    with live(stage) as front:
        second, port = serve(front.environment, front.api.log.with_name("second.log"))
        front.memory.commands.append(second)
        answers: dict[str, set[str]] = {}
        lock = threading.Lock()
        wrong: list[int] = []

        def post(at: int, thread: int) -> None:
            for number in range(40):
                name = f"both{thread}.{number}"
                while True:
                    answer = by_hand.post(
                        at,
                        front.attacker,
                        front.mail(f"{name}@mail.example"),
                        headers={"Idempotency-Key": name},
                    )
                    if answer.status in (429, 503):
                        time.sleep(0.2)
                        continue
                    break
                if answer.status != 202:
                    wrong.append(answer.status)
                    return
                with lock:
                    id_ = answer.json()["data"]["id"]
                    answers.setdefault(name, set()).add(id_)
                    front.answered[id_] = f"{name}@mail.example"

        threads = [
            threading.Thread(target=post, args=(at, thread))
            for thread in range(3)
            for at in (front.port, port)
        ]
        with front.others() as others:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        require(not wrong, f"answered {Counter(wrong)}")
        require(all(len(ids) == 1 for ids in answers.values()), "the same key was answered with two ids")
        out = front.settled()
        second.end()
        return front.said(f"{len(answers)} keys posted to both", out, others.said())


def _post_on(front: Front, what: str, done: threading.Event) -> None:
    """Post all the while; nobody is told of success by an API whose ledger is gone for long."""
    number = 0
    while not done.wait(0.05):
        number += 1
        by_hand.post(front.port, front.attacker, front.mail(f"while-{what}{number}@mail.example"), seconds=5)


def _take_away(path: Path, aside: Path, what: str) -> None:
    aside.mkdir()
    for each in path.parent.glob(f"{path.name}*"):
        if not each.name.endswith(".made"):
            shutil.move(each, aside / each.name)
    if what == "replaced":
        other = path.parent / "another" / path.name
        with open_ledger(f"sqlite:///{other}"):
            pass
        shutil.move(other, path)


def _put_back(path: Path, aside: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        if not each.name.endswith(".made"):
            each.unlink()
    for each in aside.iterdir():
        shutil.move(each, path.parent / each.name)
    aside.rmdir()


def _is_not_made_anew(front: Front, path: Path) -> None:
    log = path.parent / "anew.log"
    with processes.started(["api", "--port", str(front.port)], front.environment, log) as api:
        code = api.wait(40)
    require(code not in (0, -9), f"an API without its ledger ended with {code}")
    require(not path.exists(), "the ledger was made anew in silence")
