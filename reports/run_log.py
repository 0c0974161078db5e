"""What the log of a run that sends says: figures twice a minute, and what it waits for as soon as it does."""

from ledger.statuses import Count, Status
from mail.holdups import Cause, Holdup
from reports.campaign_words import utc
from reports.page import number, percent
from reports.status import CampaignStatus

COUNTS_SECONDS = 30.0

_UNTIL = {
    Cause.DECISION: "silence means stop at",
    Cause.OUTAGE: "the next try is at",
    Cause.WARM_UP: "goes on at",
    Cause.QUOTA: "asks again at",
    Cause.OUTCOMES: "decides at the latest at",
    Cause.DOMAINS: "tries the first of them at",
    Cause.RATE: "goes on at",
    Cause.LEASE: "takes them over at",
    Cause.SETTLING: "ends at the latest at",
}


def sentence(holdup: Holdup) -> str:
    """Return what is waited for and until when, as a sentence."""
    until = "" if holdup.until is None else f"; {_UNTIL[holdup.cause]} {utc(holdup.until)}"
    return f"Waits for {holdup.what}{until}."


def counts(status: CampaignStatus) -> str:
    """Return how far a campaign is, in one line."""
    totals = status.totals
    unknown = totals.counts[Count.ACCEPTED] - totals.counts[Count.KNOWN]
    doubtful = totals.by_status[Status.IN_DOUBT]
    return (
        f"{number(totals.accepted)} of {number(status.campaign.recipients)} sent, "
        f"{number(totals.counts[Count.DELIVERED])} delivered, "
        f"{number(totals.counts[Count.HARD_BOUNCED])} hard bounced ({percent(totals.bounce_rate, 2)}), "
        f"{number(unknown)} without an outcome yet" + (f", {number(doubtful)} in doubt" if doubtful else "")
    )


class RunLog:
    """Turns looks at a campaign, a few seconds apart, into the lines of a run's log.

    Between two claims a campaign looks for a moment as if it waited: only what two looks see is told. A halt,
    which may be the last that is seen, is told at once.
    """

    def __init__(self, now: float) -> None:
        self._counts_at = now
        self._seen: frozenset[Cause] = frozenset()
        self._told: frozenset[Cause] = frozenset()

    def lines(self, now: float, status: CampaignStatus) -> list[str]:
        """Return what to log after a look at `now`, in seconds of a clock that never goes back."""
        seen = self._seen | {Cause.DECISION}
        lasting = [each for each in status.holdups if each.cause in seen]
        causes = frozenset(each.cause for each in lasting)
        due = now - self._counts_at >= COUNTS_SECONDS
        lines = [sentence(each) for each in lasting if due or each.cause not in self._told]
        if self._told and not status.holdups:
            lines.append("Goes on.")
        if due:
            self._counts_at = now
            lines.append(f"{counts(status)}.")
        self._seen = frozenset(each.cause for each in status.holdups)
        self._told = causes
        return lines


def waits(status: CampaignStatus) -> list[str]:
    """Return what is waited for beside what the status shows in lines of its own."""
    shown = (Cause.OUTAGE, Cause.WARM_UP)
    return [sentence(each) for each in status.holdups if each.cause not in shown]


def line(status: CampaignStatus) -> str:
    """Return figures and waits as one line, for what is shown anew at every look."""
    return " ".join([f"{counts(status)}.", *map(sentence, status.holdups)])
