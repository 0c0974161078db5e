"""What must add up in a campaign report before anyone sees it."""

from collections.abc import Iterable, Sequence

from ledger.campaigns import Campaign, Change, State
from ledger.statuses import Count, Status
from ledger.tallies import Totals
from reports.campaign_figures import Domain, Epoch, ListFigures
from reports.errors import ReportError
from reports.reading import Reading
from reports.ses_notices import Withheld


def check(
    campaign: Campaign,
    listed: ListFigures,
    totals: Totals,
    recount: Totals,
    domains: Sequence[Domain],
    withheld: Withheld,
    *,
    whole: bool = True,
) -> None:
    """Raise ReportError naming every pair of figures that should be equal and is not.

    `totals` comes from the tallies, `recount` from the messages themselves. `whole`: all recipients of the
    list were stored; of a campaign that was never enqueued to its end some are missing.
    """
    by_domain = {
        "recipients": (sum(each.recipients for each in domains), totals.recipients),
        "accepted": (sum(each.accepted for each in domains), totals.accepted),
        "delivered": (sum(each.delivered for each in domains), totals.counts[Count.DELIVERED]),
        "soft bounces": (sum(each.soft_bounced for each in domains), totals.counts[Count.SOFT_BOUNCED]),
        "hard bounces": (sum(each.hard_bounced for each in domains), totals.counts[Count.HARD_BOUNCED]),
        "complaints": (sum(each.complained for each in domains), totals.counts[Count.COMPLAINED]),
    }
    pairs = [
        ("rows of the list", listed.rows, "accepted and rejected rows", listed.accepted + listed.rejected),
        ("rejected rows", listed.rejected, "sum over the reasons", sum(listed.by_reason.values())),
        *([("accepted rows", listed.accepted, "recipients", campaign.recipients)] if whole else []),
        ("recipients", campaign.recipients, "sum over the statuses", totals.recipients),
        (
            "withheld messages",
            totals.counts[Count.WITHHELD],
            "sum over the reasons",
            sum(withheld.by_reason.values()),
        ),
        *(
            (f"{what} in the tally", tallied, f"{what} among the messages", counted)
            for what, tallied, counted in _recounted(totals, recount)
        ),
        *(
            (f"{what} over the domains", left, f"{what} in all", right)
            for what, (left, right) in by_domain.items()
        ),
    ]
    _refuse(campaign.name, pairs)


def is_whole(campaign: Campaign, changes: Sequence[Change]) -> bool:
    """Return whether all recipients were stored; not so while it is ENQUEUING, or if cancelled meanwhile."""
    broken_off = bool(changes) and changes[-1].from_state is State.ENQUEUING
    return campaign.state is not State.ENQUEUING and not (campaign.state is State.CANCELLED and broken_off)


def check_epochs(name: str, totals: Totals, epochs: Sequence[Epoch]) -> None:
    """Raise ReportError where the epochs of a campaign do not add up to the whole of it."""
    pairs = [
        (f"{what} over the epochs", sum(part), f"{what} in all", whole)
        for what, part, whole in (
            ("accepted", [each.accepted for each in epochs], totals.accepted),
            ("hard bounces", [each.hard_bounced for each in epochs], totals.counts[Count.HARD_BOUNCED]),
            ("complaints", [each.complained for each in epochs], totals.counts[Count.COMPLAINED]),
        )
    ]
    _refuse(name, pairs)


def check_reading(name: str, reading: Reading) -> None:
    """Raise ReportError where a link was clicked by more people than clicked anything."""
    for place, each in enumerate(reading.links, start=1):
        if not 0 < each.people <= min(each.clicks, reading.clicked):
            raise ReportError(
                f"the figures of campaign {name} do not balance: link {place} has {each.people} people in "
                f"{each.clicks} clicks, and {reading.clicked} people clicked anything."
            )


def _refuse(name: str, pairs: Iterable[tuple[str, int, str, int]]) -> None:
    faults = [f"{left} {a} != {right} {b}" for left, a, right, b in pairs if a != b]
    if faults:
        raise ReportError(f"the figures of campaign {name} do not balance: {'; '.join(faults)}.")


def _recounted(totals: Totals, recount: Totals) -> Iterable[tuple[str, int, int]]:
    for status in Status:
        yield status, totals.by_status[status], recount.by_status[status]
    for count in Count:
        yield count, totals.counts[count], recount.counts[count]
