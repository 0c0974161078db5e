"""What no recipient should read: foreign merge tags, dead addresses, text compared with numbers."""

from collections.abc import Callable

import pytest

from mail import content_check, mail_links
from mail.campaign_file import Campaign
from mail.content_check import Finding
from mail.errors import TemplateError
from mail.templating import Templates

CampaignMaker = Callable[..., Campaign]
COLUMNS = ["email", "First Name", "points"]

# Each with what is to be typed in its place.
TAGS = [
    ("*|FNAME|*", "{{ first_name }}"),
    ("*|UNSUB|*", "{{ unsubscribe_url }}"),
    ("*|LIST:ADDRESS|*", "{{ email }}"),
    ("%%First Name%%", "{{ first_name }}"),
    ("%%=v(@first)=%%", "{{ first_name }}"),
    ("[[firstname]]", "{{ first_name }}"),
    ("[[x]]", "{{ first_name }}"),
    ('[[data:firstname:"you"]]', '{{ first_name or "you" }}'),
    ("{$name}", "{{ first_name }}"),
    ("{!Contact.FirstName}", "{{ first_name }}"),
    ("${firstName}", "{{ first_name }}"),
    ("$[FNAME|you]$", '{{ first_name or "you" }}'),
    ("<%= recipient.firstName %>", "{{ first_name }}"),
    ("%recipient.first_name%", "{{ first_name }}"),
    ("%FIRSTNAME%", "{{ first_name }}"),
    ("%points%", "{{ points }}"),
    ("[firstname,fallback=there]", '{{ first_name or "there" }}'),
    ("[subscriber:firstname | default:reader]", '{{ first_name or "reader" }}'),
    ("[% member:name %]", "{{ first_name }}"),
    ("#recipient:name#", "{{ first_name }}"),
    ("#points#", "{{ points }}"),
    ("-name-", "{{ first_name }}"),
    ("-points-", "{{ points }}"),
    ("##firstname##", "{{ first_name }}"),
    ("%FIRSTNAME|you%", '{{ first_name or "you" }}'),
    ("[FNAME|you]", '{{ first_name or "you" }}'),
    ("@FIRSTNAME@", "{{ first_name }}"),
    ("{FIRSTNAME}", "{{ first_name }}"),
    ("{contactfield=firstname|friend}", '{{ first_name or "friend" }}'),
    ("~Contact.FirstName~", "{{ first_name }}"),
    ("[First Name]", "{{ first_name }}"),
    ("«Prénom»", "{{ first_name }}"),
    ("%UNSUBSCRIBELINK%", "{{ unsubscribe_url }}"),
]
UNREAD = [
    ("{{{first_name}}}", "{{ first_name }}"),
    ("{{${first_name}}}", "{{ first_name }}"),
    ("{{#if vip}}a{{/if}}", "{% if ... %}"),
    ("{{ .Subscriber.FirstName }}", "{{ firstname }}"),
    ('{{var:first_name:"you"}}', '{{ first_name or "you" }}'),
    ("{{lead.First Name:default=you}}", '{{ first_name or "you" }}'),
    ("{{ first_name|default:'you' }}", '{{ first_name or "you" }}'),
    ("{{ First Name }}", "{{ first_name }}"),
    ("{{ contact.first_name | default : 'you' }}", '{{ first_name or "you" }}'),
    ("{% unsubscribe %}", "{{ unsubscribe_url }}"),
    ("{% currenttime %}", "another system"),
]
HONEST = [
    "Save 50% on books and 20% off shoes, 100%% sure: 10%off%, 5 % of 20 %",
    "From $5 to $10, US$5, $5$, {$5}, 3 < 5, a << b, 1 > 0",
    "[1] [[1]] [see below] [Note: it is late] [View in browser] [city] [points] [email] [Unsubscribe]",
    "#1 bestseller #spring #sale# tel. #12# C# and F#",
    "a - b - c -10- win-win -and- more, rock-name-plate",
    "me@shop.example and @handle, {a: b} {} *bold* |a|b|",
    "«Bonjour» «Le Monde» ((optional)) ~5 km",
    "{% raw %}{{{x}}} *|FNAME|*{% endraw %}{# *|FNAME|* #}",
    "{% if points | int > 10 %}a{% endif %}{% if points == '10' %}b{% endif %}",
    "{% set n = 3 %}{% if n > 2 %}a{% endif %}{% for n in range(3) %}{% if loop.index > 1 %}"
    "b{% endif %}{% endfor %}",
    "{{ points | default('x') }}{{ row['First Name'] }}{{ {'a': 1}['a'] }}",
    "/path/%20name%20/x%2Fname%2F?q=a%25&b=100%25",
]
HONEST_HTML = [
    '<style>a[class*="x"]{color:red} [[x]] .b{background:url(x.png)} %FIRSTNAME% #name#{}</style>',
    '<script type="application/ld+json">{"name": "{name}", "a": [[1, 2]], "u": "[[firstname]]"}</script>',
    '<!--[if mso]><v:fill src="bg.png" /><a href="x">[[x]]</a><![endif]--><!--[if !mso]><!-->'
    "a<!--<![endif]-->",
    "<pre>${x} [[x]] %FIRSTNAME%</pre><code>*|FNAME|*</code>",
    '<p class="[[x]] {name}" id="#name#" data-x="%name%" onclick="f(${x})">a</p>',
    '<a href="mailto:a@b.example">a</a><a href="tel:+1">b</a><a href="sms:+1">c</a>'
    '<a href="#top">d</a><a name="top">e</a>',
    '<img src="cid:logo"><img src="data:image/png;base64,AA=="><img src="https://a.example/a.png">',
    '<a href="{{ unsubscribe_url }}">a</a><img src="{{ email }}/x.png">'
    '<a href="https://{{ points }}.a.example/">b</a>',
    '<a href="{% if points %}https://a.example{% else %}https://b.example{% endif %}">a</a>',
    '<img srcset="https://a.example/a.png 1x, https://a.example/b.png 2x" src="HTTPS://a.example/a.png">',
    '<a href="http://127.0.0.1:8123/unsubscribe/x">ours</a>'
    '<a href="http://localhost:4566/sandbox/inbox">the sandbox</a>',
]
BAD_LINKS = [
    ('<img src="images/a.png">', "images/a.png", "https://www.example.com/images/a.png"),
    ('<img src="../a.png">', "../a.png", "whole address"),
    ('<img src="">', "", "is empty"),
    ("<img src>", "", "is empty"),
    ('<td background="bg.png">', "bg.png", "whole address"),
    ("<div style=\"background:url('bg.png')\">", "bg.png", "whole address"),
    ('<img srcset="a.png 1x, https://a.example/b.png 2x">', "a.png", "whole address"),
    ('<a href="/spring">a</a>', "/spring", "whole address"),
    ('<a href="spring.html">a</a>', "spring.html", "whole address"),
    ('<a href="www.shop.example/x">a</a>', "www.shop.example/x", "write https://www.shop.example/x"),
    ('<a href="shop.com">a</a>', "shop.com", "write https://shop.com"),
    ('<img src="//cdn.example/x.png">', "//cdn.example/x.png", "write https://cdn.example/x.png"),
    ('<a href="http://localhost/x">a</a>', "http://localhost/x", "this machine"),
    ('<a href="localhost:3000/x">a</a>', "localhost:3000/x", "this machine"),
    ('<a href="http://127.0.0.1:9999/x">a</a>', "http://127.0.0.1:9999/x", "this machine"),
    ('<a href="http://[::1]/x">a</a>', "http://[::1]/x", "this machine"),
    ('<a href="https://app.localhost/x">a</a>', "https://app.localhost/x", "this machine"),
    ('<img src="file:///C:/a.png">', "file:///C:/a.png", "this machine"),
    ('<img src="C:\\a.png">', "C:\\a.png", "this machine"),
]
OWN = mail_links.origins("http://127.0.0.1:8123", "http://localhost:4566/")


def found(
    make_campaign: CampaignMaker,
    *,
    subject: str = "s",
    html: str = "x",
    text: str = "x",
    allow: tuple[str, ...] = (),
) -> list[Finding]:
    templates = Templates.load(make_campaign(subject=subject, html=html, text=text))
    templates.check(COLUMNS)
    return content_check.findings(templates, COLUMNS, allow=allow, own=OWN)


@pytest.mark.parametrize(("tag", "typed"), TAGS, ids=[tag for tag, _ in TAGS])
def test_a_foreign_tag_is_refused_wherever_it_stands_with_what_to_type(
    make_campaign: CampaignMaker, tag: str, typed: str
) -> None:
    escaped = tag.replace("&", "&amp;").replace('"', "&quot;")
    places = [
        ("subject", {"subject": f"Hi {tag}!"}),
        ("mail.txt.j2", {"text": f"Hello\n{tag}, it is spring\n"}),
        ("mail.html.j2", {"html": f"<p>Hello\n{tag}, it is <b>spring</b></p>"}),
        ("mail.html.j2", {"html": f'<p>\n<a href="https://shop.example/?n={escaped}">x</a></p>'}),
        ("mail.html.j2", {"html": f'<p>\n<img alt="Hi {escaped} !" src="https://shop.example/a.png"></p>'}),
    ]
    for place, parts in places:
        (only,) = found(make_campaign, **parts)
        assert (only.place, only.line, only.written) == (place, 1 if place == "subject" else 2, tag), parts
        assert typed in only.sentence
        assert "\n" not in only.sentence
        assert found(make_campaign, **parts, allow=(tag,)) == []


@pytest.mark.parametrize(("tag", "typed"), UNREAD, ids=[tag for tag, _ in UNREAD])
def test_a_foreign_tag_in_braces_is_named_as_one(make_campaign: CampaignMaker, tag: str, typed: str) -> None:
    for parts in ({"subject": f"Hi {tag}"}, {"html": f"<p>\n{tag}</p>"}, {"text": f"a\n{tag}"}):
        with pytest.raises(TemplateError, match="is a merge tag of") as caught:
            Templates.load(make_campaign(**parts))
        assert typed in str(caught.value)
        assert f"line {1 if 'subject' in parts else 2}" in str(caught.value)


@pytest.mark.parametrize("asked", ["contact.FIRSTNAME", "person['first name']", "subscriber.firstname|lower"])
def test_a_field_of_another_systems_object_is_named_with_the_column(
    make_campaign: CampaignMaker, asked: str
) -> None:
    templates = Templates.load(make_campaign(subject=f"Hi {{{{ {asked} }}}}"))
    with pytest.raises(TemplateError, match=r"write \{\{ first_name \}\}"):
        templates.check(COLUMNS)
    templates.check([*COLUMNS, "contact", "person", "subscriber", "first_name"])


@pytest.mark.parametrize("words", HONEST)
def test_honest_words_pass_everywhere(make_campaign: CampaignMaker, words: str) -> None:
    assert found(make_campaign, subject=words, html=f"<p>{words}</p>", text=words) == []


@pytest.mark.parametrize("html", HONEST_HTML)
def test_honest_html_passes(make_campaign: CampaignMaker, html: str) -> None:
    assert found(make_campaign, html=f"<html><body>{html}</body></html>") == []


@pytest.mark.parametrize(("html", "written", "told"), BAD_LINKS, ids=[html for html, _, _ in BAD_LINKS])
def test_an_address_that_leads_nowhere_is_refused(
    make_campaign: CampaignMaker, html: str, written: str, told: str
) -> None:
    (only,) = found(make_campaign, html=f"<p>a</p>\n{html}")
    assert (only.line, only.written, only.is_error) == (2, written, True)
    assert told in only.sentence
    assert found(make_campaign, html=html, allow=(written,)) == []


@pytest.mark.parametrize(
    "html", ['<a href="#">a</a>', '<a href="">a</a>', "<a href>a</a>", '<a href=" # ">a</a>']
)
def test_an_empty_link_is_a_warning(make_campaign: CampaignMaker, html: str) -> None:
    (only,) = found(make_campaign, html=html)
    assert not only.is_error
    templates = Templates.load(make_campaign(html=html))
    assert content_check.check(templates, ["email", "first_name"]) == (only.sentence,)


@pytest.mark.parametrize(
    ("condition", "typed"),
    [
        ("points > 10", "points | int > 10"),
        ("10 < points", "points | int > 10"),
        ("points == 10", "points | int == 10"),
        ("points >= 9.5", "points | float >= 9.5"),
        ("row.points < -1", "row.points | int < -1"),
        ('row["First Name"] != 3', 'row["First Name"] | int != 3'),
        ("first_name and points <= 3", "points | int <= 3"),
    ],
)
def test_a_column_that_is_compared_with_a_number_says_how(
    make_campaign: CampaignMaker, condition: str, typed: str
) -> None:
    (only,) = found(make_campaign, text=f"a\n{{% if {condition} %}}b{{% endif %}}")
    assert (only.line, f"`{typed}`" in only.sentence) == (2, True)
    assert found(make_campaign, text=f"{{% if {typed} %}}b{{% endif %}}") == []


@pytest.mark.parametrize("element", ["unsubscribe", "webversion", "firstname"])
def test_an_element_of_another_systems_is_refused(make_campaign: CampaignMaker, element: str) -> None:
    (only,) = found(make_campaign, html=f"<p>a\n<{element}>here</{element}></p>")
    assert (only.line, only.written) == (2, f"<{element}>")
    assert found(make_campaign, html=f"<pre><{element}>here</{element}></pre>") == []
