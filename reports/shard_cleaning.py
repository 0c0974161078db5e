"""Cleaning a list by several workers that share a folder: what each of them does, and what comes of it.

The steps are `plan`; then `run` for every shard or partition of a stage, in the order of `Stage`, with
`ask_mail_servers` before the last; then `join`. Within a stage the order makes no difference.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from ledger import private_files
from ledger.engine import Ledger
from lists import lookups, planning, shard_judging, shard_keys, shard_outputs, suppression_ends
from lists.cleaning import Progress
from lists.outputs import Writer
from lists.pieces import ROWS_A_PIECE
from lists.policy import HygienePolicy, ListSource
from lists.shards import Plan, read_plan
from lists.tally import Tally
from reports import list_report, page
from reports.findings import Findings
from reports.list_cleaning import REPORT_HTML, Cleaned, of_ledger, resolver, told_as_of

_FIGURES = "figures"


class Stage(StrEnum):
    """What workers do, in this order; `REPEATS` goes by partitions, the others by shards."""

    KEYS = "keys"
    REPEATS = "repeats"
    JUDGE = "judge"
    WRITE = "write"

    def runs(self, plan: Plan) -> int:
        """Return how many runs the stage has."""
        return plan.partitions if self is Stage.REPEATS else len(plan.shards)


def plan(
    source: ListSource,
    policy: HygienePolicy,
    nameservers: str,
    work: Path,
    *,
    shards: int,
    as_of: date | None = None,
    rows_a_piece: int = ROWS_A_PIECE,
    on_progress: Callable[[int, float], None] = lambda rows, share: None,
) -> Plan:
    """Plan a cleaning in the folder `work` of a `Writer`; see `planning.plan`."""
    return planning.plan(
        source,
        policy,
        work.absolute(),
        shards=shards,
        nameservers=nameservers,
        today=as_of or datetime.now(UTC).date(),
        as_of=as_of,
        rows_a_piece=rows_a_piece,
        on_progress=on_progress,
    )


def run(ledger: Ledger, work: Path, stage: Stage, number: int, report: Progress) -> None:
    """Do one run of a stage; doing it again does no harm. Raises ListError."""
    made = read_plan(work)
    match stage:
        case Stage.KEYS:
            shard_keys.write_keys(made, work, number, report)
        case Stage.REPEATS:
            shard_keys.write_repeats(made, work, number)
        case Stage.JUDGE:
            suppression_ends.expire(ledger)
            known = lookups.open_lookups(ledger.reading, made.source.scope, made.as_of)
            shard_judging.judge(made, work, number, known, report)
        case Stage.WRITE:
            if not shard_outputs.is_written(work, number):
                _write(made, work, number)
            shard_judging.drop_judged(work, number)
        case _ as never:
            assert_never(never)


def ask_mail_servers(ledger: Ledger, work: Path, report: Progress) -> None:
    """Ask the DNS for all shards at once, where the policy says so. Raises ListError."""
    made = read_plan(work)
    asking = resolver(ledger, made.nameservers, report) if made.policy.mx else None
    shard_judging.ask_mail_servers(made, work, asking, report)


def join(writer: Writer, seconds: Callable[[], float], ledger: Ledger | None = None) -> Cleaned:
    """Let the files of all shards appear as one, with summary and report. Raises ListError, ReportError.

    `ledger` is the one that the shards were judged with, for the summary to name it.
    """
    made = read_plan(writer.work)
    tally, findings = Tally(), Findings()
    for shard in range(len(made.shards)):
        folder = shard_outputs.written(writer.work, shard)
        tally.merge(Tally.read(folder / _FIGURES))
        findings.merge(Findings.read(folder / _FIGURES))
    shard_outputs.join(writer.work, len(made.shards))
    summary = told_as_of(shard_outputs.summary(made, writer.work, tally, seconds()), made.as_of)
    summary = summary if ledger is None else of_ledger(summary, ledger)
    page.write(writer.place_beside(REPORT_HTML), list_report.render_findings(summary, findings))
    return Cleaned(summary, writer.finish(summary), findings)


def _write(made: Plan, work: Path, shard: int) -> None:
    tally, findings = Tally(), Findings()
    with shard_outputs.writing(work, shard) as (folder, files):
        for part in shard_judging.judged_parts(made, work, shard):
            tally.add(part)
            findings.add_part(part)
            files.write(part)
        figures = folder / _FIGURES
        private_files.make_folder(figures, is_there=False)
        tally.write(figures)
        findings.write(figures)
