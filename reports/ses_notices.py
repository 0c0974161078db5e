"""What SES did not send and why, and what it said of messages that stands in no other figure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ledger.schema import TRIAL_EPOCH, event, message
from ledger.statuses import Count, Status
from ledger.tallies import Totals
from ledger.withheld import WithheldReason

# Marks events that an earlier version took for something else (`campaign suppress review` shows those).
MISREAD = "misread/"

_REASONS = {
    WithheldReason.ACCOUNT_LIST: "on the suppression list of the SES account",
    WithheldReason.TENANT_LIST: "on the suppression list of an SES tenant",
    WithheldReason.VALIDATION: "judged invalid by SES (Auto Validation)",
    WithheldReason.CONTACT_OPT_OUT: "opted out on a contact list of SES",
    WithheldReason.OTHER: "for a reason that this version does not know",
}
_NOTES = {
    "Complaint/not-spam": "said that it is no spam (not-spam), which is no complaint",
    "Complaint/auth-failure": "failed a check of SPF, DKIM or DMARC (auth-failure), which is no complaint",
    "Subscription/OptIn": "joined a topic of a contact list of SES",
    "Subscription/unchanged": "changed nothing about a contact list of SES",
}


@dataclass(frozen=True, slots=True)
class Withheld:
    """Messages that SES took and did not send, of all that it took, by reason; they are in no rate."""

    messages: int
    share: float
    by_reason: Mapping[WithheldReason, int]

    @property
    def sentence(self) -> str:
        """`8 % withheld by SES (80 of 1,000): 80 judged invalid by SES (Auto Validation)`; else empty."""
        if not self.messages:
            return ""
        reasons = ", ".join(f"{count:,} {_REASONS[reason]}" for reason, count in self.by_reason.items())
        return f"{self.headline} ({self.messages:,} of {round(self.messages / self.share):,}): {reasons}"

    @property
    def headline(self) -> str:
        """Return `8 % withheld by SES`; never 0 % where there is one."""
        return f"{max(0.01, round(self.share * 100, 2)):g} % withheld by SES"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that events said of so many messages; `note` is its stable name."""

    note: str
    messages: int

    @property
    def words(self) -> str:
        return _NOTES.get(
            self.note, f"{self.note.replace('/', ' ')}: not known to this version, counted by its type"
        )


def withheld(connection: Connection, campaign_id: int, totals: Totals) -> Withheld:
    """Return what SES withheld of a campaign, the most frequent reason first."""
    # Of what SES took, only what it withheld is SUPPRESSED.
    query = (
        select(message.c.withheld_reason, func.count())
        .where(
            message.c.campaign_id == campaign_id,
            message.c.status == Status.SUPPRESSED,
            message.c.withheld_at.is_not(None),
        )
        .group_by(message.c.withheld_reason)
        .order_by(func.count().desc(), message.c.withheld_reason)
    )
    found = {
        WithheldReason(reason or WithheldReason.OTHER): count for reason, count in connection.execute(query)
    }
    return Withheld(totals.counts[Count.WITHHELD], totals.withheld_share, found)


def notices(connection: Connection, campaign_id: int | None) -> tuple[Notice, ...]:
    """Return what events said of messages beside the figures, the most frequent first.

    `campaign_id` None: of the single messages of the API.
    """
    messages = func.count(func.distinct(event.c.message_id))
    query = (
        select(event.c.note, messages)
        .join(message, message.c.id == event.c.message_id)
        .where(
            event.c.note.is_not(None),
            event.c.note.not_like(f"{MISREAD}%"),
            message.c.campaign_id == campaign_id,
            message.c.epoch != TRIAL_EPOCH,
        )
        .group_by(event.c.note)
        .order_by(messages.desc(), event.c.note)
    )
    return tuple(Notice(note, count) for note, count in connection.execute(query))
