"""What is called harmless is: whatever such a text says, it is composed, and composing it is soon done."""

import sys
import tracemalloc
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.singles import Mail
from mail.composer import compose_here
from mail.harmless import MAX_CHARACTERS, MAX_TAGS, is_harmless
from mail.message import Content, MessageContext

URL = "https://mail.shop.example/unsubscribe/token"
# Calls of functions, Python's and C's, and bytes, at most; measured at their worst: 553,000 and 4.6 MB.
CALLS = 600_000
BYTES = 10_000_000

PIECES = (
    *(
        "<p>",
        "<div>",
        "<b>x</b>",
        "<table>",
        "<tr>",
        "<td>x",
        "<ul>",
        "<li>x",
        "<ol>",
        "<pre>",
        "<br>",
        "<hr>",
    ),
    *("<a href=x>[y]", "</a>", "</table>", "</td>", "</ul>", "</div>", "<img alt=z>", "<form>", "<option>"),
    *("<dl><dd>", "<blockquote>", "<font color=red>", "<svg>", "<script>", "<!-- -->", "<?x?>", "<![CDATA["),
    *('<div style="padding-left:1000000px">', '<p style="margin-top:99999em;display:none">', "<li value=²>"),
    *("<p style='style:style:style:'>", f"<p style='padding-left:{'.' * 50}'>", "<td colspan=99999>"),
    *(" ", "\n", "\t", "\u00a0", "x", "ж", "😀", "[", "](", "&", "&amp;", "&#0;", "\ufffe", "\uffff", "\x01"),
    *("<", "</", '"', "'", "<p ", "<!--", '<?xml version="1.0" encoding="UTF-16"?>', "<!DOCTYPE html>"),
)
pieces = st.sampled_from(PIECES) | st.text(max_size=8)


def composed(text: str) -> Content:
    mail = Mail("news@shop.example", "Promo", text, "Unsubscribe", "EliPackage")
    return compose_here(mail, MessageContext("someone@mail.example", URL))


def filled(before: str, repeated: str, after: str, part: int = 1) -> str:
    """Return the longest harmless text of a piece repeated between two others, or a part of that."""
    room = MAX_CHARACTERS // part - len(before) - len(after)
    tags = MAX_TAGS // part - (before + after).count("<")
    times = room // max(1, len(repeated))
    if repeated.count("<"):
        times = min(times, tags // repeated.count("<"))
    return before + repeated * max(0, times) + after


def calls_of(text: str) -> int:
    """Return the calls of functions that composing the text takes."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        content = composed(text)
    finally:
        sys.setprofile(None)
    assert URL in content.text
    return count


WORST = [
    ("<p>", "x", ""),
    ("<pre>", " ", "x"),
    ("<table>", "<tr><td>x", "<td>" + "y" * 8_000),
    ("<ul>", "<ul><li>x", ""),
    ("<td>x</table>[<font color=red>", "'&", "&"),
    ("", "<table>](00000000", ""),
    ("<table><td>" * 9, "x", ""),
    # Browsers open each again in every paragraph behind it.
    ("".join(f"<font class=c{n} id=d{n} style=color:#{n:03d}><p>" for n in range(400)), "", ""),
    ("<style>", "a{color:red}", "</style><p>x"),
]


@given(
    st.lists(pieces, max_size=6).map("".join),
    st.lists(pieces, min_size=1, max_size=4).map("".join),
    st.lists(pieces, max_size=6).map("".join),
)
def test_a_harmless_text_is_composed_in_few_steps(before: str, repeated: str, after: str) -> None:
    # The steps grow with the text, so that a quarter of one tells of the whole.
    text = filled(before, repeated, after, part=4)
    assert is_harmless(text)
    assert calls_of(text) <= CALLS // 4


@pytest.mark.parametrize(("before", "repeated", "after"), WORST)
def test_the_worst_of_them_take_few_steps_and_little_memory(before: str, repeated: str, after: str) -> None:
    text = filled(before, repeated, after)
    assert calls_of(text) <= CALLS
    tracemalloc.start()
    try:
        composed(text)
        assert tracemalloc.get_traced_memory()[1] <= BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("x" * MAX_CHARACTERS, True),
        ("x" * (MAX_CHARACTERS + 1), False),
        ("<b>" * MAX_TAGS, True),
        ("<b>" * (MAX_TAGS + 1), False),
        ("", True),
    ],
)
def test_length_and_tags_decide(text: str, harmless: bool) -> None:
    assert is_harmless(text) is harmless
