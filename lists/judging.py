"""The rules between syntax and mail servers, set up for one list and asked of its rows in their order."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from lists import batch_rules, columns, risk
from lists.batch_rules import InactiveRule, StayingRows, TypoRule
from lists.consent_rule import ConsentRule
from lists.duplicates import Duplicates
from lists.policy import HygienePolicy, ListSource
from lists.risk import RiskLookups
from lists.rulings import Rulings
from lists.sources import OpenList
from lists.suppression import ConfirmedLookup, LastEngagedLookup, SuppressionLookup, nobody_engaged


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of people from elsewhere, asked with the keys of many rows at a time.

    `risks` are looked up where they are wanted: they drop nobody.
    """

    suppressed: SuppressionLookup
    confirmed: ConfirmedLookup
    last_engaged: LastEngagedLookup = nobody_engaged
    risks: RiskLookups | None = None


class Judge:
    """Judges rows as they come, in the order of the list.

    `staying_rows` tells repeats by the hashes of the keys, and `duplicates` what all rows of an address say,
    where that was gathered. `mistyped` are the providers found to be mistyped so
    far, and `inactive` the rule of the last-engaged column, which has a verdict on the whole column too: call
    its `finish` after the last row.
    """

    def __init__(
        self,
        listed: OpenList,
        source: ListSource,
        policy: HygienePolicy,
        known: Known,
        staying_rows: StayingRows,
        today: date,
        duplicates: Duplicates | None = None,
    ) -> None:
        typos = TypoRule(policy)
        self.mistyped = typos.mistyped
        self.inactive = _inactive_rule(listed, source, today, duplicates)
        consent_column = _column(listed, source.consent_column, "list.consent_column")
        gathered = duplicates if source.needs_consent else None
        consent = ConsentRule(consent_column, known.confirmed, today, gathered)
        self._rules: list[Callable[[Rulings], None]] = [
            lambda rulings: batch_rules.reject_duplicates(rulings, staying_rows),
            lambda rulings: batch_rules.judge_roles(rulings, policy),
            lambda rulings: batch_rules.judge_disposable(rulings, policy),
            lambda rulings: batch_rules.judge_free_mail(rulings, policy),
            batch_rules.flag_placeholders,
            typos.suggest,
            lambda rulings: batch_rules.reject_suppressed(rulings, known.suppressed),
        ]
        if source.needs_consent:
            self._rules.append(consent.reject)
        days = source.inactive_after_days
        if self.inactive is not None:
            self._rules.append(self.inactive.judge)
        elif days is not None:
            self._rules.append(
                lambda rulings: batch_rules.reject_silent(rulings, known.last_engaged, days, today)
            )
        self._rules.append(typos.reject)
        risks = known.risks
        if risks is not None:
            asked = replace(consent, confirmed=risks.confirmed)
            self._rules.append(lambda rulings: risk.mark(rulings, risks.mailed, asked))

    def judge(self, rulings: Rulings) -> None:
        """Ask every rule of the rows that follow those of the last call."""
        for rule in self._rules:
            rule(rulings)


def _inactive_rule(
    listed: OpenList, source: ListSource, today: date, duplicates: Duplicates | None
) -> InactiveRule | None:
    if source.inactive_after_days is None or not source.last_engaged_column:
        return None
    column = _column(listed, source.last_engaged_column, "list.last_engaged_column")
    return InactiveRule(column, source.inactive_after_days, today, duplicates)


def _column(listed: OpenList, wanted: str, key: str) -> str:
    return columns.find(listed.names, wanted, listed.source, key) if wanted else ""
