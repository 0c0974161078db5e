"""Suppressions that rest on events which an earlier version took for bounces or complaints, and were none.

The migration that brought `withheld` has marked those events. What they did is taken back on a person's word
alone, and only where nothing else that SES said of the address calls for the same.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, select

from ledger import suppression_history, suppressions
from ledger.key_batches import among, batches
from ledger.schema import event, event_raw, message, suppression
from ledger.suppression_history import NOBODY, Change, SuppressionReason
from ledger.withheld import WITHHELD_SUBTYPES

_MARK = "misread/"
_SOURCE = "review"
_EXPIRED = "%4.4.7%"
_UNKNOWN_DOMAIN = "%5.4.4%"


@dataclass(frozen=True, slots=True)
class Misread:
    """A reason that stands against an address since `since`, and SES's word that was misread for it."""

    address_key: str
    scope: str
    reason: SuppressionReason
    since: float
    word: str


def review(connection: Connection) -> list[Misread]:
    """Return the suppressions that rest on misread events alone, in the order of the addresses."""
    words = _misread_words(connection)
    found: list[Misread] = []
    for keys in batches(sorted(words)):
        standing = suppression_history.standing(connection, keys)
        supported = _supported(connection, keys)
        for (key, scope), grounds in sorted(standing.items()):
            found += [
                Misread(key, scope, reason, change.at, words[key][reason])
                for reason, change in grounds.items()
                if reason in words[key] and _is_by_event(change) and reason not in supported[key]
            ]
    return found


def sentence(connection: Connection) -> str:
    """Return what a person should know of such suppressions; empty where there are none."""
    addresses = len({each.address_key for each in review(connection)})
    if not addresses:
        return ""
    plural = "es are" if addresses > 1 else " is"
    return (
        f"{addresses:,} address{plural} suppressed because an earlier version took mail that SES withheld, "
        "or a report that was no complaint, for a bounce or a complaint: `campaign suppress review` shows "
        "and lifts them. The figures of those campaigns stay as they were."
    )


def lift(connection: Connection, keys: Collection[str] | None, *, by: str, note: str) -> list[Change]:
    """Take these suppressions off all addresses, or off `keys`; return what was taken off."""
    by_reason: dict[SuppressionReason, list[tuple[str, str]]] = defaultdict(list)
    for each in review(connection):
        if keys is None or each.address_key in keys:
            by_reason[each.reason].append((each.address_key, each.scope))
    taken: list[Change] = []
    for reason, places in by_reason.items():
        taken += suppressions.remove(connection, places, by=by, source=_SOURCE, note=note, only=(reason,))
    return taken


def _is_by_event(change: Change) -> bool:
    return change.by == NOBODY and change.source.startswith(("message ", "soft bounces"))


def _misread_words(connection: Connection) -> dict[str, dict[SuppressionReason, str]]:
    """Return by suppressed address what its misread events may have suppressed it for, and their words."""
    query = (
        select(message.c.address_key, event.c.kind, event.c.bounce_type, event.c.note)
        .join(message, message.c.id == event.c.message_id)
        .where(
            event.c.note.is_not(None),
            event.c.note.like(f"{_MARK}%"),
            message.c.address_key.in_(select(suppression.c.address_key)),
        )
        .order_by(event.c.id)
    )
    found: dict[str, dict[SuppressionReason, str]] = defaultdict(dict)
    for key, kind, bounce_type, note in connection.execute(query):
        for reason in _reasons(kind, bounce_type):
            found[key].setdefault(reason, note.removeprefix(_MARK))
    return found


def _reasons(kind: str, bounce_type: str | None) -> tuple[SuppressionReason, ...]:
    if kind == "Complaint":
        return (SuppressionReason.COMPLAINT,)
    if bounce_type == "Permanent":
        return (SuppressionReason.HARD_BOUNCE,)
    # A passing bounce: three in a row, an expired delivery, or a domain that the DNS did not know either.
    return (SuppressionReason.SOFT_BOUNCE, SuppressionReason.EXPIRED, SuppressionReason.HARD_BOUNCE)


def _supported(connection: Connection, keys: Sequence[str]) -> Mapping[str, set[SuppressionReason]]:
    """Return by address the reasons for which events that were read rightly suppress it as well."""
    bounced, type_ = event.c.kind == "Bounce", event.c.bounce_type
    calls_for: dict[SuppressionReason, ColumnElement[bool]] = {
        SuppressionReason.HARD_BOUNCE: bounced
        & ((type_ == "Permanent") | ((type_ == "Transient") & event_raw.c.raw.like(_UNKNOWN_DOMAIN))),
        SuppressionReason.EXPIRED: bounced & (type_ == "Transient") & event_raw.c.raw.like(_EXPIRED),
        SuppressionReason.COMPLAINT: event.c.kind == "Complaint",
    }
    columns = [func.max(case((condition, 1), else_=0)) for condition in calls_for.values()]
    query = (
        select(message.c.address_key, *columns)
        .join(message, message.c.id == event.c.message_id)
        .outerjoin(event_raw, event_raw.c.digest == event.c.raw_digest)
        .where(
            among(connection, message.c.address_key, keys),
            event.c.kind.in_(("Bounce", "Complaint")),
            func.lower(func.coalesce(event.c.bounce_subtype, "")).not_in(list(WITHHELD_SUBTYPES)),
            # One that is marked or noted was misread, or is no complaint by today's reading either.
            event.c.note.is_(None) | event.c.note.like("Bounce/%"),
        )
        .group_by(message.c.address_key)
    )
    found: dict[str, set[SuppressionReason]] = defaultdict(set)
    for key, *supports in connection.execute(query):
        found[key] = {reason for reason, holds in zip(calls_for, supports, strict=True) if holds}
    return found
