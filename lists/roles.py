"""Role addresses: mailboxes of a job or a machine, read by several people or by none."""

from collections.abc import Set
from functools import cache
from pathlib import Path

from lists import changes

NAMES_FILE = Path(__file__).with_name("role_names.txt")
REQUEST_SUFFIX = "-request"  # RFC 2142 section 6: every mailing list has <list>-request.


def role_of(key: str, names: Set[str] | None = None) -> str:
    """Return the role that an address key names, without its plus-tag, or "" where it names none.

    `names` are those of `role_names`, by default without anybody's changes. With "-request" in the names,
    every `<list>-request` is a role.
    """
    known = role_names() if names is None else names
    local_part = key.rpartition("@")[0]
    # The tag of name+tag@ is a sorting aid of whoever reads the mailbox of name.
    name = local_part.partition("+")[0] or local_part
    if name in known:
        return "" if name == REQUEST_SUFFIX else name
    is_request = name.endswith(REQUEST_SUFFIX) and REQUEST_SUFFIX in known
    return name if is_request else ""


@cache
def role_names(changes_file: str = "") -> frozenset[str]:
    """Return the names of `role_names.txt`, which carries the source of each, with a team's changes to it.

    `changes_file` is as `changes.read` takes it. Raises ListError where it cannot be read.
    """
    own = changes.read(NAMES_FILE).added | {REQUEST_SUFFIX}
    return changes.read(changes_file).applied(own)
