"""An unsubscribe link that was used."""

from sqlalchemy import Connection, select

from ledger import clock
from ledger.campaigns import lock
from ledger.schema import campaign, message
from ledger.statuses import Fact
from ledger.suppressions import Suppression, SuppressionReason, add
from ledger.transitions import read_states, save


def unsubscribe(connection: Connection, *, message_id: int, campaign_id: int, by: str) -> bool:
    """Suppress the message's address everywhere and note it on the message; return whether there is such one.

    `by` says what was used: the mailbox provider's one-click or the page. Using a link again changes nothing.
    """
    query = (
        select(message.c.address_key, campaign.c.name)
        .join(campaign, campaign.c.id == message.c.campaign_id)
        .where(message.c.id == message_id, message.c.campaign_id == campaign_id)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return False
    lock(connection, campaign_id)
    add(
        connection,
        [
            Suppression(
                found.address_key, SuppressionReason.UNSUBSCRIBE, source=f"campaign {found.name}", note=by
            )
        ],
    )
    before = read_states(connection, [message_id])[message_id]
    save(connection, [(before, before.with_facts({Fact.UNSUBSCRIBED: clock.now(connection)}))])
    return True
