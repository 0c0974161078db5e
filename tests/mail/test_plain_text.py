"""Text made from HTML: readable words, links shown once, nothing of the mark-up."""

import pytest

from mail.plain_text import from_html


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
        ("<ul><li>a</li><li>b</li></ul>", "* a\n  * b"),
        ("", ""),
    ],
)
def test_a_page_becomes_what_a_person_would_type(html: str, text: str) -> None:
    assert from_html(html) == f"{text}\n"


def test_the_layout_tables_of_a_mail_leave_no_blank_columns() -> None:
    html = "<table><tr><td>&nbsp;</td><td><table><tr><td><h1>Hello</h1></td></tr></table></td></tr></table>"
    assert "Hello" in from_html(html)
    assert all(line == line.rstrip() for line in from_html(html).splitlines())
