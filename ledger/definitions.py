"""The checked campaign file that is stored with a campaign, changed while the campaign stands."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from ledger import outbox
from ledger.campaigns import Campaign
from ledger.schema import campaign, message


def change(connection: Connection, locked: Campaign, definition: Mapping[str, Any]) -> None:
    """Store another definition for a locked campaign; its receivers are told of its messages from now on."""
    connection.execute(update(campaign).where(campaign.c.id == locked.id).values(definition=dict(definition)))
    before, after = _receivers(locked.definition), _receivers(definition)
    if before != after:
        urls, owner = after
        group_id = outbox.group(connection, urls, owner)
        connection.execute(
            update(message).where(message.c.campaign_id == locked.id).values(callback_group_id=group_id)
        )


def _receivers(definition: Mapping[str, Any]) -> tuple[list[str], str]:
    return sorted(set(definition.get("callbacks") or ())), definition.get("owner") or outbox.NO_OWNER
