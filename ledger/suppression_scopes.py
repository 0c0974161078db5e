"""What a suppression holds for, as the ledger writes it: everything, a list, or the mail of one owner.

Lists and owners have names of people's own choosing. An owner's scope begins with `owner`; a list's is its
name alone, unless that reads like a scope, so that no name of the one is ever a scope of the other.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

# As long as the column.
_LONGEST = 200
_LONGEST_SHOWN = 120
_LIKE_ANOTHERS = re.compile(r"(list[ #])*owner[ #]")


class Kind(StrEnum):
    """What a scope is a scope of."""

    EVERYWHERE = "everywhere"
    LIST = "list"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope as people know it; a name that is too long for the ledger is cut."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.kind.value if self.kind is Kind.EVERYWHERE else f"{self.kind.value} {self.name}"


def of_owner(name: str) -> str:
    """Return the scope of what one owner sends."""
    return _with("owner", name)


def of_list(name: str) -> str:
    """Return the scope of a list; "" is everywhere.

    Else whoever writes to a list called `owner Ann` could keep Ann's own mail from people.
    """
    return _with("list", name) if looks_like_another(name) else name


def read(scope: str) -> Scope:
    """Return what a scope says."""
    if not scope:
        return Scope(Kind.EVERYWHERE, "")
    if not looks_like_another(scope):
        return Scope(Kind.LIST, scope)
    kind = Kind.OWNER if scope.startswith(Kind.OWNER.value) else Kind.LIST
    return Scope(kind, scope[len(kind.value) + 1 :])


def looks_like_another(name: str) -> bool:
    """Tell whether a list's name reads like a scope that is made of another name."""
    return _LIKE_ANOTHERS.match(name) is not None


def _with(kind: str, name: str) -> str:
    whole = f"{kind} {name}"
    if len(whole) <= _LONGEST:
        return whole
    # Two long names that begin alike are two scopes all the same.
    return f"{kind}#{name[:_LONGEST_SHOWN]} {hashlib.sha256(name.encode()).hexdigest()[:32]}"
