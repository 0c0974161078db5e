"""Stalls: campaigns that run while nobody attends to them, and how often their runs are started anew.

A run that dies with its machine says nothing. What it had claimed goes back by itself; that somebody sends
the rest is what this is about. Starting a run too many is harmless: the ledger's claims keep runs apart.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ledger import campaigns, clock, local_time, presences, sender_days, tallies
from ledger.campaigns import Campaign, State
from ledger.engine import Ledger
from ledger.schema import campaign_change
from ledger.statuses import Status
from mail import warm_up

STALLED_AFTER_SECONDS = 120.0
# More would not help: whatever ends the runs ends the next one, too.
RESTARTS_AN_HOUR = 3
# In a campaign's history, who starts its run anew.
WATCH = "watch-statuses"
_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Stall:
    """Messages that wait while nobody attends `since` (UTC epoch seconds), and the restarts of the last hour.

    may_restart: whether one more is allowed; `take_restart` has counted it already.
    """

    campaign: str
    waiting: int
    since: float
    restarts: int
    may_restart: bool

    @property
    def sentence(self) -> str:
        since = local_time.shown(self.since, seconds=False)
        return f"{self.waiting:,} recipients wait, and nobody sends to them since {since}."


def is_stalled(state: State, waiting: int, unattended_seconds: float, *, waits_by_plan: bool) -> bool:
    """Tell whether a campaign with so many messages QUEUED or CLAIMED wants somebody.

    One that is halted, paused, asks or was never enqueued waits for a person; `waits_by_plan` for a time.
    """
    unattended = unattended_seconds >= STALLED_AFTER_SECONDS
    return state is State.RUNNING and waiting > 0 and unattended and not waits_by_plan


def find(connection: Connection) -> list[Stall]:
    """Return the campaigns that are stalled now."""
    found = [_of(connection, each) for each in campaigns.every(connection) if each.state is State.RUNNING]
    return [each for each in found if each is not None]


def take_restart(ledger: Ledger, name: str) -> Stall | None:
    """Note in the campaign's history that its run is started anew, where that may be and is still needed.

    Return None where somebody attends by now. Of two that ask at once, the second one sees the first one's
    note. Raises CampaignNotFound.
    """
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        stall = _of(connection, locked)
        if stall is not None and stall.may_restart:
            campaigns.remark(
                connection, locked, by=WATCH, reason=f"its run is started anew: {stall.sentence}"
            )
        return stall


def _of(connection: Connection, campaign: Campaign) -> Stall | None:
    now = clock.now(connection)
    by_status = tallies.read(connection, campaign.id).by_status
    waiting = by_status[Status.QUEUED] + by_status[Status.CLAIMED]
    today = warm_up.today(connection, campaign)
    attended_until = presences.attended_until(connection, campaign.id)
    if attended_until is not None and attended_until > now:
        return None
    moments = [campaign.changed_at, attended_until, _restarted_at(connection, campaign.id)]
    if today is not None:
        # What is for today could not go out before.
        moments.append(today.continues_at - sender_days.DAY_SECONDS)
    # A clock that was ahead and was set back leaves times that have not come yet.
    latest = now + clock.TOLERANCE_SECONDS
    since = max((each for each in moments if each is not None and each <= latest), default=None)
    if since is None:
        since = now - STALLED_AFTER_SECONDS
    used_up = today is not None and today.left == 0
    if not is_stalled(campaign.state, waiting, now - since, waits_by_plan=used_up):
        return None
    restarts = _restarts(connection, campaign.id, now)
    return Stall(campaign.name, waiting, since, restarts, restarts < RESTARTS_AN_HOUR)


def _restarts(connection: Connection, campaign_id: int, now: float) -> int:
    query = select(func.count()).where(
        campaign_change.c.campaign_id == campaign_id,
        campaign_change.c.by == WATCH,
        campaign_change.c.at.between(now - _HOUR, now + clock.TOLERANCE_SECONDS),
    )
    return connection.execute(query).scalar_one()


def _restarted_at(connection: Connection, campaign_id: int) -> float | None:
    query = select(func.max(campaign_change.c.at)).where(
        campaign_change.c.campaign_id == campaign_id, campaign_change.c.by == WATCH
    )
    return connection.execute(query).scalar_one_or_none()
