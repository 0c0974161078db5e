"""Whether anything may go out of the account at all: the one gate of single messages."""

from sqlalchemy import Connection

from ledger import accounts
from mail import account


def suspended(connection: Connection) -> str | None:
    """Return why nothing may go out of the account now, in one sentence; None where all is well.

    In a transaction that writes the answer holds until its end. Ask before anything else is locked.
    """
    found = accounts.suspension(connection)
    return None if found is None else account.sentence(found)
