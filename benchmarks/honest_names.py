"""Print the words of some languages that are one slip away from a large provider or a role name.

    python benchmarks/honest_names.py /usr/share/dict/american-english /usr/share/dict/ngerman ...

What it prints is looked through by a person and becomes lists/honest_names.txt.
"""

import sys
import unicodedata
from pathlib import Path

from lists import roles, slips, typos


def words(paths: list[str]) -> set[str]:
    """Return the words of all files in ASCII lower case."""
    found: set[str] = set()
    for path in paths:
        data = Path(path).read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        for word in text.split():
            spelt = unicodedata.normalize("NFD", word.partition("/")[0].lower().replace("ß", "ss"))
            found.add("".join(letter for letter in spelt if letter.isascii() and letter != "'"))
    return found


def main() -> None:
    """Print one word a line."""
    known = words(sys.argv[1:])
    names = {domain.partition(".")[0] for domain in typos.large_providers()}
    plain = typos.plain_names()
    near: set[str] = set()
    for name in names:
        near |= (typos.slips_of(name, plain=len(name) < 6 or name in plain)) & known
    for role in roles.role_names().long_names():
        near |= (slips.shortened_or_swapped(role) | slips.mistaken_letters(role)) & known
    print("\n".join(sorted(near - names)))


if __name__ == "__main__":
    main()
