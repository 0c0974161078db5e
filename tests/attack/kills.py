"""A hundred kills under load: API processes die at random while clients post and a campaign runs.

Every request bears an Idempotency-Key and is sent again, to whichever API is there, until it was answered. At
the end the sandbox's own record of mails is held against the ledger and against the clients' answers.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import by_hand
import processes
from bombs import campaign
from event_queue import EventQueue
from front import Front, Stage, end_leases, live, serve
from outcome import require
from sqlalchemy import select

from cli.prefect_server import free_port
from ledger.engine import open_ledger
from ledger.schema import message, single
from ledger.statuses import Status

_SLOTS, _CLIENTS = 3, 4
_READERS = 3_000
_PER_SECOND = 150
_KILLING_SECONDS = 210.0
_SEED = 20_261_128
_UNDERWAY = (Status.QUEUED, Status.CLAIMED, Status.SENDING)
_NAME = "beside"


def kills(stage: Stage) -> str:
    """Kill them, let everything come to its end, and hold the books."""
    with live(stage, "--no-send") as front:
        stage.world.control(rate_per_second=_PER_SECOND)
        queue = EventQueue(stage.world)
        queue.come_again_after(3)
        killing = _Killing(front, stage.kills)
        with front.others() as others:
            killing.run()
        _end(killing, queue)
        books = _books(killing)
        kinds = ", ".join(f"{number} {what}" for what, number in killing.killed.items())
        return front.said(
            f"{killing.killed.total()} kills ({kinds})",
            f"{killing.posts} posts, {killing.repeats} of them again",
            books,
            others.said(),
        )


@dataclass
class _Killing:
    front: Front
    wanted: int
    killed: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    repeats: int = 0
    # What clients heard: the address of each id.
    answered: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ports = [free_port() for _ in range(_SLOTS)]
        self.done = threading.Event()
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.file = campaign(
            self.front.api.log.parent,
            _NAME,
            readers=_READERS,
            send={"settle_seconds": 5},
            halt={"ladder": [], "unknown_at_most": 1_000_000},
        )

    def run(self) -> None:
        """Kill until it is enough; the clients end when all that they posted was answered."""
        slots = [threading.Thread(target=self._slot, args=(n,), daemon=True) for n in range(_SLOTS)]
        beside = threading.Thread(target=self._campaign, daemon=True)
        clients = [threading.Thread(target=self._client, args=(n,), daemon=True) for n in range(_CLIENTS)]
        try:
            for thread in (*slots, *clients, beside):
                thread.start()
            until = time.monotonic() + _KILLING_SECONDS
            while self.killed.total() < self.wanted and time.monotonic() < until and not self.wrong:
                time.sleep(0.1)
            self.done.set()
            require(not self.wrong, "; ".join(self.wrong[:3]))
            for thread in (*slots, *clients):
                thread.join(60)
                require(not thread.is_alive(), "a client is not answered within a minute")
            beside.join(120)
            require(not beside.is_alive(), "the campaign does not come to its end")
        finally:
            self.done.set()
            self.over.set()
        require(not self.wrong, "; ".join(self.wrong[:3]))
        enough = self.killed.total() >= self.wanted // 2
        require(enough, f"only {self.killed.total()} kills in {_KILLING_SECONDS:.0f} s: is the machine busy?")

    def _slot(self, number: int) -> None:
        try:
            self._kill_again_and_again(number, random.Random(_SEED + number))
        except Exception as err:  # noqa: BLE001 - a thread's fault is the attack's.
            self.wrong.append(f"an API that is started again: {type(err).__name__}: {err}")

    def _kill_again_and_again(self, number: int, rng: random.Random) -> None:
        log = self.front.api.log.with_name(f"slot{number}.log")
        while not self.done.is_set():
            api = processes.start(["api", "--port", str(self.ports[number])], self.front.environment, log)
            self.front.memory.commands.append(api)
            early = rng.random() < 0.2
            if not early:
                self._wait_for(api, number)
            time.sleep(rng.uniform(0.0, 1.5))
            if self.done.is_set():
                api.end()
                break
            children = api.descendants()
            require(api.process.poll() is None, f"it ended by itself: {api.said()[-200:]}")
            kind = "early" if early else rng.choice(["group", "group", "parent", "sender"])
            if kind == "sender" and children:
                # Then the parent, while it starts another one.
                for pid in children:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(rng.uniform(0.0, 0.3))
            # What the parent leaves behind ends by itself.
            api.tell(signal.SIGKILL, group=kind == "group")
            api.process.wait()
            self.front.memory.commands.remove(api)
            with self.lock:
                self.killed[kind] += 1

    def _wait_for(self, api: processes.Command, number: int) -> None:
        began = time.monotonic()
        while by_hand.get(self.ports[number], "/healthz", seconds=5).status != 200:
            require(api.process.poll() is None, f"it ended by itself: {api.said()[-200:]}")
            require(time.monotonic() - began < 60, "it does not answer")
            if self.done.wait(0.1):
                return

    def _campaign(self) -> None:
        """Run the campaign, killed twice on its way, until it is through."""
        rng = random.Random(_SEED)
        log = self.front.api.log.with_name("campaign.log")
        for number in range(4):
            run = processes.start(["send", str(self.file)], self.front.environment, log)
            kill_at = time.monotonic() + rng.uniform(20, 35)
            while run.process.poll() is None:
                if number < 2 and time.monotonic() > kill_at:
                    run.tell(signal.SIGKILL)
                    run.process.wait()
                    with self.lock:
                        self.killed["campaign"] += 1
                    end_leases(self.front.url, run.pid)
                    break
                time.sleep(0.1)
                if self.over.is_set():
                    return
            else:
                if run.process.returncode not in (0, 5):
                    self.wrong.append(f"the campaign ended with {run.process.returncode}")
                return

    def _client(self, number: int) -> None:
        try:
            rng = random.Random(_SEED * 2 + number)
            posted = 0
            while not self.done.is_set():
                posted += 1
                self._post(rng, f"poster{number}.{posted}")
        except Exception as err:  # noqa: BLE001
            self.wrong.append(f"a client: {type(err).__name__}: {err}")

    def _post(self, rng: random.Random, name: str) -> None:
        mails = [self.front.mail(f"{name}.{n}@mail.example") for n in range(rng.choice([1, 1, 1, 5]))]
        content = mails[0] if len(mails) == 1 else mails
        ids: list[str] = []
        again = rng.random() < 0.1
        while not self.over.is_set():
            port = rng.choice([*self.ports, *self.ports, self.front.port])
            answer = by_hand.post(
                port, self.front.attacker, content, headers={"Idempotency-Key": name}, source="127.0.0.3"
            )
            self.posts += 1
            if answer.status in (0, 429, 503) or (answer.status == 202 and not answer.body):
                self.repeats += 1
                time.sleep(rng.uniform(0.02, 0.2))
                continue
            require(answer.status == 202, f"answered {answer.status} {answer.body[:120]!r}")
            try:
                data = answer.json()["data"]
            except ValueError:
                # It died over its answer.
                self.repeats += 1
                continue
            found = [each["id"] for each in (data if isinstance(data, list) else [data])]
            require(not ids or ids == found, "the same key was answered with other ids")
            ids = found
            if not again:
                break
            again = False
        with self.lock:
            self.answered |= {id_: mail["to"] for id_, mail in zip(ids, mails, strict=False)}


def _end(killing: _Killing, queue: EventQueue) -> None:
    """Let one API send what is left, and all events come in."""
    front = killing.front
    end_leases(front.url)
    api, _ = serve(front.environment, front.api.log.with_name("last.log"))
    front.memory.commands.append(api)
    query = select(message.c.id).where(message.c.status.in_(_UNDERWAY)).limit(1)

    def is_quiet() -> bool:
        with open_ledger(front.url, make=False) as ledger, ledger.reading() as connection:
            return connection.execute(query).first() is None and queue.is_empty()

    processes.until(is_quiet, "what is left goes out", 100)
    api.tell(signal.SIGTERM)
    code = api.wait(40)
    require(code in (0, -signal.SIGTERM), f"the last API ended with {code}")


def _books(killing: _Killing) -> str:
    """Hold the sandbox's record against the ledger, and both against what the clients heard."""
    front = killing.front
    answered = {**front.answered, **killing.answered}
    with open_ledger(front.url, make=False) as ledger, ledger.reading() as connection:
        columns = (
            message.c.id,
            message.c.campaign_id,
            message.c.address,
            message.c.status,
            message.c.accepted_at,
        )
        rows = connection.execute(select(*columns)).all()
        ids = {
            row.message_id: row.public_id
            for row in connection.execute(select(single.c.message_id, single.c.public_id))
        }
    mails = Counter(address for each in front.stage.world.messages() for address in each["recipients"])
    twice = [address for address, number in mails.items() if number > 1]
    require(not twice, f"{len(twice)} addresses were mailed twice")
    stored = {ids[row.id]: row for row in rows if row.campaign_id is None}
    lost = [id_ for id_, to in answered.items() if id_ not in stored or stored[id_].address != to]
    require(not lost, f"{len(lost)} of {len(answered)} answered mails are not in the ledger")
    more = stored.keys() - answered.keys()
    require(not more, f"{len(more)} mails are in the ledger that nobody was told of")
    readers = [row for row in rows if row.campaign_id is not None]
    require(len({row.address for row in readers}) == len(readers) == _READERS, f"{len(readers)} readers")
    doubtful = 0
    for row in rows:
        if row.status == Status.IN_DOUBT:
            # Known by nobody: SES took nothing, or its event would have said so.
            require(not mails[row.address], "a mail is in doubt whose events came")
            doubtful += 1
        else:
            require(
                mails[row.address] == 1, f"a mail that is {row.status} went out {mails[row.address]} times"
            )
    require(sum(mails.values()) == len(rows) - doubtful, "SES took mail that the ledger does not know")
    return f"{len(stored)} single mails and {len(readers)} of the campaign once each, {doubtful} in doubt"
