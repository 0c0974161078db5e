"""What the gate promises, asked of real ledgers: two workers, events, kills, and one that is opened anew.

tests/mail/test_model.py asks more, of a campaign in memory.
"""

import itertools
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ledger import attempts, breaker, campaigns, events
from ledger.attempts import Answer, ClaimLost, Result
from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS, Claim
from ledger.engine import open_ledger
from ledger.incoming import Event
from ledger.schema import attempt, message
from ledger.statuses import Fact, Status
from mail import controls, gatekeeping
from mail.claiming import claim
from mail.rate import ACCOUNT

# Small, so that sixty messages climb all of it.
RULES = {"ladder": [10, 30], "minimum_sample": 20, "unknown_at_most": 8, "unknown_seconds": 0}
RECIPIENTS = 60
# What SES may hold without anybody knowing what became of it.
UNKNOWN = (Status.CLAIMED, Status.SENDING, Status.IN_DOUBT, Status.SENT)
ANSWERS = (Answer.ACCEPTED, Answer.ACCEPTED, Answer.ACCEPTED, Answer.UNKNOWN, Answer.NOT_SENT)

STEPS = ("claim", "intend", "record", "event", "event", "event", "die", "reopen")
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.integers(0, 60)), min_size=30, max_size=60
)
_campaigns = itertools.count(1)


@dataclass
class Script:
    """A campaign whose workers take the steps drawn, each a transaction; it asserts what must hold."""

    stage: Any
    url: str
    bounces: list[bool]
    number: int = field(default_factory=lambda: next(_campaigns))
    held: dict[int, Claim] = field(default_factory=dict)
    sending: dict[int, list[str]] = field(default_factory=dict)
    # SES may have taken these; whether it bounces is drawn for each.
    taken: dict[str, bool] = field(default_factory=dict)
    halt: Any = None
    bounces_at_most: int = 0
    attempts_at_halt: int = 0

    def __post_init__(self) -> None:
        readers = [f"reader.{place}@run-{self.number}.example" for place in range(RECIPIENTS)]
        self.id = self.stage.enqueue(readers, name=f"run-{self.number}", halt=RULES).id
        self.outcomes = itertools.cycle(self.bounces)

    def step(self, name: str, worker: int, number: int) -> None:
        match name:
            case "claim":
                self.claim(worker, 1 + number % 15)
            case "intend" if worker in self.held:
                self.intend(worker)
            case "record" if worker in self.sending:
                self.record(worker, ANSWERS[number % len(ANSWERS)])
            case "event" if self.taken:
                self.event(list(self.taken)[number % len(self.taken)])
            case "die":
                # Its lease ends, and that of the other as well where nobody renews it.
                self.held.pop(worker, None)
                self.sending.pop(worker, None)
                self.stage.clock.tick(LEASE_SECONDS / 2)
            case "reopen":
                self.reopen()
            case "halt":
                controls.halt(self.stage.ledger, f"run-{self.number}", by="Ada", reason="wrong offer")
        self.check()

    def claim(self, worker: int, limit: int) -> None:
        found = claim(self.stage.ledger, f"run-{self.number}", f"worker-{worker}", limit)
        if not isinstance(found, Claim):
            return
        assert self.halt is None, "a claim commits after the halt"
        self.held[worker] = found
        count = self.stage.count()
        known_good = int(0.05 * self._accepted()) - count.get(Status.HARD_BOUNCED, 0)
        assert sum(count.get(status, 0) for status in UNKNOWN) <= max(RULES["unknown_at_most"], known_good)

    def intend(self, worker: int) -> None:
        held = self.held.pop(worker)
        send_ids = {item.message_id: f"{self.number}-{held.id}-{item.message_id}" for item in held.recipients}
        try:
            with self.stage.ledger.writing() as connection:
                locked = campaigns.lock(connection, self.id)
                assert breaker.lets_through(connection, ACCOUNT, held.id)
                attempts.commit_intent(connection, locked, held, f"call-{held.id}", send_ids)
        except ClaimLost:
            return
        assert self.halt is None, "an intent commits after the halt"
        self.sending[worker] = list(send_ids.values())
        self.taken |= {send_id: next(self.outcomes) for send_id in send_ids.values()}

    def record(self, worker: int, answer: Answer) -> None:
        send_ids = self.sending.pop(worker)
        if answer is Answer.NOT_SENT:
            # SES, which is asked no more, has heard of those that an event told of.
            answered = set(send_ids) & self._heard_of()
            send_ids = [send_id for send_id in send_ids if send_id not in answered]
            for send_id in send_ids:
                del self.taken[send_id]
        with self.stage.ledger.writing() as connection:
            campaigns.lock(connection, self.id)
            attempts.record(connection, [Result(send_id, answer) for send_id in send_ids])

    def event(self, send_id: str) -> None:
        """Hear of a message, perhaps again, perhaps before its sender knows that SES took it."""
        fact = Fact.HARD_BOUNCED if self.taken[send_id] else Fact.DELIVERED
        at = self.stage.clock.now
        heard = Event(send_id, fact, None, send_id, None, at, {Fact.ACCEPTED: at, fact: at}, "{}")
        with self.stage.ledger.writing() as connection:
            events.apply(connection, [heard])
            gatekeeping.review(connection, campaigns.lock(connection, self.id))

    def reopen(self) -> None:
        before = self.stage.stored()
        self.stage.ledger.close()
        self.stage.ledger = open_ledger(self.url)
        assert self.stage.stored() == before

    def check(self) -> None:
        stored = self.stage.stored()
        if self.halt is not None:
            assert (stored.state, stored.halt) == (State.HALTED, self.halt), "a halt does not last"
            assert self._attempts() == self.attempts_at_halt
        elif stored.state is State.HALTED:
            self.halt, self.attempts_at_halt = stored.halt, self._attempts()
            count = self.stage.count()
            self.bounces_at_most = sum(
                count.get(status, 0) for status in (Status.HARD_BOUNCED, *UNKNOWN) if status != Status.CLAIMED
            )

    def end(self) -> None:
        """Halt it, if it has not halted, and let everything come that still can."""
        self.step("halt", 0, 0)
        for send_id in list(self.taken):
            self.event(send_id)
        for worker in (0, 1):
            for name in ("record", "reopen", "claim", "intend"):
                self.step(name, worker, 0)
        assert self.stage.count().get(Status.HARD_BOUNCED, 0) <= self.bounces_at_most

    def _accepted(self) -> int:
        return self._count(select(func.count()).where(_ACCEPTED_AT.is_not(None)))

    def _attempts(self) -> int:
        return self._count(
            select(func.count()).select_from(attempt.join(message, message.c.id == attempt.c.message_id))
        )

    def _heard_of(self) -> set[str]:
        query = select(attempt.c.send_id).join(message, message.c.id == attempt.c.message_id)
        with self.stage.ledger.reading() as connection:
            return set(connection.execute(query.where(_ACCEPTED_AT.is_not(None))).scalars())

    def _count(self, query: Any) -> int:
        with self.stage.ledger.reading() as connection:
            return int(connection.execute(query.where(message.c.campaign_id == self.id)).scalar_one())


_ACCEPTED_AT = message.c.accepted_at


# Each example is some hundred transactions, and every commit of them reaches the disk.
@settings(max_examples=max(8, settings().max_examples // 3))
@given(
    rate=st.sampled_from([0.0, 0.05, 0.2, 1.0]),
    seed=st.integers(0, 2**32),
    plan=steps,
    by_hand_after=st.integers(5, 60),
)
def test_on_a_real_ledger_nothing_goes_out_after_the_halt_and_little_before_its_outcomes(
    either_stage,
    either_url: str,
    rate: float,
    seed: int,
    plan: list[tuple[str, int, int]],
    by_hand_after: int,
) -> None:
    random = Random(seed)
    script = Script(either_stage, either_url, [random.random() < rate for _ in range(RECIPIENTS)])
    for step in [*plan[:by_hand_after], ("halt", 0, 0), *plan[by_hand_after:]]:
        script.step(*step)
    script.end()
