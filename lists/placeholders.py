"""Placeholders: addresses that people type to get past a form (test@test.com, asdf@, none@none.org)."""

import re
from functools import cache
from pathlib import Path

from lists.errors import ListError

NAMES_FILE = Path(__file__).with_name("placeholder_names.txt")
_NUMBERED = re.compile(r"[0-9]{0,4}")
_TYPED_AGAIN = "abcdefghijklmnopqrstuvwxyz0123456789"


def is_placeholder(key: str) -> bool:
    """Tell whether an address key stands for no address at all.

    The address may be somebody's all the same (Noone is a family name), so
    this is a flag and never drops anybody.
    """
    listed = _listed()
    local_part, _, domain = key.rpartition("@")
    name = domain.partition(".")[0]
    if key in listed or f"@{domain}" in listed or f"{local_part}@" in listed:
        return True
    if local_part == name and name in listed:
        return True
    bare = local_part.rstrip("0123456789")
    if bare and bare == name and bare in listed and _NUMBERED.fullmatch(local_part[len(bare) :]):
        return True
    again = len(set(local_part)) == len(set(name)) == 1 and len(local_part) > 1 and local_part[0] == name[0]
    return again and local_part[0] in _TYPED_AGAIN


@cache
def pattern() -> str:
    """Return a pattern (RE2) of all keys that `is_placeholder` may say yes to, and of few others."""
    whole = [re.escape(line) for line in _listed() if "@" in line[1:-1]]
    local_parts = [re.escape(line) for line in _listed() if line.endswith("@")]
    domains = [re.escape(line) for line in _listed() if line.startswith("@")]
    twice = [re.escape(line) for line in _listed() if "@" not in line]
    # RE2 knows no back references: of a letter typed again and again the domain is looked at afterwards.
    again = "|".join(f"{letter}{{2,}}" for letter in _TYPED_AGAIN)
    forms = (*whole, *(f"{part}.*" for part in local_parts), *(f"[^@]*{domain}" for domain in domains))
    return f"^(?:{'|'.join(sorted(forms))}|(?:{'|'.join(sorted(twice))})[0-9]{{0,4}}@.*|(?:{again})@.*)$"


@cache
def _listed() -> frozenset[str]:
    try:
        lines = NAMES_FILE.read_text(encoding="utf-8").splitlines()
    except OSError as err:
        raise ListError(f"{NAMES_FILE} cannot be read: {err.strerror}.") from err
    return frozenset(name for line in lines if (name := line.partition("#")[0].strip()))
