"""Test mails: a campaign's mail for one row of its list, sent to somebody who is to look at it.

It goes the way of the campaign's own mail (templates, sender, configuration set, headers, rate, the hold of
the account) and touches no campaign: nothing is enqueued, counted or decided by it. Each has an intent of its
own, so that a test that was killed is in doubt, and is not sent again unless a person says so.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from sqlalchemy import Connection

from ledger import breaker, claims, restores, singles, suppressions, trials
from ledger.attempts import Result
from ledger.breaker import Open, ProbeDue
from ledger.claims import Claim
from ledger.engine import Ledger
from ledger.fresh_ids import fresh_id
from ledger.trials import NewTrial
from lists.addresses import Address
from lists.suppression import scopes_of
from mail import account_gate, outages, rate, ses, ses_limits, ses_requests
from mail.addresses import parse_from
from mail.campaign_file import Campaign
from mail.errors import MailError
from mail.generation_blocks import GenerationBlocks, Leave
from mail.message import Content, MessageContext, compose
from mail.rate import ACCOUNT, Rate
from mail.ses_client import SesClient
from mail.ses_errors import Verdict
from mail.ses_requests import Envelope
from mail.templating import Templates
from mail.trial_outcomes import Outcome, TrialSent, outcome_of
from mail.trial_rows import TrialRow
from mail.unsubscribe import Tokens, url

PREFIX = "[Test] "
_BACKOFF_SECONDS = 1.0
# As long as a real token, so that a link that is too long shows before anything is stored.
_REHEARSAL = "x" * 43


class TrialRefused(MailError):
    """A test mail that may not go out: one sentence with the mend, and nothing was sent to this recipient."""


@dataclass(frozen=True, slots=True)
class TrialWork:
    """What sending test mails of one campaign takes. `request` and `again` as in `send`."""

    ledger: Ledger
    ses: SesClient
    worker: str
    campaign: Campaign
    templates: Templates
    configuration_set: str
    tokens: Tokens
    public_url: str
    rate: Rate
    row: TrialRow
    request: str
    again: bool = False
    # None only in tests.
    noted: GenerationBlocks | None = None
    sleep: Callable[[float], None] = time.sleep
    # Set where nothing more is to be called.
    ends: threading.Event = field(default_factory=threading.Event)


def send(work: TrialWork, to: Sequence[Address]) -> tuple[TrialSent, ...]:
    """Send the test mail to each recipient once for this request, however often it is made.

    Nothing goes out where one of them is refused. Raises MailError: TrialRefused where the account is held or
    somebody is suppressed, TemplateError where the row's message cannot be made.
    """
    _content(work, url(work.public_url, _REHEARSAL))
    with work.ledger.writing() as connection:
        _refuse_account(connection)
        singles.lock(connection)
        claims.recover(connection, None)
        for place, address in enumerate(to, start=1):
            _refuse_suppressed(connection, work.campaign, address, place)
            _refuse_doubtful(connection, work, address, place)
    _await_leave(work)
    try:
        return tuple(_send_one(work, address, place) for place, address in enumerate(to, start=1))
    finally:
        if work.noted is not None:
            work.noted.end(work.ledger)


def _send_one(work: TrialWork, address: Address, place: int) -> TrialSent:
    with work.ledger.writing() as connection:
        singles.lock(connection)
        if (before := _of_this_request(connection, work, address, place)) is not None:
            return before
        message_id = trials.add(connection, _new(work, address))
    link = url(work.public_url, work.tokens.issue(message_id, 0))
    recipient = f"{address.address.rpartition('@')[0]}@{address.domain}"
    item = ses_requests.outgoing(message_id, fresh_id(), recipient, _content(work, link))
    booked = rate.take(work.ledger, work.rate, 1)
    try:
        work.sleep(booked.wait_seconds)
        held = _intend(work, address, place, message_id, item.send_id)
    except MailError:
        rate.give_back(work.ledger, booked)
        raise
    if isinstance(held, TrialSent):
        rate.give_back(work.ledger, booked)
        return held
    # Nothing stands between the commit of the intent and this call.
    reply = ses.send(work.ses, _envelope(work), [item], single=work.rate.single or item.single)
    with work.ledger.writing() as connection:
        outages.note(connection, held, reply, 0 if outages.answered(reply) else 1)
        singles.lock(connection)
        result: Result = reply.results[0]
        status = trials.record(connection, held, message_id, result)
    if reply.throttled or reply.verdict is Verdict.NOT_SENT:
        rate.hold(work.ledger, work.rate, _BACKOFF_SECONDS)
    return TrialSent(place, outcome_of(status), result.text or "")


def _intend(
    work: TrialWork, address: Address, place: int, message_id: int, send_id: str
) -> Claim | TrialSent:
    """Commit the intent, after everything that stands against it was asked once more.

    Where the same request sent this mail meanwhile, return what that came to.
    """
    if work.ends.is_set():
        raise TrialRefused(f"told to end: the test to recipient {place} was not sent.")
    with work.ledger.writing() as connection:
        _refuse_account(connection)
        standing = breaker.ask(connection, ACCOUNT)
        if isinstance(standing, Open):
            raise TrialRefused(
                f"SES gives no answers at the moment: send the test again in {standing.wait_seconds:.0f} s."
            )
        singles.lock(connection)
        _refuse_suppressed(connection, work.campaign, address, place)
        if (before := _of_this_request(connection, work, address, place)) is not None:
            return before
        held = trials.open_claim(connection, work.worker)
        if isinstance(standing, ProbeDue):
            breaker.book_probe(connection, ACCOUNT, held.id)
        trials.intend(connection, held, message_id, fresh_id(), send_id)
    return held


def _content(work: TrialWork, link: str) -> Content:
    """Return the mail of the row with this unsubscribe link, marked as a test."""
    context = MessageContext(work.row.address, link, work.row.number)
    whole = compose(work.templates, work.row.cells, context)
    marked = replace(whole, subject=PREFIX + whole.subject)
    if (excess := ses_limits.excess(marked)) is not None:
        raise MailError(f"the test mail's {excess.field} {excess.sentence}.")
    return marked


def _new(work: TrialWork, address: Address) -> NewTrial:
    listed = work.campaign.list
    return NewTrial(
        campaign=work.campaign.name,
        list_row=work.row.number,
        request=work.request,
        address=address.address,
        address_key=address.key,
        domain=address.domain,
        sender=work.campaign.sender,
        owner=work.campaign.owner,
        list_name=listed.name,
        leaves_list=bool(listed.name) and listed.unsubscribe == "list",
    )


def _envelope(work: TrialWork) -> Envelope:
    campaign = work.campaign
    return Envelope(
        sender=parse_from(campaign.sender).header,
        reply_to=parse_from(campaign.reply_to).header if campaign.reply_to else "",
        configuration_set=work.configuration_set,
        # No campaign: what becomes of a test is none of its figures.
        tags={"ledger": work.ledger.ledger_id},
    )


def _refuse_account(connection: Connection) -> None:
    if (reason := account_gate.suspended(connection)) is not None:
        raise TrialRefused(reason)
    if restores.is_open(connection):
        raise TrialRefused(restores.WHY_PAUSED)


def _refuse_suppressed(connection: Connection, campaign: Campaign, address: Address, place: int) -> None:
    scopes = scopes_of(campaign.list.scope, campaign.owner)
    found = suppressions.reasons(connection, [address.key], scopes)
    if address.key in found:
        raise TrialRefused(
            f"recipient {place} of the test is suppressed ({found[address.key]}), so that nothing is sent "
            "there; see `campaign suppress history ADDRESS`, and to lift it: "
            "campaign suppress remove ADDRESS --by WHO --reason WHY"
        )


def _refuse_doubtful(connection: Connection, work: TrialWork, address: Address, place: int) -> None:
    """Raise TrialRefused where an earlier test to the same recipient may have gone out, or may yet."""
    if work.again:
        return
    for each in trials.begun(connection, work.campaign.name, address.key):
        if each.is_in_doubt and each.request != work.request:
            raise TrialRefused(
                f"a test of {work.campaign.name} to recipient {place} is in doubt: its answer was lost, and "
                "perhaps it came. Look into the mailbox; to send another one all the same, say --again."
            )


def _of_this_request(
    connection: Connection, work: TrialWork, address: Address, place: int
) -> TrialSent | None:
    """Return what an earlier try of the same request came to, where it got as far as the call."""
    for each in trials.begun(connection, work.campaign.name, address.key):
        if each.request == work.request:
            outcome = outcome_of(each.status)
            outcome = Outcome.SENT_BEFORE if outcome is Outcome.SENT else outcome
            return TrialSent(place, outcome, each.detail)
    return None


def _await_leave(work: TrialWork) -> None:
    """Wait until it is noted outside how far the ledger has come, as every sender does before it sends."""
    while work.noted is not None:
        answer = work.noted.ask(work.ledger)
        match answer.leave:
            case Leave.GRANTED:
                return
            case Leave.LATER:
                work.sleep(answer.wait_seconds)
            case Leave.UNNOTED:
                raise TrialRefused(answer.reason)
            case Leave.RESTORED:
                raise TrialRefused(restores.WHY_PAUSED)
            case other:
                assert_never(other)
