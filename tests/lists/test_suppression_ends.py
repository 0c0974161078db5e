"""Imports that end on a day or are taken back: whoever is kept away by another word stays away."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ledger import clock, suppression_history, suppressions
from ledger.engine import Ledger, open_ledger
from ledger.suppressions import Suppression, SuppressionReason
from lists import suppressing, suppression_ends
from lists.errors import ListError
from lists.suppression_files import import_file

TODAY = date(2027, 3, 1)
LATER = TODAY + timedelta(days=30)


class Clock:
    def __init__(self) -> None:
        self.day(TODAY)

    def day(self, day: date) -> None:
        self.now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(clock, "now", lambda connection: found.now)
    return found


@pytest.fixture
def ledger(tmp_path: Path, frozen: Clock) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


def imported(
    ledger: Ledger, folder: Path, *names: str, until: date | None = None, reason: str = "manual"
) -> int:
    path = folder / "gone.csv"
    path.write_text("email\n" + "".join(f"{name}@shop.example\n" for name in names), encoding="utf-8")
    return import_file(ledger, str(path), by="Ada", reason=SuppressionReason(reason), until=until).id


def suppressed(ledger: Ledger) -> set[str]:
    with ledger.reading() as connection:
        keys = [f"{name}@shop.example" for name in ("ann", "bob", "cy")]
        return {key.partition("@")[0] for key in suppressions.reasons(connection, keys)}


def add(ledger: Ledger, name: str, reason: SuppressionReason, source: str = "event") -> None:
    with ledger.writing() as connection:
        suppressions.add(connection, [Suppression(f"{name}@shop.example", reason, source)])


def test_an_import_holds_through_its_last_day_and_no_longer(
    ledger: Ledger, frozen: Clock, tmp_path: Path
) -> None:
    imported(ledger, tmp_path, "ann", "bob", until=LATER)
    imported(ledger, tmp_path, "cy")
    frozen.day(LATER)
    assert (suppression_ends.expire(ledger), suppressed(ledger)) == (0, {"ann", "bob", "cy"})
    frozen.day(LATER + timedelta(days=1))
    assert (suppression_ends.expire(ledger), suppressed(ledger)) == (2, {"cy"})
    assert suppression_ends.expire(ledger) == 0
    with ledger.reading() as connection:
        last = suppression_history.of(connection, "ann@shop.example")[-1]
    assert (last.action, last.by, last.source) == ("removed", "", "import 1 of gone.csv ran out")


@pytest.mark.parametrize("ending", ["its day", "taken back"])
@pytest.mark.parametrize(
    "word", ["an event with the same reason", "another reason", "by hand", "a longer import", "known before"]
)
def test_whoever_is_kept_away_by_another_word_stays_away(
    ledger: Ledger, frozen: Clock, tmp_path: Path, word: str, ending: str
) -> None:
    if word == "known before":
        add(ledger, "ann", SuppressionReason.UNSUBSCRIBE)
    first = imported(ledger, tmp_path, "ann", "bob", until=LATER, reason="unsubscribe")
    match word:
        case "an event with the same reason":
            add(ledger, "ann", SuppressionReason.UNSUBSCRIBE)
        case "another reason":
            add(ledger, "ann", SuppressionReason.HARD_BOUNCE)
        case "by hand":
            add(ledger, "ann", SuppressionReason.UNSUBSCRIBE, "by hand")
        case "a longer import":
            imported(ledger, tmp_path, "ann", until=LATER + timedelta(days=9), reason="unsubscribe")
    if ending == "its day":
        frozen.day(LATER + timedelta(days=1))
        assert suppression_ends.expire(ledger) == (2 if word == "another reason" else 1)
    else:
        assert suppression_ends.take_back(ledger, first, by="Ada", note="wrong file") in (1, 2)
    assert suppressed(ledger) == {"ann"}


def test_an_import_is_taken_back_once_and_only_by_its_number(ledger: Ledger, tmp_path: Path) -> None:
    first = imported(ledger, tmp_path, "ann")
    second = imported(ledger, tmp_path, "ann", "bob")
    assert suppression_ends.take_back(ledger, second, by="Ada", note="wrong file") == 1
    assert suppressed(ledger) == {"ann"}
    with pytest.raises(ListError, match=r"import 2 of gone\.csv is over already"):
        suppression_ends.take_back(ledger, second, by="Ada", note="again")
    with pytest.raises(ListError, match="there is no import 99"):
        suppression_ends.take_back(ledger, 99, by="Ada", note="none")
    assert suppression_ends.take_back(ledger, first, by="Ada", note="wrong file") == 1
    assert suppressed(ledger) == set()
    # What is imported anew stands again.
    imported(ledger, tmp_path, "ann")
    assert suppressed(ledger) == {"ann"}


def test_a_day_that_is_over_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    imported(ledger, tmp_path, "ann", until=TODAY)
    with pytest.raises(ListError, match="--until 2027-02-28 is over already"):
        imported(ledger, tmp_path, "bob", until=TODAY - timedelta(days=1))
    assert suppressed(ledger) == {"ann"}


def test_an_address_taken_off_by_hand_leaves_nothing_to_an_import_that_ends(
    ledger: Ledger, frozen: Clock, tmp_path: Path
) -> None:
    imported(ledger, tmp_path, "ann", until=LATER)
    with ledger.writing() as connection:
        suppressing.remove(connection, "ann@shop.example", by="Ada", note="asked")
    add(ledger, "ann", SuppressionReason.MANUAL, "by hand")
    frozen.day(LATER + timedelta(days=1))
    assert (suppression_ends.expire(ledger), suppressed(ledger)) == (0, {"ann"})
