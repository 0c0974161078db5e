"""One round: a campaign whose processes are killed while it goes out, until everybody has a final status."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

import invariants
import places
import programs
from invariants import require
from plans import CALL_SIZE, Fate, Plan
from sqlalchemy import Update, event, update
from sqlalchemy.exc import OperationalError

from ledger import campaigns, tallies
from ledger.campaigns import State
from ledger.engine import Ledger, connect, open_ledger
from ledger.schema import claim
from ledger.statuses import Status
from mail import controls, doubts, gatekeeping
from sandbox import RunningSandbox

# Nothing is measured by it: a loaded machine takes minutes for what an idle one does in seconds.
_PATIENCE_SECONDS = 400.0
_LOOK_SECONDS = 0.02
_CHECK_SECONDS = 0.5
_STALL_SECONDS = 0.7


@dataclass
class _Worker:
    process: Any
    moving: Any
    fate: Fate
    started: float
    stopped_at: float | None = None


@dataclass
class Round:
    """A plan being carried out. `kills` counts, by point, those that fell while mail was moving."""

    plan: Plan
    place: places.Database
    world: RunningSandbox
    folder: Path
    kills: Counter[str] = field(default_factory=Counter)
    # Every end that may leave a call in doubt: kills that fell or did not count, stalls, lost databases.
    deaths: int = 0
    enqueue_kills: int = 0
    idle_kills: int = 0
    broken: int = 0
    resumed: int = 0
    outages: int = 0
    unknown: int = 0
    doubtful: int = 0

    def run(self) -> None:
        """Carry the plan out. Raises Violated."""
        self.name = f"chaos-{self.plan.seed}"
        self.context = multiprocessing.get_context("forkserver")
        self.environment = {**self.world.environment, "CAMPAIGN_DATABASE_URL": self.place.url}
        self.fates = {"send": list(self.plan.senders), "collect": list(self.plan.collectors)}
        self.world.reset()
        self.world.control(**self.plan.behaviour)
        self.queue = places.Queue(self.world)
        workers: list[tuple[str, _Worker]] = []
        with open_ledger(self.place.url) as self.ledger, _impatient(self.place.url) as self.impatient:
            self.addresses = places.addresses(self.name, self.plan.recipients)
            self._enqueue()
            try:
                for number in range(self.plan.workers + 1):
                    workers.append(self._start("collect" if number == 0 else "send"))
                self._send(workers)
                self._settle(workers)
            finally:
                for _, worker in workers:
                    worker.process.kill()
                    worker.process.join()

    def _enqueue(self) -> None:
        """Let processes die over the enqueuing of the campaign, until one stores it whole."""
        for fate in (*self.plan.enqueuers, Fate()):
            with self.ledger.reading() as connection:
                found = campaigns.find(connection, self.name)
            require(found is None or found.state is State.ENQUEUING, "a half-enqueued campaign runs")
            what = (str(self.folder / self.name), self.name, self.plan.recipients, fate.point, fate.passing)
            process = self.context.Process(target=programs.enqueue, args=(self.environment, *what))
            process.start()
            process.join()
            wanted = -signal.SIGKILL if fate.point else 0
            require(process.exitcode == wanted, f"an enqueuer ended with {process.exitcode}")
            self.enqueue_kills += 1 if fate.point else 0

    def _send(self, workers: list[tuple[str, _Worker]]) -> None:
        began = checked = time.monotonic()
        outage_at = self.plan.outage_at_seconds
        while self._underway():
            now = time.monotonic()
            require(now - began < _PATIENCE_SECONDS, "it does not come to an end")
            for place, (kind, worker) in enumerate(workers):
                if self._is_over(kind, worker, now):
                    workers[place] = self._start(kind)
            if outage_at is not None and now - began >= outage_at:
                outage_at = None
                self.outages += 1
                self.place.outage(self.plan.outage_is_sudden)
            if now - checked >= _CHECK_SECONDS:
                checked = now
                self._check()
            time.sleep(_LOOK_SECONDS)

    def _settle(self, workers: list[tuple[str, _Worker]]) -> None:
        """Let all events come in, decide about what is in doubt, and let everybody become final."""
        self.fates = {"send": [], "collect": []}
        self._await_events(workers)
        self._check()
        with self.ledger.reading() as connection:
            invariants.hold_settled(connection, self.name, self.addresses, self.world, decided=False)
            totals = tallies.read(connection, campaigns.get(connection, self.name).id)
            self.unknown = invariants.unknown_calls(connection, campaigns.get(connection, self.name).id)
        self.doubtful = totals.by_status[Status.IN_DOUBT]
        if self.doubtful:
            settle = doubts.resend if self.plan.resend else doubts.assume_sent
            self.world.control(failures=[])
            settle(self.ledger, self.name, by="chaos", reason="the round's last act")
            if self.plan.resend:
                self._send(workers)
                self._await_events(workers)
        with self.ledger.reading() as connection:
            invariants.hold_settled(connection, self.name, self.addresses, self.world, decided=True)
        self._resume_if_paused()
        with self.ledger.writing() as connection:
            locked = campaigns.lock(connection, campaigns.get(connection, self.name).id)
            state = gatekeeping.finish(connection, locked)
        require(state is State.COMPLETED, f"the campaign ends {state}")

    def _start(self, kind: str) -> tuple[str, _Worker]:
        fate = self.fates[kind].pop(0) if self.fates[kind] else Fate()
        moving = RawValue("b", 0)
        process = self.context.Process(
            target=programs.send if kind == "send" else programs.collect,
            args=(self.environment, self.name, moving, fate.point, fate.passing),
            daemon=True,
        )
        process.start()
        return kind, _Worker(process, moving, fate, time.monotonic())

    def _is_over(self, kind: str, worker: _Worker, now: float) -> bool:
        """Do to the worker what its fate wants now, and return whether it has ended."""
        if worker.stopped_at is not None and now - worker.stopped_at >= _STALL_SECONDS:
            os.kill(worker.process.pid, signal.SIGCONT)
            worker.stopped_at, worker.fate = None, Fate()
        code = worker.process.exitcode
        due = worker.fate.after_seconds is not None and now - worker.started >= worker.fate.after_seconds
        if code is None and due and worker.stopped_at is None and (worker.moving.value or now % 1 < 0.02):
            if worker.fate.stalls:
                self._stall(worker, now)
                return False
            worker.process.kill()
            worker.process.join()
            code = worker.process.exitcode
        if code is None:
            return False
        if code == -signal.SIGKILL:
            self.deaths += 1
            if worker.moving.value or worker.fate.point:
                self.kills[worker.fate.point or f"at random, {kind}"] += 1
            else:
                self.idle_kills += 1
        elif code != 0:
            # Nothing but the loss of its database may break a worker.
            lost = code == programs.LOST_DATABASE and self.outages > 0
            require(lost, f"a process ended by itself with {code}")
            self.deaths += 1
            self.broken += 1
        else:
            self._resume_if_paused()
        self._end_leases(worker)
        return True

    def _stall(self, worker: _Worker, now: float) -> None:
        os.kill(worker.process.pid, signal.SIGSTOP)
        try:
            with self.impatient.writing() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
                connection.execute(_ended(worker))
        except OperationalError:
            # It stands in the middle of a transaction, whose locks no minute would end: another time.
            os.kill(worker.process.pid, signal.SIGCONT)
            return
        worker.stopped_at = now
        self.deaths += 1

    def _end_leases(self, worker: _Worker) -> None:
        with self.ledger.writing() as connection:
            connection.execute(_ended(worker))

    def _resume_if_paused(self) -> None:
        """What a person does to a campaign that has paused is done here."""
        with self.ledger.reading() as connection:
            state = campaigns.get(connection, self.name).state
        require(state in (State.RUNNING, State.PAUSED), f"the campaign is {state}")
        if state is State.PAUSED:
            self.resumed += 1
            controls.resume(self.ledger, self.name, by="chaos", reason="SES answers again")

    def _underway(self) -> bool:
        # What dead senders held is recovered by those that live.
        with self.ledger.reading() as connection:
            by_status = tallies.read(connection, campaigns.get(connection, self.name).id).by_status
        return any(by_status[each] for each in (Status.QUEUED, Status.CLAIMED, Status.SENDING))

    def _await_events(self, workers: list[tuple[str, _Worker]]) -> None:
        began = time.monotonic()
        quiet = 0
        while quiet < 3:
            require(time.monotonic() - began < _PATIENCE_SECONDS, "the events do not come to an end")
            for place, (kind, worker) in enumerate(workers):
                if kind == "collect" and self._is_over(kind, worker, time.monotonic()):
                    workers[place] = self._start(kind)
            quiet = quiet + 1 if not self.world.summary()["pending_events"] and self.queue.is_empty() else 0
            time.sleep(0.1)

    def _check(self) -> None:
        with self.ledger.reading() as connection:
            invariants.hold_always(connection, self.name, self.deaths, CALL_SIZE)


def _ended(worker: _Worker) -> Update:
    """Do what a minute does to the leases of one process."""
    mine = claim.c.owner.like(f"%:{worker.process.pid}:%")
    return update(claim).where(mine).values(leased_until=0.0)


def _impatient(database_url: str) -> Ledger:
    """A ledger whose transactions do not wait for anybody's locks."""
    engine = connect(database_url)
    if engine.dialect.name == "sqlite":
        listens = event.listens_for(engine, "connect")
        listens(lambda raw, _: raw.execute("PRAGMA busy_timeout = 200"))
    return Ledger(engine, "")
