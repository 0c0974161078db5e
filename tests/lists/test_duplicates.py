"""Rows of one address that say different things, against a plain model of what should come of them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lists
from lists import duplicates
from lists.cleaning import Cleaning, CleanResult
from lists.consent import Say, say
from lists.errors import ListError
from lists.policy import HygienePolicy, Keep, ListSource

TODAY = date(2026, 11, 22)
AFTER_DAYS = 365
ADDRESSES = ("a@x.example", "A@X.example", "b@x.example", "c@x.example", "broken", "")
CONSENT = ("yes", "no", "", "0", "2024-03-01", "2021-05-01 revoked", "0000-00-00", "pending", "maybe")
DAYS = ("2026-11-01", "2026-11-01 10:00:00", "2024-01-01", "", "1970-01-01", "2999-01-01", "soon")
Row = tuple[str, str, str, str]


def expected(rows: Sequence[Row], keep: str) -> dict[int, str]:
    """The fate of every row by its number: its reason and detail, or ""."""
    well_formed = {n: row for n, row in enumerate(rows, start=1) if "@" in row[0]}
    fates: dict[int, str] = {n: "malformed" for n in range(1, len(rows) + 1) if n not in well_formed}
    people: dict[str, list[int]] = {}
    for n, row in well_formed.items():
        people.setdefault(row[0].lower(), []).append(n)
    for numbers in people.values():
        stays = numbers[0]
        if keep == "last":
            stays = numbers[-1]
        if keep.startswith("newest"):
            stays = max(
                numbers, key=lambda n: (well_formed[n][3][:19] if is_past(well_formed[n][3]) else "", -n)
            )
        fates |= {n: f"duplicate repeats row {stays}" for n in numbers if n != stays}
        said = {n: say(well_formed[n][1], TODAY) for n in numbers}
        days = [well_formed[n][2][:10] for n in numbers if is_past(well_formed[n][2])]
        first_no = next((n for n in numbers if said[n] is Say.NO), 0)
        if first_no and first_no != stays:
            fates[stays] = f"unconfirmed row {first_no} says no in the column 'ok'"
        elif first_no or Say.YES not in said.values():
            fates[stays] = "unconfirmed the column 'ok' does not say yes"
        elif days and date.fromisoformat(max(days)) < TODAY - timedelta(days=AFTER_DAYS):
            fates[stays] = f"inactive last engaged {max(days)}"
        else:
            fates[stays] = ""
    return dict(sorted(fates.items()))


def is_past(cell: str) -> bool:
    return cell[:1] == "2" and cell < "2027"


def found(result: CleanResult) -> dict[int, str]:
    rejected = {
        row: "malformed" if reason == "malformed" else f"{reason} {detail}"
        for row, reason, detail in zip(
            result.rejected.index, result.rejected["reason"], result.rejected["detail"], strict=True
        )
    }
    return dict(sorted((rejected | dict.fromkeys(result.accepted.index, "")).items()))


ROWS = st.lists(
    st.tuples(*(st.sampled_from(cells) for cells in (ADDRESSES, CONSENT, DAYS[:-1], DAYS[:-1]))), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, keep=st.sampled_from(["first", "last", "newest:at"]))
def test_the_rows_of_an_address_come_to_what_they_say_together(rows: list[Row], keep: str) -> None:
    result = lists.clean(
        pd.DataFrame(rows, columns=["email", "ok", "seen", "at"]),
        keep=keep,
        source=ListSource(
            source="frame",
            consent="confirmed",
            consent_column="ok",
            last_engaged_column="seen",
            inactive_after_days=AFTER_DAYS,
        ),
        today=TODAY,
    )
    assert found(result) == expected(rows, keep)


def of_file(path: str, folder: Path, keep: str, threads: int, block_bytes: int) -> list[dict[str, object]]:
    cleaning = Cleaning(
        ListSource(
            source=path,
            consent="confirmed",
            consent_column="ok",
            last_engaged_column="seen",
            inactive_after_days=AFTER_DAYS,
        ),
        HygienePolicy(mx=False, keep=keep),
        suppressed=lambda keys: {},
        confirmed=lambda keys: set(),
        resolver=None,
        today=TODAY,
        threads=threads,
        block_bytes=block_bytes,
    )
    parts = list(cleaning.parts(folder))
    return [row for part in parts for table in (part.kept, part.dropped) for row in table.to_pylist()]


@pytest.mark.parametrize("keep", ["first", "last", "newest:at"])
def test_the_outcome_is_the_same_for_every_size_of_block_and_number_of_threads(
    make_list: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    lines = [
        f"p{n * n % 61}@x.example,{CONSENT[n % 9]},{DAYS[n % 6]},{DAYS[n * 5 % 6]}"
        + ",ragged" * (n % 37 == 0)
        for n in range(200)
    ]
    path = make_list("\n".join(["email,ok,seen,at", *lines, ""]))

    def by_row(threads: int, block_bytes: int) -> list[object]:
        rows = of_file(path, tmp_path, keep, threads, block_bytes)
        return sorted((str(row.get("\0row", row.get("row"))), str(row)) for row in rows)

    whole = by_row(1, 0)
    assert len(whole) == 200
    monkeypatch.setattr(duplicates, "_SETTLED_AT_ONCE", 23)
    for threads, block_bytes in ((1, 400), (3, 900)):
        assert by_row(threads, block_bytes) == whole


def test_an_explicit_no_is_asked_only_of_lists_that_want_consent(run: Callable[..., CleanResult]) -> None:
    text = "email,ok\na@x.example,yes\nA@x.example,no\n"
    assert found(run(text, consent="any", consent_column="ok"))[1] == ""
    assert found(run(text, consent="confirmed", confirmed=lambda keys: set(keys)))[1] == ""
    asked = run(text, consent="confirmed", consent_column="ok")
    assert found(asked)[1] == "unconfirmed row 2 says no in the column 'ok'"


def test_a_frame_keeps_the_row_that_is_newest() -> None:
    frame = pd.DataFrame(
        {
            "email": ["a@x.example", "A@x.example", "b@x.example"],
            "at": pd.to_datetime(["2026-01-01", "2026-02-01", None]),
            "name": ["Anna", "Ann", "Ben"],
        }
    )
    result = lists.clean(frame, keep="newest:at", today=TODAY)
    assert result.accepted["name"].to_dict() == {2: "Ann", 3: "Ben"}
    assert lists.clean(frame, policy=HygienePolicy(keep="last")).accepted.index.to_list() == [2, 3]
    with pytest.raises(ListError, match=r"keep='oldest' is none: write first, last or newest:COLUMN"):
        lists.clean(frame, keep="oldest")


@pytest.mark.parametrize("keep", ["", "newest", "newest:", "newest: ", "oldest", "first:at", "last:at"])
def test_which_row_stays_is_one_of_three(keep: str) -> None:
    with pytest.raises(ValueError, match="must be first, last or newest:COLUMN"):
        HygienePolicy(keep=keep)
    assert HygienePolicy(keep=" Newest: Last Changed ").kept_row == (Keep.NEWEST, "Last Changed")
    assert HygienePolicy().kept_row == (Keep.FIRST, "")


def test_a_column_that_orders_nothing_is_one_sentence(run: Callable[..., CleanResult]) -> None:
    text = "email,at\na@x.example,soon\nA@x.example,later\n"
    with pytest.raises(ListError, match=r"'at' \(--keep, hygiene.keep\) holds 'soon', which is no date"):
        run(text, keep="newest:at")
    with pytest.raises(ListError, match=r"no column 'on' \(hygiene.keep\)"):
        run(text, keep="newest:on")


def test_a_list_that_changes_between_its_two_readings_is_refused(
    make_list: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_list("email,ok,seen,at\na@x.example,yes,,\n")
    settled = duplicates.Gathered.settled

    def change(gathered: duplicates.Gathered, keep: Keep) -> duplicates.Duplicates:
        make_list("email,ok,seen,at\na@x.example,no,,\n")
        return settled(gathered, keep)

    monkeypatch.setattr(duplicates.Gathered, "settled", change)
    with pytest.raises(ListError, match="changed while it was read"):
        of_file(path, tmp_path, "first", 1, 0)
