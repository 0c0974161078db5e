"""Slips of the hand: the texts that people type by mistake where they mean a name.

`hand_slips` are those that keyboards, eyes and ears explain; `all_slips` are all texts at an optimal string
alignment distance of one, for names so widely used that any such text is likelier a slip than another name.
"""

import string

LETTERS = string.ascii_lowercase + string.digits + "-"

# The rows of an English keyboard; each key touches those beside it and those half a key away above and below.
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
# Keys that have changed places on German (y and z) and French (a and q, w and z) keyboards.
_SWAPPED_KEYS = (("y", "z"), ("a", "q"), ("w", "z"))
# What looks or sounds alike when an address is copied from paper or told over the telephone.
_ALIKE = (
    ("o", "0"),
    ("l", "1"),
    ("i", "1"),
    ("i", "l"),
    ("a", "e"),
    ("e", "i"),
    ("i", "y"),
    ("o", "u"),
    ("c", "k"),
    ("s", "z"),
    ("v", "w"),
    ("m", "n"),
    ("b", "d"),
    ("b", "p"),
    ("d", "t"),
)


def _neighbours() -> dict[str, str]:
    touching: dict[str, set[str]] = {letter: set() for letter in LETTERS}
    for above, row in enumerate(_ROWS):
        for place, key in enumerate(row):
            near = set(row[max(place - 1, 0) : place + 2])
            if above + 1 < len(_ROWS):
                near |= set(_ROWS[above + 1][max(place - 1, 0) : place + 1])
            for other in near - {key}:
                touching[key].add(other)
                touching[other].add(key)
    for one, other in (*_SWAPPED_KEYS, *_ALIKE):
        touching[one].add(other)
        touching[other].add(one)
    return {key: "".join(sorted(near)) for key, near in touching.items()}


NEIGHBOURS = _neighbours()


def hand_slips(name: str) -> frozenset[str]:
    """Return what a hand makes of a name by one slip.

    A letter left out or typed twice, two letters that changed places, a letter taken for its neighbour on the
    keyboard or one that looks or sounds alike, a neighbouring key hit beside the right one.
    """
    made = set(shortened_or_swapped(name) | doubled_letters(name) | mistaken_letters(name))
    for place, letter in enumerate(name):
        for other in NEIGHBOURS.get(letter, ""):
            made.add(name[:place] + other + name[place:])
            made.add(name[: place + 1] + other + name[place + 1 :])
    return frozenset(made - {name})


def all_slips(name: str) -> frozenset[str]:
    """Return every text of LETTERS with one letter left out, put in or changed, or two swapped."""
    made = set(shortened_or_swapped(name))
    for place in range(len(name) + 1):
        for letter in LETTERS:
            made.add(name[:place] + letter + name[place:])
            made.add(name[:place] + letter + name[place + 1 :])
    return frozenset(made - {name})


def shortened_or_swapped(name: str) -> frozenset[str]:
    """Return the name without one of its letters, or with two neighbouring ones swapped."""
    shorter = {name[:place] + name[place + 1 :] for place in range(len(name))}
    swapped = {
        name[:place] + name[place + 1] + name[place] + name[place + 2 :] for place in range(len(name) - 1)
    }
    return frozenset((shorter | swapped) - {name})


def doubled_letters(name: str) -> frozenset[str]:
    """Return the name with one of its letters typed twice."""
    return frozenset(name[: place + 1] + name[place:] for place in range(len(name)))


def mistaken_letters(name: str) -> frozenset[str]:
    """Return the name with one of its letters taken for another."""
    return frozenset(
        name[:place] + other + name[place + 1 :]
        for place, letter in enumerate(name)
        for other in NEIGHBOURS.get(letter, "")
    )
