"""Text made from HTML: readable words, links shown once, no mark-up, nothing unseen, nothing lost."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.plain_text import from_html

EXAMPLES = int(os.environ.get("TEXT_EXAMPLES", "100"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Buy <a href='https://a.example/b'>this</a> now</p>", "Buy this (https://a.example/b) now"),
        ("<a href='https://a.example/b'>https://a.example/b</a>", "https://a.example/b"),
        ("<a href='https://a.example/'>a.example</a>", "https://a.example/"),
        ("<a href='mailto:hi@a.example'>hi@a.example</a>", "hi@a.example"),
        ("<a href='mailto:hi@a.example'>Write</a>", "Write (hi@a.example)"),
        ("<a href='tel:+15550100'>Call</a>", "Call (+15550100)"),
        ("<a href='#top'>Up</a>", "Up"),
        ("<a href='https://a.example'><img src='x' alt='Sale'></a>", "Sale (https://a.example)"),
        ("<a href='https://a.example'><img src='x'></a>", "https://a.example"),
        ("<p>Fish &amp; chips &lt;hot&gt;</p>", "Fish & chips <hot>"),
        ("<style>p {color: red}</style><title>T</title><p>Hi</p><script>x()</script>", "Hi"),
        ("<div style='display:none'>preheader</div><p>Hi</p>", "Hi"),
        ("<p>one</p><br><br><br><br><p>two</p>", "one\n\ntwo"),
        ("<ul><li>a</li><li>b</li></ul>", "* a\n* b"),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>", "1. a\n  * b\n2. c"),
        ("<ol start=4><li>a<li value=9>b<li>c</ol>", "4. a\n9. b\n10. c"),
        ("a<ul><li><p>b</p><p>c</p></li></ul>d", "a\n\n* b\n\nc\n\nd"),
        ("<table><tr><th>Book<th>Price<tr><td>Sea<td>9 EUR</table>", "Book  Price\nSea  9 EUR"),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a\n\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("one<div>two</div>three<span>four</span>", "one\ntwo\nthreefour"),
        ("<span style='display:block'>a</span><div style='display:inline'>b</div>c", "a\nbc"),
        ("<a href=https://a.example style='display:inline-block'>A</a><b>B</b>", "A (https://a.example)B"),
        ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
        ("<div style='white-space:pre-line'>a\nb</div>", "a\nb"),
        ("a<hr>b", "a\n\n" + "-" * 40 + "\n\nb"),
        ("<img src=cid:logo alt=Logo><img src=x>", "[Logo]"),
        ("<a href=cid:terms>terms</a> <a name=here>here</a>", "terms here"),
        ("he said <q>yes</q>", "he said “yes”"),
        ("Donau&shy;dampf 10&nbsp;EUR &euro;5", "Donaudampf 10\xa0EUR €5"),
        # Brackets are text, and a link's target is one.
        ("<a href='https://x.example/a_(b)'>this</a> [note](see below)", None),
        ("<p>[a](b) [c]</p>", "[a](b) [c]"),
        ("<a href='https://a.example/?q=[x]'>[1]</a>", "[1] (https://a.example/?q=[x])"),
        ("<a href='https://a.example/a b'>x</a>", "x (https://a.example/a%20b)"),
        ("<a href=' https://a.example/a\nb '>x</a>", "x (https://a.example/ab)"),
        ("<a href='javascript:x()'>x</a>", "x"),
        ("<a href=https://a.example> </a>b", "b"),
        ("<a href=https://a.example><div>a</div><div>b</div></a>", "a\nb\n(https://a.example)"),
        # What it calls itself, and what stands behind its end.
        ("<?xml version='1.0' encoding='latin-1'?><p>é</p>", "é"),
        ("<meta charset=latin-1><p>é</p>", "é"),
        ("<p>a</p></body></html><p>b</p>", "a\n\nb"),
        ("<body>a</body><body>b</body>", "ab"),
        ("", ""),
        ("<!-- nothing -->", ""),
    ],
)
def test_a_page_becomes_what_a_person_would_type(html: str, text: str | None) -> None:
    wanted = "this (https://x.example/a_(b)) [note](see below)" if text is None else text
    assert from_html(html) == f"{wanted}\n"


MJML = (
    "display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0px;max-width:0px;opacity:0;"
    "overflow:hidden;"
)
MAILCHIMP = (
    "display:none; font-size:0px; line-height:0px; max-height:0px; max-width:0px; opacity:0; "
    "overflow:hidden; visibility:hidden; mso-hide:all;"
)
FOUNDATION = (
    "color:#f3f3f3;display:none!important;font-size:1px;line-height:1px;max-height:0;max-width:0;"
    "mso-hide:all!important;opacity:0;overflow:hidden;visibility:hidden"
)

HIDDEN = [
    *(f'<div style="{style}">PRE</div>' for style in (MJML, MAILCHIMP, FOUNDATION)),
    "<span style='display:none !important;max-height:0'>PRE</span>",
    "<span style='DISPLAY : NONE ! important'>PRE</span>",
    "<span style='display:/* for mso */none'>PRE</span>",
    "<div style='display:none'><p style='display:block'>PRE</p></div>",
    "<span style='visibility:hidden'>PRE</span>",
    "<span style='opacity:0'>PRE</span>",
    "<span style='opacity:0.0'>PRE</span>",
    "<span style='font-size:0'>PRE</span>",
    "<span style='font-size:0 !important'>P<b>RE</b></span>",
    "<span style='font:0/0 a'>PRE</span>",
    "<span style='font-size:1px'>PRE</span>",
    "<span style='font-size:0'><b style='font-size:2em'>PRE</b></span>",
    "<span style='color:transparent'>PRE</span>",
    "<span style='color:rgba(0,0,0,0)'>PRE</span>",
    "<div style='max-height:0;overflow:hidden'>PRE</div>",
    "<div style='height:0px;overflow-y:hidden'>PRE</div>",
    "<div style='position:absolute;left:-9999px'>PRE</div>",
    "<div style='text-indent:-9999px'>PRE</div>",
    "<span style='position:absolute;clip:rect(0, 0, 0, 0)'>PRE</span>",
    "<span hidden>PRE</span>",
    "<span hidden='until-found'>PRE</span>",
    "<template>PRE</template>",
    "<noscript>PRE</noscript>",
    "<!-- PRE -->",
    "<!--[if mso]><table><tr><td>PRE</td></tr></table><![endif]-->",
    "<!--[if gte mso 9]><xml>PRE</xml><![endif]-->",
    "<script>PRE</script>",
    "<iframe>PRE</iframe>",
    "<svg><text>PRE</text></svg>",
    "<dialog>PRE</dialog>",
    "<style>.pre{display:none !important}</style><span class='a pre'>PRE</span>",
    "<style>/* x */ #pre , .b{color:red;display:none}</style><span id=pre>PRE</span>",
    "<style>@media print{.x{color:red}} table .pre{display:none}</style><table><td class=pre>PRE</table>",
    "<style><!-- .pre{display:none} --></style><p class=pre>PRE</p>",
    "<style>.pre{display:none !important}</style><p class=pre style='display:block'>PRE</p>",
    "<img src=x width=1 height=1 alt=PRE>",
    "<img src=x style='width:1px;height:1px' alt=PRE>",
    "<a href=https://a.example/PRE style='display:none'>PRE</a>",
    "<a href=https://a.example/PRE></a>",
    "<div>&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;&shy;</div>",
    "<i hidden><p>PRE</p></i>",
    "<font hidden><table><tr><td>PRE</td></tr></table></font>",
    "<a hidden href=x><table><tr><td>PRE</td></tr></table></a>",
    "<div hidden><div>a</div>PRE</div>",
    "<table><tr hidden><td>PRE<td>PRE<tr></table>",
    "<title>PRE</title>",
]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_reader_does_not_see_is_not_in_the_text(hidden: str) -> None:
    assert from_html(f"<html><body>{hidden}<p>Hi</p></body></html>") == "Hi\n"


SEEN = [
    # MJML puts every column into a cell without a font size, and gives it back inside.
    "<td style='font-size:0px'><div style='font-size:13px'>WORD</div></td>",
    "<td style='font-size:0'><span style='font:13px/1.5 Arial'>WORD</span></td>",
    "<td style='font-size:0px'><img src=x alt=WORD></td>",
    "<div style='visibility:hidden'><b style='visibility:visible'>WORD</b></div>",
    "<div style='max-height:0'>WORD</div>",
    "<div style='overflow:hidden;height:20px'>WORD</div>",
    "<div style='opacity:0.5'>WORD</div>",
    "<div style='display:block !important;display:none'>WORD</div>",
    "<div hidden style='display:block'>WORD</div>",
    "<div style='mso-hide:all'>WORD</div>",
    "<div style='font-size:0.9em'>WORD</div>",
    "<div style='background:url(data:image/png;base64,display:none)'>WORD</div>",
    "<div style='mso-display:none'>WORD</div>",
    "<div data-style='display:none'>WORD</div>",
    "<!--[if !mso]><!--><p>WORD</p><!--<![endif]-->",
    "<![if !mso]><p>WORD</p><![endif]>",
    "<style>@media (max-width:600px){.d{display:none !important}}</style><p class=d>WORD</p>",
    "<style media='(max-width:600px)'>.d{display:none}</style><p class=d>WORD</p>",
    "<style media=print>.d{display:none}</style><p class=d>WORD</p>",
    "<style>.d{display:none}</style><p class=e>WORD</p>",
    "<style>.d{display:none}</style><p class=d style='display:block'>WORD</p>",
    "<style>.d{display:none} .d{display:block}</style><p class=d>WORD</p>",
    "<style>.d:hover, a[href]{display:none}</style><a class=d href=#>WORD</a>",
    "<style>.e .d{display:none}</style><p class=d>WORD</p>",
    "<custom-tag>WORD</custom-tag>",
    "<o:p>WORD</o:p>",
    "<video src=x>WORD</video>",
    "<dialog open>WORD</dialog>",
    "<del>WORD</del>",
    "<textarea>WORD</textarea>",
    "<button>WORD</button>",
    "<marquee>WORD",
    "<p>WORD<p",
    # A browser keeps these open where other parsers close them.
    "<a href=x><table><tr><td>WORD</table></a>",
    "<font style='font-size:0'><center style='font-size:9px'>WORD</center></font>",
    "<p><span hidden>a</span>WORD",
    "<div hidden>a</div></div>WORD",
    "<table><tr hidden><td>a<tr><td>WORD</table>",
    "<ul><li hidden>a<li>WORD</ul>",
    "<p hidden>a<div>WORD</div>",
    "<head><title>T</title><p>WORD",
    "<title>a</title>WORD",
    "<plaintext>WORD",
]


@pytest.mark.parametrize("seen", SEEN)
def test_what_a_reader_sees_is_in_the_text(seen: str) -> None:
    assert "WORD" in from_html(f"<html><body>{seen}</body></html>")


# Each took minutes where time or memory grew with the square of the page, or with a number in a style.
LONG = [
    ("<pre>a" + " " * 115_000 + "b</pre>", 115_003),
    ("<pre>" + " " * 115_000 + "</pre>", 1),
    ("<p style='padding-left:1000000px'>x</p>", 2),
    ("<ul><li>a" * 6_000, 0),
    ("<style>" + "/*" * 60_000, 1),
    ("<style>.a p{color:red}" * 2_000 + "</style>" + "<p class=a>x" * 7_000, 0),
    ("<!--" * 30_000, 0),
    ('<p style="' + "('" * 60_000, 1),
    ("<a href=x>" * 1_500 + "y" * 60_000, 60_005),
    ("<div>" * 1_000 + "x", 2),
]


@pytest.mark.parametrize(("page", "length"), LONG, ids=[page[:24] for page, _ in LONG])
def test_a_page_that_repeats_itself_is_written_in_passing(page: str, length: int) -> None:
    text = from_html(page)
    assert len(text) <= 2 * len(page) + 1
    assert not length or len(text) == length


# Pieces with what a reader sees of each, in order.
PIECES = st.recursive(
    st.sampled_from(
        ["alpha ", "beta<br>", "<!-- unseen -->", "gamma&nbsp;", "<img src=x alt='delta'>", "&lt;eps&gt; "]
    ).map(
        lambda piece: (
            piece,
            [word for word in ("alpha", "beta", "gamma", "delta", "<eps>") if _said(word, piece)],
        )
    ),
    lambda inner: st.tuples(
        st.sampled_from(
            [
                *(("", tag, f"</{tag.split()[0]}>") for tag in ("p", "div", "b", "h2", "font color=red")),
                ("", "a href='https://a.example/(x)'", "</a>"),
                ("", "div style='font-size:13px'", "</div>"),
                ("", "table><tr><td", "</td></tr></table>"),
                ("", "ul><li", "</ul>"),
                ("hidden", "div style='display:none !important'", "</div>"),
                ("hidden", "i style='font-size:0;visibility:hidden;opacity:0'", "</i>"),
                ("hidden", "template", "</template>"),
            ]
        ),
        st.lists(inner, max_size=4),
    ).map(lambda pair: _around(*pair)),
    max_leaves=12,
)


def _said(word: str, piece: str) -> bool:
    return word in piece.replace("&lt;", "<").replace("&gt;", ">")


def _around(tag: tuple[str, str, str], inner: list[tuple[str, list[str]]]) -> tuple[str, list[str]]:
    words = [word for _, seen in inner for word in seen]
    return f"<{tag[1]}>{''.join(html for html, _ in inner)}{tag[2]}", [] if tag[0] else words


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(PIECES, max_size=6))
def test_the_words_of_the_text_are_those_that_a_reader_sees_in_their_order(
    pieces: list[tuple[str, list[str]]],
) -> None:
    text = from_html("<body>" + "".join(html for html, _ in pieces))
    found, at = [], 0
    for word in (word for _, seen in pieces for word in seen):
        at = text.find(word, at)
        assert at >= 0, (word, text)
        at += len(word)
        found.append(word)
    assert sum(text.count(word) for word in ("alpha", "beta", "gamma", "delta", "<eps>")) == len(found)
    assert "unseen" not in text


def test_the_layout_tables_of_a_mail_leave_no_blank_columns() -> None:
    html = "<table><tr><td>&nbsp;</td><td><table><tr><td><h1>Hello</h1></td></tr></table></td></tr></table>"
    assert from_html(html) == "Hello\n"
