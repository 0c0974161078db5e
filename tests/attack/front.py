"""The front door as it is attacked: a live API with its sandbox, an innocent owner beside, and the books."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import by_hand
import processes
from outcome import TooSlow, require
from processes import ROOT, Command, Memory
from sqlalchemy import select, update

from api import keys
from cli.prefect_server import free_port
from ledger.engine import Upgrade, open_ledger
from ledger.schema import claim, message, single
from ledger.statuses import Status
from mail.unsubscribe import Tokens
from sandbox import RunningSandbox
from sandbox.options import SECRET_KEY

SENDER = "news@brightbooks.example"
# What others wait for at the 99th percentile, whatever is done to the API meanwhile.
OTHERS_SECONDS = 2.0
# With so many waiting for each processor, more than for this suite alone, seconds say nothing of the product.
_BUSY_A_PROCESSOR = 4.0
# The serving process alone, and with those that send and compose, each of which has libraries of its own.
ALONE_MEGABYTES, TOGETHER_MEGABYTES = 400, 900
_ASKING_SECONDS = 6.0
_UNDERWAY = {Status.QUEUED, Status.CLAIMED, Status.SENDING}
_GONE_OUT = {Status.SENT, Status.DELIVERED}


@dataclass
class Stage:
    """What all attacks share: a sandbox, a folder of one's own, and how large it is to be."""

    world: RunningSandbox
    folder: Path
    kills: int

    def reset(self, **behaviour: Any) -> None:
        """Make the sandbox new; it behaves like this."""
        self.world.reset()
        self.world.control(**{"rate_per_second": 500, **behaviour})


@dataclass
class Others:
    """What the innocent owner and readers of mail saw meanwhile."""

    seen: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    answered: dict[str, str] = field(default_factory=dict)

    @property
    def p99(self) -> float:
        return max(_p99([seconds for seconds, _ in looks]) for looks in self.seen.values())

    def said(self) -> str:
        looks = [seconds for each in self.seen.values() for seconds, _ in each]
        judged = "" if self.p99 < OTHERS_SECONDS else " (not judged: the machine is busy with something else)"
        return f"others p99 {self.p99:.2f} s of {len(looks)}, longest {max(looks):.2f} s{judged}"

    def statuses(self, kind: str) -> Counter[int]:
        return Counter(status for _, status in self.seen[kind])

    def check(self, allowed: Mapping[str, set[int]]) -> None:
        """Raise Fell where somebody was refused, and TooSlow where somebody waited."""
        for kind in self.seen:
            wrong = self.statuses(kind).keys() - allowed.get(kind, {202 if kind == "post" else 200})
            require(not wrong, f"others' {kind} was answered {dict(self.statuses(kind))}")
        busy = os.getloadavg()[0] > _BUSY_A_PROCESSOR * (os.cpu_count() or 1)
        if self.p99 >= OTHERS_SECONDS and not busy:
            kinds = ", ".join(
                f"{kind} {_p99([seconds for seconds, _ in looks]):.2f} s" for kind, looks in self.seen.items()
            )
            raise TooSlow(f"others waited for longer than {OTHERS_SECONDS:g} s at p99: {kinds}")


@dataclass
class Front:
    """A live API: where it is, whose keys it knows, and what its ledger has to hold at the end."""

    stage: Stage
    url: str
    environment: Mapping[str, str]
    port: int
    api: Command
    memory: Memory
    attacker: str
    innocent: str
    page: str = ""
    answered: dict[str, str] = field(default_factory=dict)
    _names: int = 0

    @contextmanager
    def others(self, allowed: Mapping[str, set[int]] | None = None) -> Iterator[Others]:
        """Let the innocent ask as long as the block runs; what they saw is judged at its end."""
        self._names += 1
        told = {
            "port": self.port,
            "key": self.innocent,
            "page": self.page,
            "from": SENDER,
            "name": f"innocent{self._names}",
        }
        found = Others()
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("prober.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as asking:
            try:
                assert asking.stdin is not None
                asking.stdin.write(json.dumps(told) + "\n")
                asking.stdin.flush()
                until = time.monotonic() + _ASKING_SECONDS
                yield found
                # A few answers have no 99th percentile.
                time.sleep(max(0.0, until - time.monotonic()))
                said, _ = asking.communicate()
            except BaseException:
                asking.kill()
                raise
        seen = json.loads(said)
        found.seen = {kind: [(s, int(status)) for s, status in looks] for kind, looks in seen["seen"].items()}
        found.answered = dict(seen["answered"])
        self.answered |= found.answered
        found.check(allowed or {})

    def post(self, content: Any, *, key: str = "", **more: Any) -> by_hand.Answer:
        return by_hand.post(self.port, key or self.attacker, content, **more)

    def get(self, path: str, key: str = "") -> by_hand.Answer:
        return by_hand.get(self.port, path, key, source=by_hand.INNOCENT)

    def mail(self, to: str, **more: Any) -> dict[str, Any]:
        return {"to": to, "from": SENDER, "subject": "Promo", "text": "we have a new offer", **more}

    def takes(self, to: str, *, key: str = "", **more: Any) -> None:
        """Have a mail taken in; it has to go out."""
        answer = self.post(self.mail(to, **more), key=key or self.innocent, source=by_hand.INNOCENT)
        require(answer.status == 202, f"a mail was answered {answer.status}: {answer.body[:200]!r}")
        self.answered[answer.json()["data"]["id"]] = to

    def statuses(self) -> dict[str, tuple[str, Status]]:
        """Return the address and status of each single mail by its id."""
        query = select(single.c.public_id, message.c.address, message.c.status).join(
            message, message.c.id == single.c.message_id
        )
        with open_ledger(self.url, make=False) as ledger, ledger.reading() as connection:
            rows = connection.execute(query).all()
        return {row.public_id: (row.address, Status(row.status)) for row in rows}

    def settled(self, seconds: float = 60.0) -> str:
        """Hold what was answered to the ledger, and both to what the sandbox took: once each."""
        waited = processes.until(
            lambda: not any(status in _UNDERWAY for _, status in self.statuses().values()),
            "what was taken in goes out",
            seconds,
        )
        stored = self.statuses()
        mails = Counter(address for each in self.stage.world.messages() for address in each["recipients"])
        lost = [id_ for id_, to in self.answered.items() if stored.get(id_, ("", None))[0] != to]
        twice = [address for address, number in mails.items() if number > 1]
        kept = [id_ for id_ in self.answered if id_ in stored and stored[id_][1] not in _GONE_OUT]
        unsent = [id_ for id_, to in self.answered.items() if not mails[to]]
        require(not lost, f"{len(lost)} of {len(self.answered)} that were answered are not in the ledger")
        require(not twice, f"{len(twice)} addresses were mailed twice")
        require(not kept, f"{len(kept)} answered mails are {Counter(stored[id_][1] for id_ in kept)}")
        require(not unsent, f"{len(unsent)} answered mails never came to SES")
        return f"{len(self.answered)} mails out once, the last {waited:.1f} s after"

    def said(self, *figures: str) -> str:
        """Return the attack's figures, with the memory that it took. Raises Fell where that was too much."""
        used = f"RSS {self.memory.alone:.0f} MB, with its children {self.memory.together:.0f} MB"
        bounds = self.memory.alone < ALONE_MEGABYTES and self.memory.together < TOGETHER_MEGABYTES
        require(bounds, f"{used}: at most {ALONE_MEGABYTES} and {TOGETHER_MEGABYTES}")
        return "; ".join([*figures, used])


def environment_of(stage: Stage, folder: Path, url: str, **settings: str) -> dict[str, str]:
    """Return the variables of a command whose ledger this is."""
    own = {
        "CAMPAIGN_DATABASE_URL": url,
        "CAMPAIGN_OUTPUT_DIR": str(folder / "output"),
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    return {**os.environ, **stage.world.environment, **own, **settings}


def serve(environment: Mapping[str, str], log: Path, *more: str, port: int = 0) -> tuple[Command, int]:
    """Start an API and wait until it answers."""
    port = port or free_port()
    api = processes.start(["api", "--port", str(port), *more], environment, log)
    wait_for(api, port)
    return api, port


def wait_for(api: Command, port: int) -> None:
    """Wait until an API answers. Raises Fell where it ends instead."""

    def answers() -> bool:
        require(api.process.poll() is None, f"the API ended by itself: {api.said()[-300:]}")
        return by_hand.get(port, "/healthz", source=by_hand.INNOCENT).status == 200

    processes.until(answers, "the API answers")


@contextmanager
def live(
    stage: Stage, *more: str, url: str = "", folder: Path | None = None, **settings: str
) -> Iterator[Front]:
    """Run an API over a new ledger that has taken one mail of the innocent owner in."""
    stage.reset()
    folder = folder or stage.folder / f"place{time.monotonic_ns()}"
    folder.mkdir(exist_ok=True)
    url = url or f"sqlite:///{folder}/ledger.sqlite3"
    environment = environment_of(stage, folder, url, **settings)
    with open_ledger(url, upgrade=Upgrade.ALWAYS) as ledger:
        attacker, innocent = keys.create(ledger, "mallory", "m"), keys.create(ledger, "innocent", "i")
    log = stage.folder / f"{folder.name}.log"
    api, port = serve(environment, log, *more)
    with Memory([api]) as memory:
        front = Front(stage, url, environment, port, api, memory, attacker, innocent)
        try:
            front.takes("first@mail.example")
            front.page = link_of(front, next(iter(front.answered)))
            yield front
        finally:
            api.end()


def link_of(front: Front, public_id: str) -> str:
    """Return the path of the page behind the link in a mail."""
    query = select(single.c.message_id).where(single.c.public_id == public_id)
    with open_ledger(front.url, make=False) as ledger, ledger.reading() as connection:
        return f"/unsubscribe/{Tokens(SECRET_KEY).issue(connection.execute(query).scalar_one(), 0)}"


def restart(front: Front) -> None:
    """Start the API anew where the last one has ended."""
    front.api, _ = serve(front.environment, front.api.log, port=front.port)
    front.memory.commands.append(front.api)


def stop(front: Front, number: int = signal.SIGTERM, *, group: bool = False, seconds: float = 40.0) -> int:
    """End the API by a signal, and return its exit code."""
    front.api.descendants()
    front.api.tell(number, group=group)
    return front.api.wait(seconds)


def end_leases(url: str, pid: int = 0) -> None:
    """Do what a minute does to the leases of the dead: of one process, or of all."""
    dead = claim.c.owner.like(f"%:{pid}:%") if pid else claim.c.id > 0
    with open_ledger(url, make=False) as ledger, ledger.writing() as connection:
        connection.execute(update(claim).where(dead).values(leased_until=0.0))


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] if seconds else 0.0
