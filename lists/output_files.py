"""Where the files of a cleaning are, and what they are called."""

from dataclasses import dataclass
from pathlib import Path

ACCEPTED_PARQUET = "accepted.parquet"
ACCEPTED_CSV = "accepted.csv"
REJECTED_CSV = "rejected.csv"
SUMMARY_JSON = "summary.json"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the files of one cleaning are."""

    directory: Path
    accepted_parquet: Path
    accepted_csv: Path
    rejected_csv: Path
    summary_json: Path


def in_directory(directory: Path) -> Outputs:
    """Return the paths that `write` uses."""
    return Outputs(
        directory,
        directory / ACCEPTED_PARQUET,
        directory / ACCEPTED_CSV,
        directory / REJECTED_CSV,
        directory / SUMMARY_JSON,
    )
