"""Whether anything may go out of the account at all: the one gate of single messages."""

from sqlalchemy import Connection


def suspended(connection: Connection) -> str | None:
    """Return why nothing may go out of the account now, in one sentence; None where all is well."""
    return None
