from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lists import batch_rules
from lists.roles import RoleNames, role_names, role_of

TABLES = Path(__file__).with_name("tables")
# As they stand on firms' pages and in the headers of mail.
FORMS = (TABLES / "role_forms.txt").read_text(encoding="utf-8").split()

# Names, words and mailboxes of people.
ALIKE = (TABLES / "role_alike.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize(
    ("key", "role"),
    [
        ("info@shop.example", "info"),
        ("info+news@shop.example", "info"),
        ("no-reply@shop.example", "no-reply"),
        ("books-request@shop.example", "books-request"),
        ("anna@shop.example", ""),
        ("-request@shop.example", ""),
        ("+info@shop.example", ""),
    ],
)
def test_roles_are_seen_through_tags_and_people_are_not_roles(key, role):
    assert role_of(key) == role


@pytest.mark.parametrize("name", FORMS)
def test_the_forms_of_a_role_name_are_roles(name):
    assert role_of(f"{name}@shop.example")


@pytest.mark.parametrize("name", ALIKE)
def test_names_that_look_like_a_role_are_people(name):
    assert role_of(f"{name}@shop.example") == ""


def test_a_team_adds_and_takes_out_names(tmp_path):
    file = tmp_path / "roles.txt"
    file.write_text("# ours\nGreeters  # greets\nbot-*\n!info\n! sales\n!no-reply\n")
    names = role_names(str(file))
    keys = ("greeters+x", "greeters-uk", "bot-7f", "info", "info2", "sales", "sales.uk", "no_reply", "abuse")
    found = [role_of(f"{key}@shop.example", names) for key in keys]
    assert found == ["greeters", "greeters-uk", "bot-7f", "", "", "", "", "", "abuse"]
    assert role_of("info@shop.example") == "info"


def test_a_team_takes_the_requests_of_mailing_lists_out(tmp_path):
    file = tmp_path / "roles.txt"
    file.write_text("!-request\n")
    assert role_of("books-request@shop.example", role_names(str(file))) == ""


def test_every_name_of_rfc_2142_is_there():
    names = "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www"
    assert {*names.split(), "uucp", "ftp"} <= role_names().kinds.keys()


def test_names_are_lower_case_and_without_comments():
    assert all(name.isascii() and name == name.lower() and " #" not in name for name in role_names().listed)
    assert all(name.replace("-", "") == spelling for spelling, name in role_names().listed.items())


def seen_by_columns(keys: list[str], names: RoleNames) -> list[bool]:
    return batch_rules._role_candidates(pa.array(keys, pa.string()), names).tolist()


def test_what_the_columns_leave_out_names_no_role():
    """The rule asks `role_of` only of keys that the patterns let through."""
    keys = [
        f"{name}{tail}@{domain}"
        for name in FORMS
        for tail in ("", "+x")
        for domain in ("a.example", "b.c.example")
    ]
    assert all(seen_by_columns(keys, role_names()))


PIECES = st.sampled_from(
    [*FORMS, *ALIKE, "-", ".", "_", "+", "1", "22", "uk", "team", "no", "reply", "request", "x", "maria"]
)


@given(st.lists(PIECES, min_size=1, max_size=4).map("".join))
def test_the_columns_and_the_rule_agree_on_any_local_part(local_part):
    key = f"{local_part}@shop.example"
    if role_of(key):
        assert seen_by_columns([key], role_names()) == [True]


def test_an_empty_list_of_names_finds_nothing():
    assert not pc.any(
        pc.match_substring_regex(pa.array(["info@a.example"]), RoleNames({}, {}, False).pattern)
    ).as_py()
