"""The figures of one cleaning, which balance or are not given out."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ledger.about import About
from lists.errors import BalanceError, NobodyAccepted
from lists.policy import Quote
from lists.reasons import Reason

NO_DOMAIN = "(no domain)"


@dataclass(frozen=True, slots=True)
class DomainCounts:
    """How many rows of a domain were accepted and how many rejected."""

    accepted: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all rows.

    by_reason: every reason in the order of the rules, zeros too.
    by_domain: A-labels, the domain with most rows first; rows without a readable one are NO_DOMAIN.
    flags:     how many accepted rows bear each flag; only those that occur.
    warnings:  sentences for a person, without addresses.
    renamed:   source columns that had to make way for `address`, `domain` or `flags`, and their new names.
    address_column, encoding, delimiter, quote, header: how the source was read; encoding and delimiter are ""
               for Parquet, and `quote` is as it was told.
    mistyped:  domains that look like a slip of the finger, each with the provider that was probably meant.
    risk:      accepted rows that are at free mail, were never mailed or never confirmed, by the names in
               `lists.risk`; empty where nobody was asked.
    said_no:   accepted rows that say no in a column that looks like consent, by column, where the campaign
               does not say whose word counts.
    ledger:    whose suppressions counted; None where no ledger was asked.
    Raises BalanceError on construction where the figures do not add up.
    """

    source: str
    fingerprint: str
    rows: int
    accepted: int
    rejected: int
    by_reason: Mapping[str, int]
    by_domain: Mapping[str, DomainCounts]
    seconds: float
    flags: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    address_column: str = ""
    encoding: str = ""
    delimiter: str = ""
    quote: Quote = ""
    header: bool = True
    mistyped: Mapping[str, str] = field(default_factory=dict)
    risk: Mapping[str, int] = field(default_factory=dict)
    said_no: Mapping[str, int] = field(default_factory=dict)
    ledger: About | None = None

    def __post_init__(self) -> None:
        if list(self.by_reason) != [reason.value for reason in Reason]:
            raise BalanceError("the reasons are not exactly those of the rules, in their order.")
        accepted = sum(counts.accepted for counts in self.by_domain.values())
        rejected = sum(counts.rejected for counts in self.by_domain.values())
        balance = (
            self.rows == self.accepted + self.rejected
            and self.rejected == sum(self.by_reason.values()) == rejected
            and self.accepted == accepted
        )
        if not balance:
            raise BalanceError(
                f"{self.rows} rows are not {self.accepted} accepted and {self.rejected} rejected "
                "in every breakdown."
            )

    def refuse_nobody(self, rejected: str) -> None:
        """Raise NobodyAccepted, naming the reason of most rows, where nobody is left to write to.

        `rejected` is the file of the rejected rows, "" where it is gone.
        """
        if self.accepted:
            return
        reason, count = max(self.by_reason.items(), key=lambda item: item[1])
        see = f"; see {rejected}" if rejected else ""
        raise NobodyAccepted(
            f"{self.source}: none of its {self.rows:,} rows was accepted, so there is nobody to write to: "
            f"{count:,} of them are {reason}{see}."
        )

    def as_json(self) -> dict[str, Any]:
        """Return what `summary.json` holds."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "by_reason": dict(self.by_reason),
            "by_domain": {domain: asdict(counts) for domain, counts in self.by_domain.items()},
            "seconds": self.seconds,
            "flags": dict(self.flags),
            "warnings": list(self.warnings),
            "renamed": dict(self.renamed),
            "source": self.source,
            "fingerprint": self.fingerprint,
            "address_column": self.address_column,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "header": self.header,
            "mistyped": dict(self.mistyped),
            "risk": dict(self.risk),
            "said_no": dict(self.said_no),
            "ledger": self.ledger.as_json() if self.ledger else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Summary":
        """Return the summary that `as_json` gave out."""
        by_domain = {domain: DomainCounts(**counts) for domain, counts in values["by_domain"].items()}
        ledger = About(**values["ledger"]) if values.get("ledger") else None
        changed = {"by_domain": by_domain, "warnings": tuple(values["warnings"]), "ledger": ledger}
        return cls(**{**values, **changed})
