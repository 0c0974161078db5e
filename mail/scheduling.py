"""Campaigns that a schedule starts: which occurrence a run is, and whether it comes too late."""

from datetime import date, datetime, timedelta

from ledger import local_time
from mail.campaign_file import OCCURRENCE, Campaign
from mail.errors import MailError
from mail.occurrences import SECOND


def is_recurring(campaign: Campaign) -> bool:
    """Return whether the campaign's name is one of many: each day's run is a campaign of its own."""
    return OCCURRENCE in campaign.name


def label_of(text: str) -> str:
    """Return the occurrence that a person wrote, such as 2026-11-22. Raises MailError."""
    try:
        date.fromisoformat(text.removesuffix(SECOND))
    except ValueError as err:
        raise MailError(f"the occurrence {text} is no day: write it such as 2026-11-22.") from err
    return text


def missed(due: datetime, now: datetime, allowed_seconds: float) -> str:
    """Return why a run that a schedule made does not send, or an empty text where it is in time."""
    late = now - due
    if late <= timedelta(seconds=allowed_seconds):
        return ""
    return (
        f"It was due at {local_time.shown(due.timestamp(), seconds=False)} and began {_words(late)} late; "
        f"no more than {_words(timedelta(seconds=allowed_seconds))} is allowed "
        "(send.allowed_lateness_seconds). "
        "Nothing was done. To send it all the same, retry this run."
    )


def _words(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return f"{span.total_seconds():.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
