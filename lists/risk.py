"""What makes the accepted part of a list risky although no rule drops it: counted, never a reason.

The marks travel beside the flags until the last rule, and no file shows them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import free_mail
from lists.consent_rule import ConsentRule
from lists.rulings import Rulings
from lists.suppression import ConfirmedLookup
from lists.text_columns import mask_of, texts

MailedLookup = Callable[[Sequence[str]], set[str]]
"""Address keys in; those that a mail of ours reached a mail server for out."""

NEVER_MAILED = "never_mailed"
UNCONFIRMED = "unconfirmed"
FREE_MAIL = "free_mail"
# Far above the bits of the flags, which are few.
MARKS = {NEVER_MAILED: np.uint32(1 << 30), UNCONFIRMED: np.uint32(1 << 31)}


class _Counts(Protocol):
    @property
    def accepted(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RiskLookups:
    """Who was mailed before, and who has confirmed."""

    mailed: MailedLookup
    confirmed: ConfirmedLookup


def mark(rulings: Rulings, mailed: MailedLookup, consent: ConsentRule) -> None:
    """Mark the rows that are still open."""
    keys = rulings.open_keys()
    known = mask_of(pc.is_in(keys, texts(sorted(mailed(keys.to_pylist())))))
    rulings.mark(rulings.among_open(~known), MARKS[NEVER_MAILED])
    rulings.mark(rulings.among_open(consent.missing(rulings)), MARKS[UNCONFIRMED])


def counted(bits: pa.ChunkedArray) -> dict[str, int]:
    """Count the accepted rows that bear each mark."""
    values = np.asarray(bits)
    return {name: int(np.count_nonzero(values & mark)) for name, mark in MARKS.items()}


def at_free_mail(by_domain: Mapping[str, _Counts]) -> int:
    """Count the accepted rows at providers where anybody gets an address for nothing."""
    return sum(by_domain[domain].accepted for domain in free_mail.among(by_domain))
