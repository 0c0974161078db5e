"""JSON read and written: the same as Python's own, also for what is not quite JSON."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.json_text import decoded, encoded

# Two halves of a surrogate pair side by side are one character in JSON.
_texts = st.text(st.characters(), max_size=20).filter(lambda text: json.loads(json.dumps(text)) == text)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)


@given(value=_values)
def test_what_is_written_reads_as_the_same(value: object) -> None:
    assert json.loads(encoded(value)) == value
    assert json.loads(encoded(value, sort_keys=True)) == value


@given(value=_values)
def test_what_pythons_encoder_wrote_reads_as_the_same(value: object) -> None:
    read = decoded(json.dumps(value))
    assert read == value or _as_floats(read) == _as_floats(value)


def _as_floats(value: object) -> object:
    """Numbers beyond 64 bits may come back as the nearest float."""
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case list():
            return [_as_floats(item) for item in value]
        case dict():
            return {key: _as_floats(item) for key, item in value.items()}
        case _:
            return value


def test_sorted_keys_make_equal_texts() -> None:
    first, second = {"b": 1, "a": {"d": 2, "c": 3}}, {"a": {"c": 3, "d": 2}, "b": 1}
    assert encoded(first, sort_keys=True) == encoded(second, sort_keys=True) == b'{"a":{"c":3,"d":2},"b":1}'


def test_half_a_surrogate_pair_and_nan_are_read() -> None:
    assert decoded('"\\ud83d"') == "\ud83d"
    assert math.isnan(decoded("NaN"))


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nothing", '{"a":1}}'])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        decoded(text)


def test_nesting_without_end_is_told_apart() -> None:
    with pytest.raises(RecursionError):
        decoded("[" * 200_000 + "]" * 200_000)
