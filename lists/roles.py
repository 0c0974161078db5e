"""Role addresses: mailboxes of a job or a machine, read by several people or by none."""

from functools import cache
from pathlib import Path

NAMES_FILE = Path(__file__).with_name("role_names.txt")
REQUEST_SUFFIX = "-request"  # RFC 2142 section 6: every mailing list has <list>-request.


def role_of(key: str) -> str:
    """Return the role that an address key names, without its plus-tag, or "" where it names none."""
    local_part = key.rpartition("@")[0]
    # The tag of name+tag@ is a sorting aid of whoever reads the mailbox of name.
    name = local_part.partition("+")[0] or local_part
    if name in role_names() or (name.endswith(REQUEST_SUFFIX) and name != REQUEST_SUFFIX):
        return name
    return ""


@cache
def role_names() -> frozenset[str]:
    """Return the names of `role_names.txt`, which carries the source of each."""
    lines = NAMES_FILE.read_text(encoding="utf-8").splitlines()
    names = (line.partition("#")[0].strip().lower() for line in lines)
    return frozenset(name for name in names if name)
