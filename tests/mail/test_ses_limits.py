"""SES's limits: the table is botocore's, what we let pass SES takes, and what we refuse it would refuse."""

import json
import re
from collections import Counter
from pathlib import Path

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from ledger.statuses import Status
from mail import ses_client, ses_limits, ses_requests
from mail.call_modes import Mode, call
from mail.message import Content
from mail.rate import Rate
from mail.ses_limits import LIMITS, Part
from mail.ses_requests import MAX_CALL_BYTES, Envelope, Outgoing, outgoing
from mail.waiting import SINGLES_AT_ONCE, Waiting

# The model's shape of each part; what it says nothing of has another source.
SHAPES = {
    "EmailTemplateData": Part.TEMPLATE_DATA,
    "MessageHeaderList": Part.HEADERS,
    "MessageHeaderName": Part.HEADER_NAME,
    "MessageHeaderValue": Part.HEADER_VALUE,
    "AttachmentFileName": Part.ATTACHMENT_NAME,
    "AttachmentContentDescription": Part.ATTACHMENT_DESCRIPTION,
    "AttachmentContentId": Part.ATTACHMENT_ID,
    "AttachmentContentType": Part.ATTACHMENT_TYPE,
}
MOST_DATA = LIMITS[Part.TEMPLATE_DATA].most
HEADERS = (
    ("List-Unsubscribe", "<https://mail.example/u/1>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
)
ROOT = Path(__file__).resolve().parents[2]


def bounded(shape: Shape, found: dict[str, Shape]) -> dict[str, Shape]:
    """Return every shape below this one that has a maximum or a pattern, by its name."""
    if {"max", "pattern"} & shape.metadata.keys():
        found[shape.name] = shape
    match shape:
        case StructureShape():
            for member in shape.members.values():
                bounded(member, found)
        case ListShape():
            bounded(shape.member, found)
    return found


def test_the_table_is_that_of_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("sesv2")
    found: dict[str, Shape] = {}
    for name in ("SendEmail", "SendBulkEmail"):
        shape = model.operation_model(name).input_shape
        assert shape is not None
        bounded(shape, found)
    assert found.keys() == SHAPES.keys()
    for name, part in SHAPES.items():
        assert found[name].metadata["max"] == LIMITS[part].most
        assert name in LIMITS[part].source
        pattern = found[name].metadata.get("pattern")
        if pattern is not None:
            signs = [chr(code) for code in range(300)]
            ours = [sign for sign in signs if re.fullmatch(LIMITS[part].pattern, sign)]
            assert ours == [sign for sign in signs if re.fullmatch(pattern, sign)]


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "limits.md").read_text("utf-8")
    rows = [f"| {part} | {limit.most:,} {limit.unit} | {limit.source} |" for part, limit in LIMITS.items()]
    assert [row for row in rows if row not in page] == []


@pytest.mark.parametrize(
    ("content", "field", "number"),
    [
        (Content("x" * 996, "", "Hi", ()), "subject", "996"),
        (Content("Hi", "x" * 30_000_000, "", ()), "html", "41,"),
        (Content("Hi", "", "é" * 15_000_000, ()), "text", "41,"),
        (Content("Hi", "", "Hi", (("X" * 127, "v"),)), "headers", "127"),
        (Content("Hi", "", "Hi", (("X", "v" * 996),)), "headers", "996"),
        (Content("Hi", "", "Hi", (("X" * 10, "v" * 987),)), "headers", "997"),
        (Content("Hi", "", "Hi", (("X", "grün"),)), "headers", "character"),
        (Content("Hi", "", "Hi", (("X:Y", "v"),)), "headers", "character"),
        (Content("Hi", "", "Hi", tuple((f"X-{n}", "v") for n in range(16))), "headers", "16"),
    ],
)
def test_what_is_over_a_limit_is_named_with_its_number(content: Content, field: str, number: str) -> None:
    found = ses_limits.excess(content)
    assert found is not None
    assert found.field == field
    assert number in found.sentence


@pytest.mark.parametrize(
    "content",
    [
        Content("x" * 995, "", "Hi", ()),
        Content("Hi", "x" * 29_000_000, "", ()),
        Content("Hi", "", "Hi", (("X" * 126, "v" * 870),)),
        Content("Hi", "", "Hi", (("X", "v" * 995),)),
        Content("Hi", "", "Hi", tuple((f"X-{n}", "v") for n in range(15))),
    ],
)
def test_what_is_at_a_limit_passes_here_and_in_the_sandbox(content: Content, world) -> None:
    assert ses_limits.excess(content) is None
    envelope = Envelope("news@brightbooks.example", "", "campaign", {})
    message = outgoing(1, "f" * 32, "reader@reader.example", content)
    rate = Rate(500.0, 0.0, "")
    assert not call(ses_client.client(), envelope, [message], Mode.TENTHS, rate).results[0].text


def data_of(size: int) -> Content:
    """Return a message whose data in a bulk call is so many characters long."""
    content = Content("Spring", "", "Hello", HEADERS)
    rest = len(json.dumps({"subject": "Spring", "html": "", "text": "Hello"}, separators=(",", ":")))
    return Content(content.subject, "x" * (size - rest), content.text, HEADERS)


@pytest.mark.parametrize(("size", "single"), [(MOST_DATA, False), (MOST_DATA + 1, True)])
def test_a_message_that_does_not_fit_into_a_bulk_call_goes_alone(size: int, single: bool) -> None:
    assert outgoing(1, "s", "a@b.example", data_of(size)).single is single


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.integers(1, 20_000))
def test_what_goes_in_bulk_is_never_over_a_limit_of_it(text: str, times: int) -> None:
    message = outgoing(1, "f" * 32, "a@b.example", Content("Spring", text * times, "", HEADERS))
    if message.single:
        assert len(json.dumps(text * times)) + 40 > MOST_DATA or len((text * times).encode()) + 40 > MOST_DATA
    else:
        assert len(message.data.encode()) <= MOST_DATA
        assert message.size <= MAX_CALL_BYTES


def test_large_messages_reach_their_readers_by_single_calls_and_the_others_in_bulk(
    unfrozen_stage, world
) -> None:
    stage = unfrozen_stage
    large = "{% if first_name in ('Reader 1', 'Reader 3', 'Reader 8') %}" + "x" * 265_000 + "{% endif %}"
    stage.enqueue(10, html=f"<html><body><p>Hello</p>{large}</body></html>")
    envelope = Envelope("news@brightbooks.example", "", "campaign", {"campaign": "1"})
    sent = stage.send(stage.work(500.0, ses=ses_client.client(), envelope=envelope))
    assert (dict(sent.answers), sent.ended) == ({"accepted": 10}, "nothing_left")
    assert stage.count() == {Status.SENT: 10}
    messages = world.messages(bodies=True)
    by_operation = {
        name: {each["to"][0] for each in messages if each["operation"] == name} for name in _OPERATIONS
    }
    assert by_operation["SendEmail"] == {f"reader.{number}@reader.example" for number in (1, 3, 8)}
    assert len(by_operation["SendBulkEmail"]) == 7
    assert world.summary()["calls"]["SendBulkEmail"] == 1
    assert Counter(row["attempts"] for row in stage.rows()) == {1: 10}
    for message in messages:
        assert message["tags"].keys() >= {"campaign", "send_id"}
        names = {each["name"] for each in message["headers"]}
        assert {"List-Unsubscribe", "List-Unsubscribe-Post"} <= names


_OPERATIONS = ("SendEmail", "SendBulkEmail")


def messages(*singles: bool, size: int = 1_000) -> list[Outgoing]:
    content = Content("Spring", "", "Hello", ())
    return [
        Outgoing(number, f"send-{number}", "a@reader.example", content, size, single=single)
        for number, single in enumerate(singles)
    ]


def cut(*singles: bool, at_most: int = 50, size: int = 1_000) -> list[list[int]]:
    """Return the ids of each call that these messages are cut into."""
    waiting = Waiting(iter(messages(*singles, size=size)))
    calls = []
    while taken := waiting.take(at_most):
        assert len({message.single for message in taken}) == 1
        calls.append([message.message_id for message in taken])
    return calls


def test_a_few_large_messages_do_not_cut_a_bulk_call_into_small_ones() -> None:
    assert cut(False, True, False, True, False) == [[0, 2, 4], [1, 3]]


def test_large_messages_go_side_by_side_and_not_more_than_there_are_connections() -> None:
    assert [len(each) for each in cut(*[True] * 40)] == [SINGLES_AT_ONCE, SINGLES_AT_ONCE, 8]
    assert [len(each) for each in cut(*[True] * 4, at_most=3)] == [3, 1]
    # 8 MB of them at a time, so that memory stays bounded.
    assert [len(each) for each in cut(*[True] * 4, size=3_000_000)] == [2, 2]
    assert [len(each) for each in cut(*[True] * 2, size=30_000_000)] == [1, 1]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 20))
def test_every_message_goes_out_once_in_whatever_way(singles: list[bool], at_most: int) -> None:
    calls = cut(*singles, at_most=at_most)
    assert sorted(number for each in calls for number in each) == list(range(len(singles)))
    assert all(len(each) <= at_most for each in calls)


def test_our_tags_and_headers_are_what_the_table_allows() -> None:
    message = outgoing(1, "f" * 32, "a@b.example", Content("Hi", "", "Hi", HEADERS))
    request = ses_requests.single(
        Envelope("a@b.example", "", "c", {"campaign": "1", "ledger": "e" * 32}), message
    )
    for tag in request["EmailTags"]:
        assert (
            ses_limits.over(Part.TAG_NAME, tag["Name"]) == ses_limits.over(Part.TAG_VALUE, tag["Value"]) == ""
        )
    for name, value in HEADERS:
        assert ses_limits.header_fault(name, value) == ""
