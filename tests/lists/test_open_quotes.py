"""What a row with quotes that do not add up is taken for: read, or refused with its place and the way out."""

import gzip

import pytest

from lists import sources
from lists.errors import ListError
from lists.policy import ListSource

NEVER_CLOSED = r"row {}: a quote \(\"\) opens there and is never closed \(line {} of the file\)"
PERHAPS = (
    r"row {}: a quote \(\"\) opens there and is never closed, or a cell there holds text that looks like"
)


def read(make_list, content, **options):
    """Return the cells of every row, ragged ones too, in their order."""
    source = sources.read(ListSource(source=make_list(content), **options))
    rows = dict(zip(source.rows, source.table.to_pylist(), strict=True))
    found = {number: list(row.values()) for number, row in rows.items()}
    found |= {row.row: list(row.cells) for row in source.ragged}
    return [found[number] for number in sorted(found)]


@pytest.mark.parametrize(
    ("rows", "read_as"),
    [
        ('a@x.example,5" pipe\nb@x.example,6" pipe\n', ['5" pipe', '6" pipe']),
        ('a@x.example,"Cy "Bo" Berg"\nb@x.example,Bob\n', ['Cy "Bo" Berg', "Bob"]),
        ('a@x.example,"Tube 5""\nb@x.example,"Bob"\n', ['Tube 5"', "Bob"]),
        ('a@x.example,"Tube 5""\nb@x.example,"Tube 6""\nc@x.example,Cy\n', ['Tube 5"', 'Tube 6"', "Cy"]),
        ('a@x.example,"Ann" Berg\nb@x.example,"Bob" Berg\n', ["Ann Berg", "Bob Berg"]),
        (r'a@x.example,"say \"hi\", Ann"' "\nb@x.example,Bob\n", ['say "hi", Ann', "Bob"]),
        (r'a@x.example,"5\""' '\nb@x.example,"Bob"\n', ['5"', "Bob"]),
        (r'a@x.example,"\"hi\"' '\nb@x.example, call"\nc@x.example,Cy\n', ['"hi"\nb@x.example, call', "Cy"]),
        ('a@x.example,"C:\\"\nb@x.example,"D:\\"\n', ["C:\\", "D:\\"]),
        (
            'a@x.example,"Hello,\nb@x.example, call me"\nc@x.example,Cy\n',
            ["Hello,\nb@x.example, call me", "Cy"],
        ),
        ('a@x.example,"Hello,\nb@x.example\n"\nc@x.example,Cy\n', ["Hello,\nb@x.example\n", "Cy"]),
        ('a@x.example,"Hello,\nb@x.example says ""hi"""\n', ['Hello,\nb@x.example says "hi"']),
        ('a@x.example,"Hello,\nb@x.example, call me"x\n', ["Hello,\nb@x.example, call mex"]),
        ('a@x.example,"one\r\ntwo\rthree"\n', ["one\r\ntwo\rthree"]),
        ('a@x.example,"""Ann"""\n', ['"Ann"']),
    ],
)
def test_what_can_mean_one_thing_only_is_read(make_list, rows, read_as):
    assert [row[1] for row in read(make_list, f"email,name\n{rows}")] == read_as


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('email,name\na@x.example,"Ann\nb@x.example,Bob\n', NEVER_CLOSED.format(1, 2)),
        ('email,name\na@x.example,Ann\nb@x.example,"Bob', NEVER_CLOSED.format(2, 3)),
        ('email,name\n\na@x.example,"Ann\nb@x.example,"Bob\nc@x.example,Cy\n', NEVER_CLOSED.format(1, 3)),
        ('email,name\na@x.example,"Ann\nb@x.example,Bob\nc@x.example,"Cy"\n', NEVER_CLOSED.format(1, 2)),
        ('"email","name"\n"a@x.example","Ann\n"b@x.example","Bob"\n', NEVER_CLOSED.format(1, 2)),
        (
            'email,name,city\na@x.example,Ann,"Rom\nb@x.example\nc@x.example,Cy,"Oslo"\n',
            NEVER_CLOSED.format(1, 2),
        ),
        ('name,email\n"Ann,A <a@x.example>\nBob,mailto:b@x.example\n', NEVER_CLOSED.format(1, 2)),
        ('email,name\na@x.example,"Ann\nb@x.example,5" pipe\nc@x.example,Cy\n', PERHAPS.format(1)),
        ('email,name\na@x.example,"Ann\nb@x.example,Bob"\nc@x.example,Cy\n', PERHAPS.format(1)),
        ('email,name\na@x.example,"Ann\nb@x.example,Bob\nc@x.example,", Jr."\n', PERHAPS.format(1)),
        ('email,"name\na@x.example,Ann\nb@x.example,Bob\n', r'the header: a quote \("\) opens there'),
        ('email,"name\na@x.example,Ann\nb@x.example,"Bob"\n', r'the header: a quote \("\) opens there'),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: text.encode("utf-16"), lambda text: gzip.compress(text.encode())]
)
def test_a_quote_that_hides_rows_is_refused_with_the_row_the_line_and_the_way_out(
    make_list, text, message, line_end, encode
):
    path = make_list(encode(text.replace("\n", line_end)))
    with pytest.raises(ListError, match=message) as refused:
        sources.read(path)
    assert "--quote none (list.quote: none)" in str(refused.value)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "read_as"),
    [
        ('a@x.example\t"Ann\nb@x.example\t5" pipe\nc@x.example\tCy\n', ['"Ann', '5" pipe', "Cy"]),
        ('a@x.example\t"Ann\nb@x.example\t"Bob\nc@x.example\tCy\n', ['"Ann', '"Bob', "Cy"]),
        ('a@x.example\t"Ann\nb@x.example\tBob"\nc@x.example\tCy\n', ['"Ann', 'Bob"', "Cy"]),
        ('a@x.example\tAnn\nb@x.example\t"Bob\n', ["Ann", '"Bob']),
        ('a@x.example\t"one\ntwo"\nb@x.example\t"B\tob"\n', ["one\ntwo", "B\tob"]),
    ],
)
def test_in_a_list_with_tabs_a_quote_that_none_closes_is_a_character(make_list, rows, read_as):
    assert [row[1] for row in read(make_list, f"email\tname\n{rows}")] == read_as


def test_quotes_mean_nothing_where_a_person_says_so(make_list):
    text = 'email,"name\na@x.example,"Ann\nb@x.example,"Bob"\nc@x.example,Cy "C\n'
    assert read(make_list, text, quote="none") == [
        ["a@x.example", '"Ann'],
        ["b@x.example", '"Bob"'],
        ["c@x.example", 'Cy "C'],
    ]


def test_a_cell_that_looks_like_rows_is_right_where_a_person_says_so(make_list):
    text = 'email,note\na@x.example,"Ann\nb@x.example,Bob"\n'
    assert read(make_list, text, quote='"') == [["a@x.example", "Ann\nb@x.example,Bob"]]
    with pytest.raises(ListError, match="is never closed"):
        read(make_list, text + 'c@x.example,"Cy\nd@x.example,Dee\n', quote='"')
