import pytest

from lists import changes
from lists.changes import Changes
from lists.errors import ListError


def test_lines_add_names_and_take_names_out(tmp_path):
    file = tmp_path / "names.txt"
    file.write_text("\ufeff# ours\n\n Hello # greets\n!info\n", encoding="utf-8")
    assert changes.read(file) == Changes(frozenset({"hello"}), frozenset({"info"}))
    assert changes.read(file).applied({"info", "sales"}) == {"hello", "sales"}


def test_no_file_changes_nothing():
    assert changes.read("").applied({"info"}) == {"info"}


def test_of_two_changes_the_later_counts():
    first = Changes(frozenset({"a", "b"}), frozenset({"c"}))
    assert first + Changes(frozenset({"c"}), frozenset({"a"})) == Changes(
        frozenset({"b", "c"}), frozenset({"a"})
    )


@pytest.mark.parametrize("line", ["info sales", "info@shop.example", "!", '"info"', "info,sales", '"info'])
def test_a_line_that_is_no_name_is_an_error_with_its_number(tmp_path, line):
    file = tmp_path / "names.txt"
    file.write_text(f"one\n{line}\n")
    with pytest.raises(ListError, match=r"names\.txt, line 2: write one name"):
        changes.read(file)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(ListError, match="cannot be read: No such file"):
        changes.read(tmp_path / "none.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ListError, match="it is no UTF-8 text"):
        changes.read(tmp_path / "bytes.txt")
