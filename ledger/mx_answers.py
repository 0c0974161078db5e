"""What the DNS said of domains' mail, for as long as that holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from ledger import clock
from ledger.dialects import insert
from ledger.schema import mx_answer

_DOMAINS_A_QUERY = 10_000


@dataclass(frozen=True, slots=True)
class MxAnswer:
    """A domain (A-labels) and its verdict in the words of `lists.dns_verdicts`, which holds for so long."""

    domain: str
    status: str
    detail: str
    flag: str
    holds_seconds: float


def fresh(connection: Connection, resolver: str, domains: Sequence[str]) -> dict[str, MxAnswer]:
    """Return what `resolver` said of those of the domains of which it still holds."""
    at = clock.now(connection)
    columns = mx_answer.c
    found: dict[str, MxAnswer] = {}
    for start in range(0, len(domains), _DOMAINS_A_QUERY):
        query = select(
            columns.domain, columns.status, columns.detail, columns.flag, columns.expires_at - at
        ).where(
            columns.resolver == resolver,
            columns.domain.in_(domains[start : start + _DOMAINS_A_QUERY]),
            columns.expires_at > at,
        )
        found |= {row[0]: MxAnswer(*row) for row in connection.execute(query)}
    return found


def store(connection: Connection, resolver: str, answers: Iterable[MxAnswer]) -> None:
    """Store answers of a resolver in place of its older ones, and forget all that hold no longer."""
    at = clock.now(connection)
    connection.execute(delete(mx_answer).where(mx_answer.c.expires_at <= at))
    # Always in the order of the domains, so that two writers never wait for each other in a ring.
    rows = [
        {
            "resolver": resolver,
            "domain": answer.domain,
            "status": answer.status,
            "detail": answer.detail,
            "flag": answer.flag,
            "expires_at": at + answer.holds_seconds,
        }
        for answer in sorted(answers, key=lambda answer: answer.domain)
    ]
    if not rows:
        return
    statement = insert(connection, mx_answer)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["resolver", "domain"],
            set_={name: new[name] for name in ("status", "detail", "flag", "expires_at")},
        ),
        rows,
    )
