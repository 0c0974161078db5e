"""List hygiene: every row of a list ends accepted or rejected with the first reason that holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from time import perf_counter

import pandas as pd

from lists import columns, consent, disposable, engagement, free_mail, mx, roles, sources, typos
from lists.dns_verdicts import Status
from lists.engagement import Engagement
from lists.errors import BalanceError
from lists.mx import MxLookup
from lists.policy import HygienePolicy, ListSource
from lists.reasons import Flag, Reason
from lists.rulings import Rulings
from lists.sources import SourceTable
from lists.summary import NO_DOMAIN, DomainCounts, Summary
from lists.suppression import ConfirmedLookup, LastEngagedLookup, SuppressionLookup, nobody_engaged

Progress = Callable[[str, int, int], None]
"""Called with the stage ("syntax" or "mx"), how many rows or domains are done, and how many there are."""

OWN_COLUMNS = ("address", "domain", "flags")
SUPPRESSION_DETAILS = {
    Reason.HARD_BOUNCE: "an earlier mail bounced hard",
    Reason.COMPLAINT: "complained about an earlier mail",
    Reason.UNSUBSCRIBED: "has unsubscribed",
    Reason.SUPPRESSED: "is on the suppression list",
}


@dataclass(frozen=True, slots=True)
class CleanResult:
    """The two parts of a list, and the figures.

    accepted: every source column as text, then `address` (normalised), `domain` (A-labels) and `flags`
              (joined by ";"); a source column of such a name is renamed, see `summary.renamed`.
    rejected: `address` (as given, trimmed), `reason`, `detail`, `suggestion`.
    Both are indexed by `row`, the 1-based data row of the source, in its order.
    """

    accepted: pd.DataFrame
    rejected: pd.DataFrame
    summary: Summary


def clean(
    source: ListSource,
    policy: HygienePolicy,
    *,
    suppressed: SuppressionLookup,
    confirmed: ConfirmedLookup,
    resolver: MxLookup | None,
    today: date,
    last_engaged: LastEngagedLookup = nobody_engaged,
    on_progress: Progress | None = None,
) -> CleanResult:
    """Read a list and judge every row of it.

    The DNS is asked only where `policy.mx` says so and a `resolver` is given. Raises ListError where the list
    cannot be used at all.
    """
    started = perf_counter()
    table = sources.read(source.source, source.address_column)
    consent_column, last_engaged_column = _further_columns(source, table)
    report = on_progress or (lambda stage, done, total: None)
    rulings = Rulings.begin(
        table, repair=policy.repair, on_progress=lambda done, total: report("syntax", done, total)
    )
    rulings.reject_duplicates()
    _judge_roles(rulings, policy)
    _judge_disposable(rulings, policy)
    _judge_free_mail(rulings, policy)
    mistyped = _judge_typos(rulings, policy)
    _reject_suppressed(rulings, suppressed)
    if source.consent == "confirmed":
        _reject_unconfirmed(rulings, table, consent_column, confirmed)
    if source.inactive_after_days is not None:
        if last_engaged_column:
            _reject_inactive(rulings, table, last_engaged_column, source.inactive_after_days, today)
        else:
            _reject_silent(rulings, last_engaged, source.inactive_after_days, today)
    if policy.typo == "drop":
        _reject_typos(rulings, mistyped)
    warnings: tuple[str, ...] = ()
    if policy.mx and resolver is not None:
        warnings = _reject_without_mail(rulings, resolver, report)
    return _result(table, rulings, mistyped, warnings, started)


def _further_columns(source: ListSource, table: SourceTable) -> tuple[str, str]:
    """Return the names of the consent and last-engaged columns that are in use, "" for the others."""
    names = table.table.column_names
    consent_column = last_engaged_column = ""
    if source.consent == "confirmed" and source.consent_column:
        consent_column = columns.find(names, source.consent_column, table.source, "list.consent_column")
    if source.inactive_after_days is not None and source.last_engaged_column:
        last_engaged_column = columns.find(
            names, source.last_engaged_column, table.source, "list.last_engaged_column"
        )
    return consent_column, last_engaged_column


def _judge_roles(rulings: Rulings, policy: HygienePolicy) -> None:
    if policy.role_alias == "keep":
        return
    known = roles.role_names(policy.role_names_file)
    names = rulings.open["key"].map(lambda key: roles.role_of(key, known))
    names = names[names != ""]
    if policy.role_alias == "flag":
        rulings.flag(names.index, Flag.ROLE_ALIAS)
    else:
        rulings.reject(names.index, Reason.ROLE_ALIAS, names + "@ is a job, not a person")


def _judge_disposable(rulings: Rulings, policy: HygienePolicy) -> None:
    if policy.disposable == "keep":
        return
    rows = rulings.at(disposable.among(rulings.domains, policy.disposable_domains_file))
    if policy.disposable == "flag":
        rulings.flag(rows.index, Flag.DISPOSABLE)
    else:
        rulings.reject(rows.index, Reason.DISPOSABLE, rows["domain"] + " gives out throw-away mailboxes")


def _judge_free_mail(rulings: Rulings, policy: HygienePolicy) -> None:
    if policy.free_mail == "keep":
        return
    rows = rulings.at(free_mail.among(rulings.domains))
    if policy.free_mail == "flag":
        rulings.flag(rows.index, Flag.FREE_MAIL)
    else:
        rulings.reject(rows.index, Reason.FREE_MAIL, rows["domain"] + " gives addresses away")


def _judge_typos(rulings: Rulings, policy: HygienePolicy) -> Mapping[str, str]:
    """Suggest what was meant by domains that look mistyped; return those domains with the right ones."""
    if policy.typo == "keep":
        return {}
    mistyped = typos.suggestions(rulings.domains)
    rows = rulings.at(mistyped)
    rulings.suggest(rows["address"].str.rsplit("@", n=1).str[0] + "@" + rows["domain"].map(mistyped))
    if policy.typo == "flag":
        rulings.flag(rows.index, Flag.TYPO)
    return mistyped


def _reject_typos(rulings: Rulings, mistyped: Mapping[str, str]) -> None:
    domains = rulings.at(mistyped)["domain"]
    rulings.reject(domains.index, Reason.TYPO, domains + " looks like " + domains.map(mistyped))


def _reject_suppressed(rulings: Rulings, suppressed: SuppressionLookup) -> None:
    keys = rulings.open["key"]
    found = suppressed(keys.to_list())
    for reason, detail in SUPPRESSION_DETAILS.items():
        hits = keys[keys.isin([key for key, value in found.items() if value == reason])]
        rulings.reject(hits.index, reason, detail)
    if strange := set(found.values()) - set(SUPPRESSION_DETAILS):
        raise BalanceError(f"the suppression list gives reasons that no rule knows: {sorted(strange)}.")


def _reject_unconfirmed(
    rulings: Rulings, table: SourceTable, column: str, confirmed: ConfirmedLookup
) -> None:
    keys = rulings.open["key"]
    if column:
        says_no = ~_cells(table, column)[keys.index].map(consent.is_confirmed).astype(bool)
        rulings.reject(keys.index[says_no], Reason.UNCONFIRMED, f"the column {column!r} does not say yes")
    else:
        missing = ~keys.isin(list(confirmed(keys.to_list())))
        rulings.reject(keys.index[missing], Reason.UNCONFIRMED, "has not confirmed the sign-up")


def _reject_inactive(rulings: Rulings, table: SourceTable, column: str, after_days: int, today: date) -> None:
    cells = _cells(table, column)[rulings.open.index]
    verdicts = engagement.judge(cells.to_list(), after_days=after_days, today=today, column=column)
    found = pd.Series(verdicts, index=cells.index, dtype="str")
    rulings.flag(found.index[found == Engagement.UNKNOWN], Flag.ENGAGEMENT_UNKNOWN)
    inactive = cells[found == Engagement.INACTIVE]
    rulings.reject(inactive.index, Reason.INACTIVE, "last engaged " + inactive.str.strip().str.slice(0, 10))


def _reject_silent(rulings: Rulings, last_engaged: LastEngagedLookup, after_days: int, today: date) -> None:
    keys = rulings.open["key"]
    found = last_engaged(keys.to_list())
    times = [found.get(key) for key in keys]
    verdicts = engagement.judge_times(times, after_days=after_days, today=today)
    judged = pd.Series(verdicts, index=keys.index, dtype="str")
    rulings.flag(judged.index[judged == Engagement.UNKNOWN], Flag.ENGAGEMENT_UNKNOWN)
    silent = keys[judged == Engagement.INACTIVE]
    since = silent.map(lambda key: engagement.day_at(found[key]).isoformat()).astype("str")
    rulings.reject(silent.index, Reason.INACTIVE, "no open or click since " + since)


def _reject_without_mail(rulings: Rulings, resolver: MxLookup, report: Progress) -> tuple[str, ...]:
    """Drop what certainly takes no mail, flag what is doubtful; return the warnings."""
    domains = rulings.domains
    report("mx", 0, len(domains))
    verdicts = resolver(domains)
    report("mx", len(domains), len(domains))
    # Where most of the DNS is silent, its few negative answers are not to be believed either.
    distrusted = mx.mostly_unknown(verdicts)
    rows = rulings.open["domain"]
    for verdict in set(verdicts.values()):
        hits = rows[rows.isin([domain for domain in domains if verdicts[domain] == verdict])]
        if verdict.status is Status.NO_MX and not distrusted:
            rulings.reject(hits.index, Reason.NO_MX, verdict.detail)
        elif verdict.status is Status.NO_MX:
            rulings.flag(hits.index, Flag.MX_UNKNOWN)
        elif verdict.flag:
            rulings.flag(hits.index, verdict.flag)
    warning = mx.warning(verdicts)
    return (warning,) if warning else ()


def _cells(table: SourceTable, name: str) -> pd.Series:
    return pd.Series(table.table.column(name).to_pylist(), index=table.rows, dtype="str")


def _result(
    table: SourceTable,
    rulings: Rulings,
    mistyped: Mapping[str, str],
    warnings: tuple[str, ...],
    started: float,
) -> CleanResult:
    frame = rulings.frame
    taken = frame["reason"] != ""
    kept = rulings.open[list(OWN_COLUMNS)]
    cells = table.table.to_pandas()
    cells.index = pd.Index(table.rows, dtype="int64", name="row")
    renamed = columns.renamed(list(cells.columns), OWN_COLUMNS)
    accepted = pd.concat([cells.loc[kept.index].rename(columns=renamed), kept], axis="columns")
    rejected = frame.loc[taken, ["cell", "reason", "detail", "suggestion"]].rename(
        columns={"cell": "address"}
    )
    reasons = rejected["reason"].value_counts()
    domains = frame["domain"].where(frame["domain"] != "", NO_DOMAIN)
    counts = pd.crosstab(domains, taken).reindex(columns=[False, True], fill_value=0)
    counts = counts.loc[counts.sum(axis="columns").sort_values(ascending=False, kind="stable").index]
    summary = Summary(
        source=table.source,
        fingerprint=table.fingerprint,
        rows=table.row_count,
        accepted=len(accepted),
        rejected=len(rejected),
        by_reason={reason.value: int(reasons.get(reason.value, 0)) for reason in Reason},
        by_domain={
            str(domain): DomainCounts(int(kept_rows), int(lost))
            for domain, kept_rows, lost in counts.itertuples()
        },
        seconds=round(perf_counter() - started, 3),
        flags=rulings.flag_counts(),
        warnings=warnings,
        renamed=renamed,
        address_column=table.address_column,
        mistyped=mistyped,
    )
    return CleanResult(accepted, rejected, summary)
