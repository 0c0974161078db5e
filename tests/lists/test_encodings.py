import pytest

from lists import content, sources
from lists.errors import ListError
from lists.policy import ListSource

ROWS = "email,name\na@shop.example,Zo\xeb\nb@shop.example,Ren\xe9e\n"


def names(path, **options):
    with sources.opened(ListSource(source=path, **options), 64) as listed:
        return [
            name for rows in listed.rows() for name in rows.table.column("name").to_pylist()
        ], listed.encoding


@pytest.mark.parametrize(
    "encoding", ["latin-1", "windows-1252", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "utf-16"]
)
def test_text_in_an_encoding_that_is_told_is_read_letter_by_letter(make_list, encoding, monkeypatch):
    monkeypatch.setattr(content, "BLOCK_BYTES", 7)
    assert names(make_list(ROWS.encode(encoding)), encoding=encoding)[0] == ["Zo\xeb", "Ren\xe9e"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_utf_16_with_its_mark_are_found(make_list, encoding, monkeypatch):
    monkeypatch.setattr(content, "BLOCK_BYTES", 5)
    found, used = names(make_list(ROWS.encode(encoding)))
    assert found == ["Zo\xeb", "Ren\xe9e"]
    assert used == encoding.removesuffix("-sig")


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (ROWS.encode("latin-1"), {}, r"line 2, is not UTF-8; .*\(byte EB would be 'ë' there\).*--encoding"),
        (ROWS.encode("utf-16-le"), {}, "without a byte order mark.*--encoding utf-16-le"),
        (ROWS.encode("utf-16-be"), {}, "without a byte order mark.*--encoding utf-16-be"),
        (ROWS.encode()[:-5] + b"\xc3", {}, "line 3, is not UTF-8: it is cut off in the middle of a letter"),
        (ROWS.encode(), {"encoding": "ascii"}, "line 2, is not ASCII"),
        (ROWS.encode(), {"encoding": "latin-15"}, r"'latin-15' \(list.encoding\) is no encoding"),
        (ROWS.encode(), {"encoding": "base64"}, r"'base64' \(list.encoding\) is no encoding"),
    ],
)
def test_text_that_is_not_of_the_encoding_names_the_line_and_the_mend(make_list, data, options, message):
    with pytest.raises(ListError, match=message) as raised:
        names(make_list(data), **options)
    assert "\n" not in str(raised.value)
