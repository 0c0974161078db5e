"""Where events come from: topics, accounts, configuration sets that `setup` made or a person vouched for.

What was never noted of its kind is not known, and then nothing is proved by it. Nor is it of mail that SES
took before the ledger knew: it may have gone another way then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Connection, select

from ledger import clock
from ledger.dialects import insert
from ledger.schema import attempt, event_source

_LONGEST_NAME = 400


class SourceKind(StrEnum):
    """What of an event says where it comes from."""

    TOPIC = "topic"
    ACCOUNT = "account"
    CONFIGURATION_SET = "configuration_set"


@dataclass(frozen=True, slots=True)
class KnownSources:
    """The sources that are known, by kind and name, each with since when (epoch seconds)."""

    since: Mapping[SourceKind, Mapping[str, float]] = field(default_factory=dict)

    def holds(self, kind: SourceKind, name: str) -> bool:
        """Tell whether events may come from there, for certain."""
        return name in self.since.get(kind, {})

    def excludes(self, kind: SourceKind, name: str, sent_at: float) -> bool:
        """Tell whether an event of mail that SES took at `sent_at` cannot come from there."""
        known = self.since.get(kind, {})
        return bool(known) and name not in known and sent_at >= min(known.values())


def read(connection: Connection) -> KnownSources:
    """Return the sources that are known."""
    found: dict[SourceKind, dict[str, float]] = {}
    for row in connection.execute(select(event_source.c.kind, event_source.c.name, event_source.c.since)):
        found.setdefault(SourceKind(row.kind), {})[row.name] = row.since
    return KnownSources(found)


def add(connection: Connection, sources: Sequence[tuple[SourceKind, str]], *, by: str) -> None:
    """Note sources from which events may come from now on; those that are known stay as they are."""
    has_sent = connection.execute(select(attempt.c.id).limit(1)).first() is not None
    # A ledger that has sent nothing expects no events of before.
    since = clock.now(connection) if has_sent else 0.0
    rows = [
        {"kind": kind, "name": name, "since": since, "by": by}
        for kind, name in sources
        if 0 < len(name) <= _LONGEST_NAME
    ]
    if rows:
        connection.execute(insert(connection, event_source).on_conflict_do_nothing(), rows)
