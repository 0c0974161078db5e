"""The row of a list that a test mail is rendered with, and whom it goes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc

from lists import addresses, sources
from lists.addresses import Address
from lists.policy import ListSource
from mail.errors import MailError

# More people than that are a list.
MOST_RECIPIENTS = 5


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A data row (1-based) with its cells by column, and the address that stands in it."""

    number: int
    cells: Mapping[str, str]
    address: str


def recipients(texts: Sequence[str]) -> tuple[Address, ...]:
    """Return those that a test goes to, each once. Raises MailError for what is none, and for too many."""
    found: dict[str, Address] = {}
    for place, text in enumerate(texts, start=1):
        parsed = addresses.parse(text)
        if not isinstance(parsed, Address):
            raise MailError(f"recipient {place} of the test is no address: {parsed.detail.rstrip('.')}.")
        if "smtputf8" in parsed.flags:
            raise MailError(
                f"recipient {place} of the test has letters beyond ASCII before the @-sign, which SES "
                "does not take; give another address."
            )
        found.setdefault(parsed.key, parsed)
    if not found:
        raise MailError("a test mail needs a recipient: give your own address with --to.")
    if len(found) > MOST_RECIPIENTS:
        raise MailError(
            f"a test mail goes to {MOST_RECIPIENTS} recipients at the most, and these are {len(found)}: "
            "a longer list is a campaign."
        )
    return tuple(found.values())


def by_number(source: ListSource, number: int) -> TrialRow:
    """Return a row by its number. Raises MailError where the list has no such row, and ListError."""
    listed = sources.survey(source, number)
    if not 1 <= number <= listed.row_count:
        raise MailError(f"{source.source} has no row {number}; give one from 1 to {listed.row_count}.")
    if listed.row is None:
        raise MailError(f"{source.source}, row {number} has too few or too many cells; give another row.")
    return _row(number, listed.row, listed.address.name)


def by_address(source: ListSource, address: str) -> TrialRow:
    """Return the first row of a person, however the address is spelled there.

    Raises MailError where the list has no such row, and ListError.
    """
    wanted = addresses.parse(address)
    if not isinstance(wanted, Address):
        raise MailError(f"the address of the row is none: {wanted.detail.rstrip('.')}; look into the list.")
    found: TrialRow | None = None
    with sources.opened(source) as listed:
        # To the end, so that a list which breaks off is not taken for a good one.
        for part in listed.rows():
            if found is not None:
                continue
            column = part.table.column(listed.address.name)
            # Parsing each address of a long list takes minutes: only what holds the same letters is parsed.
            near = pc.match_substring(pc.utf8_lower(column), wanted.key.partition("@")[0])
            for place in pc.indices_nonzero(near).to_pylist():
                cells = part.table.slice(place, 1).to_pylist()[0]
                each = addresses.parse(cells[listed.address.name])
                if isinstance(each, Address) and each.key == wanted.key:
                    found = _row(int(part.numbers[place]), cells, listed.address.name)
                    break
    if found is None:
        raise MailError(f"{source.source} has no row with that address; give one that it has, or --row.")
    return found


def _row(number: int, cells: Mapping[str, str], column: str) -> TrialRow:
    text = cells[column].strip()
    parsed = addresses.parse(text)
    return TrialRow(number, cells, parsed.address if isinstance(parsed, Address) else text)
