"""How the stand-in behaves: account, outcomes, events and failures, all of it settable while it runs."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, model_validator

Probability = Annotated[float, Field(ge=0, le=1)]
SuppressedReason = Literal["BOUNCE", "COMPLAINT"]


def _ordered(delay: float | tuple[NonNegativeFloat, NonNegativeFloat]) -> float | tuple[float, float]:
    if isinstance(delay, tuple) and delay[0] > delay[1]:
        raise ValueError("a range of seconds is [shortest, longest]")
    return delay


Delay = Annotated[
    NonNegativeFloat | tuple[NonNegativeFloat, NonNegativeFloat],
    AfterValidator(_ordered),
]
"""Seconds: one number, or the two ends of a range to draw from."""


class EventType(StrEnum):
    """The `eventType` of the records that SES publishes."""

    SEND = "Send"
    DELIVERY = "Delivery"
    BOUNCE = "Bounce"
    COMPLAINT = "Complaint"
    REJECT = "Reject"
    DELIVERY_DELAY = "DeliveryDelay"
    RENDERING_FAILURE = "Rendering Failure"
    OPEN = "Open"
    CLICK = "Click"


class OutcomeKind(StrEnum):
    """What becomes of a message for one recipient."""

    DELIVERED = "delivered"
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    UNDETERMINED_BOUNCE = "undetermined_bounce"
    COMPLAINT = "complaint"
    DELAYED_THEN_DELIVERED = "delayed_then_delivered"
    REJECT = "reject"
    AUTO_REPLY = "auto_reply"
    SILENT = "silent"
    BOUNCE_AFTER_DELIVERY = "bounce_after_delivery"
    UNKNOWN_DOMAIN = "unknown_domain"
    NULL_MX = "null_mx"
    GLOBALLY_SUPPRESSED = "globally_suppressed"
    ACCOUNT_SUPPRESSED = "account_suppressed"
    RENDERING_FAILURE = "rendering_failure"
    # Auto Validation, a tenant's suppression list, a contact who opted out: SES takes it and sends nothing.
    VALIDATION_SUPPRESSED = "validation_suppressed"
    TENANT_SUPPRESSED = "tenant_suppressed"
    CONTACT_OPTED_OUT = "contact_opted_out"
    # Feedback reports about delivered mail that are no complaints.
    NOT_SPAM = "not_spam"
    AUTH_FAILURE = "auth_failure"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OutcomeRule(_Settings):
    """Probabilities for the addresses that match; what they leave of 1 is delivered.

    `match` is `*`, a domain (its subdomains are meant too), or else a regular expression that is searched
    for in the lower-cased address.
    """

    match: str = "*"
    hard_bounce: Probability = 0
    soft_bounce: Probability = 0
    undetermined_bounce: Probability = 0
    complaint: Probability = 0
    delayed_then_delivered: Probability = 0
    reject: Probability = 0
    auto_reply: Probability = 0
    silent: Probability = 0
    bounce_after_delivery: Probability = 0
    unknown_domain: Probability = 0
    validation_suppressed: Probability = 0
    tenant_suppressed: Probability = 0
    contact_opted_out: Probability = 0
    not_spam: Probability = 0
    auth_failure: Probability = 0

    @cached_property
    def probabilities(self) -> list[tuple[OutcomeKind, float]]:
        """The outcomes other than delivered, with their probabilities, in a fixed order."""
        values = self.model_dump(exclude={"match"})
        return [(OutcomeKind(name), float(value)) for name, value in values.items()]

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if sum(value for _, value in self.probabilities) > 1 + 1e-9:
            raise ValueError("the probabilities of a rule add up to more than 1")
        return self


class Publishing(_Settings):
    """When events come.

    delay_seconds:          from the acceptance to Send, and from each event of a recipient to the next.
    duplicate_probability:  of the same record coming again, within `reorder_seconds`.
    reorder_probability:    of a record coming up to `reorder_seconds` late, so that others overtake it.
    withheld:               nothing is published until this is off again; nothing is lost.
    """

    delay_seconds: Delay = 0.0
    delay_seconds_by_type: dict[EventType, Delay] = {}
    duplicate_probability: Probability = 0
    reorder_probability: Probability = 0
    reorder_seconds: NonNegativeFloat = 1.0
    withheld: bool = False
    open_probability: Probability = 0
    click_probability: Probability = 0


class FailureKind(StrEnum):
    """What goes wrong with a call. Those that begin with ACCEPT take the messages first."""

    ACCEPT_THEN_DROP = "accept_then_drop"
    ACCEPT_THEN_500 = "accept_then_500"
    ACCEPT_THEN_WAIT = "accept_then_wait"
    DROP = "drop"
    REFUSE_500 = "refuse_500"
    WAIT = "wait"
    THROTTLE = "throttle"
    SUSPEND_ACCOUNT = "suspend_account"
    EXPIRED_TOKEN = "expired_token"
    ENTRY = "entry"
    MISSING_RESULT = "missing_result"
    MISSING_MESSAGE_ID = "missing_message_id"
    EXTRA_RESULT = "extra_result"


class Failure(_Settings):
    """One thing that goes wrong.

    operations:   API names as boto3's model spells them, `*` for all; by default the two sending calls.
    nth_calls:    which of those calls, the first one after the behaviour was set being 1; all if left out.
    count:        after so many failures it is over.
    entries:      0-based places in a bulk call, for the kinds that concern single results.
    entry_status: the status of these entries, and `error` its text, for the kind `entry`.
    seconds:      how long the kinds that wait do so.
    """

    kind: FailureKind
    operations: list[str] = ["SendEmail", "SendBulkEmail"]
    nth_calls: list[int] | None = None
    count: int | None = None
    probability: Probability = 1
    entries: list[int] = [0]
    entry_status: str = "ACCOUNT_THROTTLED"
    error: str | None = None
    seconds: NonNegativeFloat = 5.0


class DnsBehaviour(_Settings):
    """Latency and loss of the DNS responder."""

    delay_seconds: Delay = 0.0
    loss_probability: Probability = 0


class Behaviour(_Settings):
    """The whole behaviour.

    rate_per_second:       recipients; the bucket holds `burst_seconds` of it and may go negative.
    daily_quota:           recipients in 24 h, -1 for none.
    bulk_calls_per_second: a limit on SendBulkEmail calls as such, None for none.
    tag_calls_per_second:  what SQS takes of calls that read or change the tags of queues; its own limit is 5:
                           https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
    bulk_refusals:         whether a paused or suspended account refuses a bulk call whole or by entry.
    keep_bodies:           how many of the latest messages keep their bodies.
    """

    seed: int = 1
    rate_per_second: Annotated[float, Field(gt=0)] = 500.0
    burst_seconds: Annotated[float, Field(gt=0)] = 1.0
    daily_quota: Annotated[int, Field(ge=-1)] = 1_000_000
    bulk_calls_per_second: Annotated[float, Field(gt=0)] | None = None
    tag_calls_per_second: Annotated[float, Field(gt=0)] = 5.0
    bulk_refusals: Literal["entries", "call"] = "entries"
    production_access: bool = True
    sending_enabled: bool = True
    enforcement_status: Literal["HEALTHY", "PROBATION", "SHUTDOWN"] = "HEALTHY"
    suppressed_reasons: list[SuppressedReason] = ["BOUNCE", "COMPLAINT"]
    outcomes: list[OutcomeRule] = []
    events: Publishing = Publishing()
    failures: list[Failure] = []
    dns: DnsBehaviour = DnsBehaviour()
    keep_bodies: Annotated[int, Field(ge=0)] = 20_000

    def changed(self, changes: dict[str, object]) -> "Behaviour":
        """Return a copy with the given fields replaced, each one whole.

        Raises pydantic's ValidationError for an unknown field or a value out of range.
        """
        return Behaviour.model_validate(self.model_dump() | changes)
