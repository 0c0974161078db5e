"""One cleaning of one list as a stream: rows go in by the batch and come out judged, in their order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from time import perf_counter

from lists import columns, duplicates, refusals, sources
from lists.csv_rows import Rows
from lists.duplicates import Duplicates, Gathered, Question, Reader
from lists.errors import ListError
from lists.judging import Judge, Known
from lists.mail_servers import MailServerRule
from lists.mx import MxLookup
from lists.policy import HygienePolicy, ListSource
from lists.risk import RiskLookups
from lists.rulings import OWN_COLUMNS, Part, Rulings
from lists.seen_keys import SeenKeys
from lists.sources import OpenList
from lists.summary import Summary
from lists.suppression import ConfirmedLookup, LastEngagedLookup, SuppressionLookup, nobody_engaged
from lists.tally import Tally, summarised

Progress = Callable[[str, int, int], None]
"""Called with the stage (duplicates, syntax or mx), how many rows or domains are done and how many there are.

The number of all rows is an estimate until the last of them was read.
"""

THREADS = os.cpu_count() or 1


class Cleaning:
    """One cleaning of one list: `parts` once to its end, then `summary`.

    suppressed, confirmed: asked with the keys of many rows at a time. `on_open` is called before the first
    row is judged, with what was found out about the source. Where it takes all rows of an address to judge
    one of them, the list is opened and read twice. The result is the same for every number of
    `threads` and every size of block.
    """

    def __init__(
        self,
        source: ListSource,
        policy: HygienePolicy,
        *,
        suppressed: SuppressionLookup,
        confirmed: ConfirmedLookup,
        resolver: MxLookup | None,
        today: date,
        last_engaged: LastEngagedLookup = nobody_engaged,
        risks: RiskLookups | None = None,
        on_progress: Progress | None = None,
        on_open: Callable[[OpenList], None] | None = None,
        opened: Callable[[], AbstractContextManager[OpenList]] | None = None,
        threads: int = THREADS,
        block_bytes: int = 0,
    ) -> None:
        self._source = source
        self._policy = policy
        self._known = Known(suppressed, confirmed, last_engaged, risks)
        self._resolver = resolver if policy.mx else None
        self._today = today
        self._report = on_progress or (lambda stage, done, total: None)
        self._on_open = on_open or (lambda listed: None)
        self._opened = opened or (lambda: sources.opened(source, block_bytes))
        self._threads = threads
        self._tally = Tally()
        self._started = perf_counter()
        self._summary: Summary | None = None

    def parts(self, folder: Path) -> Iterator[Part]:
        """Yield what became of the rows, in their order; `folder` is for what must wait on disk.

        Raises ListError where the list cannot be used at all.
        """
        self._started = perf_counter()
        gathered, fingerprint = self._gathered()
        with self._opened() as listed:
            if gathered is None:
                self._on_open(listed)
            renamed = columns.renamed(listed.names, OWN_COLUMNS)
            staying = SeenKeys().first_rows if gathered is None else gathered.staying_rows
            judge = Judge(listed, self._source, self._policy, self._known, staying, self._today, gathered)
            judged = judged_rows(listed, judge, self._policy, self._report, self._threads)
            parts = (rulings.part(renamed) for rulings in judged)
            warnings: tuple[str, ...] = ()
            if self._resolver is not None:
                name = renamed.get(listed.address.name, listed.address.name)
                rule = MailServerRule(
                    self._resolver,
                    name,
                    judge.mistyped,
                    lambda done, total: self._report("mx", done, total),
                )
                yield from self._tallied(rule.judge(self._to_the_end(parts, judge), folder))
                warnings = rule.warnings
            else:
                yield from self._tallied(self._to_the_end(parts, judge))
            if gathered is not None and listed.fingerprint != fingerprint:
                raise ListError(
                    f"{listed.source} changed while it was read: wait until it is complete, try again."
                )
            self._summary = summarised(
                self._tally,
                source=listed.source,
                fingerprint=listed.fingerprint,
                seconds=round(perf_counter() - self._started, 3),
                warnings=(*listed.warnings, *warnings),
                renamed=renamed,
                address_column=listed.address.name,
                encoding=listed.encoding,
                delimiter=listed.delimiter,
                quote=self._source.quote,
                header=self._source.header,
                mistyped=judge.mistyped,
                with_risk=self._known.risks is not None,
                with_said_no=refusals.is_undecided(self._source),
            )

    def summary(self) -> Summary:
        """Return the figures, once `parts` has come to its end."""
        if self._summary is None:
            raise RuntimeError("the list was not judged to its end")
        return self._summary

    def _gathered(self) -> tuple[Duplicates | None, str]:
        """Return what all rows of each address say, where that is asked, and the fingerprint of the list."""
        if not duplicates.is_asked(self._source, self._policy):
            return None, ""
        with self._opened() as listed:
            self._on_open(listed)
            question = Question.of(listed.names, listed.source, self._source, self._policy, self._today)
            reader, records = Reader(question), Gathered()
            rows = checked_rows(listed, self._policy, self._threads)
            for rulings in reported(listed, rows, "duplicates", self._report):
                records.add(reader.records(rulings))
            reader.refuse_unreadable()
            return records.settled(question.keep), listed.fingerprint

    def _to_the_end(self, parts: Iterator[Part], judge: Judge) -> Iterator[Part]:
        yield from parts
        if judge.inactive is not None:
            judge.inactive.finish()

    def _tallied(self, parts: Iterator[Part]) -> Iterator[Part]:
        for part in parts:
            self._tally.add(part)
            yield part


def judged_rows(
    listed: OpenList, judge: Judge, policy: HygienePolicy, report: Progress, threads: int = THREADS
) -> Iterator[Rulings]:
    """Yield the rows of a list in their order, judged by every rule but that of the mail servers."""

    def judged() -> Iterator[Rulings]:
        for rulings in checked_rows(listed, policy, threads):
            judge.judge(rulings)
            yield rulings

    yield from reported(listed, judged(), "syntax", report)


def reported(listed: OpenList, rows: Iterable[Rulings], stage: str, report: Progress) -> Iterator[Rulings]:
    """Yield the rows of a list again and tell how far they are."""
    done, told = 0, (0, 0)
    for rulings in rows:
        done += rulings.count
        share = listed.share_read
        told = (done, max(done, round(done / share) if share else done))
        report(stage, *told)
        yield rulings
    if told != (done, done):
        report(stage, done, done)


def checked_rows(listed: OpenList, policy: HygienePolicy, threads: int = THREADS) -> Iterator[Rulings]:
    """Yield the rows in order, with their syntax judged by several threads ahead of time."""

    def check(rows: Rows) -> Rulings:
        return Rulings(rows, listed.address.name, repair=policy.repair)

    waiting: deque[Future[Rulings]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for rows in listed.rows():
                waiting.append(pool.submit(check, rows))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
