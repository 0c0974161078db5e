import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lists import placeholders


@pytest.mark.parametrize(
    "key",
    [
        "test@test.com",
        "none@none.com",
        "none@none.org",
        "asdf@mail.example",
        "asdfgh@gmail.com",
        "qwerty@shop.example",
        "no@no.com",
        "anna@example.com",
        "test12@test.com",
        "aaa@aaa.com",
        "xx@x.example",
        "noemail@shop.example",
        "john.doe@example.com",
        "a@b.com",
        "user@domain.com",
        "email@email.com",
        "123@123.com",
        "test@gmail.com",
    ],
)
def test_what_people_type_to_get_past_a_form_is_a_placeholder(key):
    assert placeholders.is_placeholder(key)


@pytest.mark.parametrize(
    "key",
    [
        "anna@shop.example",
        "test@shop.example",
        "nono@none.example",
        "anna@anna.example",
        "aa@bb.example",
        "user@firm.example",
        "noonan@mail.example",
        "a@a.example",
        "tester@test.example",
        "john.doe@shop.example",
        "asdf.meier@shop.example",
    ],
)
def test_people_are_not_placeholders(key):
    assert not placeholders.is_placeholder(key)


PIECES = ["test", "none", "asdf", "aa", "a", "x", "1", "12", ".", "-", "example", "email", "john.doe"]
HALVES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)


@given(HALVES, HALVES, st.sampled_from(["com", "org", "example"]))
@example("--", "-", "com")
@example("__", "_", "org")
def test_the_pattern_lets_every_placeholder_through(local_part, name, ending):
    key = f"{local_part}@{name}.{ending}"
    if placeholders.is_placeholder(key):
        assert pc.match_substring_regex(pa.array([key]), placeholders.pattern()).to_pylist() == [True]


def test_the_names_are_lower_case_and_each_stands_once():
    lines = placeholders.NAMES_FILE.read_text(encoding="utf-8").splitlines()
    names = [name for line in lines if (name := line.partition("#")[0].strip())]
    assert names == [name.lower() for name in names]
    assert len(names) == len(set(names))
