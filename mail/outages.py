"""When SES gives no answers: the breaker is told of every call, and a person when probes find nothing."""

from sqlalchemy import Connection

from ledger import breaker, clock
from ledger.attempts import Answer
from ledger.breaker import Opened, Recovered
from ledger.campaigns import Campaign
from ledger.claims import Claim
from mail.rate import ACCOUNT
from mail.ses import Reply
from mail.ses_errors import Verdict

# For so long probes find out by themselves whether SES answers again; then a person has to look.
PAUSE_AFTER_SECONDS = 3600.0


def answered(reply: Reply) -> bool:
    """Return whether SES said anything definite, be it a refusal."""
    if reply.verdict in (Verdict.UNKNOWN, Verdict.NOT_SENT):
        return False
    return any(result.answer is not Answer.UNKNOWN for result in reply.results)


def note(connection: Connection, held: Claim, reply: Reply, silent_calls: int) -> Opened | Recovered | None:
    """Tell the breaker of a call, before the campaign is locked; return what it did.

    `silent_calls` are the worker's calls in a row without an answer, this one among them.
    """
    if answered(reply):
        return breaker.note_answer(connection, ACCOUNT, held.id)
    return breaker.note_silence(connection, ACCOUNT, held.id, silent_calls)


def reason_to_pause(connection: Connection, locked: Campaign, opened: Opened, reply: Reply) -> str:
    """Return why the campaign needs a person, where the probes have found nothing for too long, or "".

    They get their time once more after a person's resume.
    """
    silent_seconds = clock.now(connection) - max(opened.since, locked.changed_at)
    if not opened.probes or silent_seconds < PAUSE_AFTER_SECONDS:
        return ""
    return f"SES has given no answer for {silent_seconds / 60:.0f} minutes: {reply.text or 'no result'}"


def sentence(turn: Opened | Recovered | None, reply: Reply) -> str:
    """Return what the operator should know of a call, or "" where it was answered like most."""
    match turn:
        case None if answered(reply):
            return ""
        case None:
            return _without_an_answer(reply)
        case Recovered():
            return "SES answers again: sending goes on."
        case Opened(probes=0):
            said = reply.text or "no result"
            return f"SES gives no answers ({said}): nothing is sent but single messages as probes."
        case Opened(probes=probes, wait_seconds=wait_seconds):
            return f"SES gave no answer to probe {probes} either: the next one is in {wait_seconds:.0f} s."


def _without_an_answer(reply: Reply) -> str:
    count = len(reply.results)
    messages = f"{count:,} message{'' if count == 1 else 's'}"
    doubtful = sum(result.answer is Answer.UNKNOWN for result in reply.results)
    said = reply.text or "no result"
    if not doubtful:
        return f"A call for {messages} did not reach SES ({said}): nothing was sent, and they wait again."
    return (
        f"SES gave no answer to a call for {messages} ({said}): {doubtful:,} "
        f"{'is' if doubtful == 1 else 'are'} in doubt until events tell."
    )
