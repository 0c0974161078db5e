"""An event as it comes in, in the ledger's terms."""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.statuses import Fact
from ledger.suppressions import SuppressionReason
from ledger.withheld import WithheldReason


@dataclass(frozen=True, slots=True)
class Event:
    """An event in the ledger's terms. Times are UTC epoch seconds by the sender's clock.

    `send_id` is the message's own tag; `ses_message_id` finds the attempt where an event carries no tags.
    `suppress` names the reason for which the message's address must not be written to again, `destination`
    the address that SES was asked to write to, which need not be the `recipient` that a bounce names, and
    `destination_key` its key. `withheld` says why SES did not send it, `note` what a person should be told of
    the event beside the figures, `link` what a click was on, without what could name a person. `ledger_id`
    and `campaign_id` are the tags of the ledger that sent it. `verified` says that SNS's signature proved it
    to be SES's; without that it counts only where it fits a message of ours in every part. `foreign` names
    what of its origin `setup` did not make, empty for nothing.
    """

    dedupe_key: str
    kind: str
    ses_message_id: str | None
    send_id: str | None
    recipient: str | None
    at: float | None
    facts: Mapping[Fact, float]
    raw: str
    bounce_type: str | None = None
    bounce_subtype: str | None = None
    diagnostic: str | None = None
    suppress: SuppressionReason | None = None
    withheld: WithheldReason | None = None
    note: str | None = None
    destination: str | None = None
    destination_key: str | None = None
    ledger_id: str | None = None
    campaign_id: int | None = None
    verified: bool = False
    foreign: str = ""
    link: str | None = None
