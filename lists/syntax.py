"""The first rule for a whole column: which cells are addresses, and in what normalised form.

The verdicts are those of `addresses.parse`. Nearly all are decided by `syntax_rules` for all rows at once;
what that leaves, one row in a hundred, is asked of the library (`syntax_asked`).
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from lists import syntax_rules
from lists.addresses import Address, Malformed, judge
from lists.repair import candidates, unwrapped
from lists.syntax_asked import explained, judged
from lists.text_columns import Mask, Places, around_at, bytes_of, filled, mask_of, replaced, stripped, texts

# Only text with one of these can be meant as an address; a percent sign may stand for any letter (RFC 6068).
_AT_LIKE = r"[@%]|[(\[][aA][tT][)\]]"
_WRAPPING = r"[<%]|[mM][aA][iI][lL][tT][oO]:"


@dataclass(frozen=True, slots=True)
class Checked:
    """A column under the rule of syntax; every part has one entry a row.

    cells:          the text as given, trimmed.
    well_formed:    where it is an address; the columns `address`, `key` and `domain` are "" elsewhere.
    detail:         what is wrong with a malformed one, "" for the others.
    suggestion:     the address that was probably meant, or "".
    smtputf8, one_letter_tld, repaired: the rows that bear these flags.
    """

    cells: pa.Array
    well_formed: Mask
    address: pa.Array
    key: pa.Array
    domain: pa.Array
    detail: pa.Array
    suggestion: pa.Array
    smtputf8: Mask
    one_letter_tld: Mask
    repaired: Mask


def check(cells: pa.Array, *, repair: bool = False) -> Checked:
    """Judge every cell; with `repair`, wrapped addresses are taken apart and marked as such."""
    checked = verdicts(stripped(cells))
    if repair:
        checked = _repaired(checked)
    return replace(checked, suggestion=_suggestions(checked))


def verdicts(cells: pa.Array) -> Checked:
    """Judge trimmed cells, without suggestions or repairs."""
    lower = pc.ascii_lower(cells)
    plain = syntax_rules.accepted(lower)
    rest = ~plain
    found: list[Address | Malformed] = []
    given, keys = cells, lower
    if some_left := bool(rest.any()):
        left = cells.filter(pa.array(rest))
        found = [
            explained(fault, cell) if fault else judged(cell)
            for cell, fault in zip(left.to_pylist(), syntax_rules.faults(left), strict=True)
        ]
        chosen = pa.array(plain)
        given, keys = cells.filter(chosen), lower.filter(chosen)
    domains = around_at(keys)[1]
    nowhere = np.zeros(len(cells), dtype=np.bool_)
    empty = filled(len(cells))
    checked = Checked(
        cells=cells,
        well_formed=plain,
        address=_normalised(given, keys),
        key=keys,
        domain=domains,
        detail=empty,
        suggestion=empty,
        smtputf8=nowhere,
        one_letter_tld=_one_letter_tld(keys),
        repaired=nowhere,
    )
    return _interleaved(checked, rest, found) if some_left else checked


def _normalised(given: pa.Array, keys: pa.Array) -> pa.Array:
    """Return plain ASCII addresses with lower-case domains; the key is the address in lower case."""
    changed = mask_of(pc.not_equal(given, keys))
    if not changed.any():
        return given
    chosen = pa.array(changed)
    local_parts, _ = around_at(given.filter(chosen))
    lower_parts, domains = around_at(keys.filter(chosen))
    # RFC 2142 names are the same mailbox in any case; the library lowers them.
    in_any_case = pc.is_in(lower_parts, texts(CASE_INSENSITIVE_MAILBOX_NAMES))
    local_parts = pc.if_else(in_any_case, lower_parts, local_parts)
    return replaced(given, changed, pc.binary_join_element_wise(local_parts, domains, "@"))


def _interleaved(plain: Checked, rest: Mask, found: list[Address | Malformed]) -> Checked:
    """Put the verdicts on the rows of `rest` between those on the others."""
    good = [verdict if isinstance(verdict, Address) else None for verdict in found]
    order = np.empty(len(rest), dtype=np.int64)
    order[~rest] = np.arange(len(rest) - len(found))
    order[rest] = np.arange(len(rest) - len(found), len(rest))
    places = pa.array(order)

    def merged(column: pa.Array, values: list[str]) -> pa.Array:
        return pa.concat_arrays([column, texts(values)]).take(places)

    one_letter_tld = np.zeros(len(rest), dtype=np.bool_)
    one_letter_tld[~rest] = plain.one_letter_tld
    checked = replace(
        plain,
        address=merged(plain.address, [one.address if one else "" for one in good]),
        key=merged(plain.key, [one.key if one else "" for one in good]),
        domain=merged(plain.domain, [one.domain if one else "" for one in good]),
        detail=replaced(plain.detail, rest, texts([_detail(verdict) for verdict in found])),
        one_letter_tld=one_letter_tld,
    )
    return _flagged(checked, rest, found)


def _flagged(
    checked: Checked, rows: Mask, found: list[Address | Malformed], repaired: bool = False
) -> Checked:
    flags = [verdict.flags if isinstance(verdict, Address) else () for verdict in found]
    well_formed, smtputf8 = checked.well_formed.copy(), checked.smtputf8.copy()
    one_letter_tld, marked = checked.one_letter_tld.copy(), checked.repaired.copy()
    well_formed[rows] = [isinstance(verdict, Address) for verdict in found]
    smtputf8[rows] = ["smtputf8" in names for names in flags]
    one_letter_tld[rows] = ["one_letter_tld" in names for names in flags]
    marked[rows] = repaired
    return replace(
        checked,
        well_formed=well_formed,
        smtputf8=smtputf8,
        one_letter_tld=one_letter_tld,
        repaired=marked,
    )


def _detail(verdict: Address | Malformed) -> str:
    return verdict.detail if isinstance(verdict, Malformed) else ""


def _one_letter_tld(keys: pa.Array) -> Mask:
    """Tell which addresses, none of them empty, have a full stop as their last letter but one."""
    letters, places = bytes_of(keys)
    hits: Mask = letters[places[1:] - 2] == ord(".")
    return hits


def _repaired(checked: Checked) -> Checked:
    rows, wrapped = [], []
    for row in _malformed_and_odd(checked, _WRAPPING):
        if inner := unwrapped(checked.cells[row].as_py()):
            rows.append(row)
            wrapped.append(inner)
    if not rows:
        return checked
    inside = verdicts(texts(wrapped))
    places = np.array(rows, dtype=np.int64)[inside.well_formed]
    mask = np.zeros(len(checked.cells), dtype=np.bool_)
    mask[places] = True
    found = [judge(text) for text, good in zip(wrapped, inside.well_formed, strict=True) if good]
    good = [verdict for verdict in found if isinstance(verdict, Address)]
    repaired = replace(
        checked,
        address=replaced(checked.address, mask, texts([one.address for one in good])),
        key=replaced(checked.key, mask, texts([one.key for one in good])),
        domain=replaced(checked.domain, mask, texts([one.domain for one in good])),
        detail=replaced(checked.detail, mask, filled(len(good))),
    )
    return _flagged(repaired, mask, found, repaired=True)


def _suggestions(checked: Checked) -> pa.Array:
    """Return for each malformed cell the first of its candidates that is an address."""
    rows = _malformed_and_odd(checked, _AT_LIKE)
    found = np.full(len(checked.cells), "", dtype=object)
    waiting = [
        (row, candidates(text))
        for row, text in zip(rows, checked.cells.take(pa.array(rows)).to_pylist(), strict=True)
    ]
    while waiting:
        tried = [(row, more, text) for row, more in waiting if (text := next(more, None)) is not None]
        inside = verdicts(texts([text for _, _, text in tried]))
        for (row, _, _), good, address in zip(
            tried, inside.well_formed, inside.address.to_pylist(), strict=True
        ):
            if good:
                found[row] = address
        waiting = [
            (row, more) for (row, more, _), good in zip(tried, inside.well_formed, strict=True) if not good
        ]
    return pa.array(found, pa.string())


def _malformed_and_odd(checked: Checked, pattern: str) -> Places:
    """Find malformed cells that match, or have characters outside ASCII, some of which show nothing."""
    places = np.flatnonzero(~checked.well_formed)
    cells = checked.cells.take(pa.array(places))
    odd = mask_of(pc.match_substring_regex(cells, pattern)) | ~mask_of(pc.string_is_ascii(cells))
    return places[odd]
