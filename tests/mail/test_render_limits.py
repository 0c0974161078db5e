"""Templates that would take the machine: each is refused with its line, and what people write passes."""

from collections.abc import Callable

import pandas as pd
import pytest

from mail import render_limits
from mail.campaign_file import Campaign
from mail.errors import TemplateError
from mail.message import MessageContext, check_rows, compose
from mail.rendering import render
from mail.templating import Template, Templates

CampaignMaker = Callable[..., Campaign]

# Each would take gigabytes or hours.
LOOPS = [
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}x{% endfor %}{% endfor %}"
    "{% endfor %}",
    "{% for a in range(99999) %}{{ range(99999) | list | length }}{% endfor %}",
    "{% for a in range(99999) %}{{ range(99999) | sum }}{% endfor %}",
    "{% for a in range(9) recursive %}{{ loop(range(99999)) if loop.depth == 1 }}{% endfor %}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "{% for a in range(99999) if range(99999) | list %}{% endfor %}",
    "{% macro m() %}{% for a in range(99999) %}{{ caller() }}{% endfor %}{% endmacro %}"
    "{% call m() %}{% call m() %}x{% endcall %}{% endcall %}",
    "{% for a in range(99999) %}{{ [range(99999)] | map('list') | list | length }}{% endfor %}",
]


def again_and_again(start: str, next_: str, shown: str = "''") -> str:
    """A template that makes its `ns.x` out of itself as often as it gets to."""
    return (
        f"{{% set ns = namespace(x={start}) %}}{{% for a in range(99) %}}"
        f"{{% set ns.x = {next_} %}}{{% endfor %}}{{{{ {shown} }}}}"
    )


LONG = "{% set x = 'x'.ljust(99999) %}"
LINES = "{% set x = 'x\n'.ljust(99999, '\n') %}"
GROWTH = [
    *(
        again_and_again("'ab'", next_)
        for next_ in (
            "ns.x ~ ns.x",
            "ns.x + ns.x",
            "'%s%s' % (ns.x, ns.x)",
            "'%s%s' | format(ns.x, ns.x)",
            "'{0}{0}'.format(ns.x)",
            "[ns.x, ns.x] | join",
            "''.join([ns.x, ns.x])",
            "ns.x.replace('', ns.x)",
            "ns.x | replace('', ns.x)",
            "ns.x.translate({97: ns.x, 98: ns.x})",
        )
    ),
    *(
        again_and_again("[1]", nested, shown)
        for nested in ("[ns.x, ns.x]", "(ns.x, ns.x)", "{'a': ns.x, 'b': ns.x}")
        for shown in (
            "ns.x ~ ''",
            "ns.x | string",
            "ns.x | tojson",
            "ns.x | pprint",
            "'%s' % (ns.x,)",
            "'{}'.format(ns.x)",
            "[ns.x] | join",
        )
    ),
    again_and_again("[1]", "ns.x + ns.x"),
    again_and_again("9999999", "ns.x * ns.x"),
    "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}"
    "{% set ns.x = y %}{% endfor %}",
    "{{ range(99999) | map('string') | map('center', 99999) | list | length }}",
    LONG + "{% for a in range(9999) %}{{ x }}{% endfor %}",
    LONG + "{% macro m() %}{% for a in range(9999) %}{{ x }}{% endfor %}{% endmacro %}{{ m() }}",
    LONG + "{{ x.join(x) }}",
    LONG + "{{ x | list | join(x) }}",
    LONG + "{{ x | join(d=x) }}",
    LONG + "{{ x.replace('', x) }}",
    LONG + "{{ x | replace(' ', x) }}",
    LONG + "{{ x | wordwrap(1, true, x) }}",
    LONG + "{{ x.replace(' ', 'a.example ') | urlize(rel=x) }}",
    LINES + "{{ x | indent(99999) }}",
    LINES + "{{ x | indent(width=99999, blank=true) }}",
    LINES + "{{ x | indent(x) }}",
    "{{ '\t'.ljust(99999, '\t').expandtabs(99999) }}",
]
# Two that are equal and not the same, in Python's own comparing and hashing.
TWINS = (
    "{% set ns = namespace(x=(1,), y=(1,)) %}{% for a in range(99) %}"
    "{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% endfor %}"
)
COMPARED = [
    TWINS + f"{{{{ {expression} }}}}"
    for expression in (
        "ns.x == ns.y",
        "ns.x != ns.y",
        "ns.x < ns.y",
        "ns.x in [ns.y]",
        "ns.x is eq(ns.y)",
        "[ns.x] | select('eq', ns.y) | list | length",
        "[ns.x, ns.y] | unique | list | length",
        "[ns.x, ns.y] | sort | length",
        "{ns.x: 1} | length",
        "row[ns.x]",
        "[1].index(ns.x)",
        "[ns.x].index(ns.y)",
        "[ns.x].count(ns.y)",
        "row.get(ns.x)",
    )
]
SINGLE = [
    f"{{{{ {expression} }}}}"
    for expression in (
        "'x'.ljust(2000000000)",
        "'x'.rjust(2000000000)",
        "'x'.center(2000000000)",
        "'x'.zfill(2000000000)",
        "'x'['ljust'](2000000000)",
        "('x' | attr('ljust'))(2000000000)",
        "first_name.ljust(2000000000)",
        "first_name.ljust(1000000 * 2000)",
        "'x'.encode().ljust(2000000000)",
        "'\t'.expandtabs(2000000000)",
        "'\t'.expandtabs(tabsize=2000000000)",
        "(1).to_bytes(2000000000, 'big')",
        "(1).to_bytes(length=2000000000, byteorder='big')",
        "'%2000000000d' % 1",
        "'%.2000000000f' % 1",
        "'%*d' % (2000000000, 1)",
        "'%(n)2000000000d' % {'n': 1}",
        "'%2000000000d' | format(1)",
        "'%*d' | format(2000000000, 1)",
        "'{:2000000000}'.format(1)",
        "'{:{}}'.format(1, 2000000000)",
        "'{:{w}}'.format(1, w=2000000000)",
        "'{a:2000000000}'.format_map({'a': 1})",
        "'x' | center(2000000000)",
        "'x' | center(width=2000000000)",
        "'x\ny' | indent(2000000000)",
        "[1] | batch(2000000000, 'x') | list | length",
        "[1] | slice(2000000000) | list | length",
        "1.5 | round(400000000)",
        "1.5 | round(precision=400000000, method='ceil')",
        "[[1]] | tojson(indent=2000000000)",
        "'x' * 2000000000",
        "[1] * 2000000000",
        "9 ** 2000000000",
    )
]


@pytest.mark.parametrize(
    ("source", "autoescape"),
    [(source, number % 2 == 0) for number, source in enumerate([*LOOPS, *GROWTH, *COMPARED, *SINGLE])],
)
def test_no_template_takes_the_machine(
    source: str, autoescape: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bounds hold at any size; the smaller, the sooner the test is done.
    monkeypatch.setattr(render_limits, "STEPS", 20_000)
    monkeypatch.setattr(render_limits, "LETTERS", 3_000_000)
    monkeypatch.setattr(render_limits, "PROCESSOR_SECONDS", 0.2)
    template = Template.compiled("mail.html", "\n" + source, autoescape=autoescape)
    row = {"first_name": "Ann"}
    with pytest.raises(TemplateError, match=r"^mail.html(, line \d+)?, row 7: .*; take it out\.$") as refused:
        render(template, {**template.code.globals, **row, "row": row}, 7)
    assert "Ann" not in str(refused.value)


def test_rehearsal_and_sending_refuse_alike(make_campaign: CampaignMaker) -> None:
    bomb = "{{ 'x'.ljust(2000000000) }}"
    for part in ("subject", "html", "text"):
        templates = Templates.load(
            make_campaign(**({"subject": "Hi", "html": "x", "text": "x"} | {part: bomb}))
        )
        row = {"address": "ann@reader.example", "first_name": "Ann"}
        context = MessageContext("ann@reader.example", "https://mail.brightbooks.example/u/abc", row=1)
        with pytest.raises(TemplateError, match="`ljust` is given a number above 100,000"):
            compose(templates, row, context)
        with pytest.raises(TemplateError, match="`ljust` is given a number above 100,000"):
            check_rows(templates, pd.DataFrame([row]))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ '%d%% off' % 20 }} {{ '{:,}'.format(1234567) }}", "20% off 1,234,567"),
        ("{{ 'Call 5551234567, {}'.format('Ann') }}", "Call 5551234567, Ann"),
        ("{{ '%.2f' | format(3.14159) }} {{ '%-5s|' % 'a' }}", "3.14 a    |"),
        ("{{ 20000000 * 30000000 }} {{ 5000000 | default(9999999) }}", "600000000000000 5000000"),
        ("{{ [1, 2000000] | select('gt', 1000000) | list | length }}", "1"),
        ("{% for x in range(300) %}{% for y in range(300) %}{% endfor %}{% endfor %}done", "done"),
        (
            "{% for x in [3, 4] %}{{ loop.index }}/{{ loop.length }}{{ ' ' if not loop.last }}{% endfor %}",
            "1/2 2/2",
        ),
        ("{% for x in [] %}a{% else %}none{% endfor %}", "none"),
        ("{% for x in [1, [2, [3]]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "123"),
        ("{% for a, b in {'x': 1}.items() if b %}{{ a }}{{ b }}{% endfor %}", "x1"),
        (
            "{{ ['a', 'b'] | join(', ') }} {{ [{'n': 'x'}, {'n': 'y'}] | join('-', attribute='n') }}",
            "a, b x-y",
        ),
        ("{{ ', '.join(['a', 'b']) }} {{ 'a' ~ 1 ~ none }} {{ ([1] + [2]) | length }}", "a, b a1None 2"),
    ],
)
def test_what_people_write_passes(source: str, expected: str) -> None:
    template = Template.compiled("mail.html", source, autoescape=False)
    assert render(template, dict(template.code.globals), 1) == expected


@pytest.mark.parametrize(
    "source",
    [
        "Hello {{ name or 'you' }}",
        "{{ name | title }}{{ name | default('x') | upper }}{{ name ~ '!' ~ name }}",
        "{% if name == other or name in ['a', other] %}{{ row['name'] }}{% endif %}{{ {name: 1} | length }}",
        "{% block head %}{{ name }}{% endblock %}{{ name | e | trim | length }}{{ 5 - 2 }}{{ 7 // 2 }}",
        "{# a comment #}{% raw %}{{ a }}{% endraw %}{{ name is defined }}{{ name[0] }}{{ name[1:] }}",
    ],
)
def test_what_is_not_counted_counts_nothing(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else the counts of all messages would add up, and refuse an honest one some day.
    template = Template.compiled("mail.html", source, autoescape=True)
    assert not template.is_limited
    monkeypatch.setattr(render_limits, "LETTERS", -1)
    monkeypatch.setattr(render_limits, "STEPS", -1)
    row = {"name": "ann", "other": "b"}
    for number in range(2 * render_limits._STEPS_A_LOOK):
        assert render(template, {**template.code.globals, **row, "row": row}, number)


@pytest.mark.parametrize("source", [*LOOPS, *GROWTH, *COMPARED, *SINGLE])
def test_what_could_take_the_machine_is_counted(source: str) -> None:
    # A power is refused before anything is counted.
    assert Template.compiled("mail.html", source, autoescape=True).is_limited or "**" in source


def test_each_text_has_limits_of_its_own() -> None:
    template = Template.compiled("mail.html", "{% for x in range(60000) %}{% endfor %}", autoescape=True)
    for row in range(5):
        assert render(template, dict(template.code.globals), row) == ""
