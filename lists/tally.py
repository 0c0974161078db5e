"""Counting what became of the rows of a list, part by part."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from ledger import private_files
from lists import refusals, risk
from lists.policy import Quote
from lists.reasons import Flag, Reason
from lists.rulings import Part, flag_counts
from lists.summary import NO_DOMAIN, DomainCounts, Summary

# So many lines of counts by domain may come before they are summed up.
_LINES_KEPT = 300_000
_COUNTS = "counts.json"
_BY_DOMAIN = "by_domain.parquet"


class Tally:
    """The figures of a summary while they grow."""

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected = 0
        self._reasons: Counter[str] = Counter()
        self._flags: Counter[Flag] = Counter()
        self._marks: Counter[str] = Counter()
        self._said_no: Counter[str] = Counter()
        self._domains: list[pa.Table] = []
        self._lines = 0

    def add(self, part: Part) -> None:
        """Count the rows of a part whose verdicts are final."""
        self.accepted += part.kept.num_rows
        self.rejected += part.dropped.num_rows
        for count in pc.value_counts(part.dropped.column("reason")).to_pylist():
            self._reasons[count["values"]] += count["counts"]
        self._flags.update(flag_counts(part.kept.column("flags")))
        self._marks.update(risk.counted(part.kept.column("flags")))
        self._said_no.update(refusals.counted(part.kept))
        for table, kept in ((part.kept, 1), (part.dropped, 0)):
            counts = pc.value_counts(table.column("domain"))
            numbers = np.asarray(counts.field("counts"))
            lines = pa.table(
                {
                    "domain": counts.field("values"),
                    "accepted": pa.array(numbers * kept),
                    "rejected": pa.array(numbers * (1 - kept)),
                }
            )
            self._domains.append(lines)
            self._lines += lines.num_rows
        self._sum_up()

    def merge(self, other: "Tally") -> None:
        """Add what was counted elsewhere."""
        self.accepted += other.accepted
        self.rejected += other.rejected
        self._reasons.update(other._reasons)
        self._flags.update(other._flags)
        self._marks.update(other._marks)
        self._said_no.update(other._said_no)
        self._domains += other._domains
        self._lines += other._lines
        self._sum_up()

    def write(self, folder: Path) -> None:
        """Leave the figures in a folder for `read`."""
        counts = {"accepted": self.accepted, "rejected": self.rejected, "reasons": self._reasons}
        text = json.dumps(counts | {"flags": self._flags, "marks": self._marks, "said_no": self._said_no})
        private_files.write_text(folder / _COUNTS, text)
        parquet.write_table(self._by_domain(), private_files.created(folder / _BY_DOMAIN))

    @classmethod
    def read(cls, folder: Path) -> "Tally":
        """Return what `write` left."""
        counts = json.loads((folder / _COUNTS).read_text(encoding="utf-8"))
        tally = cls()
        tally.accepted, tally.rejected = counts["accepted"], counts["rejected"]
        tally._reasons.update(counts["reasons"])
        tally._flags.update({Flag(name): count for name, count in counts["flags"].items()})
        tally._marks.update(counts["marks"])
        tally._said_no.update(counts["said_no"])
        tally._domains = [parquet.read_table(folder / _BY_DOMAIN)]
        tally._lines = tally._domains[0].num_rows
        return tally

    def by_reason(self) -> dict[str, int]:
        """Return the rejected rows of every reason, zeros too."""
        return {reason.value: self._reasons[reason.value] for reason in Reason}

    def flags(self) -> dict[str, int]:
        """Return how many accepted rows bear each flag, in the order of `Flag`."""
        return {flag.value: self._flags[flag] for flag in Flag if self._flags[flag]}

    def risk(self, by_domain: Mapping[str, DomainCounts]) -> dict[str, int]:
        """Return how many accepted rows are at risk and why."""
        return {
            risk.FREE_MAIL: risk.at_free_mail(by_domain),
            **{name: self._marks[name] for name in risk.MARKS},
        }

    def said_no(self) -> dict[str, int]:
        """Return how many accepted rows say no in each column that looks like consent."""
        return dict(self._said_no)

    def by_domain(self) -> dict[str, DomainCounts]:
        """Return the rows of every domain, the largest first, equals by name."""
        if not self._domains:
            return {}
        table = self._by_domain()
        name = pc.if_else(pc.equal(table.column("domain"), ""), NO_DOMAIN, table.column("domain"))
        total = pc.add(table.column("accepted"), table.column("rejected"))
        order = pc.sort_indices(
            pa.table({"total": total, "name": name}), [("total", "descending"), ("name", "ascending")]
        )
        columns = (name, table.column("accepted"), table.column("rejected"))
        lines = zip(*(column.take(order).to_pylist() for column in columns), strict=True)
        return {domain: DomainCounts(accepted, rejected) for domain, accepted, rejected in lines}

    def _sum_up(self) -> None:
        if self._lines > _LINES_KEPT:
            self._domains = [self._by_domain()]
            self._lines = 0

    def _by_domain(self) -> pa.Table:
        grouped = pa.concat_tables(self._domains).group_by("domain")
        sums = grouped.aggregate([("accepted", "sum"), ("rejected", "sum")])
        return sums.rename_columns(["domain", "accepted", "rejected"])


def summarised(
    tally: Tally,
    *,
    source: str,
    fingerprint: str,
    seconds: float,
    warnings: tuple[str, ...],
    renamed: Mapping[str, str],
    address_column: str,
    encoding: str,
    delimiter: str,
    quote: Quote,
    header: bool,
    mistyped: Mapping[str, str],
    with_risk: bool,
    with_said_no: bool,
) -> Summary:
    """Return the summary of what was counted; raises BalanceError where it does not add up."""
    by_domain = tally.by_domain()
    said_no = tally.said_no() if with_said_no else {}
    return Summary(
        source=source,
        fingerprint=fingerprint,
        rows=tally.accepted + tally.rejected,
        accepted=tally.accepted,
        rejected=tally.rejected,
        by_reason=tally.by_reason(),
        by_domain=by_domain,
        seconds=seconds,
        flags=tally.flags(),
        warnings=(*warnings, *refusals.sentences(said_no, tally.accepted)),
        renamed=renamed,
        address_column=address_column,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        header=header,
        mistyped=dict(sorted(mistyped.items())),
        risk=tally.risk(by_domain) if with_risk else {},
        said_no=said_no,
    )
