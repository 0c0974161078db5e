"""The domain of an erased person: where nobody else is written to there, its name tells who it was."""

from typing import Any

from sqlalchemy import Connection, Text, cast, delete, select, update

from ledger.schema import campaign, domain_brake, message, mx_answer


def forget(connection: Connection, domain: str, known_as: str) -> None:
    """Forget what the DNS said of the domain; where nobody else of the ledger has it, its counts' name too.

    Call it once the person's own messages are erased. `known_as` stands in place of the name.
    """
    connection.execute(delete(mx_answer).where(mx_answer.c.domain == domain))
    brakes = domain_brake.c.domain == domain
    is_braked = connection.execute(select(domain_brake.c.domain).where(brakes).limit(1)).first() is not None
    named = select(campaign.c.id, campaign.c.list_summary).where(
        cast(campaign.c.list_summary, Text).icontains(domain, autoescape=True)
    )
    summaries = {
        id_: (summary, _renamed(summary, domain, known_as)) for id_, summary in connection.execute(named)
    }
    changed = {id_: after for id_, (before, after) in summaries.items() if before != after}
    if not (is_braked or changed) or _is_anybodys(connection, domain):
        return
    connection.execute(delete(domain_brake).where(brakes))
    for id_, summary in changed.items():
        connection.execute(update(campaign).where(campaign.c.id == id_).values(list_summary=summary))


def _is_anybodys(connection: Connection, domain: str) -> bool:
    return (
        connection.execute(select(message.c.id).where(message.c.domain == domain).limit(1)).first()
        is not None
    )


def _renamed(content: Any, domain: str, known_as: str) -> Any:
    """Return the content with the domain's figures under another name."""
    if not isinstance(content, dict):
        return content
    return {
        known_as if name == domain else name: _renamed(value, domain, known_as)
        for name, value in content.items()
    }
