"""Role addresses: mailboxes of a job or a machine, read by several people or by none."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path

from lists import changes, slips

NAMES_FILE = Path(__file__).with_name("role_names.txt")
QUALIFIERS_FILE = Path(__file__).with_name("role_qualifiers.txt")
HONEST_NAMES_FILE = Path(__file__).with_name("honest_names.txt")
REQUEST_SUFFIX = "-request"  # RFC 2142 section 6: every mailing list has <list>-request.

# From so many letters on a text one slip away is rarely somebody's name.
LEAST_LETTERS_OF_SLIPS = 7
# What is written behind a role without anything between: infouk is a country's, cronin a person.
GLUED_TAILS = ("team", "desk", "dept", "office", "group", "uk", "usa", "eu")
LEAST_LETTERS_GLUED = 4
_SEPARATORS = re.compile(r"[-._]+")
_NUMBERED = re.compile(r"([^0-9]+)[0-9]{1,4}")
_MARKS = "*?"
_NOT_IN_FRONT = "<"


class Kind(StrEnum):
    """What a role name says of whoever reads there.

    Only jobs and machines have a plain or a machine's name. A doubtful one is also a person's own choice.
    """

    PLAIN = "plain"
    MACHINE = "machine"
    DOUBTFUL = "doubtful"


_KINDS = {"*": Kind.MACHINE, "?": Kind.DOUBTFUL}


@dataclass(frozen=True, eq=False)
class RoleNames:
    """Names by their spelling without separators: how each is listed (with hyphens), and its kind.

    `requests`: every `<list>-request` is a role.
    """

    listed: Mapping[str, str]
    kinds: Mapping[str, Kind]
    requests: bool = True

    def role_of(self, key: str) -> str:
        """Return the role that an address key names, without its plus-tag, or "" where it names none."""
        local_part = key.rpartition("@")[0]
        # The tag of name+tag@ is a sorting aid of whoever reads the mailbox of name.
        name = local_part.partition("+")[0] or local_part
        return name if self._names_role(name) else ""

    def is_doubtful(self, name: str) -> bool:
        """Tell whether people choose this role for themselves as well."""
        return self.kinds.get(_bare(name)) is Kind.DOUBTFUL

    def long_names(self) -> list[str]:
        """Return the names of which slips of the hand count too."""
        plain = (name for name, kind in self.kinds.items() if kind is not Kind.DOUBTFUL)
        return [name for name in plain if len(name) >= LEAST_LETTERS_OF_SLIPS]

    @cached_property
    def slips(self) -> frozenset[str]:
        """What a hand makes of the long names by one slip behind the first letter, without other words."""
        honest = changes.read(HONEST_NAMES_FILE).added
        made = {slip for name in self.long_names() for slip in _slips_behind_first_letter(name)}
        return frozenset(made - honest)

    @cached_property
    def pattern(self) -> str:
        """A pattern (RE2) of all keys with a name at the begin of one of their words, and of few others.

        Slips of the hand are not among them: they are one word of letters, in `slips`.
        """
        spelt = (re.escape(name).replace(r"\-", "[-._]*") for name in sorted(self.listed.values()))
        names = "|".join(spelt) or "postmaster"
        tails = "|".join(GLUED_TAILS)
        words = rf"(?:[^@+]*[-._])?(?:{names})(?:{tails})?(?:[-._0-9][^@+]*)?[+@]"
        return rf"^(?:{words}|[^@+]+{REQUEST_SUFFIX}[+@])"

    def _names_role(self, name: str) -> bool:
        if name.endswith(REQUEST_SUFFIX) and name != REQUEST_SUFFIX and self.requests:
            return True
        words = _SEPARATORS.split(name)
        if not words[0]:
            return False
        return self.listed.get("".join(words)) == "-".join(words) or self._are_roles(words)

    def _are_roles(self, words: Sequence[str]) -> bool:
        """Tell whether a role is among the words, and nothing that may be a person's name."""
        if any(self.kinds.get("".join(words[:end])) is Kind.MACHINE for end in range(1, len(words))):
            return True
        allowed = qualifiers()
        roles = 0
        for place, word in enumerate(words):
            # A doubtful name is a job's where its department stands beside it: hr-dept, it.desk.
            if self._is_form(word) or (word in self.kinds and not set(GLUED_TAILS).isdisjoint(words)):
                roles += 1
            elif not (
                word in self.kinds or word.isdecimal() or allowed.get(word) or (place and word in allowed)
            ):
                return False
        return roles > 0

    def _is_form(self, word: str) -> bool:
        """See a name as it stands, with a number, with a tail, or with a slip in it."""
        if self._is_certain(word) or word in self.slips:
            return True
        numbered = _NUMBERED.fullmatch(word)
        if numbered and self._is_certain(numbered[1]):
            return True
        heads = (word.removesuffix(tail) for tail in GLUED_TAILS)
        return any(
            head != word and len(head) >= LEAST_LETTERS_GLUED and self._is_certain(head) for head in heads
        )

    def _is_certain(self, word: str) -> bool:
        return self.kinds.get(word, Kind.DOUBTFUL) is not Kind.DOUBTFUL


def role_of(key: str, names: RoleNames | None = None) -> str:
    """Return the role that an address key names, or "" where it names none; see `RoleNames.role_of`.

    `names` are those of `role_names`, by default without anybody's changes.
    """
    return (names or role_names()).role_of(key)


@cache
def role_names(changes_file: str = "") -> RoleNames:
    """Return the names of `role_names.txt`, which carries the source of each, with a team's changes to it.

    `changes_file` is as `changes.read` takes it. Raises ListError where it cannot be read.
    """
    own, team = changes.read(NAMES_FILE).added, changes.read(changes_file)
    gone = {_bare(name.rstrip(_MARKS)) for name in team.removed}
    listed = [name for name in sorted(own) if _bare(name.rstrip(_MARKS)) not in gone]
    listed += sorted(team.added - {REQUEST_SUFFIX})
    requests = REQUEST_SUFFIX not in team.removed
    bare = {_bare(name.rstrip(_MARKS)): name for name in listed}
    kinds = {spelling: _KINDS.get(name[-1], Kind.PLAIN) for spelling, name in bare.items()}
    return RoleNames({spelling: name.rstrip(_MARKS) for spelling, name in bare.items()}, kinds, requests)


@cache
def qualifiers() -> Mapping[str, bool]:
    """Return the words of `role_qualifiers.txt`, each with whether it may stand in front of a role name."""
    words = changes.read(QUALIFIERS_FILE).added
    return {word.rstrip(_NOT_IN_FRONT): not word.endswith(_NOT_IN_FRONT) for word in words}


def _slips_behind_first_letter(name: str) -> Iterator[str]:
    made = slips.shortened_or_swapped(name) | slips.doubled_letters(name) | slips.mistaken_letters(name)
    return (slip for slip in made if slip[0] == name[0])


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", name)
