"""What must hold whatever was killed, held against what the sandbox accepted."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, distinct, func, select

from ledger import campaigns, tallies
from ledger.attempts import Answer
from ledger.schema import attempt, message
from ledger.statuses import Status
from sandbox import RunningSandbox

FINAL = {
    Status.DELIVERED,
    Status.SOFT_BOUNCED,
    Status.HARD_BOUNCED,
    Status.COMPLAINED,
    Status.REJECTED,
    Status.FAILED,
    Status.SUPPRESSED,
}


class Violated(Exception):
    """Something does not hold."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Violated(what)


def accepted_by(world: RunningSandbox) -> Counter[str]:
    """Return how often SES took a mail to each address."""
    return Counter(address for each in world.messages() for address in each["recipients"])


def unknown_calls(connection: Connection, campaign_id: int) -> int:
    """Return how many calls had no definite answer, at least for one message."""
    query = (
        select(func.count(distinct(attempt.c.call_id)))
        .join(message, message.c.id == attempt.c.message_id)
        .where(message.c.campaign_id == campaign_id, attempt.c.result == Answer.UNKNOWN)
    )
    return connection.execute(query).scalar_one()


def hold_always(connection: Connection, name: str, deaths: int, call_size: int) -> None:
    """At every moment: the tallies are true and no more is in doubt than what was lost sight of."""
    campaign_id = campaigns.get(connection, name).id
    found = tallies.read(connection, campaign_id)
    require(found == tallies.recount(connection, campaign_id), "the tallies are not those of the messages")
    most = (deaths + unknown_calls(connection, campaign_id)) * call_size
    in_doubt = found.by_status[Status.IN_DOUBT]
    require(in_doubt <= most, f"{in_doubt} in doubt, and at most {most} can be")


def hold_settled(
    connection: Connection, name: str, addresses: Sequence[str], world: RunningSandbox, *, decided: bool
) -> None:
    """When all events are in: nobody twice, nobody forgotten, and doubt only where SES took nothing.

    `decided` says that a person has settled the doubtful ones by now, so that no doubt is left.
    """
    accepted = accepted_by(world)
    twice = [number for number in accepted.values() if number > 1]
    require(not twice, f"{len(twice)} addresses were accepted more than once")
    campaign_id = campaigns.get(connection, name).id
    columns = (message.c.address, message.c.status, message.c.accepted_at, message.c.assumed_at)
    rows = connection.execute(select(*columns).where(message.c.campaign_id == campaign_id)).all()
    require(sorted(row.address for row in rows) == sorted(addresses), "recipients were lost or made up")
    known = {row.address for row in rows if row.accepted_at is not None}
    require(set(accepted) == known, f"{len(set(accepted) ^ known)} not known as they were accepted")
    totals = tallies.read(connection, campaign_id)
    require(totals.recipients == len(addresses), "the statuses do not add up to the recipients")
    for row in rows:
        status = Status(row.status)
        if status is Status.IN_DOUBT:
            require(not decided and row.address not in accepted, "in doubt though its events came")
        elif row.assumed_at is not None and row.accepted_at is None:
            require(status is Status.SENT, f"assumed sent, and {status}")
        else:
            require(status in FINAL, f"{status} is not final")
