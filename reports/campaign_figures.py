"""What a campaign report holds: figures without any address in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.about import About
from ledger.accounts import Rolling
from ledger.campaigns import Change, State
from ledger.domain_brakes import Window
from ledger.statuses import Count, Status
from ledger.tallies import Totals
from mail.policy import HaltRules
from reports.reading import Reading
from reports.ses_notices import Notice, Withheld

# What a person has to settle comes first, then what harms the sender's name, then what was never sent.
ATTENTION_STATUSES = (
    Status.IN_DOUBT,
    Status.UNCONFIRMED,
    Status.COMPLAINED,
    Status.HARD_BOUNCED,
    Status.FAILED,
    Status.REJECTED,
)


@dataclass(frozen=True, slots=True)
class ListFigures:
    """What became of the list's rows before anyone was written to.

    `blank_fields`: accepted rows that are blank in a column which the mail shows, by column.
    """

    rows: int
    accepted: int
    rejected: int
    by_reason: Mapping[str, int]
    blank_fields: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Domain:
    """What became of the recipients at one domain; `accepted` is without the withheld."""

    domain: str
    recipients: int
    accepted: int
    delivered: int
    soft_bounced: int
    hard_bounced: int
    complained: int

    @property
    def hard_bounce_rate(self) -> float:
        return share(self.hard_bounced, self.accepted)


@dataclass(frozen=True, slots=True)
class TextCount:
    """A reason or a mail server's text, rid of what differs from message to message, and its frequency."""

    status: Status
    text: str
    messages: int


@dataclass(frozen=True, slots=True)
class Point:
    """The counts up to the moment `at` (UTC epoch seconds), over the messages that SES had taken by then."""

    at: float
    accepted: int
    known: int
    hard_bounced: int

    @property
    def bounce_rate(self) -> float:
        return share(self.hard_bounced, self.accepted)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What was sent since the start or since one resume; the gate judges each epoch by itself."""

    number: int
    began_at: float
    accepted: int
    hard_bounced: int
    complained: int

    @property
    def bounce_rate(self) -> float:
        return share(self.hard_bounced, self.accepted)


@dataclass(frozen=True, slots=True)
class Halt:
    """The rule that fired: k bad messages of n that SES took, `known` of them with an outcome."""

    rule: str
    k: int
    n: int
    known: int
    at: float
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attention:
    """A message that somebody should look at; address and reason are masked, `row` finds it in the list."""

    row: int | None
    address: str
    status: Status
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """One campaign at one moment. Times are UTC epoch seconds, rates are fractions.

    `account` counts everything that the account sent, over all campaigns, as the account's rule counts it.
    `withheld` is what SES took and did not send, `notices` what events said that is in no other figure.
    `braked` are the domains that are left alone for a while, or tried again after that. `suppressed`,
    `rejected` and `diagnostics` are ordered by how often each text came, `domains` by hard bounces and then
    by recipients.
    """

    name: str
    subject: str
    state: State
    changed_at: float
    changed_by: str
    change_reason: str
    generated_at: float
    created_at: float
    first_accepted_at: float | None
    last_accepted_at: float | None
    policy: HaltRules
    list: ListFigures
    recipients: int
    totals: Totals
    reading: Reading
    account: Rolling
    withheld: Withheld
    notices: tuple[Notice, ...]
    suppressed: tuple[TextCount, ...]
    rejected: tuple[TextCount, ...]
    diagnostics: tuple[TextCount, ...]
    domains: tuple[Domain, ...]
    braked: tuple[Window, ...]
    timeline: tuple[Point, ...]
    epochs: tuple[Epoch, ...]
    halt: Halt | None
    history: tuple[Change, ...]
    attention: tuple[Attention, ...]
    ledger: About
    # Empty: the times are read with this machine's zone beside UTC.
    timezone: str = ""

    @property
    def by_status(self) -> Mapping[Status, int]:
        return self.totals.by_status

    @property
    def counts(self) -> Mapping[Count, int]:
        return self.totals.counts

    @property
    def accepted(self) -> int:
        """Messages that SES took to send, without those that it withheld."""
        return self.totals.accepted

    @property
    def hard_bounced(self) -> int:
        return self.counts[Count.HARD_BOUNCED]

    @property
    def bounce_limit(self) -> float:
        return self.policy.bounce_rate

    @property
    def needing_attention(self) -> int:
        """How many messages `attention` would hold if it held them all."""
        return sum(self.by_status[status] for status in ATTENTION_STATUSES)

    @property
    def duration_seconds(self) -> float:
        """From the start until the campaign came to rest, or until now while it runs."""
        goes_on = self.state in (State.ENQUEUING, State.RUNNING)
        until = self.generated_at if goes_on else self.changed_at
        return max(0.0, until - self.created_at)


def share(part: int, whole: int) -> float:
    """Return part / whole, or 0 where the whole is 0."""
    return part / whole if whole else 0.0
