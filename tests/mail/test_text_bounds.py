"""The text part of any HTML: every word of it, at any depth, in a size that follows from the page alone.

Each text has as many letters as the API takes. Where one of them needs time or memory that grows faster
than itself, this file does not end.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from ledger.singles import Mail
from mail import html_tree, plain_text
from mail.message import Content, MessageContext
from mail.single_message import compose

URL = "https://mail.shop.example/unsubscribe/token"
LETTERS = 120_000
MARK = "the-last-word"
# A tag of four letters can become an item's line end, indent and mark.
MOST_TEXT = 4


def repeated(part: str, before: str = "", after: str = "") -> str:
    """Return a text of 120,000 letters that ends with the mark."""
    room = LETTERS - len(before) - len(after) - len(MARK)
    return before + part * (room // len(part)) + MARK + after


TEXTS = {
    "layout tables": repeated(
        '<table><tr><td style="padding:10px"><p>Hello <b>you</b>, '
        '<a href="https://shop.example/x">look</a>.</p></td></tr></table>'
    ),
    "paragraphs": repeated("<p>Hello you, this is a sentence.</p>"),
    "paragraphs never closed": repeated("<p>Hello you"),
    "a word a tag": repeated("<b>x</b>", "<p>"),
    "divs 1,000 deep": repeated("word ", "<div>" * 1_000, "</div>" * 1_000),
    "divs 8,000 deep": repeated("word ", "<div>" * 8_000),
    "tables 1,000 deep": repeated("<br>x", "<table><tr><td>" * 1_000, "</td></tr></table>" * 1_000),
    "lists 1,000 deep": repeated("<li>x", "<ul><li>" * 1_000),
    "quotes 1,000 deep": repeated("<p>x</p>", "<blockquote>" * 1_000),
    "fonts never closed": repeated('<font color="red"><p>word'),
    "definitions never closed": repeated("<dl><dd>x"),
    "cells with an open pre": repeated("<tr><td><pre>x\n", "<table>"),
    "blanks in a pre": repeated(" ", "<pre>", "</pre>"),
    "tabs in a pre": repeated("\t", "<pre>", "</pre>"),
    "hard blanks in a pre": repeated("\u00a0", "<pre>", "</pre>"),
    "line breaks in a pre": repeated("\n", "<pre>x", "</pre>"),
    "a wide padding": repeated("<p>x</p>", '<div style="padding-left:1000000px">'),
    "a wide padding in a pre": repeated("x\n", '<pre style="padding-left:1000000px">', "</pre>"),
    "paddings within each other": repeated('<div style="padding-left:999em">x'),
    "wide margins": repeated('<p style="margin-top:1000000px">x</p>'),
    "one cell wider than all": repeated("<tr><td>x", "<table><tr><td>" + "y" * 30_000),
    "one cell longer than all": repeated(
        "<td>x", "<table><tr><td><pre>" + "\n" * 40_000 + "</pre>", "</table>"
    ),
    "many rows, many columns": repeated("<td>", "<table>" + "<tr>" * 10_000),
    "square brackets": repeated("[", "<p>"),
    "pairs of brackets": repeated("[a]", "<p>["),
    "links of brackets": repeated('<a href="x">[]</a>', "<p>"),
    "comments between words": repeated("<!-- -->word", "<p>"),
    "forms between words": repeated("<form>x</form>word", "<p>x</p>"),
    "one element, many attributes": "<p " + " ".join(f"a{n}=1" for n in range(9_000)) + f">{MARK}</p>",
    "a style of dots": f'<p style="padding-left:{"." * 100_000}px">{MARK}</p>',
    "a style that names itself": f'<p style="{"style:" * 15_000}">{MARK}</p>',
    "a length without end": f'<p style="padding-left:{"9" * 400}em;margin-top:auto">{MARK}</p>',
    "a list item counted to a power": f"<ol><li value='²'>x<li value='{'9' * 5_000}'>{MARK}</ol>",
    "letters of three bytes": repeated("ж", "<p>"),
    "entities": repeated("&amp;", "<p>"),
    "entities that name each other": repeated(
        "&b;", '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><p>'
    ),
    "an XML declaration": '<?xml version="1.0" encoding="UTF-16"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'
    f"<body><p>Your order é</p><p>{MARK}</p></body></html>",
    "another encoding said": f'<meta charset="iso-8859-1"><p>é ж {MARK}</p>',
    "what XML does not know": "<p>a</p><!-- x -->b\ufffec\uffffd\x01\x0b<p>"
    + MARK
    + "&#0;&#xFFFE;&#xD800;</p>",
}


def composed(text: str, unsubscribe_text: str = "Unsubscribe") -> Content:
    mail = Mail("news@shop.example", "Promo", text, unsubscribe_text, "EliPackage")
    return compose(mail, MessageContext("someone@mail.example", URL))


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_becomes_a_mail_with_all_of_its_words(name: str) -> None:
    text = TEXTS[name]
    assert len(text) <= LETTERS
    content = composed(text)
    for part in (content.html, content.text):
        assert MARK in part
        assert part.index(MARK) < part.index(URL)
    assert len(content.text) <= MOST_TEXT * len(text)


NESTS = ["div", "table><tr><td", "ul><li", "a href=x", "font color=red"]


@pytest.mark.parametrize("nest", NESTS)
@pytest.mark.parametrize("depth", [1, 199, 250, 255, 2_049])
def test_a_reader_that_follows_256_elements_sees_the_words_and_the_link(nest: str, depth: int) -> None:
    names = [part.split()[0] for part in nest.split("><")]
    ends = "".join(f"</{name}>" for name in reversed(names))
    content = composed(f"<{nest}>" * depth + MARK + ends * depth)
    # Without `huge_tree`: the parser of many readers and filters.
    page = html.document_fromstring(content.html)
    assert MARK in page.text_content()
    assert page.xpath(f"//a[@href='{URL}']")
    assert MARK in content.text
    assert URL in content.text


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff", "\x1f"])
def test_the_links_words_may_hold_what_xml_does_not_know(sign: str) -> None:
    assert ">No more</a>" in composed("<p>Hello</p>", f"No {sign}more").html


words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)
tags = st.sampled_from(
    [
        "p",
        "div",
        "b",
        "table",
        "tr",
        "td",
        "ul",
        "ol",
        "li",
        "pre",
        "a href=x",
        "h1",
        "blockquote",
        "br",
        "dd",
    ]
)
pieces = st.one_of(
    words.map(lambda word: f" {word} "),
    tags.map(lambda tag: f"<{tag}>"),
    tags.map(lambda tag: f"</{tag.split()[0]}>"),
)


@given(st.lists(pieces, max_size=60), st.integers(0, 3_000))
def test_no_word_is_lost_however_the_tags_are_nested(parts: list[str], depth: int) -> None:
    text = "<span>" * depth + "".join(parts)
    page = html_tree.parse(text)
    found = plain_text.from_html(text).split() if page is not None else []
    shown = " ".join(found)
    for part in parts:
        if not part.startswith("<"):
            assert part.strip() in shown
