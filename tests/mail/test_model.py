"""What the gate promises, proven over scripted outcomes, delays, repeats, several workers and kills.

The campaign is one in memory that the gate decides about (mail.model); every outcome is drawn, and so is the
order in which it is heard of. tests/mail/test_gatekeeping.py asks the same of a ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ledger.tallies import Cohort
from mail.counts import Counts
from mail.gate import bounces
from mail.gate_answers import Halt
from mail.model import Model
from mail.pace import first_rung, unknown_bound
from mail.policy import PRESETS, HaltRules

NORMAL = PRESETS["normal"]
# Small, so that a few hundred messages climb all of it.
SMALL = HaltRules(ladder=(20, 60), minimum_sample=40, unknown_at_most=25, unknown_seconds=0)
LARGEST = 400


@dataclass
class Mail:
    """One message as a script moves it: `bucket` where SES took it, `heard` once its outcome came in."""

    bounces: bool
    bucket: int = -1
    heard: bool = False


@dataclass
class Script:
    """A campaign whose workers, events and deaths come as drawn; it asserts what must hold at every step."""

    outcomes: Sequence[bool]
    rules: HaltRules
    now: float = 1_800_000_000.0
    claimed: dict[int, list[Mail]] = field(default_factory=dict)
    sending: dict[int, list[Mail]] = field(default_factory=dict)
    # SES has them; whoever sent them may have died before it heard so.
    taken: list[Mail] = field(default_factory=list)
    accepted: list[Mail] = field(default_factory=list)
    unknown_let_out: int = 0
    at_halt: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self.model = Model(len(self.outcomes), self.rules)
        self.queue = [Mail(bounces) for bounces in self.outcomes]

    def step(self, name: str, worker: int, number: int) -> None:
        match name:
            case "claim" if not self.claimed.get(worker):
                self._claim(worker, 1 + number)
            case "intend" if self.claimed.get(worker) and not self.sending.get(worker):
                self._intend(worker, 1 + number)
            case "answer" if self.sending.get(worker):
                for mail in self.sending.pop(worker):
                    self._accepted(mail)
            case "kill":
                # What was claimed is queued again; what was being sent is in doubt until its event comes.
                back = self.claimed.pop(worker, [])
                self.model.give_back(len(back))
                self.queue = back + self.queue
                self.sending.pop(worker, None)
            case "event" if self.taken:
                self._event(self.taken[number % len(self.taken)])
            case "tick":
                self.now += number
        self._halts_as_soon_as_a_rule_holds()

    def _claim(self, worker: int, limit: int) -> None:
        stopped, before = self.model.stopped, self.model.counts(self.now)
        count = self.model.claim(limit, self.now)
        if stopped is not None:
            assert count == 0, "a claim commits after the halt"
        self.claimed[worker], self.queue = self.queue[:count], self.queue[count:]
        if count:
            bound = unknown_bound(before, self.rules)
            young = self.model.counts(self.now)
            assert young.unknown(young.matured(self.now, self.rules.soak_seconds)) <= bound
            assert young.out <= max(self.model.rung, first_rung(before, self.rules))
            self.unknown_let_out = max(self.unknown_let_out, self.model.unknown)

    def _intend(self, worker: int, count: int) -> None:
        mine = self.claimed[worker][:count]
        if not self.model.intend(len(mine)):
            self.model.give_back(len(self.claimed[worker]))
            self.queue = self.claimed.pop(worker) + self.queue
            return
        del self.claimed[worker][:count]
        self.sending[worker] = mine
        self.taken += mine

    def _accepted(self, mail: Mail) -> None:
        if mail.bucket < 0:
            mail.bucket = self.model.accept(1, self.now)
            self.accepted.append(mail)

    def _event(self, mail: Mail) -> None:
        """Hear of a message, perhaps again, perhaps before whoever sent it knows that SES took it."""
        self._accepted(mail)
        if not mail.heard:
            mail.heard = True
            self.model.settle(mail.bucket, bounced=mail.bounces)
        self.model.review(self.now)

    def _halts_as_soon_as_a_rule_holds(self) -> None:
        rule = bounces(self._recounted(), self.rules, self.now)
        if rule is not None and self.model.stopped is None:
            # Time alone can make outcomes old enough; whoever claims next finds that.
            assert rule.rule == "literal_known"
            self.model.review(self.now)
        if isinstance(self.model.stopped, Halt) and self.at_halt is None:
            assert rule is not None, "it halts and no rule holds"
            known = sum(mail.bounces for mail in self.accepted if mail.heard)
            self.at_halt = known, self._unheard()

    def _unheard(self) -> int:
        """Return how many of which nothing is known SES has taken, or may have."""
        return sum(not mail.heard for mail in self.taken)

    def _recounted(self) -> Counts:
        """Return the counts from the messages themselves, not from the model."""
        cohorts: dict[int, list[int]] = {}
        for mail in self.accepted:
            amounts = cohorts.setdefault(mail.bucket, [0, 0, 0, 0])
            amounts[0] += 1
            amounts[1] += mail.heard
            amounts[3] += mail.heard and mail.bounces
        left = len(self.outcomes) - len(self.accepted)
        heard = [mail for mail in self.accepted if mail.heard]
        return Counts(
            accepted=len(self.accepted),
            known=len(heard),
            hard_bounced=sum(mail.bounces for mail in heard),
            complained=0,
            may_still_go=left,
            to_claim=len(self.queue) + sum(map(len, self.claimed.values())),
            cohorts=tuple(Cohort(bucket * 10.0, *amounts) for bucket, amounts in sorted(cohorts.items())),
        )

    def end(self) -> None:
        """Let every outcome of what SES took come in, and hold the final bounces to those at the halt."""
        assert self.model.unknown <= max(self.unknown_let_out, 0)
        for mail in self.taken:
            self._event(mail)
        if self.at_halt is not None:
            known, unheard = self.at_halt
            final = sum(mail.bounces for mail in self.taken)
            assert final <= known + unheard <= known + self.unknown_let_out
            assert isinstance(self.model.stopped, Halt), "a halt does not last"


STEPS = ("claim", "intend", "answer", "event", "event", "event", "kill", "tick")
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(0, 2), st.integers(0, 60)), min_size=50, max_size=300
)


@st.composite
def scripted(draw: st.DrawFn) -> Script:
    rate = draw(st.sampled_from([0.0, 0.02, 0.05, 0.1, 0.3, 1.0]))
    recipients = draw(st.integers(1, LARGEST))
    random = draw(st.randoms(use_true_random=False))
    return Script([random.random() < rate for _ in range(recipients)], draw(st.sampled_from([SMALL, NORMAL])))


@given(script=scripted(), plan=steps)
def test_no_claim_after_a_halt_no_halt_without_a_rule_and_no_more_bounces_than_were_unknown(
    script: Script, plan: list[tuple[str, int, int]]
) -> None:
    for step in plan:
        script.step(*step)
    script.end()
