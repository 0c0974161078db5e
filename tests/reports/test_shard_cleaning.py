"""A list cleaned by several workers comes out as it does on one machine, byte for byte."""

import csv
import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import clock, suppressions
from ledger.engine import Ledger, open_ledger
from ledger.suppressions import Suppression, SuppressionReason
from lists import parquet_groups, stream
from lists.dns_verdicts import DELIVERABLE, NULL_MX, unknown
from lists.errors import ListError
from lists.outputs import Writer
from lists.policy import HygienePolicy, ListSource
from lists.row_files import ROW_FILES
from lists.shards import dealt
from reports import list_cleaning, shard_cleaning
from reports.shard_cleaning import Stage

KINDS = (
    "anna.{n}@shop.example",
    "Anna.{m}@Shop.example",
    "anna.{m}@shop.example",
    "INFO@dept{m}.example",
    "b{n}@gone.example",
    "c{m}@asleep.example",
    "x{n}",
    "",
    "J\xfcrgen{m}@b\xfccher.example",
    "Anna <anna{n}@shop.example>",
    "d{n}@gmial.com",
    "dora{m}@gmail.com",
    "=e{m}@shop.example",
    "left.{m}@shop.example",
)
COUNTS = (1, 2, 7)
CELLS = ("a@x.example", "A@X.example", "b@x.example", "x", "c@y.example")
DAY = date(2026, 11, 22)


def resolver(ledger: Ledger, nameservers: str, report: object) -> object:
    answers = {"gone.example": NULL_MX, "gmial.com": NULL_MX, "asleep.example": unknown("time-out")}
    return lambda domains: {domain: answers.get(domain, DELIVERABLE) for domain in domains}


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(list_cleaning, "resolver", resolver)
    monkeypatch.setattr(shard_cleaning, "resolver", resolver)
    monkeypatch.setattr(stream, "perf_counter", lambda: 0.0)
    noon = datetime.combine(DAY, time(12), UTC).timestamp()
    monkeypatch.setattr(clock, "now", lambda connection: noon)
    monkeypatch.setattr(parquet_groups, "ROWS_A_GROUP", 64)
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        with opened.writing() as connection:
            entries = [
                Suppression(f"left.{number}@shop.example", SuppressionReason.UNSUBSCRIBE, "a test")
                for number in range(0, 97, 3)
            ]
            suppressions.add(connection, entries)
        yield opened


def rows(count: int) -> list[str]:
    """Rows of every kind, many of them repeats of rows far away."""
    chance = random.Random(20261126)
    found = []
    for n in range(count):
        email = chance.choice(KINDS).format(n=n, m=chance.randrange(97))
        note = '"two\nlines, =1+1"' if n % 11 == 0 else f"note {n}"
        found.append(f"{email},2026-{n % 12 + 1:02}-01,{note}" + (",ragged" if n % 53 == 0 else ""))
    return found


HEADER = "email,seen,note"
ONE = "email\na@shop.example\n"
POLICY = HygienePolicy(free_mail="flag")


def on_one_machine(
    ledger: Ledger, source: ListSource, folder: Path, policy: HygienePolicy = POLICY
) -> dict[str, bytes]:
    list_cleaning.clean(ledger, source, policy, "", folder, as_of=DAY)
    return files(folder)


def by_shards(
    ledger: Ledger,
    source: ListSource,
    folder: Path,
    shards: int,
    rows_a_piece: int = 17,
    between: Callable[[Stage], None] = lambda stage: None,
    policy: HygienePolicy = POLICY,
    at_least: int = 1,
) -> dict[str, bytes]:
    with Writer(folder) as writer:
        made = shard_cleaning.plan(
            source,
            policy,
            "",
            writer.work,
            shards=shards,
            as_of=DAY,
            rows_a_piece=rows_a_piece,
        )
        assert len(made.shards) >= at_least
        for stage in Stage:
            between(stage)
            if stage is Stage.WRITE:
                shard_cleaning.ask_mail_servers(ledger, writer.work, lambda *_: None)
            # Within a stage the order makes no difference, and doing a run twice does no harm.
            for number in [*reversed(range(stage.runs(made))), 0]:
                shard_cleaning.run(ledger, writer.work, stage, number, lambda *_: None)
        shard_cleaning.join(writer, lambda: 0.0, ledger)
    return files(folder)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_are_the_same_for_every_number_of_shards(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("\n".join([HEADER, *rows(250), "last,ragged", ""]))
    source = ListSource(source=str(path), last_engaged_column="seen", inactive_after_days=250)
    expected = on_one_machine(ledger, source, tmp_path / "one")
    reasons = {line.split(b",")[2] for line in expected["rejected.csv"].splitlines() if line[:1].isdigit()}
    assert len(reasons) == 6
    for shards in COUNTS:
        assert by_shards(ledger, source, tmp_path / str(shards), shards, at_least=shards) == expected


@pytest.mark.parametrize("keep", ["first", "last", "newest:at"])
def test_what_the_rows_of_an_address_say_together_is_the_same_in_shards(
    ledger: Ledger, tmp_path: Path, keep: str
) -> None:
    chance = random.Random(20261128)
    parts = tmp_path / "list"
    parts.mkdir()
    lines = [
        f"p{chance.randrange(40)}@shop.example,{chance.choice(('yes', 'yes', 'no', '', '2024-03-01'))},"
        f"{chance.choice(('2026-11-01', '2020-01-01', '', '0000-00-00'))},2026-0{chance.randrange(9) + 1}-01"
        for _ in range(120)
    ]
    header = "email,ok,seen,at"
    (parts / "whole.csv").write_text("\n".join([header, *lines, ""]))
    options = {"consent": "confirmed", "consent_column": "ok", "last_engaged_column": "seen"}
    source = ListSource(source=str(parts / "whole.csv"), inactive_after_days=365, **options)
    policy = HygienePolicy(keep=keep)
    expected = on_one_machine(ledger, source, tmp_path / "one", policy)
    rejected = expected["rejected.csv"]
    assert all(reason in rejected for reason in (b"duplicate", b"says no in the column", b"inactive"))
    for shards in (1, 4):
        found = by_shards(ledger, source, tmp_path / str(shards), shards, policy=policy, at_least=shards)
        assert found == expected
    for number in range(3):
        (parts / f"{number}.csv").write_text("\n".join([header, *lines[40 * number : 40 * number + 40], ""]))
    (parts / "whole.csv").unlink()
    source = source.model_copy(update={"source": str(parts)})
    found = by_shards(ledger, source, tmp_path / "many", 3, policy=policy, at_least=3)
    assert {name: found[name] for name in ROW_FILES} == {name: expected[name] for name in ROW_FILES}


def test_a_column_that_orders_nothing_is_counted_over_all_shards(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    lines = [f"a{n}@shop.example,{'soon' if n < 30 else '2026-01-01'}," for n in range(50)]
    path.write_text("\n".join([HEADER, *lines, ""]))
    policy = HygienePolicy(keep="newest:seen")
    with pytest.raises(ListError, match=r"'seen' \(--keep, hygiene.keep\) holds 'soon', which is no date"):
        by_shards(ledger, ListSource(source=str(path)), tmp_path / "out", 3, policy=policy)
    with pytest.raises(ListError, match=r"no column 'on' \(hygiene.keep\)"):
        by_shards(
            ledger,
            ListSource(source=str(path)),
            tmp_path / "out",
            3,
            policy=HygienePolicy(keep="newest:on"),
        )


def test_a_title_and_a_name_without_addresses_are_told_by_shards_too(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    lines = [f"High Street {n},a{n}@shop.example" for n in range(50)]
    path.write_text("\n".join(["All contacts", "", "Address,Primary Email", *lines, ""]))
    source = ListSource(source=str(path))
    expected = on_one_machine(ledger, source, tmp_path / "one")
    warnings = json.loads(expected["summary.json"])["warnings"]
    assert "taken from line 3" in warnings[1]
    assert "'Primary Email'" in warnings[2]
    assert b"Address_source" in expected["accepted.csv"]
    assert by_shards(ledger, source, tmp_path / "out", 3, at_least=3) == expected


def test_a_list_in_many_files_comes_out_as_those_files_in_one(ledger: Ledger, tmp_path: Path) -> None:
    parts = tmp_path / "list"
    parts.mkdir()
    lines, cuts = rows(400), [0, 1, 130, 130, 260, 400]
    for number, (start, end) in enumerate(pairwise(cuts)):
        text = "\n".join([HEADER, *lines[start:end], ""]).encode()
        packed = number % 2 == 1
        path = parts / f"part-{number}.csv{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(text) if packed else text)
    (parts / "_SUCCESS").touch()
    whole = tmp_path / "list.csv"
    whole.write_text("\n".join([HEADER, *lines, ""]))
    expected = on_one_machine(ledger, ListSource(source=str(whole)), tmp_path / "one")
    for shards, source in ((1, parts), (3, parts), (9, f"{parts}/part-*")):
        found = by_shards(ledger, ListSource(source=str(source)), tmp_path / "many", shards)
        # The others name the source.
        assert {name: found[name] for name in ROW_FILES} == {name: expected[name] for name in ROW_FILES}


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}") as opened:
        yield opened


@settings(max_examples=15, deadline=None)
@given(
    cells=st.lists(st.sampled_from(CELLS), min_size=1),
    shards=st.integers(1, 6),
    rows_a_piece=st.integers(1, 5),
)
def test_the_first_of_equal_addresses_stays_wherever_the_list_is_cut(
    cells: Sequence[str],
    shards: int,
    rows_a_piece: int,
    empty_ledger: Ledger,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    (folder / "list.csv").write_text("email,n\n" + "".join(f"{cell},\n" for cell in cells))
    expected: list[tuple[int, str]] = []
    first: dict[str, int] = {}
    for row, cell in enumerate(cells, start=1):
        if "@" not in cell:
            expected.append((row, "An email address must have an @-sign."))
        elif (earlier := first.setdefault(cell.lower(), row)) != row:
            expected.append((row, f"repeats row {earlier}"))
    source = ListSource(source=str(folder / "list.csv"))
    policy = HygienePolicy(mx=False)
    at_least = min(shards, 2) if len(cells) > rows_a_piece else 1
    done = by_shards(
        empty_ledger, source, folder / "out", shards, rows_a_piece, policy=policy, at_least=at_least
    )
    rejected = csv.DictReader(done["rejected.csv"].decode("utf-8-sig").splitlines())
    assert [(int(row["row"]), row["detail"]) for row in rejected] == expected
    summary = json.loads(done["summary.json"])
    assert summary["rows"] == len(cells) == summary["accepted"] + summary["rejected"]


def test_dates_that_are_none_are_counted_over_all_shards(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    good, bad = (
        [f"a{n}@shop.example,2026-11-01" for n in range(60)],
        [f"b{n}@x.example,soon" for n in range(50)],
    )
    source = ListSource(source=str(path), last_engaged_column="seen", inactive_after_days=200)
    path.write_text("\n".join(["email,seen", *bad, *good, ""]))
    assert by_shards(ledger, source, tmp_path / "out", 5, at_least=5)
    path.write_text("\n".join(["email,seen", *good[:40], *bad, ""]))
    with pytest.raises(ListError, match="'soon', which is no date"):
        by_shards(ledger, source, tmp_path / "out", 5)


def test_a_file_that_changes_between_two_passes_is_an_error_and_leaves_what_was_there(
    ledger: Ledger, tmp_path: Path
) -> None:
    parts = tmp_path / "list"
    parts.mkdir()
    for name in "ab":
        (parts / f"{name}.csv").write_text(f"email,seen\n{name}@shop.example,\n")
    source = ListSource(source=str(parts))
    before = by_shards(ledger, source, tmp_path / "out", 2)

    def change(stage: Stage) -> None:
        if stage is Stage.JUDGE:
            (parts / "b.csv").write_text("email,seen\nb@shop.example,\nc@shop.example,\n")

    with pytest.raises(ListError, match="changed while it was read"):
        by_shards(ledger, source, tmp_path / "out", 2, between=change)
    assert files(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"a.csv": ONE, "b.csv": "email,x\nb@shop.example,\n"}, r"b\.csv has other columns"),
        ({"a.csv": "email\n", "b.csv": "email\n"}, "has a header but no rows"),
        ({"a.csv": ONE, "b.csv": ""}, r"b\.csv is empty"),
        ({}, "holds no file"),
        (
            {"a.csv": ONE, "b.csv": 'email\n"x\nb@shop.example\nc@shop.example\n'},
            r"b\.csv, row 1: .* never closed",
        ),
    ],
)
def test_files_that_are_no_list_together_are_one_sentence(
    ledger: Ledger, tmp_path: Path, texts: dict[str, str], message: str
) -> None:
    parts = tmp_path / "list"
    parts.mkdir()
    for name, text in texts.items():
        (parts / name).write_text(text)
    with pytest.raises(ListError, match=message):
        by_shards(ledger, ListSource(source=str(parts)), tmp_path / "out", 2)
    assert not (tmp_path / "out").exists()


def test_a_worker_that_comes_too_late_is_told_so(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="is gone: its cleaning ended"):
        shard_cleaning.run(ledger, tmp_path, Stage.KEYS, 0, lambda *_: None)


@pytest.mark.parametrize(
    ("weights", "shards", "expected"),
    [
        ([5], 3, [[0]]),
        ([1, 1, 1, 1], 2, [[0, 1], [2, 3]]),
        ([1, 1, 1], 2, [[0], [1, 2]]),
        ([100, 1, 1], 3, [[0], [1, 2]]),
        ([0, 0], 4, [[0, 1]]),
        ([1, 1, 100], 2, [[0, 1], [2]]),
    ],
)
def test_pieces_are_dealt_in_order_and_no_shard_is_empty(
    weights: list[int], shards: int, expected: list[list[int]]
) -> None:
    assert dealt(weights, shards) == expected
