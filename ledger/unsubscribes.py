"""An unsubscribe link: what it leads out of, and that it was used."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select

from ledger import clock, singles, trials
from ledger.campaigns import lock
from ledger.owners import scope_of
from ledger.schema import campaign, message, owner, single
from ledger.statuses import Fact
from ledger.suppression_scopes import of_list
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason, add
from ledger.transitions import read_states, save


class Extent(StrEnum):
    """What somebody leaves."""

    LIST = "list"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a link leads out of.

    `sender` is the From of its mail, "" where the record has none. `list_name` is the list that can be left
    alone, "" where there is none with a name that stays; `usual` is what a link does by itself. Of mail that
    has an owner, everything is what that owner sends; a single message has no list.
    """

    address_key: str
    sender: str
    source: str
    everything: str
    list_name: str
    usual: Extent
    # Of the mail, where its sender said so.
    language: str = ""

    def scope(self, extent: Extent) -> str:
        """Return what the suppression is filed under."""
        return of_list(self.list_name) if extent is Extent.LIST and self.list_name else self.everything


def find(connection: Connection, *, message_id: int, campaign_id: int) -> Leaving | None:
    """Return what a message's link leads out of; None for no such message. `campaign_id` 0: a single one."""
    if campaign_id == 0:
        return _single(connection, message_id)
    query = (
        select(message.c.address_key, campaign.c.name, campaign.c.definition)
        .join(campaign, campaign.c.id == message.c.campaign_id)
        .where(message.c.id == message_id, message.c.campaign_id == campaign_id)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    recipients: Mapping[str, Any] = found.definition.get("list") or {}
    list_name = str(recipients.get("name") or "")
    alone = bool(list_name) and recipients.get("unsubscribe") == "list"
    return Leaving(
        address_key=found.address_key,
        sender=str(found.definition.get("from") or ""),
        source=f"campaign {found.name}",
        everything=scope_of(str(whose)) if (whose := found.definition.get("owner")) else EVERYWHERE,
        list_name=list_name,
        usual=Extent.LIST if alone else Extent.EVERYTHING,
        language=str(found.definition.get("language") or ""),
    )


def unsubscribe(
    connection: Connection, *, message_id: int, campaign_id: int, by: str, extent: Extent | None = None
) -> Leaving | None:
    """Suppress the message's address and note it on the message; return what was left, None for no message.

    Without an `extent` it is the usual one. `by` says what was used: the mailbox provider's one-click or the
    page. Using a link again changes nothing, but a list can be left first and everything later.
    """
    found = find(connection, message_id=message_id, campaign_id=campaign_id)
    if found is None:
        return None
    if campaign_id:
        lock(connection, campaign_id)
    else:
        singles.lock(connection)
    add(
        connection,
        [
            Suppression(
                found.address_key,
                SuppressionReason.UNSUBSCRIBE,
                source=found.source,
                scope=found.scope(extent or found.usual),
                note=by,
                by="recipient",
            )
        ],
    )
    before = read_states(connection, [message_id])[message_id]
    save(connection, [(before, before.with_facts({Fact.UNSUBSCRIBED: clock.now(connection)}))])
    return found


def _single(connection: Connection, message_id: int) -> Leaving | None:
    query = (
        select(message.c.address_key, single.c.public_id, single.c.sender, single.c.language, owner.c.name)
        .join(single, single.c.message_id == message.c.id)
        .join(owner, owner.c.id == single.c.owner_id)
        .where(message.c.id == message_id)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        return _trial(connection, message_id)
    return Leaving(
        address_key=found.address_key,
        sender=found.sender,
        source=f"message {found.public_id}",
        everything=scope_of(found.name),
        list_name="",
        usual=Extent.EVERYTHING,
        language=found.language or "",
    )


def _trial(connection: Connection, message_id: int) -> Leaving | None:
    """Return what the link of a test mail leads out of: whoever got the test leaves, and nobody else."""
    found = trials.leaving(connection, message_id)
    if found is None:
        return None
    return Leaving(
        address_key=found.address_key,
        sender=found.sender,
        source=f"test of campaign {found.campaign}",
        everything=found.everything,
        list_name=found.list_name,
        usual=Extent.LIST if found.leaves_list else Extent.EVERYTHING,
    )
