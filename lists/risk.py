"""What makes the accepted part of a list risky although no rule drops it: counted, never a reason.

The marks travel beside the flags until the last rule, and no file shows them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import batch_rules, free_mail
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


def mark(rulings: Rulings, consent_column: str, lookups: RiskLookups) -> None:
    """Mark the rows that are still open."""
    keys = rulings.open_keys()
    asked = keys.to_pylist()
    mailed = mask_of(pc.is_in(keys, texts(sorted(lookups.mailed(asked)))))
    rulings.mark(rulings.among_open(~mailed), MARKS[NEVER_MAILED])
    missing = batch_rules.unconfirmed(rulings, consent_column, lookups.confirmed)
    rulings.mark(rulings.among_open(missing), MARKS[UNCONFIRMED])


def counted(bits: pa.ChunkedArray) -> dict[str, int]:
    """Count the accepted rows that bear each mark."""
    values = np.asarray(bits)
    return {name: int(np.count_nonzero(values & mark)) for name, mark in MARKS.items()}


def at_free_mail(by_domain: Mapping[str, _Counts]) -> int:
    """Count the accepted rows at providers where anybody gets an address for nothing."""
    return sum(by_domain[domain].accepted for domain in free_mail.among(by_domain))
