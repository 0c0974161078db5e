"""How calls are made where an account limits *calls*: full ones, or single mails side by side, as is faster.

SES counts recipients. But some accounts are said to allow every action but SendEmail one call a second. The
sign of it are throttled calls while less than half of the rate goes out. Then each way is tried for a while,
and the fastest one kept for a day.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum

from sqlalchemy import Connection

from ledger import call_limits, clock
from ledger.attempts import Answer
from ledger.call_limits import CallLimit
from mail import ses
from mail.rate import ACCOUNT, Rate
from mail.ses import Reply
from mail.ses_client import SesClient
from mail.ses_requests import MAX_ENTRIES, Envelope, Outgoing
from mail.waiting import SINGLES_AT_ONCE

TRIAL_SECONDS = 10.0
THROTTLES_AT_LEAST = 3
REMEMBERED_SECONDS = 86_400.0
THREADS = SINGLES_AT_ONCE
# The limit that such an account is said to have.
FULL_CALLS_PER_SECOND = 1.0
# Longer pauses are those of a campaign that ended, and not of the sending.
_LONGEST_GAP_SECONDS = 10.0


class Mode(StrEnum):
    """A way to make calls."""

    # As the rate wants it: ten calls a second, each with a tenth of it.
    TENTHS = "tenths"
    # As many recipients a call as there may be, one call a second.
    FULL = "full"
    # SendEmail, some side by side.
    SINGLES = "singles"


_NAMES = {
    Mode.TENTHS: "calls of a tenth of the rate",
    Mode.FULL: f"full calls of up to {MAX_ENTRIES}, one a second",
    Mode.SINGLES: f"single mails, up to {THREADS} at a time",
}


def size(mode: Mode, rate: Rate) -> int:
    """Return how many recipients go out together."""
    match mode:
        case Mode.TENTHS:
            return rate.call_size
        case Mode.FULL:
            return min(MAX_ENTRIES, max(1, int(rate.per_second)))
        case Mode.SINGLES:
            return min(THREADS, rate.call_size)


def call(
    client: SesClient, envelope: Envelope, messages: Sequence[Outgoing], mode: Mode, rate: Rate
) -> Reply:
    """Make the call, or the calls, for these messages; nothing that the network or SES does raises."""
    single = rate.single or mode is Mode.SINGLES or messages[0].single
    if not single or len(messages) == 1:
        return ses.send(client, envelope, messages, single=single)
    with ThreadPoolExecutor(len(messages)) as threads:
        alone = threads.map(lambda message: ses.send(client, envelope, [message], single=True), messages)
        return ses.together(list(alone))


def present(connection: Connection) -> Mode:
    """Return how calls are to be made now."""
    found = call_limits.read(connection, ACCOUNT)
    return Mode.TENTHS if found is None else Mode(found.mode)


def note(connection: Connection, rate: Rate, mode: Mode, reply: Reply) -> tuple[Mode, str]:
    """Take in what a call made in `mode` came to, before the campaign is locked.

    Return how calls are to be made from now on, and a sentence where that is news.
    """
    found = call_limits.read(connection, ACCOUNT) or CallLimit(Mode.TENTHS)
    if rate.single:
        return Mode.TENTHS, ""
    if not found.measuring and found.mode == Mode.TENTHS and not reply.throttled:
        # Nearly always: nothing is written then.
        return Mode.TENTHS, ""
    now = clock.now(connection)
    if not found.measuring and found.mode != Mode.TENTHS and now - found.since < REMEMBERED_SECONDS:
        return Mode(found.mode), ""
    found = call_limits.lock(connection, ACCOUNT, CallLimit(Mode.TENTHS))
    if found.mode != mode:
        # Another worker has begun something else meanwhile.
        return Mode(found.mode), ""
    accepted = sum(result.answer is Answer.ACCEPTED for result in reply.results)
    after, news = judge(count(found, now, accepted, throttled=reply.throttled), now, rate.per_second)
    call_limits.save(connection, ACCOUNT, after)
    return Mode(after.mode), news


def count(found: CallLimit, now: float, accepted: int, *, throttled: bool) -> CallLimit:
    """Return it with one call more; the first throttled one begins to be measured from."""
    if not found.measuring:
        begins = throttled and found.mode == Mode.TENTHS
        return replace(found, measuring=True, throttled=1, last_at=now) if begins else found
    return replace(
        found,
        seconds=found.seconds + min(max(0.0, now - found.last_at), _LONGEST_GAP_SECONDS),
        accepted=found.accepted + accepted,
        throttled=found.throttled + throttled,
        last_at=now,
    )


def judge(found: CallLimit, now: float, rate_per_second: float) -> tuple[CallLimit, str]:
    """Return what follows from a trial that is over, and a sentence about it; otherwise the same and ""."""
    mode = Mode(found.mode)
    if not found.measuring:
        if mode is not Mode.TENTHS and now - found.since >= REMEMBERED_SECONDS:
            return CallLimit(Mode.TENTHS), f"Sending by {_NAMES[Mode.TENTHS]} is tried again after a day."
        return found, ""
    if found.seconds < TRIAL_SECONDS:
        return found, ""
    per_second = found.accepted / found.seconds
    rates = {**found.rates, mode.value: per_second}
    match mode:
        case Mode.TENTHS:
            if found.throttled < THROTTLES_AT_LEAST or per_second >= rate_per_second / 2:
                return CallLimit(Mode.TENTHS), ""
            return _trying(Mode.FULL, now, rates), (
                f"SES throttles calls though only {per_second:.0f} of {rate_per_second:.0f} a second go out: "
                f"it seems to limit calls. Trying {_NAMES[Mode.FULL]}."
            )
        case Mode.FULL:
            return _trying(Mode.SINGLES, now, rates), (
                f"By {_NAMES[Mode.FULL]}, {per_second:.0f} a second went out. Trying {_NAMES[Mode.SINGLES]}."
            )
        case Mode.SINGLES:
            # The first of equals is the one that asks least of the account.
            best = max((Mode.TENTHS, Mode.FULL, Mode.SINGLES), key=lambda each: rates.get(each.value, 0.0))
            shown = "; ".join(f"{_NAMES[Mode(each)]}: {value:.0f} a second" for each, value in rates.items())
            return CallLimit(best, since=now, rates=rates), f"Sending goes on by {_NAMES[best]} ({shown})."


def _trying(mode: Mode, now: float, rates: dict[str, float]) -> CallLimit:
    return CallLimit(mode, measuring=True, last_at=now, since=now, rates=rates)
