"""Which column holds the addresses: told, named so and holding some, or found by its content.

A name alone is no proof: `Address` may be a street, `Mail` a yes or no, `email` a number in a CRM.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from lists import columns
from lists.address_shares import AddressShares
from lists.errors import ListError

# What exports call the column of addresses, spelt without case, blanks and marks.
ADDRESS_NAMES = frozenset(
    {"email", "emailaddress", "emailaddr", "mail", "mailaddress", "address", "adresse", "emailadresse"}
    | {"courriel", "correo", "correoelectronico", "emails", "subscriberemail", "recipient", "contactemail"}
)
# The word for mail in the names of the languages that exports come in, letters without accents.
_MAIL_WORD = re.compile(
    r"mail|courriel|correo|e-?post|posta elettronica|почт|メール|邮箱|邮件|電子郵件|이메일"
)

# Where no name tells, a column with this share of addresses among its filled cells holds them.
SURE_SHARE = 0.5
# Below this share a column does not hold what its name says.
HELD_SHARE = 0.05
ROWS_LOOKED_AT = 1_000
# A list may be sorted so that people without an address come first: the doubtful get a longer look.
ROWS_LOOKED_AT_IN_DOUBT = 20_000

FirstRows = Callable[[int], pa.Table | None]
"""How many rows in; a table of that many first ones or more out, None where the list has no rows."""


@dataclass(frozen=True, slots=True)
class AddressColumn:
    """Which column holds the addresses.

    share:       of its filled cells that are addresses, where the content told; 0 where the name did.
    passed_over: the columns that are named like addresses and hold none.
    empty:       whether the name told and hardly any of the first cells is an address.
    rivals:      other columns in which most cells are addresses, where in the named one most are none.
    """

    name: str
    share: float = 0.0
    passed_over: tuple[str, ...] = ()
    empty: bool = False
    rivals: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Say what was found by content, for a person to object; "" where the name told."""
        if self.empty:
            return f"Hardly any of the first cells of the column {self.name!r} is an e-mail address."
        if self.rivals:
            return (
                f"Most of the first cells of the column {self.name!r} are no e-mail addresses; "
                f"in {columns.quoted(self.rivals)} most are: "
                "say --address-column (list.address_column) if that is meant."
            )
        if not self.share:
            return ""
        others = ""
        if self.passed_over:
            holds = "holds" if len(self.passed_over) == 1 else "hold"
            others = f"; {columns.quoted(self.passed_over)} {holds} hardly any"
        return (
            f"The addresses are taken from the column {self.name!r}, by its content: "
            f"{self.share:.0%} of its first cells are e-mail addresses{others}."
        )


def says_mail(name: str) -> bool:
    """Tell whether a column's name has the word for mail in it."""
    letters = unicodedata.normalize("NFKD", name).lower()
    return bool(_MAIL_WORD.search("".join(sign for sign in letters if not unicodedata.combining(sign))))


def is_telling(name: str) -> bool:
    """Tell whether this is what exports call the column of addresses."""
    return re.sub(r"[\W_]+", "", name).lower() in ADDRESS_NAMES


def choose(names: Sequence[str], wanted: str, first_rows: FirstRows, source: str) -> AddressColumn:
    """Return the column of addresses: `wanted`, the one whose name tells, or the one whose content does.

    Raises ListError, naming the columns that could be meant, where that is not certain.
    """
    if wanted:
        return AddressColumn(columns.find(names, wanted, source, "address_column"))
    telling = [name for name in names if is_telling(name)]
    # A postal address often stands beside the e-mail address; "mail" in a name settles which is meant.
    named = [name for name in telling if "mail" in name.lower()] or telling
    table = first_rows(ROWS_LOOKED_AT)
    if table is None or not table.num_rows:
        return _by_name(names, named, source)
    shares = AddressShares(table.slice(0, ROWS_LOOKED_AT))
    chosen = _certain(shares, named) if named else _by_content(shares, names, named, source)
    if isinstance(chosen, AddressColumn):
        return chosen
    shares = AddressShares((first_rows(ROWS_LOOKED_AT_IN_DOUBT) or table).slice(0, ROWS_LOOKED_AT_IN_DOUBT))
    chosen = _certain(shares, named) or _by_content(shares, names, named, source)
    if isinstance(chosen, ListError):
        raise chosen
    return chosen


def _by_name(names: Sequence[str], named: list[str], source: str) -> AddressColumn:
    if len(named) == 1:
        return AddressColumn(named[0])
    raise _several(named, source) if named else _none(names, source)


def _certain(shares: AddressShares, named: list[str]) -> AddressColumn | None:
    """Return the named column that holds addresses, where that is the only one that could be meant."""
    holding = [name for name in named if shares.meant(name) >= HELD_SHARE]
    if len(holding) != 1:
        return None
    name = holding[0]
    if len(named) > 1:
        others = tuple(other for other in named if other != name)
        return AddressColumn(name, shares.held(name), others) if shares.held(name) else None
    if not says_mail(name) and shares.held(name) < SURE_SHARE:
        # A street or a name, with an address here and there.
        better = [other for other in _saying_mail(shares, named) if shares.held(other) >= SURE_SHARE]
        if len(better) == 1:
            return AddressColumn(better[0], shares.held(better[0]), (name,))
    return AddressColumn(name, rivals=_rivals(shares, name))


def _saying_mail(shares: AddressShares, named: Sequence[str]) -> list[str]:
    """Return the columns with mail in their name, without those of `named`."""
    return [name for name in shares.names if name not in named and says_mail(name)]


def _rivals(shares: AddressShares, name: str) -> tuple[str, ...]:
    """Return the other columns in which most cells are addresses, where in this one most are none."""
    if shares.held(name) >= SURE_SHARE:
        return ()
    return tuple(each for each in shares.names if each != name and shares.well_formed(each) >= SURE_SHARE)


def _by_content(
    shares: AddressShares, names: Sequence[str], named: list[str], source: str
) -> AddressColumn | ListError:
    """Choose among all columns, for no named one holds addresses, or several do."""
    if len([name for name in named if shares.meant(name) >= HELD_SHARE]) > 1:
        return _several(named, source)
    by_mail = [name for name in _saying_mail(shares, named) if shares.held(name) >= SURE_SHARE]
    sure = by_mail or [name for name in names if name not in named and shares.well_formed(name) >= SURE_SHARE]
    others = sure or [name for name in names if name not in named and shares.held(name) >= HELD_SHARE]
    if len(others) == 1:
        other = others[0]
        # Few cells in a column of another name, beside one that is named right: who they are is not certain.
        certain = bool(sure) and (not named or shares.of_all_rows(other) >= SURE_SHARE)
        if certain or says_mail(other):
            return AddressColumn(other, shares.held(other), tuple(named))
    if named and others:
        return _empty(named, others, source)
    if len(others) > 1:
        return _several(others, source)
    if len(named) > 1:
        return _several(named, source)
    if not named:
        return _none(names, source)
    # Nothing else could be meant; the rows of a column of mail say one by one what is wrong with them.
    return AddressColumn(named[0], empty=True) if says_mail(named[0]) else _empty(named, [], source)


def _option(name: str) -> str:
    return f'say which with --address-column "{name[:40]}" (list.address_column)'


def _several(names: Sequence[str], source: str) -> ListError:
    return ListError(
        f"{source} has several columns of addresses, {columns.quoted(names)}: {_option(names[0])}."
    )


def _empty(named: Sequence[str], others: Sequence[str], source: str) -> ListError:
    holds = "holds" if len(named) == 1 else "hold"
    found = f", but {columns.quoted(others)} may" if others else ""
    what = "column" if len(named) == 1 else "columns"
    return ListError(
        f"{source}: the {what} {columns.quoted(named)} {holds} hardly any e-mail addresses{found}: "
        f"{_option(others[0] if others else 'NAME')}."
    )


def _none(names: Sequence[str], source: str) -> ListError:
    hint = ""
    if len(names) == 1 and re.search(r"[^\w\s.-]", names[0]):
        hint = (
            " Columns are separated by a comma, semicolon, tab or vertical bar; "
            "say another with --delimiter (list.delimiter)."
        )
    return ListError(
        f"{source} has no column named like e-mail addresses, only {columns.quoted(names)}: "
        f"say which holds them with --address-column (list.address_column).{hint}"
    )
