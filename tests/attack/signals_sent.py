"""SIGTERM, SIGINT and SIGKILL to a live API, to the parent and to its group, while calls are under way."""

import signal
import time

import processes
from front import Front, Stage, end_leases, live, restart, stop
from outcome import require

from ledger.statuses import Status

_MAILS = 6
# What a process that is told to end has (mail.termination).
_GRACE_SECONDS = 35.0
_ENDS = (
    (signal.SIGTERM, False),
    (signal.SIGTERM, True),
    (signal.SIGINT, True),
    (signal.SIGKILL, False),
    (signal.SIGKILL, True),
)


def signals(stage: Stage) -> str:
    """Send each of them in the middle of calls, start the API again, and hold the books."""
    slowest = 0.0
    doubtful = 0
    with live(stage) as front:
        stage.world.control(rate_per_second=20)
        for round_, (number, group) in enumerate(_ENDS):
            before = _doubtful(front)
            slowest = max(slowest, _ended(front, number, group, round_))
            if number is not signal.SIGKILL:
                require(_doubtful(front) == before, f"{signal.Signals(number).name} leaves mail in doubt")
            else:
                end_leases(front.url)
            restart(front)
        with front.others() as others:
            processes.until(
                lambda: (
                    not any(
                        status in (Status.QUEUED, Status.CLAIMED, Status.SENDING)
                        for _, status in front.statuses().values()
                    )
                ),
                "what was taken in goes out",
                60,
            )
            doubtful = _doubtful(front)
        require(doubtful <= 2, f"{doubtful} are in doubt after two SIGKILLs")
        kept = {id_ for id_, (_, status) in front.statuses().items() if status is Status.IN_DOUBT}
        front.answered = {id_: to for id_, to in front.answered.items() if id_ not in kept}
        out = front.settled()
        return front.said(
            f"{len(_ENDS)} ends, told ends within {slowest:.1f} s",
            f"{doubtful} in doubt after SIGKILL",
            out,
            others.said(),
        )


def _ended(front: Front, number: int, group: bool, round_: int) -> float:
    """End the API while it calls SES, and return how long that took."""
    front.stage.world.control(failures=[{"kind": "accept_then_wait", "seconds": 1.0}])
    for each in range(_MAILS):
        front.takes(f"signal{round_}.{each}@mail.example")
    processes.until(
        lambda: any(s is Status.SENDING for _, s in front.statuses().values()), "a call is under way"
    )
    children = front.api.descendants()
    began = time.monotonic()
    code = stop(front, number, group=group, seconds=_GRACE_SECONDS)
    took = time.monotonic() - began
    require(code in (0, 1, 130, -number), f"{signal.Signals(number).name}: the API ended with {code}")
    processes.until(lambda: not front.api.descendants(), f"{len(children)} children end after {number}", 40)
    front.stage.world.control(failures=[])
    return took if number is not signal.SIGKILL else 0.0


def _doubtful(front: Front) -> int:
    return sum(status is Status.IN_DOUBT for _, status in front.statuses().values())
