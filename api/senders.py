"""Who a campaign's mail came from, as its recipients know it."""

from sqlalchemy import Connection, select

from ledger.schema import campaign
from mail.addresses import parse_from
from mail.errors import MailError


def sender_name(connection: Connection, campaign_id: int) -> str | None:
    """Return the sender's display name, or its address where it has none; None without such a campaign."""
    query = select(campaign.c.definition).where(campaign.c.id == campaign_id)
    definition = connection.execute(query).scalar_one_or_none()
    if definition is None:
        return None
    try:
        mailbox = parse_from(definition["from"])
    except (KeyError, MailError):
        # An unsubscribe link works whatever became of the campaign's record.
        return "this sender"
    return mailbox.name or mailbox.address
