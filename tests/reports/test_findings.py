import pandas as pd
import pytest

from lists.reasons import Reason
from reports.findings import FIRST_ROWS, SAMPLES_A_REASON, Findings

ROWS = 2_000


def rejected():
    numbers = pd.RangeIndex(1, ROWS + 1)
    return pd.DataFrame(
        {
            "address": [f"a{n}" for n in numbers],
            "reason": ["malformed" if n % 3 else "duplicate" for n in numbers],
            "detail": [f"fault {n % 4}" if n % 3 else f"repeats row {n - 1}" for n in numbers],
            "suggestion": "",
        },
        index=numbers,
    )


def gathered(size, rows_in_all=ROWS):
    findings = Findings()
    rows = rejected().head(rows_in_all)
    for start in range(0, rows_in_all, size):
        findings.add(size, rows.iloc[start : start + size])
    return findings


@pytest.mark.parametrize(("size", "rows_in_all"), [(1, 250), (7, 500), (500, ROWS)])
def test_samples_are_the_same_however_the_rows_come(size, rows_in_all):
    whole, parts = gathered(rows_in_all, rows_in_all), gathered(size, rows_in_all)
    for reason in (Reason.MALFORMED, Reason.DUPLICATE):
        assert parts.sample(reason).equals(whole.sample(reason))
    assert parts.rejected == whole.rejected
    assert parts.first.index.to_list() == list(range(1, FIRST_ROWS + 1))


def test_samples_come_from_all_over_the_list_and_in_its_order():
    sample = gathered(100).sample(Reason.DUPLICATE)
    assert len(sample) == SAMPLES_A_REASON
    assert sample["detail"].is_unique
    assert sample.index.is_monotonic_increasing
    assert sample.index[-1] - sample.index[0] > ROWS / 4


def test_a_reason_that_does_not_occur_has_no_samples():
    assert gathered(ROWS).sample(Reason.NO_MX).empty


def test_figures_that_are_not_those_of_the_rows_are_noticed():
    findings = gathered(ROWS)
    counts = {"malformed": 1_334, "duplicate": 666, "no_mx": 0}
    assert findings.agree_with(counts, ROWS)
    assert not findings.agree_with(counts, ROWS - 1)
    assert not findings.agree_with(counts | {"no_mx": 1}, ROWS)
