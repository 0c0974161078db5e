"""Names of Python in templates: a column wins over a method, and nothing but text and numbers goes out."""

from collections.abc import Callable

import pytest

from mail.campaign_file import Campaign
from mail.errors import TemplateError
from mail.message import MessageContext, compose
from mail.rendering import render
from mail.templating import Template, Templates

CampaignMaker = Callable[..., Campaign]

CONTEXT = MessageContext("ann@reader.example", "https://mail.brightbooks.example/unsubscribe/abc", row=7)
FOOT = "{{ unsubscribe_url }} {{ postal_address }}"
# What a mapping, a text or Jinja itself has under these names.
NAMES = [name for kind in (dict, str, list) for name in dir(kind) if not name.startswith("_")] + [
    *("self", "range", "dict", "namespace", "lipsum", "cycler", "joiner", "caller", "varargs", "kwargs"),
    *("loop", "super", "_", "__class__", "__init__", "mro", "undefined", "environment"),
]
NAMES = sorted(set(NAMES))


def said(make_campaign: CampaignMaker, part: str, source: str, row: dict[str, str]) -> str:
    whole = {"subject": "Hi", "html": "x", "text": "x"} | {part: source}
    templates = Templates.load(make_campaign(**whole))
    templates.check(row)
    content = compose(templates, row, CONTEXT)
    return {"subject": content.subject, "html": content.html, "text": content.text}[part]


@pytest.mark.parametrize("autoescape", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_column_is_what_its_name_gives_everywhere(name: str, autoescape: bool) -> None:
    ways = [
        f"{{{{ row.{name} }}}}",
        f"{{{{ row['{name}'] }}}}",
        f"{{{{ row.{name} or 'nothing' }}}}",
        f"{{{{ row.{name} | upper | lower }}}}",
        f"{{{{ row.{name} ~ '' }}}}",
        f"{{{{ '%s' % row.{name} }}}}",
        f"{{{{ row | attr('{name}') }}}}",
        f"{{{{ [row] | map(attribute='{name}') | first }}}}",
        f"{{% if row.{name} is defined %}}{{{{ row.{name} }}}}{{% endif %}}",
        f"{{% set given = row.{name} %}}{{{{ given }}}}",
        f"{{% for each in [row.{name}] %}}{{{{ each }}}}{{% endfor %}}",
        f"{{% macro shown(row) %}}{{{{ row.{name} }}}}{{% endmacro %}}{{{{ shown(row) }}}}",
    ]
    if name not in ("caller", "varargs", "kwargs", "super"):
        ways += [f"{{{{ {name} }}}}", f"{{% if {name} is defined %}}{{{{ {name} }}}}{{% endif %}}"]
    template = Template.compiled("mail", "|".join(ways), autoescape=autoescape)
    row = {name: "3 books", "empty": ""}
    values = {**template.code.globals, **row, "row": row}
    assert render(template, values, 7) == "|".join(["3 books"] * len(ways))


@pytest.mark.parametrize("name", ["items", "keys", "values", "get", "copy", "pop", "update", "clear"])
def test_without_such_a_column_the_name_is_none(make_campaign: CampaignMaker, name: str) -> None:
    row = {"first_name": "Ann"}
    with pytest.raises(TemplateError, match=f"mail.html.j2, line 1, row 7: .* has no attribute `{name}`"):
        said(make_campaign, "html", f"{{{{ row.{name} }}}}", row)
    with pytest.raises(TemplateError, match=f"has no attribute `{name}`"):
        said(make_campaign, "html", f"{{{{ row.{name} | upper }}}}", row)
    assert said(make_campaign, "subject", f"{{{{ row.{name} is defined }}}}", row) == "False"
    assert said(make_campaign, "subject", f"{{{{ row.{name} | default('none') }}}}", row) == "none"
    with pytest.raises(TemplateError, match=f"asks for the field `{name}`, which the list does not have"):
        said(make_campaign, "html", f"{{{{ row['{name}'] }}}}", row)


def test_methods_that_are_called_work_as_before(make_campaign: CampaignMaker) -> None:
    row = {"first_name": "ann", "city": "York"}
    for source, expected in {
        "{{ first_name.title() }}": "Ann",
        "{{ row.first_name.upper() }}": "ANN",
        "{{ row.get('city', 'here') }} {{ row.get('county', 'none') }}": "York none",
        "{% for name, cell in row.items() %}{{ name }}={{ cell }} {% endfor %}": "first_name=ann city=York ",
        "{{ first_name.split('n') | join('.') }}": "a..",
        "{{ '{}!'.format(first_name) }}": "ann!",
        "{% set ns = namespace(n=1) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}": "2",
        "{% for n in range(2) %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% endfor %}": "1a2b",
        "{% set d = {'title': 'Dr'} %}{{ d.title }}": "Dr",
        "{% block t %}hi{% endblock %} {{ self.t() }}": "hi hi",
        "{{ none or 1.5 }}{{ true }}": "1.5True",
    }.items():
        assert said(make_campaign, "text", source + "\n" + FOOT, row).startswith(expected), source


@pytest.mark.parametrize(
    "source",
    [
        "{{ row }}",
        "{{ first_name.upper }}",
        "{{ first_name.upper | lower }}",
        "{{ 'a' ~ first_name.upper }}",
        "{{ first_name['upper'] }}",
        "{{ '%s' | format(first_name.upper) }}",
        "{{ first_name.split() }}",
        "{{ range }}",
        "{{ dict }}",
        "{{ namespace }}",
        "{{ range(3) }}",
        "{{ [1] | map('string') }}",
        "{% macro m() %}{% endmacro %}{{ m }}",
        "{% for n in [1] %}{{ loop }}{% endfor %}",
        "{% block t %}{% endblock %}{{ self.t }}",
        "{{ row.items() }}",
    ],
)
@pytest.mark.parametrize("part", ["subject", "html", "text"])
def test_what_is_neither_text_nor_number_is_refused_with_its_line(
    make_campaign: CampaignMaker, part: str, source: str
) -> None:
    with pytest.raises(TemplateError, match=r"(subject|mail\.\w+\.j2), line 1, row 7: ") as caught:
        said(make_campaign, part, source, {"first_name": "Ann Lee"})
    assert "Ann" not in str(caught.value)


def test_self_is_a_column_or_a_field_that_the_list_lacks(make_campaign: CampaignMaker) -> None:
    with pytest.raises(TemplateError, match=r"mail.html.j2 asks for the field `self`"):
        said(make_campaign, "html", "{{ self }}", {"first_name": "Ann"})


@pytest.mark.parametrize(
    "source",
    [
        "{% if false %}{{ first_name.__class__ }}{% endif %}",
        "{{ first_name.__class__ is defined }}",
        "{{ first_name['__class__'] is defined }}",
        "{{ dict.mro() }}",
        "{{ first_name.upper.__self__ }}",
        "{{ (row | attr('__class__')) }}",
        "{{ row.__class__ }}",
        "{{ [first_name] | map(attribute='__class__') | first }}",
    ],
)
def test_what_is_pythons_own_is_refused_wherever_it_stands(make_campaign: CampaignMaker, source: str) -> None:
    with pytest.raises(TemplateError, match=r"mail.html.j2, line 1"):
        said(make_campaign, "html", source, {"first_name": "Ann"})
