import pytest

from lists.roles import role_names, role_of


@pytest.mark.parametrize(
    ("key", "role"),
    [
        ("info@shop.example", "info"),
        ("info+news@shop.example", "info"),
        ("no-reply@shop.example", "no-reply"),
        ("books-request@shop.example", "books-request"),
        ("anna@shop.example", ""),
        ("information@shop.example", ""),
        ("info.berg@shop.example", ""),
        ("-request@shop.example", ""),
        ("+info@shop.example", ""),
        ("alexa@shop.example", ""),
    ],
)
def test_roles_are_seen_through_tags_and_people_are_not_roles(key, role):
    assert role_of(key) == role


def test_a_team_adds_and_takes_out_names(tmp_path):
    file = tmp_path / "roles.txt"
    file.write_text("# ours\nHello  # greets\n!info\n! sales\n")
    names = role_names(str(file))
    keys = ("hello+x@shop.example", "info@shop.example", "sales@shop.example", "abuse@shop.example")
    assert [role_of(key, names) for key in keys] == ["hello", "", "", "abuse"]
    assert role_of("info@shop.example") == "info"


def test_a_team_takes_the_requests_of_mailing_lists_out(tmp_path):
    file = tmp_path / "roles.txt"
    file.write_text("!-request\n")
    assert role_of("books-request@shop.example", role_names(str(file))) == ""


def test_every_name_of_rfc_2142_is_there():
    names = "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www"
    assert {*names.split(), "uucp", "ftp"} <= role_names()


def test_names_are_lower_case_and_without_comments():
    assert all(name == name.lower() and " " not in name and "#" not in name for name in role_names())
