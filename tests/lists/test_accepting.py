import csv

import pytest

from lists import accepting, outputs
from lists.dns_verdicts import DELIVERABLE, NULL_MX
from lists.errors import ListError

ROWS = (
    "name,email,note\n"
    "Anna,Anna@gmal.com,=1+1\n"
    "Ben,ben@shop.example,\n"
    'Cleo,"Cleo <cleo@shop.example>",007\n'
    "broken,row\n"
    "Dora,dora@hotmal.com,N/A\n"
    "Emil,emil@gmal.com,\n"
    "Fay,,\n"
    "Gus,<+gus@shop.example>,\n"
)


@pytest.fixture
def cleaned(run, tmp_path):
    def clean(rows=ROWS, **options):
        result = run(
            rows,
            suppressed=lambda keys: {key: "unsubscribed" for key in keys if key.startswith("emil")},
            resolver=lambda domains: {
                domain: NULL_MX if domain == "hotmal.com" else DELIVERABLE for domain in domains
            },
            **options,
        )
        outputs.write(result, tmp_path / "out")
        return tmp_path / "out"

    return clean


def rows_of(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def test_suggested_addresses_replace_the_wrong_ones_and_a_column_says_so(cleaned, tmp_path):
    accepted = accepting.write(cleaned(), tmp_path / "new.csv")
    assert rows_of(tmp_path / "new.csv") == [
        ["name", "email", "note", "original_address"],
        ["Anna", "Anna@gmail.com", "=1+1", "Anna@gmal.com"],
        ["Ben", "ben@shop.example", "", ""],
        ["Cleo", "cleo@shop.example", "007", "Cleo <cleo@shop.example>"],
        ["Dora", "dora@hotmail.com", "N/A", "dora@hotmal.com"],
        ["Emil", "emil@gmal.com", "", ""],
        ["Fay", "", "", ""],
        ["Gus", "+gus@shop.example", "", "<+gus@shop.example>"],
    ]
    assert (accepted.rows, accepted.replaced, accepted.left_out) == (7, 4, 1)


def test_dropped_slips_are_accepted_like_flagged_ones(cleaned, tmp_path):
    accepting.write(cleaned(), tmp_path / "flagged.csv")
    accepting.write(cleaned(typo="drop"), tmp_path / "dropped.csv")
    assert (tmp_path / "flagged.csv").read_bytes() == (tmp_path / "dropped.csv").read_bytes()


def test_the_new_list_can_be_cleaned(cleaned, run, tmp_path):
    accepting.write(cleaned(), tmp_path / "new.csv")
    again = run((tmp_path / "new.csv").read_bytes(), resolver=None)
    assert set(again.accepted["address"]) >= {"Anna@gmail.com", "cleo@shop.example", "+gus@shop.example"}


def test_domains_can_be_left_as_they_are(cleaned, tmp_path):
    accepting.write(cleaned(), tmp_path / "new.csv", but_not=["gmail.com", "shop.example"])
    assert [row[1] for row in rows_of(tmp_path / "new.csv")[1:4]] == [
        "Anna@gmal.com",
        "ben@shop.example",
        "Cleo <cleo@shop.example>",
    ]


def test_a_source_column_of_that_name_stays(cleaned, tmp_path):
    accepted = accepting.write(cleaned("email,original_address\na@gmal.com,x\n"), tmp_path / "new.csv")
    assert accepted.original_column == "original_address_2"
    assert rows_of(tmp_path / "new.csv")[1] == ["a@gmail.com", "x", "a@gmal.com"]


def test_a_source_that_changed_since_is_refused(cleaned, tmp_path):
    folder = cleaned()
    (tmp_path / "list.csv").write_text("name,email,note\nZoe,zoe@shop.example,\n")
    with pytest.raises(ListError, match="has changed since"):
        accepting.write(folder, tmp_path / "new.csv")
    assert not (tmp_path / "new.csv").exists()


def test_the_list_itself_is_never_written_over(cleaned, tmp_path):
    folder = cleaned()
    with pytest.raises(ListError, match="is the list itself"):
        accepting.write(folder, tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_text() == ROWS


def test_a_folder_without_a_cleaning_and_a_file_that_cannot_be_written_are_one_sentence(cleaned, tmp_path):
    with pytest.raises(ListError, match="is missing: clean the list again"):
        accepting.write(tmp_path, tmp_path / "new.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(ListError, match="cannot be written"):
        accepting.write(cleaned(), tmp_path / "file" / "new.csv")


IDN = "email\n<ann@bücher.example>\n<ben@shop.example>\nbob@gmal.com\n"


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("bücher.example", "ann"),
        ("xn--bcher-kva.example", "ann"),
        ("BÜCHER.Example.", "ann"),
        ("@bücher.example", "ann"),
        ("*@shop.example", "ben"),
        ("gmail.com", "bob"),
        ("gmal.com", "bob"),
    ],
)
def test_a_domain_is_left_out_in_whichever_spelling_and_by_what_stood_there(cleaned, tmp_path, name, left):
    accepted = accepting.write(cleaned(IDN), tmp_path / "new.csv", but_not=[name])
    kept = {address.partition("@")[0] for address, original in rows_of(tmp_path / "new.csv")[1:] if original}
    assert accepted.replaced == 2
    assert kept == {"ann", "ben", "bob"} - {left}


@pytest.mark.parametrize("name", ["nowhere.example", "gmial.com", "", "@", "no domain", "bücher"])
def test_a_domain_that_nothing_is_suggested_for_is_refused(cleaned, tmp_path, name):
    with pytest.raises(ListError, match=r"--but-not.*gmail\.com, shop\.example, xn--bcher-kva\.example"):
        accepting.write(cleaned(IDN), tmp_path / "new.csv", but_not=["gmail.com", name])
    assert not (tmp_path / "new.csv").exists()
