"""The library's syntax rules for whole columns: what can be accepted or refused at a glance, and why.

Everything here agrees with email-validator on what it decides and leaves the rest undecided; the tests hold
the two against each other on generated and mutated strings. The rules speak of ASCII text of at most
LONGEST_BYTES, so that no length rule can bite, and never use `(?i)`: under it k and s also match U+212A and
U+017F.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import SPECIAL_USE_DOMAIN_NAMES

from lists.text_columns import Mask, mask_of

LONGEST_BYTES = 64
# RFC 5322 section 3.2.3: the characters of an atom, for use inside brackets.
ATEXT = r"a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~"
LOWER_ATEXT = ATEXT.replace("A-Z", "")
# Lower-case labels with single hyphens inside: two in a row could be Punycode or another reserved label
# (RFC 5890). The last label ends in a letter, as the library asks of a top-level domain.
LABEL = r"[a-z0-9]+(?:-[a-z0-9]+)*"
LAST_LABEL = r"(?:[a-z0-9]+-)*[a-z0-9]*[a-z]"
DOT_ATOM = rf"[{ATEXT}]+(?:\.[{ATEXT}]+)*"
LOWER_ADDRESS = rf"[{LOWER_ATEXT}]+(?:\.[{LOWER_ATEXT}]+)*@(?:{LABEL}\.)+{LAST_LABEL}"
# The library takes a part before the @-sign of 64 characters and labels of 63.
SHORT = r"(?s)^[^@]{0,64}(?:@.{0,63})?$"


@dataclass(frozen=True, slots=True)
class Fault:
    """One check of the library: what it raises for text that matches `pattern` and no check before it.

    `spared` are the characters that are not at fault, where the message names those that are.
    """

    name: str
    pattern: str
    spared: str = ""


SPECIAL_USE = "|".join(re.escape(name) for name in SPECIAL_USE_DOMAIN_NAMES)
LEFT_TO_THE_LIBRARY = ""
# In the library's own order: the first that holds is the one that it names. `^[^@]*@` is the part before the
# first @-sign, which is where the library splits text that has no quotes.
FAULTS: tuple[Fault, ...] = (
    Fault("blank", r"^$"),
    Fault("quoted", r'^"[ !#-\[\]-~]{1,64}"@'),
    Fault(LEFT_TO_THE_LIBRARY, rf"\.(?:{SPECIAL_USE})>|xn--"),
    Fault("display name", rf"^[{LOWER_ATEXT} ]*<{LOWER_ADDRESS}>$"),
    # Quotes, other angle brackets and bracketed domains are beyond these rules.
    Fault(LEFT_TO_THE_LIBRARY, r'["<]|@\['),
    Fault("no at-sign", r"^[^@]*$"),
    Fault("nothing before the at-sign", r"^@"),
    Fault("characters before the at-sign", rf"^[^@]*[^@.{LOWER_ATEXT}]", spared=rf"(?s)@.*|[.{ATEXT}]"),
    Fault("period right before the at-sign", r"^[^@]*\.@"),
    Fault("period at the start", r"^\."),
    Fault("two periods before the at-sign", r"^[^@]*\.\.[^@]*@"),
    Fault("nothing after the at-sign", r"^[^@]*@$"),
    Fault("characters after the at-sign", r"(?s)^[^@]*@.*[^a-z0-9.\-]", spared=r"^[^@]*@|[a-zA-Z0-9.\-]"),
    Fault("period at the end", r"\.$"),
    Fault("period right after the at-sign", r"^[^@]*@\."),
    Fault("two periods after the at-sign", r"^[^@]*@.*\.\."),
    Fault("hyphen at the end", r"-$"),
    Fault("hyphen right after the at-sign", r"^[^@]*@-"),
    Fault("period beside a hyphen", r"^[^@]*@.*(?:\.-|-\.)"),
    Fault("two hyphens in third place", r"^[^@]*@(?:.*\.)?[^.]{2}--"),
    Fault("no period after the at-sign", r"^[^@]*@[^.]*$"),
    Fault("no letter at the end", r"[^a-z]$"),
    Fault("special-use name", rf"[@.](?:{SPECIAL_USE})$"),
)


def accepted(lower: pa.Array) -> Mask:
    """Tell which cells, lower-cased in ASCII, the library accepts without changing more than case."""
    hits = mask_of(pc.match_substring_regex(lower, f"^{LOWER_ADDRESS}$"))
    hits &= mask_of(pc.less_equal(pc.binary_length(lower), LONGEST_BYTES))
    for name in SPECIAL_USE_DOMAIN_NAMES:
        hits &= ~mask_of(pc.ends_with(lower, "." + name))
    return hits


def faults(cells: pa.Array) -> list[str]:
    """Name the first fault of each cell, with the characters at fault where the library names them.

    "" is for a cell that none of the rules decides. Cells with the same answer get the same message from the
    library.
    """
    found = np.full(len(cells), LEFT_TO_THE_LIBRARY, dtype=object)
    spoken_of = mask_of(pc.string_is_ascii(cells)) & mask_of(pc.match_substring_regex(cells, SHORT))
    places = np.flatnonzero(spoken_of)
    # In ASCII, case matters to no rule; it does to the characters that a message names.
    cells = cells.filter(pa.array(spoken_of))
    lower = pc.ascii_lower(cells)
    for rule in FAULTS:
        hits = mask_of(pc.match_substring_regex(lower, rule.pattern))
        if not hits.any():
            continue
        if rule.spared:
            at_fault = pc.replace_substring_regex(cells.filter(pa.array(hits)), rule.spared, "")
            found[places[hits]] = [f"{rule.name}: {_letters(text)}" for text in at_fault.to_pylist()]
        else:
            found[places[hits]] = rule.name
        rest = pa.array(~hits)
        places, cells, lower = places[~hits], cells.filter(rest), lower.filter(rest)
    answers: list[str] = found.tolist()
    return answers


@lru_cache(10_000)
def _letters(text: str) -> str:
    return "".join(sorted(set(text)))


def is_dot_atom(local_part: str) -> bool:
    """Tell whether the part before the @-sign is plain ASCII of a length that the library takes as it is."""
    return len(local_part) <= LONGEST_BYTES and re.fullmatch(DOT_ATOM, local_part) is not None
