"""What is HTML: any tag of its own is, words in angle brackets are words, and no letter is lost."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.singles import Mail
from mail.markup import ELEMENTS, is_html
from mail.message import MessageContext
from mail.single_message import compose

EXAMPLES = int(os.environ.get("MARKUP_EXAMPLES", "150"))
URL = "https://mail.shop.example/unsubscribe/token"
VOID = {"br", "hr", "wbr"}
NEED_ATTRIBUTES = {
    *(
        "area",
        "base",
        "basefont",
        "bgsound",
        "col",
        "embed",
        "frame",
        "img",
        "input",
        "link",
        "meta",
        "param",
    ),
    *("source", "track"),
}


def text_of(text: str) -> str:
    mail = Mail("news@shop.example", "Promo", text, "Stop", "Shop")
    return compose(mail, MessageContext("someone@mail.example", URL)).text


@pytest.mark.parametrize("name", sorted(ELEMENTS - VOID - NEED_ATTRIBUTES))
def test_every_element_of_html_makes_a_text_html(name: str) -> None:
    assert is_html(f"now <{name}>50</{name}> EUR")
    assert is_html(f"now <{name.upper()} class='x'>50</{name.upper()} > EUR")


@pytest.mark.parametrize("name", sorted(VOID | NEED_ATTRIBUTES))
def test_elements_without_an_end_make_a_text_html(name: str) -> None:
    assert is_html(f"now <{name} class=x> EUR")
    assert is_html(f"now <{name}/> EUR") is (name in VOID)


@pytest.mark.parametrize(
    "text",
    [
        "<p>open",
        "one<br>two",
        "<!doctype html>x",
        "<img src=x>",
        "<td nowrap width=5>x",
        "<input disabled name=x>",
        "<my-card>x</my-card>",
        "<o:p>x</o:p>",
        "<a\nhref='x'>y",
        "<div data-x>y</div>",
        "</div>x",
        "<b>a</b> <c d>",
    ],
)
def test_tags_make_a_text_html(text: str) -> None:
    assert is_html(text)


WORDS = [
    *(
        "a <b and c> d",
        "<big news> for you",
        "1 <2 and 3> 2",
        "<ann@mail.example>",
        "<https://shop.example/a>",
    ),
    *(
        "<b@mail.example>",
        "<a@b.example>",
        "<s.o.s>",
        "<i.e. this>",
        "if x <y = z> w",
        "<i = 5 and j> 3",
        "<3",
    ),
    *("I </3 you > me", "</rant>", "<your name here>", "<first-name>", "<u and i>", "<b>", "<i>", "<code>"),
    *("your <code> at <time>", "<title>", "<style> and grace", "<script>", "<object> to this", "see <link>"),
    *(
        "<b c=d> e",
        "<p.s. I love you>",
        "x <- y -> z",
        "<<a>>",
        "a<b",
        "a <b",
        "<a",
        "<!important>",
        "<?what>",
    ),
    *("<!-- note -->", "<i don't know>", '<q "who">', "<mailto:ann@mail.example>", "<www.shop.example>"),
    *("<del", "<b/c>", "<none>", "<img>", "a <s and 'c'> d", "<b and c=d>", "<html5>", "<body of work>"),
]


@pytest.mark.parametrize("text", WORDS)
def test_words_in_angle_brackets_are_words(text: str) -> None:
    assert not is_html(text)
    assert text_of(text).startswith(text)


@pytest.mark.parametrize(
    "words",
    [text for text in WORDS if text not in ("<!-- note -->", "<b>", "<i>", "<b/c>")],
)
def test_words_in_angle_brackets_are_words_within_html_as_well(words: str) -> None:
    text = text_of(f"<p>Hello</p><div>{words}</div><p>Bye</p>")
    assert " ".join(text.split()).startswith(f"Hello {' '.join(words.split())} Bye")


def test_what_stands_behind_the_pages_end_is_kept() -> None:
    assert text_of("<html><body><p>a</p></body></html><p>b</p>").startswith("a\n\nb\n")


LETTERS = st.text(alphabet="abisupq<>/= '\"!-@.:3\n", max_size=24)
PIECES = st.one_of(
    LETTERS,
    st.sampled_from(WORDS),
    st.sampled_from(["and", "1 < 2", "x > y", "&", "&amp;", "Größe", "\N{SMILING FACE WITH SUNGLASSES}"]),
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(PIECES, max_size=6).map(" ".join))
def test_no_letter_of_a_plain_text_is_lost(text: str) -> None:
    if is_html(text):
        # Only what the grammar calls a tag may go.
        return
    assert text_of(text).startswith(text.rstrip())


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "b", "p", "del", "mark", "div", "li"]),
            st.lists(st.sampled_from(WORDS), max_size=3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_in_html_the_tags_alone_are_gone(parts: list[tuple[str, list[str]]]) -> None:
    dropped = ("<!-- note -->", "<b>", "<i>", "<b/c>")
    html, plain = "<p>begin</p>", "begin"
    for tag, words in parts:
        kept = " ".join(word for word in words if word not in dropped)
        html += f"<{tag}>{kept}</{tag}>" if tag else kept
        plain += kept
    assert letters(text_of(html).partition("Stop (")[0]).replace("*", "") == letters(plain)


def letters(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    "sign", ["<", "<b ", "<a x='", "<!--", "<style>", "<a b=", "</b", "<b a=\"'", "<x y>", "<b>"]
)
def test_a_text_of_nothing_but_beginnings_is_read_in_passing(sign: str) -> None:
    assert len(text_of((sign * 60_000)[:110_000] + " end")) > 0
