"""What the operators' screen shows of a cleaning: short, and with no whole address."""

import pandas as pd

from lists.summary import Summary
from reports.list_words import FLAGS, RISKS, UNKNOWN
from reports.masking import mask
from reports.page import percent


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
        *_of_the_accepted(summary),
        *_suggestions(summary, directory),
        *(f"> {warning}" for warning in summary.warnings),
        *([f"Ledger: {summary.ledger.in_a_page()}", ""] if summary.ledger else []),
        f"Files: `{directory}` (`accepted` and `rejected` as `.parquet` and `.csv`, `report.html`)",
    ]
    return "\n".join(lines)


def _of_the_accepted(summary: Summary) -> list[str]:
    """Return a table of what is doubtful or risky about the accepted rows."""
    counts = [
        *((RISKS[name][0], count) for name, count in summary.risk.items()),
        *((FLAGS[flag][0], summary.flags[flag]) for flag in UNKNOWN if flag in summary.flags),
    ]
    if not summary.accepted or not counts:
        return []
    lines = (f"| {label} | {count:,} | {percent(count / summary.accepted)} |" for label, count in counts)
    return ["| of the accepted | rows | share |", "|---|---:|---:|", *lines, ""]


def _suggestions(summary: Summary, directory: str) -> list[str]:
    if not summary.mistyped:
        return []
    counted = "1 domain looks" if len(summary.mistyped) == 1 else f"{len(summary.mistyped):,} domains look"
    command = f"campaign accept-suggestions {directory} --out FILE"
    return [f"{counted} mistyped: `{command}` writes a list with the right addresses.", ""]


def rejected_rows(rejected: pd.DataFrame) -> list[dict[str, object]]:
    """Return rejected rows (`Findings.first`) with their addresses masked; rejected.csv has them all."""
    return [
        {"row": int(row), "address": mask(address), "reason": reason}
        for row, address, reason in zip(rejected.index, rejected["address"], rejected["reason"], strict=True)
    ]
