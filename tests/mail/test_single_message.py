"""Composing a single message: plain or HTML told apart, and the link where nothing of the text reaches it."""

from html.parser import HTMLParser

import pytest

from ledger.singles import Mail
from mail.markup import is_html
from mail.message import Content, MessageContext
from mail.single_message import compose

URL = "https://mail.shop.example/unsubscribe/token"


def composed(text: str, unsubscribe_text: str = "No more offers") -> Content:
    mail = Mail("news@shop.example", "Promo", text, unsubscribe_text, "EliPackage")
    return compose(mail, MessageContext("someone@mail.example", URL))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we have a new offer", False),
        ("1 < 2 and 3 > 2", False),
        ("Ann <ann@mail.example> wrote", False),
        ("a <word> in brackets", False),
        ("<3 you", False),
        ("Hello<br>you", True),
        ("<p>Hello</p>", True),
        ("<!DOCTYPE html><title>x</title>", True),
        ('see <a href="https://shop.example">this</a>', True),
        ("<DIV class=x>", True),
        ("<bold>", False),
    ],
)
def test_a_tag_of_html_makes_a_text_html(text: str, found: bool) -> None:
    assert is_html(text) is found


def test_a_plain_text_gets_words_and_url_and_goes_out_alone() -> None:
    content = composed("we have a new offer\r\n this week \n")
    assert content.html == ""
    assert content.text == f"we have a new offer\r\n this week\n\n-- \nNo more offers: {URL}\n"


def test_html_gets_an_anchor_and_a_text_beside_it() -> None:
    content = composed("<p>Hello <b>you</b></p>")
    assert "<p>Hello <b>you</b></p>" in content.html
    assert f'<a href="{URL}"' in content.html
    assert ">No more offers</a></td></tr></tbody></table></body></html>" in content.html
    assert content.text == f"Hello you\n\nNo more offers ({URL})\n"


@pytest.mark.parametrize("text", ["plain", "<p>HTML</p>"])
def test_every_message_has_the_one_click_headers(text: str) -> None:
    assert composed(text).headers == (
        ("List-Unsubscribe", f"<{URL}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


@pytest.mark.parametrize("text", ["plain", "<p>HTML</p>"])
def test_the_links_words_are_words_and_no_html(text: str) -> None:
    content = composed(text, '"><script>alert(1)</script>')
    assert "<script>" not in content.html
    assert URL in content.text


class _Links(HTMLParser):
    """Finds the anchors that a reader meets, and inside of what each of them stands."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str | None, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append((dict(attrs).get("href"), tuple(self.open)))
        if tag not in ("br", "img", "hr", "input", "meta", "link", "col"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass


@pytest.mark.parametrize(
    "breaking",
    [
        "<p>open",
        "<div><table><tr><td>",
        "<p>x<!-- an open comment",
        "<p>x<!--> a comment that a browser ends at once",
        "<p>x</p><div title='an open quote",
        '<p>x</p><a href="https://shop.example/',
        "<p>x</p><style>p{color:red}/*",
        "<style><!--</style><p>x",
        "<p>x<script>'",
        "<p>x<textarea>",
        "<p>x<title>",
        "<p>x<plaintext>",
        "<p>x<xmp>",
        "<p>x<noscript>",
        "<p>x<iframe>",
        "<p>x<template>",
        "<p>x<select><option>",
        "<p>x<form action='https://shop.example'>",
        "<p>x<svg><style>",
        "<p>x<math><mtext>",
        "<p>x</body></html>more",
        "<p>x</body></html><!-- open",
        "<frameset><frame src=x></frameset>",
        "<p>x<![CDATA[ open",
        "<p>x<?php open",
        "<p>\x00\x08x</p>",
        "<html>",
        "<b><i>" * 200,
    ],
)
def test_nothing_in_the_html_reaches_the_link(breaking: str) -> None:
    content = composed(breaking)
    reader = _Links()
    reader.feed(content.html)
    reader.close()
    ours = [inside for href, inside in reader.found if href == URL]
    assert ours == [("html", "body", "table", "tbody", "tr", "td")] or (
        not content.html and URL in content.text
    )


@pytest.mark.parametrize("words", ["\u200b", "\u3164", " . ", "\u202e", "\u2800\u00ad"])
@pytest.mark.parametrize("text", ["plain", "<p>HTML</p>"])
def test_a_link_whose_words_nobody_would_see_says_unsubscribe(text: str, words: str) -> None:
    content = composed(text, words)
    assert "Unsubscribe" in content.text
    assert not content.html or ">Unsubscribe</a>" in content.html


def test_the_links_words_neither_turn_nor_cover_what_is_around_them() -> None:
    content = composed("<p>HTML</p>", "\u202eNo\u0336\u0336\u0336\u0336 more")
    assert ">No\u0336\u0336 more</a>" in content.html
