"""The rules between syntax and mail servers, each for some rows of a list at once, in their order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lists import disposable, engagement, free_mail, placeholders, roles, typos
from lists.duplicates import DateCells, Duplicates, by_cell
from lists.engagement import Engagement
from lists.errors import BalanceError
from lists.key_hashes import Words
from lists.policy import HygienePolicy
from lists.reasons import Flag, Reason
from lists.rulings import Rulings
from lists.suppression import LastEngagedLookup, SuppressionLookup
from lists.text_columns import Mask, Places, mask_of, texts

StayingRows = Callable[[Words, Places], Places]
"""Hashes of keys and their row numbers in; for each the row of its key that stays out."""

# A key that is long enough to be a role name with a slip in it, which has neither digits nor separators.
_ONE_WORD = rf"^[a-z]{{{roles.LEAST_LETTERS_OF_SLIPS - 1},20}}[+@]"

SUPPRESSION_DETAILS = {
    Reason.HARD_BOUNCE: "an earlier mail bounced hard",
    Reason.COMPLAINT: "complained about an earlier mail",
    Reason.UNSUBSCRIBED: "has unsubscribed",
    Reason.SUPPRESSED: "is on the suppression list",
    # Nothing but the question goes to them, whether or not the list wants consent.
    Reason.UNCONFIRMED: "has not confirmed the sign-up",
    Reason.INACTIVE: "was moved out as inactive",
}


def reject_duplicates(rulings: Rulings, staying_rows: StayingRows) -> None:
    """Reject every row for whose key another well-formed row stays, whatever became of that one."""
    well_formed = rulings.checked.well_formed
    numbers = rulings.rows.numbers[well_formed]
    stays = staying_rows(rulings.hashes, numbers)
    repeats = stays != numbers
    where = np.zeros(len(well_formed), dtype=np.bool_)
    where[np.flatnonzero(well_formed)[repeats]] = True
    rulings.reject(where, Reason.DUPLICATE, [f"repeats row {row}" for row in stays[repeats].tolist()])


def judge_roles(rulings: Rulings, policy: HygienePolicy) -> None:
    """Reject or flag the mailboxes of a job."""
    if policy.role_alias == "keep":
        return
    known = roles.role_names(policy.role_names_file)
    keys = rulings.open_keys()
    where = _role_candidates(keys, known)
    names = [known.role_of(key) for key in keys.filter(pa.array(where)).to_pylist()]
    where[where] = [bool(name) for name in names]
    names = [name for name in names if name]
    dropped = where.copy()
    dropped[where] = _are_jobs(names, keys.filter(pa.array(where)), known, policy)
    details = [
        f"{name}@ is a job, not a person"
        for name, gone in zip(names, dropped[where].tolist(), strict=True)
        if gone
    ]
    rulings.flag(rulings.among_open(where & ~dropped), Flag.ROLE_ALIAS)
    rulings.reject(rulings.among_open(dropped), Reason.ROLE_ALIAS, details)


def judge_disposable(rulings: Rulings, policy: HygienePolicy) -> None:
    """Reject or flag the addresses at providers of throw-away mailboxes."""
    if policy.disposable == "keep":
        return
    where, domains = rulings.at(disposable.among(rulings.domains, policy.disposable_domains_file))
    if policy.disposable == "flag":
        rulings.flag(where, Flag.DISPOSABLE)
    else:
        details = [f"{domain} gives out throw-away mailboxes" for domain in domains]
        rulings.reject(where, Reason.DISPOSABLE, details)


def judge_free_mail(rulings: Rulings, policy: HygienePolicy) -> None:
    """Reject or flag the addresses that anybody can have for nothing."""
    if policy.free_mail == "keep":
        return
    where, domains = rulings.at(free_mail.among(rulings.domains))
    if policy.free_mail == "flag":
        rulings.flag(where, Flag.FREE_MAIL)
    else:
        rulings.reject(where, Reason.FREE_MAIL, [f"{domain} gives addresses away" for domain in domains])


def flag_placeholders(rulings: Rulings) -> None:
    """Flag what people type to get past a form."""
    keys = rulings.open_keys()
    where = mask_of(pc.match_substring_regex(keys, placeholders.pattern()))
    where[where] = [placeholders.is_placeholder(key) for key in keys.filter(pa.array(where)).to_pylist()]
    rulings.flag(rulings.among_open(where), Flag.PLACEHOLDER)


@dataclass(slots=True)
class TypoRule:
    """The rule of mistyped providers. `mistyped` are the domains so far, each with the one that was meant."""

    policy: HygienePolicy
    mistyped: dict[str, str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def suggest(self, rulings: Rulings) -> None:
        """Suggest the right address early, so that rows which are rejected later keep the suggestion."""
        if self.policy.typo == "keep":
            return
        new = [domain for domain in rulings.domains if domain not in self._asked]
        self._asked.update(new)
        self.mistyped.update(typos.suggestions(new))
        where, domains = rulings.at(self.mistyped)
        addresses = rulings.checked.address.filter(pa.array(where)).to_pylist()
        rulings.suggest(where, [meant(*pair, self.mistyped) for pair in zip(addresses, domains, strict=True)])
        if self.policy.typo == "flag":
            rulings.flag(where, Flag.TYPO)

    def reject(self, rulings: Rulings) -> None:
        """Reject them where the list asks for it."""
        if self.policy.typo == "drop":
            where, domains = rulings.at(self.mistyped)
            details = [f"{domain} looks like {self.mistyped[domain]}" for domain in domains]
            rulings.reject(where, Reason.TYPO, details)


def meant(address: str, domain: str, mistyped: Mapping[str, str]) -> str:
    """Return the address with the provider that was probably meant, or "" where none was."""
    provider = mistyped.get(domain)
    return f"{address.rpartition('@')[0]}@{provider}" if provider else ""


def reject_suppressed(rulings: Rulings, suppressed: SuppressionLookup) -> None:
    """Reject the addresses that the ledger says must not be written to."""
    keys = rulings.open_keys()
    found = suppressed(keys.to_pylist())
    if not found:
        return
    if strange := set(found.values()) - set(SUPPRESSION_DETAILS):
        raise BalanceError(f"the suppression list gives reasons that no rule knows: {sorted(strange)}.")
    for reason, detail in SUPPRESSION_DETAILS.items():
        wanted = texts([key for key, value in found.items() if value == reason])
        # The open rows are fewer after each reason, the keys are those of before.
        if len(wanted):
            rulings.reject(_with_key(rulings, wanted), reason, detail)


@dataclass(slots=True)
class InactiveRule:
    """The rule of the last-engaged column; it judges the column as a whole too, at the end.

    The newest day that any row of an address has is the one that counts.
    """

    column: str
    after_days: int
    today: date
    duplicates: Duplicates | None = None
    cells: DateCells = field(default_factory=DateCells)

    def judge(self, rulings: Rulings) -> None:
        """Reject the inactive among the open rows, and flag those of whom nothing can be told."""
        cells = rulings.open_cells(self.column)
        for each in pc.value_counts(cells).to_pylist():
            self.cells.count(each["values"], each["counts"])
        days = by_cell(cells, lambda cell: engagement.day_of(cell, self.today), np.int32)
        if self.duplicates is not None:
            days = self.duplicates.engaged(rulings.open_numbers(), days)
        oldest = self.today - timedelta(days=self.after_days)
        unknown = days == engagement.NEVER
        inactive = (days < oldest.toordinal()) & ~unknown
        rulings.flag(rulings.among_open(unknown), Flag.ENGAGEMENT_UNKNOWN)
        details = [f"last engaged {date.fromordinal(day)}" for day in days[inactive].tolist()]
        rulings.reject(rulings.among_open(inactive), Reason.INACTIVE, details)

    def finish(self) -> None:
        """Raise ListError where most of the cells that are not blank hold no date."""
        cells = self.cells
        engagement.refuse_unreadable(cells.unreadable, cells.filled, cells.example, self.column)


def reject_silent(rulings: Rulings, last_engaged: LastEngagedLookup, after_days: int, today: date) -> None:
    """Reject those of whom the ledger has heard nothing for so long; flag those it knows nothing of."""
    keys = rulings.open_keys().to_pylist()
    found = last_engaged(keys)
    times = [found.get(key) for key in keys]
    verdicts = np.array(engagement.judge_times(times, after_days=after_days, today=today), dtype=object)
    silent = np.asarray(verdicts == Engagement.INACTIVE, dtype=np.bool_)
    unknown = np.asarray(verdicts == Engagement.UNKNOWN, dtype=np.bool_)
    since = [
        f"no open or click since {engagement.day_at(at)}"
        for at, gone in zip(times, silent.tolist(), strict=True)
        if gone and at is not None
    ]
    rulings.flag(rulings.among_open(unknown), Flag.ENGAGEMENT_UNKNOWN)
    rulings.reject(rulings.among_open(silent), Reason.INACTIVE, since)


def _with_key(rulings: Rulings, wanted: pa.Array) -> Mask:
    return rulings.among_open(mask_of(pc.is_in(rulings.open_keys(), wanted)))


def _role_candidates(keys: pa.Array, known: roles.RoleNames) -> Mask:
    """Return the keys that `role_of` may name a role of, and few others."""
    named = mask_of(pc.match_substring_regex(keys, known.pattern))
    one_word = mask_of(pc.match_substring_regex(keys, _ONE_WORD))
    words = pc.struct_field(pc.extract_regex(keys.filter(pa.array(one_word)), "^(?P<word>[^@+]*)"), "word")
    one_word[one_word] = mask_of(pc.is_in(words, _slips(known)))
    return named | one_word


def _are_jobs(names: list[str], keys: pa.Array, known: roles.RoleNames, policy: HygienePolicy) -> list[bool]:
    """Tell which of the names are to be dropped: not those that people at free-mail providers go by."""
    domains = [key.rpartition("@")[2] for key in keys.to_pylist()]
    free = free_mail.among(domains)
    return [
        policy.role_alias == "drop" and not (domain in free and known.is_doubtful(name))
        for name, domain in zip(names, domains, strict=True)
    ]


@cache
def _slips(known: roles.RoleNames) -> pa.Array:
    return texts(sorted(known.slips))
