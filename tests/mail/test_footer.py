"""The footer: who does not see the unsubscribe link or the postal address in a mail gets it at the end."""

import os
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from mail.campaign_file import Campaign
from mail.errors import TemplateError
from mail.footer import Footer, Unseen
from mail.message import Content, MessageContext, compose
from mail.rendering import pieces
from mail.templating import Templates

CampaignMaker = Callable[..., Campaign]

LINK = "https://mail.brightbooks.example/unsubscribe/abc"
ADDRESS = "Bright Books & Co, 1 High Street, Exampletown"
EXAMPLES = int(os.environ.get("FOOTER_EXAMPLES", "60"))
A = '<a href="{{ unsubscribe_url }}">Stop</a>'
P = "<p>{{ postal_address }}</p>"


def made(make_campaign: CampaignMaker, html: str, text: str | None = "x", **row: str) -> Content:
    templates = Templates.load(make_campaign(subject="Hi", html=html, text=text))
    return compose(templates, row, MessageContext("ann@reader.example", LINK, row=7))


def footers(html: str) -> tuple[int, int]:
    """Return how many links and addresses were added, known by a style that nothing else here has."""
    return (
        len(re.findall(rf'<a href="{LINK}" style="color:#666666 !important', html)),
        len(re.findall(r'<p style="display:block !important;margin:0">Bright', html)),
    )


UNSEEN = [
    "<!-- {} -->",
    "<!--[if mso]>{}<![endif]-->",
    "<!--[if (gte mso 9)|(IE)]><table><tr><td>{}</td></tr></table><![endif]-->",
    # Outlook alone does not see it; the footer is for its readers.
    "<!--[if !mso]><!-->{}<!--<![endif]-->",
    "<![if !mso]>{}<![endif]>",
    "<div style='mso-hide:all'>{}</div>",
    "<div style='display:none'>{}</div>",
    "<div style='display: NONE !important'>{}</div>",
    "<div style='visibility:hidden'>{}</div>",
    "<div style='font-size:0'>{}</div>",
    "<div style='opacity:0'>{}</div>",
    "<div style='max-height:0;overflow:hidden'>{}</div>",
    "<div style='color:transparent'>{}</div>",
    "<div hidden>{}</div>",
    "<template>{}</template>",
    "<noscript>{}</noscript>",
    "<script>{}</script>",
    "<style>{}</style>",
    "<title>{}</title>",
    "<iframe>{}</iframe>",
    "<svg>{}</svg>",
    "<p title='{}'>x</p>",
    "<img src=x alt='{}'>",
    "<style>.h{{display:none}}</style><div class=h>{}</div>",
    "<style>#h .h{{display:none}}</style><div id=h><div class='a h'>{}</div></div>",
    "{{% if false %}}{}{{% endif %}}",
    "{{% if vip %}}{}{{% endif %}}",
    "{{% for n in vip %}}{}{{% endfor %}}",
    "{{# {} #}}",
    "<div style='display:{{{{ 'none' if not vip else 'block' }}}}'>{}</div>",
    "<div {{{{ 'hidden' if not vip }}}}>{}</div>",
    "{{% set part %}}{}{{% endset %}}",
    "{{% macro part() %}}{}{{% endmacro %}}",
]


@pytest.mark.parametrize("around", UNSEEN)
def test_a_link_and_an_address_that_nobody_sees_are_added(make_campaign: CampaignMaker, around: str) -> None:
    quote = '"' if "'" in around else "'"
    inside = (
        A.replace('"', quote) + P if "='{}'" not in around else "{{ unsubscribe_url }} {{ postal_address }}"
    )
    html = f"<html><body><p>Hi</p>{around.format(inside)}</body></html>"
    content = made(make_campaign, html, vip="")
    assert footers(content.html) == (1, 1)
    assert content.html.endswith("</div></body></html>")


SEEN = [
    "{}",
    "<div style='font-size:0'><div style='font-size:13px'>{}</div></div>",
    "<!--[if mso]><table><tr><td><![endif]-->{}<!--[if mso]></td></tr></table><![endif]-->",
    "<!--[if mso]>{0}<![endif]--><!--[if !mso]><!-->{0}<!--<![endif]-->",
    "<style>@media (max-width:600px){{.h{{display:none !important}}}}</style><div class=h>{}</div>",
    "<div style='overflow:hidden;height:40px'>{}</div>",
    "<!-- --><div>{}</div><!-- -->",
    "{{% if not vip %}}{}{{% endif %}}",
    "{{% for n in [1] %}}{}{{% endfor %}}",
    "{{% macro part() %}}{}{{% endmacro %}}{{{{ part() }}}}",
    "{{% set part %}}{}{{% endset %}}{{{{ part }}}}",
    "<table><tr><td><p>{}</td></tr></table></body>",
]


@pytest.mark.parametrize("around", SEEN)
def test_what_a_reader_sees_is_not_said_twice(make_campaign: CampaignMaker, around: str) -> None:
    html = f"<html><body><p>Hi</p>{around.format(A + P)}</body></html>"
    rendered = made(make_campaign, html, vip="").html
    assert footers(rendered) == (0, 0)


@pytest.mark.parametrize(
    ("link", "is_seen"),
    [
        ("<a href='{{ unsubscribe_url }}'>Stop</a>", True),
        ("<a href={{ unsubscribe_url }}>Stop</a>", True),
        ("<A HREF = '{{ unsubscribe_url }}' >Stop</A>", True),
        ("<a href='{{ unsubscribe_url }}#x'>Stop</a>", True),
        ("<a href='{{ unsubscribe_url }}?from=mail'>Stop</a>", True),
        ("<a href='{{ unsubscribe_url ~ '?from=mail' }}'>Stop</a>", True),
        ("<a href='{{ unsubscribe_url }}'><b>S</b></a>", True),
        ("<a href='{{ unsubscribe_url }}'><img src='cid:stop' alt=''></a>", True),
        ("<a href='{{ unsubscribe_url }}'><table><tr><td>Stop</td></tr></table></a>", True),
        ("<a href='{{ unsubscribe_url }}'>{{ unsubscribe_text }}</a>", True),
        ("<a href='{{ unsubscribe_url }}'>{{ word }}</a>", True),
        ("<a href='{{ unsubscribe_url }}'>{{ empty }}</a>", False),
        ("<a href='{{ unsubscribe_url }}'> &nbsp;&zwnj;</a>", False),
        ("<a href='{{ unsubscribe_url }}'></a>", False),
        ("<a href='{{ unsubscribe_url }}'><img src='{{ empty }}'></a>", False),
        ("<a href='{{ unsubscribe_url }}'><img src=x width=1 height=1></a>", False),
        ("<a href='{{ unsubscribe_url }}'><span style='display:none'>Stop</span></a>", False),
        ("<a href='{{ unsubscribe_url }}' style='display:none'>Stop</a>", False),
        ("<a href='{{ unsubscribe_url }}x'>Stop</a>", False),
        ("<a href='https://a.example/?to={{ unsubscribe_url | urlencode }}'>Stop</a>", False),
        ("<a name='{{ unsubscribe_url }}'>Stop</a>", False),
        ("<a href='mailto:stop@brightbooks.example'>Stop</a>", False),
        ("Stop: {{ unsubscribe_url }}", False),
        ("<img src='{{ unsubscribe_url }}'>", False),
        ("<form action='{{ unsubscribe_url }}'><button>Stop</button></form>", False),
        ("<{{ 'a' }} href='{{ unsubscribe_url }}'>Stop</a>", True),
    ],
)
def test_a_link_is_one_that_a_reader_can_see_and_click(
    make_campaign: CampaignMaker, link: str, is_seen: bool
) -> None:
    content = made(make_campaign, f"<div>{link}</div>{P}", word="Stop", empty="")
    assert footers(content.html) == (0 if is_seen else 1, 0)


@pytest.mark.parametrize(
    ("address", "is_seen"),
    [
        ("{{ postal_address }}", True),
        ("Bright Books &amp; Co, 1 High Street, Exampletown", True),
        ("<b>Bright Books</b> &amp; Co<br>1 High Street<br>Exampletown", True),
        ("{{ postal_address | upper }}", True),
        ("{{ postal_address | replace(', ', '<br>' | safe) }}", True),
        ("<td>Bright&nbsp;Books &amp; Co</td><td>1 High Street</td><td>Exampletown</td>", True),
        ("{{ postal_address | truncate(12) }}", False),
        ("Bright Books, Exampletown", False),
        ("<img alt='{{ postal_address }}' src=x>", False),
        ("<a href='https://maps.example/?q={{ postal_address }}'>map</a>", False),
        ("Bright Books &amp; Co, <i hidden>1 High Street</i>, Exampletown", False),
        ("Bright Books &amp; Co, 1 High {{ word }} Street, Exampletown", False),
    ],
)
def test_an_address_is_one_whose_letters_a_reader_sees(
    make_campaign: CampaignMaker, address: str, is_seen: bool
) -> None:
    content = made(make_campaign, f"{A}<p>{address}</p>", word="Old")
    assert footers(content.html) == (0, 0 if is_seen else 1)


@pytest.mark.parametrize(
    ("html", "end"),
    [
        # The `</body>` of a comment, a script or an attribute is none.
        ("<body><p>a</p></body><!-- end of </body> --></html>", "</body><!-- end of </body> --></html>"),
        ("<body>a<script>'</body>'</script></body>", "</body>"),
        ("<body>a<p title='</body>'>b</body>", "</body>"),
        ("<p>a</p></html>", "</html>"),
        # What never ends would take in what stands behind it.
        ("<p>a</p><!-- open", "<!-- open"),
        ("<p>a</p><style>p{", "<style>p{"),
        ("<p>a</p><title>", ""),
        ("<p>a</p><a href='x", "<a href='x"),
        ("<p>a</p><div style='display:none'>", ""),
        ("<body><div hidden><p>a</body>", "</body>"),
        ("<table><tr><td style='font-size:0'>a", ""),
    ],
)
def test_the_footer_stands_where_a_reader_sees_it(make_campaign: CampaignMaker, html: str, end: str) -> None:
    rendered = made(make_campaign, html).html
    assert footers(rendered) == (1, 1)
    assert rendered.endswith(f"</div>{end}")


@pytest.mark.parametrize("body", ["<body style='display:none'>", "<body hidden>", "<html style='opacity:0'>"])
def test_a_mail_that_hides_all_of_itself_is_refused_with_its_row(
    make_campaign: CampaignMaker, body: str
) -> None:
    with pytest.raises(TemplateError, match=r"mail.html.j2, row 7 hides its own end, .* off the <body>"):
        made(make_campaign, f"{body}<p>Hi</p>")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{{ unsubscribe_url }} {{ postal_address }}", 0),
        ("{% if vip %}{{ unsubscribe_url }} {{ postal_address }}{% endif %}", 2),
        ("{{ unsubscribe_url }} Bright Books & Co\n1 High Street\nExampletown", 0),
        ("{{ postal_address }}", 1),
    ],
)
def test_the_text_part_is_looked_at_by_itself_for_each_row(
    make_campaign: CampaignMaker, text: str, missing: int
) -> None:
    lines = made(make_campaign, A + P, text, vip="").text.partition("\n-- \n")[2].splitlines()
    assert len(lines) == missing


PARTS = st.sampled_from(
    [
        *(A, P, "<p>{{ word }}</p>", "<p>{{ word | safe }}</p>", "{{ word }}", "{{ word | safe }}"),
        *("{% if flag %}", "{% else %}", "{% endif %}", "{% for n in flag %}", "{% endfor %}"),
        *("<div style='{{ style }}'>", "<div class={{ word }}>", "<div {{ style | safe }}>", "</div>"),
        *("<!--", "-->", "<a href='{{ unsubscribe_url if flag else word }}'>", "{{ word }}</a>", "</a>"),
        *("<style>.big{display:{{ word }}}</style>", "<b class='big'>", "</b>", "<{{ word }}>", "</body>"),
        *("{% macro m() %}<i>{{ word }}", "{% endmacro %}", "{{ m() }}", "<img src='{{ word }}'>"),
    ]
)
CELLS = st.fixed_dictionaries(
    {
        "word": st.sampled_from(
            ["", " ", "Ann", "none", "big", "i", "-->", "<div hidden>", "&zwnj;", "hidden"]
        ),
        "style": st.sampled_from(["", "display:none", "hidden", "color:red"]),
        "flag": st.sampled_from(["", "1"]),
    }
)


def test_what_a_macro_writes_is_looked_at_in_its_own_pieces(make_campaign: CampaignMaker) -> None:
    html = (
        "{% macro hello(name) %}<p><b>Hi {{ name }}</b></p>{% endmacro %}"
        "{% set x %}{{ hello(word) }}{% endset %}{{ x }}"
        "{% block b %}{% block c %}{{ word }}{% endblock %}{% endblock %}{% filter trim %} y {% endfilter %}"
    )
    templates = Templates.load(make_campaign(subject="Hi", html=html, text="x"))
    for word in ("Ann", "Bob", "Eve", "<i>", "Zoe", ""):
        content = compose(templates, {"word": word}, MessageContext("a@reader.example", LINK))
        assert footers(content.html) == (1, 1)
        assert content.html.startswith(f"<p><b>Hi {escape(word)}</b></p>{escape(word)}y")
    assert len(templates.footer.shapes) == 1


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PARTS, min_size=1, max_size=9), rows=st.lists(CELLS, min_size=2, max_size=5))
def test_a_shape_seen_before_gets_what_a_look_at_the_mail_itself_would_give(
    make_campaign: CampaignMaker, parts: list[str], rows: list[dict[str, str]]
) -> None:
    try:
        templates = Templates.load(make_campaign(subject="Hi", html="x" + "".join(parts), text="x"))
    except TemplateError:
        return
    for number, row in enumerate(rows):
        url = f"{LINK}{number}"
        whole = {**templates.html.code.globals, **row, "row": row, "unsubscribe_url": url}
        whole |= {"postal_address": ADDRESS, "unsubscribe_text": "Unsubscribe"}
        try:
            rendered = pieces(templates.html, whole, 1)
        except TemplateError:
            return
        fresh = Footer(templates.html.code, ADDRESS, "Unsubscribe")
        # One piece with a sign of HTML in it has no shape but its own.
        alone = ["<!---->" + "".join(rendered)]
        assert outcome(templates.footer, ["<!---->", *rendered], url) == outcome(fresh, alone, url)


def outcome(footer: Footer, rendered: list[str], url: str) -> str:
    try:
        return footer.added(rendered, url)
    except Unseen:
        return "unseen"
