"""Calls that SES refused as such: halved, and not for ever."""

import pytest

from ledger.attempts import Answer, Result
from mail.message import Content
from mail.refusals import MAX_REFUSED_ALONE, Refusals, halves
from mail.ses import Reply
from mail.ses_errors import Verdict
from mail.ses_requests import Outgoing


def reply(verdict: Verdict, *answers: Answer) -> Reply:
    results = [Result(f"send-{place}", answer) for place, answer in enumerate(answers)]
    return Reply(verdict, results, text="BadRequestException: Illegal reply-to address.")


ALONE = reply(Verdict.INVALID, Answer.REJECTED)


def test_messages_refused_in_a_row_stop_the_rest() -> None:
    refusals = Refusals()
    said = [refusals.note(ALONE) for _ in range(MAX_REFUSED_ALONE)]
    assert said[:-1] == ["", ""]
    assert said[-1] == (
        "SES refused 3 messages in a row, each on its own: BadRequestException: Illegal reply-to address."
    )


@pytest.mark.parametrize(
    ("between", "stops"),
    [
        (reply(Verdict.ANSWERED, Answer.ACCEPTED), False),
        (reply(Verdict.ANSWERED, Answer.REJECTED, Answer.ACCEPTED), False),
        # Neither a call that is to be halved nor one without an answer says anything of the messages.
        (reply(Verdict.INVALID, Answer.SPLIT, Answer.SPLIT), True),
        (reply(Verdict.UNKNOWN, Answer.UNKNOWN), True),
        (reply(Verdict.THROTTLED, Answer.NOT_SENT), True),
    ],
)
def test_an_accepted_message_between_them_breaks_the_row(between: Reply, stops: bool) -> None:
    refusals = Refusals()
    refusals.note(ALONE)
    refusals.note(ALONE)
    refusals.note(between)
    assert bool(refusals.note(ALONE)) is stops


@pytest.mark.parametrize("count", [2, 3, 50])
def test_halves_are_new_attempts_of_the_same_messages(count: int) -> None:
    messages = [
        Outgoing(number, f"send-{number}", "a@reader.example", Content("Spring", "", "Hello", ()))
        for number in range(count)
    ]
    first, second = halves(messages)
    assert len(first) == count // 2
    assert [each.message_id for each in first + second] == list(range(count))
    send_ids = {each.send_id for each in [*messages, *first, *second]}
    assert len(send_ids) == 2 * count
