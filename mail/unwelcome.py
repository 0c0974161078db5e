"""Who is not written to over the API, by what the ledger knows at the moment."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import Connection

from ledger import owners, sign_ups, suppressions
from ledger.suppressions import EVERYWHERE

# An owner's name and an address key.
Pair = tuple[str, str]


class Unwelcome(StrEnum):
    """Why somebody is not written to."""

    SUPPRESSED = "suppressed"
    # They signed up and have not confirmed it: until then nothing but the question goes to them.
    UNCONFIRMED = "unconfirmed"
    # The sender became another owner's since the API looked.
    NOT_THEIR_SENDER = "not_their_sender"


def among(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, Unwelcome]:
    """Return the pairs of owner and person who must not be written to by that owner, each with the reason."""
    by_owner: dict[str, list[str]] = {}
    for owner, key in pairs:
        by_owner.setdefault(owner, []).append(key)
    found: dict[Pair, Unwelcome] = {}
    for owner, keys in by_owner.items():
        waiting = sign_ups.unconfirmed(connection, keys, owner)
        found |= {(owner, key): Unwelcome.UNCONFIRMED for key in waiting}
        suppressed = suppressions.reasons(connection, keys, (EVERYWHERE, owners.scope_of(owner)))
        found |= {(owner, key): Unwelcome.SUPPRESSED for key in suppressed}
    return found
