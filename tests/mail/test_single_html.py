"""Whatever a sender writes, none of it reaches the unsubscribe link: not by tags, not by styles.

`TRICKS` and `mails` are looked at in Chromium as well: `make look`.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.singles import Mail
from mail import css_allowed, sanitised, single_message
from mail.markup import is_html
from mail.message import MessageContext
from mail.scoped_css import SCOPE

URL = "https://mail.shop.example/unsubscribe/token"
# One point, which covers what it is stretched over; browsers wait for it.
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQ"
    "AAAABJRU5ErkJggg=="
)
LABEL = "No more offers"
WORD = "<p>Hello <b>you</b>, look at this.</p>"

# Each hides a link that stands behind it, or covers it, in some browser or mail reader.
RULES = (
    """
a,div,table,td{display:none !important}
*{visibility:hidden !important}
*{opacity:0 !important}
body{opacity:0}
html{display:none}
body{height:0;overflow:hidden}
html,body{font-size:0}
body{color:#fff;background:#fff}
body>*:last-child{display:none !important}
body{zoom:.01}
div~table{display:none !important}
div+table{position:absolute;left:-9999px !important}
:root{filter:opacity(0)}
body{transform:scale(0)}
body{clip-path:inset(50%)}
table:has(a){display:none !important}
body:has(a) table{opacity:0 !important}
@media all{a,table{display:none !important}}
@media screen{*{color:#fff !important}}
@media ) all ( {p{color:red}} @media ) all ( {a{display:none !important}}
@supports(color:red){a{display:none !important}}
@layer x{a{display:none !important}}
@import url(https://x.example/hide.css);
@import 'https://x.example/hide.css';p{color:red}
@container (min-width:1px){a{display:none !important}}
@scope(body){a{display:none !important}}
@font-face{font-family:Arial;src:url(data:font/woff2;base64,d09GMgABAAAAAAA)}
@property --x{syntax:'<color>';inherits:true;initial-value:#fff}a{color:var(--x) !important}
@keyframes k{to{opacity:0}}*{animation:k 1ms forwards}
a[href*=unsubscribe]{display:none !important}
[style]{display:none !important}
td:nth-child(1){display:none !important}
:is(a,table){display:none !important}
:where(a){display:none !important}
:not(p){display:none !important}
a:not(#x){font-size:0 !important}
\\61 {display:none !important}
a{displ\\61y:none !important}
a/**/{dis/**/play:none !important}
body{background:url(https://x.example/a.png) fixed}
html{background:#555;mix-blend-mode:screen}
body{column-count:9;height:1px}
body{display:flex;flex-direction:column-reverse;height:0}
body{display:grid;grid-template-rows:0 0;overflow:hidden}
body{contain:strict;height:1px}
body{content-visibility:hidden}
html{direction:rtl;text-indent:-9999px}
body{margin-left:-9999px}
body::after{content:'';position:fixed;inset:0;background:#fff}
*::before{content:'x';font-size:99em}
p{margin-bottom:-9999px}
p{height:9999999px}
p{line-height:99999}
p{padding:99999px}
p{position:fixed;top:0;left:0;width:100%;height:100%;background:#fff;z-index:2147483647}
p{box-shadow:0 0 0 9999px #fff}
p{outline:9999px solid #fff}
p{text-shadow:0 200px 0 #555}
p{transform:translateY(60px) scale(40)}
p{translate:0 60px;scale:40}
p{rotate:45deg;zoom:30}
p{float:left;width:100%;height:0}
p{display:table-cell;height:0}
b{vertical-align:-9999px}
p{height:0;line-height:400px}
p{height:0;font-size:300px}
p{max-height:1px;line-height:20em}
a{pointer-events:none !important}
body{pointer-events:none}
html{pointer-events:none}
p{-webkit-mask:linear-gradient(#000,#000);position:sticky;top:0}
p{width:9999999px}
a{color:#fff !important;-webkit-text-fill-color:#fff !important}
body{-webkit-text-fill-color:#fff}
.SCOPE~table{display:none !important}
.SCOPE+*{display:none}
div:has(>.SCOPE)+table{opacity:0}
}a{display:none !important}
p{color:red}}}*{display:none !important
p{/*}*/}a{display:none}
@media print{}*{display:none !important}
@media screen{p{}}}a{display:none !important}
p{}</style><style>a{display:none !important}
<!--a{display:none !important}-->
body{color-scheme:dark}a{color:CanvasText !important;background:CanvasText}
@page{size:1px}
p{font-size:9999px}
p{letter-spacing:9999px}
td,th,a,table{width:0;height:0;overflow:hidden !important}
""".strip()
    .replace("SCOPE", SCOPE)
    .splitlines()
)
INLINE = """
position:fixed;inset:0;background:#fff;z-index:2147483647
position:absolute;top:0;width:100%;height:9999px
margin-bottom:-9999px
margin:0 0 -300px
height:9999999px
padding-top:100000em
zoom:40
transform:translateY(99px) scale(50)
float:left;height:0;line-height:300px
height:0;font-size:300px
box-shadow:0 0 0 9999px #fff
outline:9999px solid #fff
filter:drop-shadow(0 60px #555)
display:contents;position:sticky;bottom:0
height:calc(9px*99999)
height:0;border-bottom:200px solid #fff
""".strip().splitlines()
MARKUP = (
    """
<body hidden>
<html hidden><body>
<body style='display:none'>
<body style='opacity:0' class=x>
<p>x</p><body hidden>
<p>x</p><html style='display:none'>
<body inert>
<body popover>
<dialog open>x
<details><summary>x</summary>
<p>x<template>
<p>x<noscript>
<p>x<plaintext>
<p>x<textarea>
<p>x<select>
<p>x<svg>
<p>x<svg><foreignObject>
<p>x<math>
<p>x<iframe>
<p>x<object>
<p>x<title>
<p>x<xmp>
<p>x<!--
<p>x<!--[if mso]>
<p>x<![if !mso]>
<p>x<![CDATA[
<base href='https://x.example/'>
<meta http-equiv=refresh content='0;url=https://x.example'>
<form action='https://x.example'>
<button style='position:fixed;inset:0'>x
<marquee>x
<frameset>
<a href='https://x.example/'>
<a href='https://x.example/'><table>
<label><b><i>
<ruby><rt>x
<div><h3><div><h1><h2>a</h2></h1></div>b</h3></div>
<table><table><tr><td>x</table></div></div>
<table><tr><td></div></div></table></table></td>x
</div></div></table></body></html><p>x</p>
<p>x</p></div></div>
<b><p><i><div></b>x</i>
<a href=x><div><a href=y>z</div>
<nobr><p><nobr><table><nobr>x
<center><p>x
<table height=9999999><tr><td>x</table>
<td height=99999>x
<img src='PICTURE' height=999999 width=1>
<img src='PICTURE' height=2000 style='margin-bottom:-2000px'>
<div style='height:0'><img src='PICTURE' height=400 width=2000></div>
<p>x<br style='display:none'>
<bdo dir=rtl>\u202ex
<p onclick='x()' onmouseover=alert(1)>x
<a href='javascript:x()'>x</a>
<link rel=stylesheet href='https://x.example/a.css'>
<p>x<style>a{display:none !important}
<p title='<style>a{display:none}</style>'>x
<svg><style>a{display:none}</style></svg><p>x
<font color=#fff style='color:#fff !important'>
<table align=left height=9><tr><td>x
<div style='float:left;width:100%'>x
""".strip()
    .replace("PICTURE", PICTURE)
    .splitlines()
)
MARKUP += ["<div>" * 600 + "x", "<font size=7>" * 50 + "x"]
TRICKS = (
    *(f"<style>{rule}</style>{WORD}" for rule in RULES),
    *(f'<p style="{style}">Hello</p>' for style in INLINE),
    *(f'{WORD}<div style="{style}">{WORD}' for style in INLINE),
    *(f"{WORD}{markup}{WORD}" for markup in MARKUP),
    *(markup + WORD for markup in MARKUP),
)


def _one_of(texts: str, *more: str) -> st.SearchStrategy[str]:
    """Return any of the texts between the signs and the lines."""
    found = [each.strip() for each in re.split("[\u00a6\\n]", texts.replace("SCOPE", SCOPE))]
    found = [each.replace("PICTURE", PICTURE) for each in found]
    return st.sampled_from([*filter(None, found), *more])


_names = _one_of(
    """
    position¦top¦left¦inset¦z-index¦transform¦translate¦scale¦filter¦zoom¦clip¦clip-path¦mask
    content¦animation¦mix-blend-mode¦contain¦all¦columns¦pointer-events¦outline¦perspective
    content-visibility¦-webkit-text-fill-color¦--x¦DISPLAY¦dis\\play¦color/**/¦grid-template-rows
    column-count¦appearance¦inset-block
""",
    *sorted(css_allowed.ALLOWED),
)
_values = _one_of("""
    none¦hidden¦0¦1px¦-1px¦-999px¦100%¦9999px¦2000px¦600px¦-10px¦200px¦fixed¦absolute¦sticky
    relative¦left¦right¦both¦inline¦block¦contents¦table¦table-cell¦flex¦grid¦transparent¦#fff
    #ffffff¦#555555¦inherit¦initial¦unset¦100vh¦99999vh¦10em¦calc(1px * 9999)¦calc(100% - 9px)
    calc(-1px - 9999px)¦var(--x)¦scale(0)¦translateY(50px)¦'x'¦url(https://x.example/a.png)
    url(javascript:x)¦rgba(0,0,0,0)¦0 99px 0 #555¦0 0 0 30px #fff¦rtl¦collapse¦'}a{display:none}'
    1e9px¦30px¦nowrap¦expression(x)¦linear-gradient(#fff,#fff)¦table-row¦list-item¦400px¦\\9
    0 0 -30px¦1 1 0¦column-reverse¦bidi-override¦vertical-rl¦1000¦bold 300px/0 Arial
""")
_ends = st.sampled_from(("", "", " !important", "!important", " ! important", ";", "}", "/*", '"'))
declarations = st.lists(st.builds("{}:{}{}".format, _names, _values, _ends), min_size=1, max_size=4).map(
    ";".join
)
_simple = _one_of("""
    *¦a¦p¦div¦table¦td¦tr¦tbody¦body¦html¦:root¦head¦b¦.x¦#x¦.SCOPE¦div.SCOPE¦[style]¦[href]¦a:hover
    :last-child¦body.x¦html:root¦:not(p)¦:has(a)¦:is(a)¦::after¦\\61¦a:nth-child(n)
    [role=presentation]¦&¦||¦body:last-child¦:nth-last-child(1)¦:only-child¦div:first-of-type¦/**/¦"
    (¦|a
""")
selectors = st.lists(
    st.lists(_simple, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from((" ", ">", "+", "~", "  ", " > ")).map(lambda sign: sign.join(parts))
    ),
    min_size=1,
    max_size=3,
).map(",".join)
_rules = st.builds("{}{{{}}}".format, selectors, declarations)
_at_rules = _one_of("""
    @media all¦@media screen and (min-width:1px)¦@media(min-width:1px)¦@layer x¦@supports(a:b)
    @container (width>0)¦@scope(body)¦@MEDIA not print¦@media all{@media all¦@starting-style
    @import url(x)¦@media \\61ll¦@media all{}¦@font-face¦@page
""")
sheets = st.lists(
    _rules | st.builds("{}{{{}}}".format, _at_rules, _rules) | st.sampled_from(RULES), max_size=5
).map("".join)
_tags = _one_of("""
    div¦p¦b¦a href=https://x.example/¦table¦tr¦td¦h1¦h3¦font color=#ffffff¦center¦ul¦li¦body class=x
    html¦span¦caption¦body hidden¦col¦nobr¦dd¦i¦table height=9999¦td width=2000
    img src=PICTURE height=2000¦img src=PICTURE width=2000 height=90¦form¦svg¦marquee
""")
_pieces = st.one_of(
    st.just("word "),
    _tags.map("<{}>".format),
    _tags.map(lambda tag: f"</{tag.split()[0]}>"),
    st.builds(
        '<{} style="{}">'.format,
        st.sampled_from(("div", "p", "td", "table", "b", "body", "img")),
        declarations,
    ),
    st.sampled_from(MARKUP),
)
mails = st.builds(
    "<style>{}</style><body>{}{}".format, sheets, st.lists(_pieces, max_size=10).map("".join), st.just(WORD)
)


def composed(text: str) -> str:
    assert is_html(text)
    mail = Mail("news@shop.example", "Promo", text, LABEL, "EliPackage")
    return single_message.compose(mail, MessageContext("someone@mail.example", URL)).html


@dataclass
class Page(HTMLParser):
    """A page as its tags stand, which is how every reader takes it where each of them ends."""

    open: list[str] = field(default_factory=list)
    in_body: list[str] = field(default_factory=list)
    links: list[tuple[str, ...]] = field(default_factory=list)
    senders: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    body: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if self.open == ["html", "body"]:
            self.in_body.append(tag)
        if tag == "body":
            self.body = attributes
        if attributes.get("href") == URL:
            self.links.append(tuple(self.open))
        elif self.open[:4] == ["html", "body", "div", "div"]:
            self.senders.append((tag, attributes))
        if tag not in ("br", "img", "hr", "wbr", "col", "area", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles.append(data)


_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_WITHIN = re.compile(rf"(?:div)?\.{SCOPE}(?![\w-])(?!\s*[+~])")
_IN_QUOTES = re.compile(r"\"[^\"]*\"|'[^']*'")


def check_sheet(sheet: str) -> None:
    """Hold its rules to the sender's element; the page gets a colour at most."""
    assert not set("\\<") & set(sheet)
    plain = _IN_QUOTES.sub("''", sheet)
    assert re.findall("@[a-z-]*", plain) == ["@media"] * plain.count("@")
    assert "(" not in re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", plain))
    rules = _RULE.findall(re.sub(r"@media [^{}]*\{\n", "", plain))
    for selector, body in rules:
        names = {declaration.partition(":")[0] for declaration in re.sub(r"\([^()]*\)", "", body).split(";")}
        if selector.strip(" \n}") == "body":
            assert names == {"background-color"}
            continue
        assert names <= css_allowed.ALLOWED
        for each in selector.strip(" \n}").split(","):
            assert _WITHIN.match(each), each


def check(text: str) -> None:
    whole = composed(text)
    page = Page()
    page.feed(whole)
    page.close()
    assert page.links == [("html", "body", "table", "tbody", "tr", "td")]
    assert page.in_body == ["div", "table"]
    assert whole.endswith(f">{LABEL}</a></td></tr></tbody></table></body></html>")
    assert set(page.body) == {"style"}
    assert re.fullmatch(r"margin:0;padding:0(;background-color:[#\w(), ]+)?", page.body["style"] or "")
    for sheet in page.styles:
        check_sheet(sheet)
    for tag, attributes in page.senders:
        assert tag in sanitised.TAGS
        assert set(attributes) <= sanitised.ATTRIBUTES
        style = attributes.get("style") or ""
        assert "\\" not in style
        assert {each.name for each in css_allowed.allowed(style)} <= css_allowed.ALLOWED
        # What is written is what would be written of it again.
        assert css_allowed.written(style) == style


@pytest.mark.parametrize("text", TRICKS)
def test_a_trick_does_not_reach_the_link(text: str) -> None:
    check(text)


@given(mails)
def test_no_style_and_no_tag_reaches_the_link(text: str) -> None:
    check(text)


@given(st.text("<>/!-[]'\"= pbadivtable{}style:;\\@&#", max_size=60))
def test_no_noise_reaches_the_link(noise: str) -> None:
    check(f"{WORD}{noise}")


@pytest.mark.parametrize(
    "markup",
    [
        "<dd>x<span><table><q></dd></p><dd>",
        "<dt><rt><img>x<div><dt><table></table></dt></div></rt></dt>",
        "<h1><dt>x<i><dt><h1><table><tr><th><img></th></tr></table></h1></dt></i></dt></h1>",
        "<div><h3><div><h1><h2>a</h2></h1></div>b</h3></div>",
        "<menu><li>x<table>x<ul><menu><map>x<table>x<img><li><q>",
    ],
)
def test_what_is_written_is_what_is_read(markup: str) -> None:
    once = sanitised.sanitised(markup)
    assert sanitised.sanitised(once) == once


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color:#333;font-family:'Open Sans', Arial", "color:#333;font-family:'Open Sans', Arial"),
        ("margin:0 auto!important", "margin:0 auto !important"),
        ("width:calc(100% - 20px)", "width:calc(100% - 20px)"),
        (
            "background:url('https://x.example/a.png') no-repeat",
            'background:url("https://x.example/a.png") no-repeat',
        ),
        ("background:#fff; background:linear-gradient(90deg,#fff,rgba(0,0,0,.5))",) * 2,
        ("border-radius:9999px;line-height:1.5;mso-line-height-rule:exactly",) * 2,
        ("display:none;max-height:0;overflow:hidden;mso-hide:all",) * 2,
        ("margin-top:-1px;position:relative;height:9999px;width:calc(9px * 999);color:red\\9;--x:1", ""),
        ("padding:10px 20px;;:;color", "padding:10px 20px"),
    ],
)
def test_styles_of_honest_mail_stay(style: str, kept: str) -> None:
    wanted = kept.replace("; ", ";")
    assert css_allowed.written(style) == wanted


@pytest.mark.parametrize(
    "markup",
    [
        '<table width="600" cellpadding="0" cellspacing="0" border="0" align="center"><tbody><tr>'
        '<td valign="top" style="padding:10px"><img src="cid:logo" alt="Logo" width="120" height="40">'
        "</td></tr></tbody></table>",
        '<a href="https://shop.example/?a=1&amp;b=2" target="_blank" style="display:inline-block">Buy</a>',
        '<img src="data:image/png;base64,AAAA"><img src="https://shop.example/a b.png">',
        '<a href="mailto:help@shop.example">Write</a> <a href="tel:+123">Call</a> <a href="#top">Up</a>',
        '<div dir="rtl" lang="he">\u05e9\u05dc\u05d5\u05dd</div><ol start="3" type="a"><li>x</li></ol>',
    ],
)
def test_markup_of_honest_mail_stays(markup: str) -> None:
    assert sanitised.sanitised(markup) == markup


def test_an_address_without_a_scheme_is_one_of_https() -> None:
    markup = '<a href="//shop.example/x"><img src="//shop.example/a.png"></a>'
    assert sanitised.sanitised(markup) == markup.replace("//", "https://")


@pytest.mark.parametrize(
    "link", ["javascript:x", "java&#9;script:x", " JAVASCRIPT:x", "vbscript:x", "data:text/html,x", "x.y:z"]
)
def test_a_link_that_is_none_of_the_webs_goes_nowhere(link: str) -> None:
    assert sanitised.sanitised(f'<a href="{link}">x</a>') == "<a>x</a>"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<style>.x{color:red}</style><body class=x id=y>", f'<div class="{SCOPE} x" id="y">'),
        ("<style>body{background:#eee}</style>", "body{background-color:#eee}"),
        ("<body bgcolor=eeeeee topmargin=0>", "margin-top:0px;margin-bottom:0px;background-color:#eeeeee"),
        (
            "<style>@media (max-width:600px){.x,body{width:100%!important}}</style>",
            f"div.{SCOPE}{{width:100% !important}}",
        ),
        ("<style media='(max-width:600px)'>p{color:red}</style>", "@media (max-width:600px){"),
        ("<style>*{margin:0}</style>", f".{SCOPE} *,.{SCOPE}{{margin:0}}"),
        (
            "<meta name=viewport content='width=device-width'>",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
        ),
        ("<html lang=he dir=rtl><body>", '<html lang="he"><head>'),
    ],
)
def test_what_a_page_says_of_itself_holds_within_its_element(text: str, wanted: str) -> None:
    assert wanted in composed(text + WORD)
