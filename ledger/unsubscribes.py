"""An unsubscribe link that was used."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ledger import clock
from ledger.campaigns import lock
from ledger.schema import campaign, message
from ledger.statuses import Fact
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason, add
from ledger.transitions import read_states, save


def unsubscribe(connection: Connection, *, message_id: int, campaign_id: int, by: str) -> bool:
    """Suppress the message's address and note it on the message; return whether there is such one.

    It holds everywhere unless the campaign says that it holds for its list. `by` says what was used: the
    mailbox provider's one-click or the page. Using a link again changes nothing.
    """
    query = (
        select(message.c.address_key, campaign.c.name, campaign.c.definition)
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
                found.address_key,
                SuppressionReason.UNSUBSCRIBE,
                source=f"campaign {found.name}",
                scope=_scope(found.definition),
                note=by,
                by="recipient",
            )
        ],
    )
    before = read_states(connection, [message_id])[message_id]
    save(connection, [(before, before.with_facts({Fact.UNSUBSCRIBED: clock.now(connection)}))])
    return True


def _scope(definition: Mapping[str, Any]) -> str:
    recipients = definition.get("list", {})
    return str(recipients["name"]) if recipients.get("unsubscribe") == "list" else EVERYWHERE
