"""One cleaning of one list as a stream: rows go in by the batch and come out judged, in their order."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from time import perf_counter

import pyarrow as pa

from lists import batch_rules, columns, sources
from lists.batch_rules import InactiveRule, TypoRule
from lists.csv_rows import Rows
from lists.mail_servers import MailServerRule
from lists.mx import MxLookup
from lists.policy import HygienePolicy, ListSource
from lists.rulings import OWN_COLUMNS, ROW, Part, Rulings, flag_texts
from lists.seen_keys import SeenKeys
from lists.sources import OpenList
from lists.summary import Summary
from lists.suppression import ConfirmedLookup, LastEngagedLookup, SuppressionLookup, nobody_engaged
from lists.tally import Tally

Progress = Callable[[str, int, int], None]
"""Called with the stage ("syntax" or "mx"), how many rows or domains are done, and how many there are.

The number of rows is an estimate until the last of them was read.
"""

THREADS = os.cpu_count() or 1


class Cleaning:
    """One cleaning of one list: `parts` once to its end, then `summary`.

    suppressed, confirmed: asked with the keys of many rows at a time. `on_open` is called before the first
    row is judged, with what was found out about the source. The result is the same for every number of
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
        on_progress: Progress | None = None,
        on_open: Callable[[OpenList], None] | None = None,
        opened: AbstractContextManager[OpenList] | None = None,
        threads: int = THREADS,
        block_bytes: int = 0,
    ) -> None:
        self._source = source
        self._policy = policy
        self._suppressed = suppressed
        self._confirmed = confirmed
        self._last_engaged = last_engaged
        self._resolver = resolver if policy.mx else None
        self._today = today
        self._report = on_progress or (lambda stage, done, total: None)
        self._on_open = on_open or (lambda listed: None)
        self._opened = opened or sources.opened(source, block_bytes)
        self._threads = threads
        self._tally = Tally()
        self._started = perf_counter()
        self._summary: Summary | None = None

    def parts(self, folder: Path) -> Iterator[Part]:
        """Yield what became of the rows, in their order; `folder` is for what must wait on disk.

        Raises ListError where the list cannot be used at all.
        """
        self._started = perf_counter()
        with self._opened as listed:
            self._on_open(listed)
            renamed = columns.renamed(listed.names, OWN_COLUMNS)
            mistyped = TypoRule(self._policy)
            rules = self._rules(listed, mistyped)
            judged = self._judged(listed, rules, mistyped)
            parts = (rulings.part(renamed) for rulings in judged)
            warnings: tuple[str, ...] = ()
            if self._resolver is not None:
                name = renamed.get(listed.address.name, listed.address.name)
                rule = MailServerRule(
                    self._resolver,
                    name,
                    mistyped.mistyped,
                    lambda done, total: self._report("mx", done, total),
                )
                yield from self._tallied(rule.judge(parts, folder))
                warnings = rule.warnings
            else:
                yield from self._tallied(parts)
            found_by_content = listed.address.sentence()
            self._summary = Summary(
                source=listed.source,
                fingerprint=listed.fingerprint,
                rows=self._tally.accepted + self._tally.rejected,
                accepted=self._tally.accepted,
                rejected=self._tally.rejected,
                by_reason=self._tally.by_reason(),
                by_domain=self._tally.by_domain(),
                seconds=round(perf_counter() - self._started, 3),
                flags=self._tally.flags(),
                warnings=(*filter(None, [found_by_content]), *listed.warnings, *warnings),
                renamed=renamed,
                address_column=listed.address.name,
                encoding=listed.encoding,
                delimiter=listed.delimiter,
                header=self._source.header,
                mistyped=dict(sorted(mistyped.mistyped.items())),
            )

    def summary(self) -> Summary:
        """Return the figures, once `parts` has come to its end."""
        if self._summary is None:
            raise RuntimeError("the list was not judged to its end")
        return self._summary

    def _rules(self, listed: OpenList, mistyped: TypoRule) -> list[Callable[[Rulings], None]]:
        """Return the rules after syntax and duplicates, in the order of `Reason`."""
        source, policy = self._source, self._policy
        rules: list[Callable[[Rulings], None]] = [
            lambda rulings: batch_rules.judge_roles(rulings, policy),
            lambda rulings: batch_rules.judge_disposable(rulings, policy),
            lambda rulings: batch_rules.judge_free_mail(rulings, policy),
            mistyped.suggest,
            lambda rulings: batch_rules.reject_suppressed(rulings, self._suppressed),
        ]
        if source.consent == "confirmed":
            column = ""
            if source.consent_column:
                column = columns.find(
                    listed.names, source.consent_column, listed.source, "list.consent_column"
                )
            rules.append(lambda rulings: batch_rules.reject_unconfirmed(rulings, column, self._confirmed))
        days = source.inactive_after_days
        if days is not None and not source.last_engaged_column:
            rules.append(
                lambda rulings: batch_rules.reject_silent(rulings, self._last_engaged, days, self._today)
            )
        return rules

    def _inactive_rule(self, listed: OpenList) -> InactiveRule | None:
        source = self._source
        if source.inactive_after_days is None or not source.last_engaged_column:
            return None
        column = columns.find(
            listed.names, source.last_engaged_column, listed.source, "list.last_engaged_column"
        )
        return InactiveRule(column, source.inactive_after_days, self._today)

    def _judged(
        self, listed: OpenList, rules: list[Callable[[Rulings], None]], mistyped: TypoRule
    ) -> Iterator[Rulings]:
        seen, done, told = SeenKeys(), 0, (0, 0)
        inactive = self._inactive_rule(listed)
        for rulings in self._checked(listed):
            batch_rules.reject_duplicates(rulings, seen)
            for rule in rules:
                rule(rulings)
            if inactive is not None:
                inactive.judge(rulings)
            mistyped.reject(rulings)
            done += rulings.count
            share = listed.share_read
            told = (done, max(done, round(done / share) if share else done))
            self._report("syntax", *told)
            yield rulings
        if inactive is not None:
            inactive.finish()
        if told != (done, done):
            self._report("syntax", done, done)

    def _checked(self, listed: OpenList) -> Iterator[Rulings]:
        """Yield the rows in order, with their syntax judged by several threads ahead of time."""

        def check(rows: Rows) -> Rulings:
            return Rulings(rows, listed.address.name, repair=self._policy.repair)

        waiting: deque[Future[Rulings]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for rows in listed.rows():
                    waiting.append(pool.submit(check, rows))
                    if len(waiting) > self._threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _tallied(self, parts: Iterator[Part]) -> Iterator[Part]:
        for part in parts:
            self._tally.add(part)
            yield part


def accepted_table(kept: pa.Table) -> pa.Table:
    """Return accepted rows as people get them: the source's columns, `address`, `domain` and `flags`."""
    flags = flag_texts(kept.column("flags"))
    return kept.drop_columns([ROW]).set_column(kept.column_names.index("flags"), "flags", flags)
