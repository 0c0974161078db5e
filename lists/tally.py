"""Counting what became of the rows of a list, part by part."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists.reasons import Flag, Reason
from lists.rulings import Part, flag_counts
from lists.summary import NO_DOMAIN, DomainCounts

# So many lines of counts by domain may come before they are summed up.
_LINES_KEPT = 300_000


class Tally:
    """The figures of a summary while they grow."""

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected = 0
        self._reasons: Counter[str] = Counter()
        self._flags: Counter[Flag] = Counter()
        self._domains: list[pa.Table] = []
        self._lines = 0

    def add(self, part: Part) -> None:
        """Count the rows of a part whose verdicts are final."""
        self.accepted += part.kept.num_rows
        self.rejected += part.dropped.num_rows
        for count in pc.value_counts(part.dropped.column("reason")).to_pylist():
            self._reasons[count["values"]] += count["counts"]
        self._flags.update(flag_counts(part.kept.column("flags")))
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
        if self._lines > _LINES_KEPT:
            self._domains = [self._by_domain()]
            self._lines = 0

    def by_reason(self) -> dict[str, int]:
        """Return the rejected rows of every reason, zeros too."""
        return {reason.value: self._reasons[reason.value] for reason in Reason}

    def flags(self) -> dict[str, int]:
        """Return how many accepted rows bear each flag, in the order of `Flag`."""
        return {flag.value: self._flags[flag] for flag in Flag if self._flags[flag]}

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

    def _by_domain(self) -> pa.Table:
        grouped = pa.concat_tables(self._domains).group_by("domain")
        sums = grouped.aggregate([("accepted", "sum"), ("rejected", "sum")])
        return sums.rename_columns(["domain", "accepted", "rejected"])
