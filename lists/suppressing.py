"""What a person decides about one address: suppress it, take it off the list, look at its history."""

import re

from sqlalchemy import Connection

from ledger import suppression_entries, suppression_history, suppression_scopes, suppressions
from ledger.suppression_history import Change
from ledger.suppression_scopes import Kind, Scope
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason
from lists.addresses import address_key
from lists.errors import ListError

_SOURCE = "by hand"
# `*` is allowed in an address (RFC 5322 section 3.2.3), so that an entry for *@shop.example would stand there
# and keep nobody away.
DOMAIN_MEND = (
    "suppress its addresses one by one, or name it in a file for `campaign clean --disposable drop "
    "--disposable-domains FILE` (hygiene.disposable_domains_file)"
)
# As long as the ledger's columns of names are.
_LONGEST = 200
# Only these are the person's own word, and only that person can take them back.
_OWN_WORD = (SuppressionReason.COMPLAINT, SuppressionReason.UNSUBSCRIBE)


def add(
    connection: Connection,
    address: str,
    *,
    by: str,
    note: str,
    reason: SuppressionReason = SuppressionReason.MANUAL,
    scope: str = EVERYWHERE,
    owner: str = "",
) -> bool:
    """Suppress an address; return whether that is new. Raises ListError for what is no address.

    `scope` names a list and `owner` an owner for which alone it holds.
    """
    if means_domain(address):
        raise ListError(f"a whole domain cannot be suppressed: {DOMAIN_MEND}.")
    entry = Suppression(address_key(address), reason, _SOURCE, checked_scope(scope, owner), note, named(by))
    return suppressions.add(connection, [entry]) > 0


def remove(
    connection: Connection,
    address: str,
    *,
    by: str,
    note: str,
    scope: str = EVERYWHERE,
    owner: str = "",
    at_their_request: bool = False,
) -> list[Change]:
    """Take an address off the suppression list for every reason, and return what was taken off.

    Raises ListError, never naming the address, where it is not on it, or where the person unsubscribed or
    complained and nobody says that it was the person who asked to have it back.
    """
    key, scope = address_key(address), checked_scope(scope, owner)
    scopes = suppression_entries.scopes_of(connection, key)
    if scope not in scopes:
        raise ListError(f"the address is not suppressed {_where(scope)}{_but(scopes)}.")
    standing = suppression_history.standing(connection, [key], [scope]).get((key, scope), {})
    own = [reason.value for reason in _OWN_WORD if reason in standing]
    if own and not at_their_request:
        raise ListError(
            f"the address is suppressed for the person's own {' and '.join(own)}: "
            "take it off only where that person asked for it, with --at-their-request."
        )
    return suppressions.remove(connection, [(key, scope)], by=named(by), source=_SOURCE, note=note)


def history(connection: Connection, address: str) -> list[Change]:
    """Return everything that was ever done with an address, oldest first. Raises ListError for no address."""
    return suppression_history.of(connection, address_key(address))


def means_domain(address: str) -> bool:
    """Tell whether an entry means everybody at a domain, as other programs write it: @shop.example, *@..."""
    return re.match(r"\s*[*%]*@[^@\s]+\s*$", address) is not None


def named(by: str) -> str:
    """Return who decides. Raises ListError where that is nobody."""
    if not by.strip():
        raise ListError("--by is blank: say who decides this.")
    return by.strip()[:_LONGEST]


def checked_scope(list_name: str, owner: str = "") -> str:
    """Return the scope of a list, or of an owner's mail. Raises ListError where both or no name are given."""
    if owner and list_name:
        raise ListError("a suppression holds for a list or for an owner's mail: leave one of the two out.")
    return (
        suppression_scopes.of_owner(owner) if owner else suppression_scopes.of_list(checked_name(list_name))
    )


def checked_name(name: str) -> str:
    """Return a list's name without the blanks around it. Raises ListError where it cannot be one."""
    text = name.strip()
    if len(text) > _LONGEST or any(ord(character) < 32 for character in text):
        raise ListError(f"the list's name must be one line of at most {_LONGEST} characters: shorten it.")
    return text


def _where(scope: str) -> str:
    match suppression_scopes.read(scope):
        case Scope(Kind.LIST, name):
            return f"for the list {name}"
        case Scope(Kind.OWNER, name):
            return f"for the owner {name}"
        case _:
            return "everywhere"


def _but(scopes: list[str]) -> str:
    if not scopes:
        return ", nor for any list"
    where = " and ".join(_where(scope) for scope in scopes)
    return f", but {where}: say so with --list NAME, with --owner NAME or without them"
