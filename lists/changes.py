"""A team's own changes to a list of names that comes with the program or a library."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lists.errors import ListError

# A line of a table would otherwise be a name that nobody has.
_NO_NAME = frozenset('@",;')


@dataclass(frozen=True, slots=True)
class Changes:
    """Names to add to a list and names to take out of it, in lower case."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def __add__(self, later: "Changes") -> "Changes":
        """Return both together; where they differ on a name, `later` counts."""
        return Changes(
            (self.added - later.removed) | later.added, (self.removed - later.added) | later.removed
        )

    def applied(self, names: Iterable[str]) -> frozenset[str]:
        """Return the names after these changes."""
        return (frozenset(names) - self.removed) | self.added


def read(path: str | Path) -> Changes:
    """Read a file of changes; "" stands for none.

    A line adds a name, one that begins with ! takes a name out; a # begins a comment. Raises ListError where
    the file cannot be read or a line holds more than a name.
    """
    return _read(Path(path)) if path else Changes()


@cache
def _read(path: Path) -> Changes:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        reason = err.strerror if isinstance(err, OSError) else "it is no UTF-8 text"
        raise ListError(f"{path} cannot be read: {reason}.") from err
    added: set[str] = set()
    removed: set[str] = set()
    for number, line in enumerate(lines, start=1):
        name = line.partition("#")[0].strip().lower()
        bare = name.removeprefix("!").strip()
        if len(bare.split()) > 1 or _NO_NAME & set(bare) or (name and not bare):
            raise ListError(f"{path}, line {number}: write one name, without @ and quotes, or ! and a name.")
        if bare:
            (removed if name.startswith("!") else added).add(bare)
    return Changes(frozenset(added), frozenset(removed))
