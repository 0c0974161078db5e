"""What the operators' screen shows of a cleaning: short, and with no whole address."""

import pandas as pd

from lists.summary import Summary
from reports.masking import mask


def markdown(summary: Summary, directory: str) -> str:
    """Return the figures of a cleaning, the one that matters first."""
    share = summary.accepted / summary.rows
    lines = [
        f"# {summary.accepted:,} of {summary.rows:,} rows accepted ({share:.1%})",
        "",
        "| reason | rows |",
        "|---|---:|",
        *(f"| {reason} | {count:,} |" for reason, count in summary.by_reason.items() if count),
        f"| **rejected** | **{summary.rejected:,}** |",
        "",
        *(f"> {warning}" for warning in summary.warnings),
        f"Files: `{directory}` (`accepted.parquet`, `accepted.csv`, `rejected.csv`, `report.html`)",
    ]
    return "\n".join(lines)


def rejected_rows(rejected: pd.DataFrame) -> list[dict[str, object]]:
    """Return rejected rows (`Findings.first`) with their addresses masked; rejected.csv has them all."""
    return [
        {"row": int(row), "address": mask(address), "reason": reason}
        for row, address, reason in zip(rejected.index, rejected["address"], rejected["reason"], strict=True)
    ]
