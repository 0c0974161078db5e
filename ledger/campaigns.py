"""Campaigns: their states, who changed them and why, and the counts that decisions rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from ledger import accounts, clock
from ledger.errors import CampaignConflict, CampaignNotFound
from ledger.schema import campaign, campaign_change


class State(StrEnum):
    """What a campaign as a whole is doing; while ENQUEUING its recipients are stored and not claimed."""

    DRAFT = "DRAFT"
    ENQUEUING = "ENQUEUING"
    RUNNING = "RUNNING"
    HALTED = "HALTED"
    PAUSED = "PAUSED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    COMPLETED_BREACHED = "COMPLETED_BREACHED"


FINAL = frozenset({State.CANCELLED, State.COMPLETED, State.COMPLETED_BREACHED})

# From each state, where it may go. COMPLETED can still turn out breached: bounces come late.
_NEXT: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.ENQUEUING, State.CANCELLED}),
    State.ENQUEUING: frozenset({State.RUNNING, State.HALTED, State.CANCELLED}),
    State.RUNNING: frozenset(
        {State.HALTED, State.PAUSED, State.CANCELLED, State.COMPLETED, State.COMPLETED_BREACHED}
    ),
    State.HALTED: frozenset({State.RUNNING, State.CANCELLED}),
    State.PAUSED: frozenset({State.RUNNING, State.HALTED, State.CANCELLED}),
    State.CANCELLED: frozenset(),
    State.COMPLETED: frozenset({State.COMPLETED_BREACHED}),
    State.COMPLETED_BREACHED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's row. `definition` is the checked campaign file, `halt` the rule that fired or None.

    rung: how many messages the pace lets this epoch have out.
    """

    id: int
    name: str
    state: State
    epoch: int
    rung: int
    definition: Mapping[str, Any]
    list_digest: str
    template_digest: str
    seed: int
    recipients: int
    list_summary: Mapping[str, Any]
    halt: Mapping[str, Any] | None
    created_at: float
    changed_at: float
    changed_by: str
    change_reason: str

    @property
    def callbacks(self) -> Sequence[str]:
        """The addresses that are told of every change of a message's status."""
        return self.definition.get("callbacks") or ()


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a campaign's state; `epoch`, which holds from it on, is None in older ledgers."""

    at: float
    from_state: State
    to_state: State
    by: str
    reason: str
    halt: Mapping[str, Any] | None
    epoch: int | None = None


def find(connection: Connection, name: str) -> Campaign | None:
    """Return the campaign of this name, or None."""
    row = connection.execute(select(campaign).where(campaign.c.name == name)).one_or_none()
    return None if row is None else _campaign(row)


def get(connection: Connection, name: str) -> Campaign:
    """Return the campaign of this name, or raise CampaignNotFound."""
    found = find(connection, name)
    if found is None:
        raise CampaignNotFound(f"no campaign is named {name}: `campaign status` lists those there are.")
    return found


def lock(connection: Connection, campaign_id: int) -> Campaign:
    """Return the campaign, its row locked until the transaction ends.

    A claim and a halt both lock it, so that no claim commits after a halt.
    """
    return _campaign(connection.execute(_LOCK, {"campaign": campaign_id}).one())


def lock_state(connection: Connection, campaign_id: int) -> tuple[State, int]:
    """Share the account, lock the campaign, and return its state and epoch: all that a call asks for."""
    found = connection.exec_driver_sql(_LOCK_STATE[connection.dialect.name], (campaign_id,)).one()
    return State(found[0]), int(found[1])


_LOCK_STATE = {
    "sqlite": "SELECT state, epoch FROM campaign WHERE id = ?",
    # The row is locked on top of everything else, so after the account.
    "postgresql": (
        f"WITH account AS MATERIALIZED (SELECT {accounts.SHARE}) "
        "SELECT state, epoch FROM account, campaign WHERE id = %s FOR UPDATE OF campaign"
    ),
}
_LOCK = select(campaign).where(campaign.c.id == bindparam("campaign")).with_for_update()


def every(connection: Connection) -> list[Campaign]:
    """Return all campaigns, the newest first."""
    query = select(campaign).order_by(campaign.c.created_at.desc(), campaign.c.id.desc())
    return [_campaign(row) for row in connection.execute(query)]


def change_state(
    connection: Connection,
    locked: Campaign,
    to_state: State,
    *,
    by: str,
    reason: str,
    halt: Mapping[str, Any] | None = None,
    anew: bool = False,
) -> None:
    """Move a locked campaign to another state and keep who did it and why.

    `halt` is stored with HALTED and COMPLETED_BREACHED and forgotten by a resume, which begins a new epoch
    where the campaign was halted, or is to be counted `anew`. Raises CampaignConflict where the state does
    not allow the change.
    """
    if to_state not in _NEXT[locked.state]:
        raise CampaignConflict(f"campaign {locked.name} is {locked.state} and cannot become {to_state}.")
    resumed = to_state is State.RUNNING and (anew or locked.state is State.HALTED)
    _change(connection, locked, to_state, by=by, reason=reason, halt=halt, new_epoch=resumed)


def reopen(connection: Connection, locked: Campaign, *, by: str, reason: str) -> None:
    """Let a running or completed campaign send more than it was to, in a new epoch, on a person's word."""
    _change(connection, locked, State.RUNNING, by=by, reason=reason, halt=None, new_epoch=True)


def remark(connection: Connection, locked: Campaign, *, by: str, reason: str) -> None:
    """Keep a person's decision in the history of a campaign whose state it does not change."""
    connection.execute(
        insert(campaign_change).values(
            campaign_id=locked.id,
            at=clock.now(connection),
            from_state=locked.state,
            to_state=locked.state,
            by=by,
            reason=reason,
            halt=locked.halt,
            epoch=locked.epoch,
        )
    )


def _change(
    connection: Connection,
    locked: Campaign,
    to_state: State,
    *,
    by: str,
    reason: str,
    halt: Mapping[str, Any] | None,
    new_epoch: bool,
) -> None:
    at = clock.now(connection)
    epoch = locked.epoch + 1 if new_epoch else locked.epoch
    connection.execute(
        update(campaign)
        .where(campaign.c.id == locked.id)
        .values(
            state=to_state,
            epoch=epoch,
            rung=0 if new_epoch else locked.rung,
            halt=None if new_epoch else (dict(halt) if halt else locked.halt),
            changed_at=at,
            changed_by=by,
            change_reason=reason,
        )
    )
    connection.execute(
        insert(campaign_change).values(
            campaign_id=locked.id,
            at=at,
            from_state=locked.state,
            to_state=to_state,
            by=by,
            reason=reason,
            halt=dict(halt) if halt else locked.halt,
            epoch=epoch,
        )
    )


def climb(connection: Connection, locked: Campaign, rung: int) -> None:
    """Let the epoch of a locked campaign have `rung` messages out."""
    connection.execute(update(campaign).where(campaign.c.id == locked.id).values(rung=rung))


def note_breach(connection: Connection, locked: Campaign, halt: Mapping[str, Any]) -> None:
    """Keep a halt that the state follows later: when all outcomes are in, or all recipients."""
    connection.execute(update(campaign).where(campaign.c.id == locked.id).values(halt=dict(halt)))


def history(connection: Connection, campaign_id: int) -> list[Change]:
    """Return every change of the campaign's state, the oldest first."""
    query = (
        select(campaign_change)
        .where(campaign_change.c.campaign_id == campaign_id)
        .order_by(campaign_change.c.id)
    )
    return [
        Change(
            at=row.at,
            from_state=State(row.from_state),
            to_state=State(row.to_state),
            by=row.by,
            reason=row.reason,
            halt=row.halt,
            epoch=row.epoch,
        )
        for row in connection.execute(query)
    ]


def _campaign(row: Row[Any]) -> Campaign:
    found = dict(row._mapping)
    found["state"] = State(found["state"])
    return Campaign(**found)
