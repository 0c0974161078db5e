"""Calls that SES refused as such: they are halved until the entry at fault is alone, and not for ever."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.attempts import Answer
from ledger.fresh_ids import fresh_id
from mail.ses import Reply
from mail.ses_errors import Verdict
from mail.ses_requests import Outgoing

# So many messages in a row that SES refused, each alone, are not at fault themselves.
MAX_REFUSED_ALONE = 3


@dataclass
class Refusals:
    """The messages in a row that SES refused, each on its own."""

    in_a_row: int = 0

    def note(self, reply: Reply) -> str:
        """Take in what a call came to; return why the rest must not be tried as well, or an empty text."""
        answers = [result.answer for result in reply.results]
        if reply.verdict is Verdict.INVALID:
            self.in_a_row += answers.count(Answer.REJECTED)
        elif Answer.ACCEPTED in answers:
            self.in_a_row = 0
        if self.in_a_row < MAX_REFUSED_ALONE:
            return ""
        return f"SES refused {MAX_REFUSED_ALONE} messages in a row, each on its own: {reply.text}"


def halves(messages: Sequence[Outgoing]) -> tuple[list[Outgoing], list[Outgoing]]:
    """Return the messages for two calls, each message as a new attempt."""
    again = [replace(message, send_id=fresh_id()) for message in messages]
    middle = len(again) // 2
    return again[:middle], again[middle:]
