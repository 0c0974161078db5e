"""Accepting suggestions: a new list with the addresses that a cleaning suggested in place of the wrong ones.

A step of its own that a person asks for; cleaning itself rewrites nothing.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as pacsv

from ledger import private_files
from lists import columns, outputs, sources, spreadsheets
from lists.addresses import Address, parse
from lists.errors import ListError
from lists.output_files import refuse_address
from lists.policy import ListSource
from lists.reasons import FLAG_SEPARATOR, Flag, Reason
from lists.sources import SourceTable
from lists.summary import Summary

# Rows that were rejected for something that the right address mends. Who complained, unsubscribed or never
# confirmed is not written to under another spelling.
MENDABLE = (Reason.MALFORMED, Reason.TYPO, Reason.HARD_BOUNCE, Reason.NO_MX)
ORIGINAL_COLUMN = "original_address"
REJECTED = ("row", "address", "reason", "suggestion")


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a list: rows written, addresses replaced, broken rows left out."""

    rows: int
    replaced: int
    left_out: int
    original_column: str


def write(directory: Path, file: Path, *, but_not: Collection[str] = ()) -> Accepted:
    """Write the list that was cleaned into `directory` anew, with the suggestions of that cleaning accepted.

    The file is CSV with the source's columns, its cells as they were but for the replaced addresses, and one
    more column with the original address where one was replaced. Rows with too few or too many cells cannot
    be placed and are left out. Domains in `but_not` are not accepted: as suggested, or as mistyped, in either
    spelling. Raises ListError where one of them is neither, the outputs are missing, the source has changed
    since, or the file cannot be written.
    """
    found = outputs.in_directory(directory)
    summary = outputs.read_summary(found.summary_json)
    suggested = suggestions(found, summary, but_not)
    source = sources.read(
        ListSource(
            source=summary.source,
            address_column=summary.address_column,
            encoding=summary.encoding,
            delimiter=summary.delimiter,
            quote=summary.quote,
            header=summary.header,
        )
    )
    if source.fingerprint != summary.fingerprint:
        raise ListError(f"{summary.source} has changed since {directory} was made of it: clean it again.")
    if file.exists() and not summary.source.startswith("s3://") and file.samefile(summary.source):
        raise ListError(f"{file} is the list itself: write to another file.")
    table, original_column = _replaced(source, suggested)
    _write(table, file)
    return Accepted(table.num_rows, len(suggested), len(source.ragged), original_column)


def suggestions(found: outputs.Outputs, summary: Summary, but_not: Collection[str] = ()) -> dict[int, str]:
    """Return the suggested addresses of a cleaning by row number."""
    suggested: dict[int, str] = {}
    accepted = outputs.read_accepted(found.accepted_parquet)
    flagged = accepted[
        accepted["flags"].map(lambda flags: Flag.TYPO in flags.split(FLAG_SEPARATOR)).astype(bool)
    ]
    for row, address, domain in zip(flagged.index, flagged["address"], flagged["domain"], strict=True):
        suggested[int(row)] = address.rpartition("@")[0] + "@" + summary.mistyped[domain]
    before = dict(zip(flagged.index, flagged["domain"], strict=True))
    rejected = _rejected(found.rejected_csv)
    columns_read = (rejected.column(name).to_pylist() for name in REJECTED)
    for row, address, reason, text in zip(*columns_read, strict=True):
        if text and reason in MENDABLE:
            suggested[row] = text
            before[row] = _domain(address)
    domains = {row: (_domain(address), before[row]) for row, address in suggested.items()}
    refused = _chosen(but_not, domains.values())
    return {row: address for row, address in suggested.items() if refused.isdisjoint(domains[row])}


def _rejected(path: Path) -> pa.Table:
    types = {name: pa.int64() if name == "row" else pa.string() for name in REJECTED}
    try:
        rejected = pacsv.read_csv(
            path,
            parse_options=pacsv.ParseOptions(newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(include_columns=list(REJECTED), column_types=types),
        )
        return spreadsheets.unescaped(rejected)
    except (pa.ArrowException, OSError) as err:
        raise ListError(f"{path} is damaged: clean the list again.") from err


def _domain(address: str) -> str:
    """Return the domain of an address in A-labels; "" where it is none."""
    match parse(address):
        case Address(domain=domain):
            return domain
        case _:
            return ""


def _chosen(but_not: Collection[str], domains: Collection[tuple[str, str]]) -> set[str]:
    """Return the domains that are not to be accepted, in A-labels. Raises ListError for an unknown one."""
    known = {domain for pair in domains for domain in pair if domain}
    chosen: set[str] = set()
    for name in but_not:
        domain = _domain(f"x@{name.strip().lstrip('*').lstrip('@').rstrip('.')}")
        if domain not in known:
            listed = ", ".join(sorted({pair[0] for pair in domains})[:10]) or "none at all"
            raise ListError(f"{name!r} (--but-not) is at none of the suggestions: they are at {listed}.")
        chosen.add(domain)
    return chosen


def _replaced(source: SourceTable, suggested: Mapping[int, str]) -> tuple[pa.Table, str]:
    names = source.table.column_names
    cells = source.table.column(source.address_column).to_pylist()
    original = [""] * len(cells)
    for place, row in enumerate(source.rows):
        if row in suggested:
            cells[place], original[place] = suggested[row], cells[place]
    column = columns.unused(ORIGINAL_COLUMN, names)
    table = source.table.set_column(
        names.index(source.address_column), source.address_column, pa.array(cells, pa.string())
    )
    return table.append_column(column, pa.array(original, pa.string())), column


def _write(table: pa.Table, file: Path) -> None:
    refuse_address(file)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        private_files.make_folder(file.parent)
        # For the next cleaning, whose reader takes the cells of any file but ours as they are: nothing is
        # escaped there. The mark is for people who look at it in a spreadsheet.
        table = spreadsheets.escaped(table) if spreadsheets.is_ours(table.column_names) else table
        try:
            with private_files.opened(temporary, "wb") as written:
                written.write(spreadsheets.BYTE_ORDER_MARK)
                pacsv.write_csv(table, written)
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as err:
        raise ListError(
            f"{file} cannot be written ({err.strerror or err}): check permissions and free space."
        ) from err
