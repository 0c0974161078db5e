"""Templates: read once, named by file and line where they are wrong, held against the list's columns."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mail.campaign_file import Campaign
from mail.errors import TemplateError
from mail.message import MessageContext, compose
from mail.templating import Templates, aliases

CampaignMaker = Callable[..., Campaign]


def test_the_fields_are_what_the_templates_ask_of_the_list(make_campaign: CampaignMaker) -> None:
    templates = Templates.load(
        make_campaign(
            subject="{{ title }} from {{ campaign }}",
            html='{{ row["First Name"] }} {{ address }} {% for n in range(2) %}{{ n }}{% endfor %}',
            text="{% set when = season %}{{ when }} {{ unsubscribe_url }} {{ city | default('x') }}",
        )
    )
    assert templates.fields() == {"title", "First Name", "season", "city"}
    templates.check(["title", "First Name", "season", "city", "unused"])


@pytest.mark.parametrize(
    ("templates", "sentence"),
    [
        (
            {"subject": "{{ frist_name }}"},
            "subject asks for the field `frist_name`, which the list does not have "
            "(did you mean `first_name`?); its columns are email, first_name, Last Name.",
        ),
        (
            {"html": "{{ country }}"},
            "mail.html.j2 asks for the field `country`, which the list does not have; ",
        ),
        ({"text": "{{ row['Last name'] }}"}, "mail.txt.j2 asks for the field `Last name`"),
        ({"text": "{{ lastname }}"}, "(did you mean `last_name`?)"),
        ({"html": "{{ vip | default('no') }}"}, "mail.html.j2 asks for the field `vip`"),
        ({"html": "{% if vip is defined %}a{% endif %}"}, "mail.html.j2 asks for the field `vip`"),
    ],
)
def test_a_field_that_the_list_lacks_is_named_with_its_template_and_the_columns(
    make_campaign: CampaignMaker, templates: dict[str, str], sentence: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        Templates.load(make_campaign(**templates)).check(["email", "first_name", "Last Name"])
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("templates", "start"),
    [
        ({"html": "<p>\n{{ first_name }\n</p>"}, "mail.html.j2, line 2: "),
        ({"text": "a\nb\n{% if first_name %}"}, "mail.txt.j2, line 3: "),
        ({"text": "\n{{ first_name | shout }}"}, "mail.txt.j2, line 2: No filter named 'shout'"),
        ({"subject": "{{ first_name"}, "subject, line 1: "),
        ({"html": "a\n{% include '/etc/hostname' %}"}, "mail.html.j2, line 2: a template is one file"),
        ({"html": "{% extends 'base.html' %}"}, "mail.html.j2, line 1: a template is one file"),
        ({"html": "{% import 'a' as b %}"}, "mail.html.j2, line 1: a template is one file"),
        ({"html": "{% from 'a' import b %}"}, "mail.html.j2, line 1: a template is one file"),
    ],
)
def test_a_template_that_does_not_parse_is_named_with_its_line(
    make_campaign: CampaignMaker, templates: dict[str, str], start: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        Templates.load(make_campaign(**templates))
    assert str(caught.value).startswith(start)
    assert "\n" not in str(caught.value)


def test_a_template_file_that_is_missing_empty_or_not_text_is_named_with_its_key(
    make_campaign: CampaignMaker, tmp_path: Path
) -> None:
    with pytest.raises(TemplateError, match=r"none\.html: there is no such file; mend `html`"):
        Templates.load(make_campaign().model_copy(update={"html": str(tmp_path / "none.html")}))
    with pytest.raises(TemplateError, match=r"is empty; .* mend `text`"):
        Templates.load(make_campaign(text="\n"))
    with pytest.raises(TemplateError, match="cannot be read: Is a directory; mend `html`"):
        Templates.load(make_campaign().model_copy(update={"html": str(tmp_path)}))
    (tmp_path / "latin.html").write_bytes("café".encode("latin-1"))
    with pytest.raises(TemplateError, match="save it as UTF-8"):
        Templates.load(make_campaign().model_copy(update={"html": str(tmp_path / "latin.html")}))


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Other"},
        {"html": "<p>Other</p>"},
        {"text": "Other"},
        {"text": None},
        {"unsubscribe_text": "Leave"},
        {"postal_address": "Elsewhere"},
        {"from": "Other <news@brightbooks.example>"},
        {"reply_to": "hello@brightbooks.example"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_changes_with_everything_that_a_recipient_gets_to_read(
    make_campaign: CampaignMaker, change: dict[str, str]
) -> None:
    before = Templates.load(make_campaign()).digest
    assert len(before) == 64
    assert Templates.load(make_campaign()).digest == before
    assert Templates.load(make_campaign(**change)).digest != before


def test_the_digest_does_not_change_with_the_pace(make_campaign: CampaignMaker) -> None:
    slow = make_campaign(send={"rate_per_second": 1})
    assert Templates.load(slow).digest == Templates.load(make_campaign()).digest


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("First Name", "E-Mail", "city"), {"first_name": "First Name", "e_mail": "E-Mail"}),
        (("First Name", "first-name"), {}),
        (("First Name", "first_name"), {}),
        (("2nd name", "!!!", ""), {}),
        (("Ort (Stadt)",), {"ort_stadt": "Ort (Stadt)"}),
        (("Größe cm",), {"größe_cm": "Größe cm"}),
    ],
)
def test_a_column_that_is_no_identifier_gets_one_where_nothing_else_could_be_meant(
    columns: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert aliases(columns) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (("FNAME", "LastName"), {"fname": "FNAME", "lastname": "LastName"}),
        (("FNAME", "FName"), {}),
        (("FNAME", "fname"), {}),
        (("Range", "DICT"), {}),
        (("First_Name", "First Name"), {}),
    ],
)
def test_every_column_has_its_name_in_lower_case_where_no_other_could_be_meant(
    make_campaign: CampaignMaker, columns: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert aliases(columns) == expected
    for name, column in expected.items():
        for asked in (name, f"row.{name}", f"row['{name}']"):
            templates = Templates.load(make_campaign(subject=f"x{{{{ {asked} }}}}", html="x", text="x"))
            templates.check(columns)
            row = {each: "Ann" if each == column else "other" for each in columns}
            context = MessageContext("ann@reader.example", "https://unsubscribe.example/u")
            assert compose(templates, row, context).subject == "xAnn", (asked, column)


@pytest.mark.parametrize("cell", ["", " ", "\t", None])
@pytest.mark.parametrize(
    "asked", ['default("you")', 'd("you")', 'default("you", true)', "default('you')|upper|lower"]
)
def test_default_stands_in_for_an_empty_cell_and_never_for_an_absent_column(
    make_campaign: CampaignMaker, cell: str | None, asked: str
) -> None:
    templates = Templates.load(make_campaign(subject=f"Hi {{{{ name|{asked} }}}}", html="x", text="x"))
    context = MessageContext("ann@reader.example", "https://unsubscribe.example/u")
    assert compose(templates, {"name": cell}, context).subject == "Hi you"
    assert compose(templates, {"name": "0"}, context).subject == "Hi 0"
    with pytest.raises(TemplateError, match="asks for the field `name`"):
        templates.check(["other"])
