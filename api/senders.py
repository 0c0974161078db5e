"""Who mail came from, as its recipients know it."""

from mail.addresses import parse_from
from mail.errors import MailError


def sender_name(sender: str) -> str:
    """Return the display name of a From, or its address where it has none."""
    try:
        mailbox = parse_from(sender)
    except MailError:
        # A link works whatever became of the record of its mail.
        return "this sender"
    return mailbox.name or mailbox.address
