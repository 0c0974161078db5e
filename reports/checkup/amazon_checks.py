"""What Amazon says: SES's account and quota, the event queue and its dead-letter queue."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from sqlalchemy.exc import SQLAlchemyError

from ledger import backlogs
from ledger.errors import LedgerError
from ledger.read_only_connection import read_only
from mail import event_backlog, readiness
from mail.errors import MailError
from mail.event_backlog import Backlog
from mail.queue import EventQueue, open_queue
from mail.readiness import Account
from reports.checkup.finding import Figure, Finding, Surroundings, error, ok, warning

# Of the quota of 24 hours.
LITTLE_QUOTA = 0.1
# A collector takes in more than that within a minute.
QUEUE_AT_MOST = 1_000
NEEDED_TO_SEND = ("configuration_set", "event_queue_url", "public_url", "secret_key")

# boto3 makes clients out of one session, which no two threads may use at once.
_making = threading.Lock()


def _asking(look: Callable[[Surroundings], Finding]) -> Callable[[Surroundings], Finding]:
    """Turn what AWS cannot be asked into the finding: its sentence says what to do."""

    @wraps(look)
    def asked(around: Surroundings) -> Finding:
        try:
            return look(around)
        except MailError as err:
            sentence = str(err)
            return error(f"{sentence[0].upper()}{sentence[1:]}")

    return asked


@_asking
def ses(around: Surroundings) -> Finding:
    """Whether SES answers and sends."""
    found = _account()
    figure = Figure("campaign_ses_sending", float(found.sending_enabled))
    if not found.sending_enabled:
        return error("Sending is switched off for this SES account: switch it on in the SES console.", figure)
    match found.enforcement_status:
        case "SHUTDOWN":
            return error("SES has shut this account down for its reputation: see the SES console.", figure)
        case "HEALTHY":
            return ok(f"SES answers and takes {found.rate_per_second:g} messages a second.", figure)
        case status:
            return warning(
                f"SES has this account under review ({status}): see the reputation dashboard of the SES "
                "console before the next campaign.",
                figure,
            )


@_asking
def quota(around: Surroundings) -> Finding:
    """What SES still takes in these 24 hours, beside what waits."""
    found = _account()
    if found.left_for_the_day is None:
        return ok("SES sets no limit for 24 hours.")
    left, limit = found.left_for_the_day, found.limit_for_the_day or 0.0
    figures = (Figure("campaign_quota_left", left), Figure("campaign_quota_limit", limit))
    waits = _waiting(around)
    if waits > left:
        return warning(
            f"{waits:,} messages wait, and SES takes {left:,.0f} more of {limit:,.0f} in these 24 hours: the "
            "rest waits for a later day, or ask AWS for a larger quota.",
            *figures,
        )
    if left < LITTLE_QUOTA * limit:
        return warning(
            f"SES takes only {left:,.0f} more of {limit:,.0f} in these 24 hours: begin large campaigns "
            "later, or ask AWS for a larger quota.",
            *figures,
        )
    return ok(f"SES takes {left:,.0f} more of {limit:,.0f} in these 24 hours.", *figures)


@_asking
def queue(around: Surroundings) -> Finding:
    """How many events wait on the queue."""
    if not around.settings.event_queue_url:
        return error("CAMPAIGN_EVENT_QUEUE_URL is not set: `campaign setup` prints it.")
    _, found = _backlog(around)
    figures = (
        Figure("campaign_queue_messages", found.waiting),
        Figure("campaign_queue_in_flight", found.in_flight),
    )
    if found.waiting > QUEUE_AT_MOST:
        return warning(
            f"{found.waiting:,} events wait on the queue: see that `watch-statuses` or `campaign api` "
            "collects them, or run `campaign collect`.",
            *figures,
        )
    return ok(f"The event queue answers; {found.waiting:,} events wait.", *figures)


@_asking
def dead_letters(around: Surroundings) -> Finding:
    """What nobody could take off the event queue."""
    if not around.settings.event_queue_url:
        return error("CAMPAIGN_EVENT_QUEUE_URL is not set: `campaign setup` prints it.")
    queue, found = _backlog(around)
    if not found.dead_letter_url:
        return warning(
            "The event queue has no dead-letter queue, so that what cannot be taken in comes again until SQS "
            "drops it: `campaign setup` makes one."
        )
    lost = event_backlog.of(replace(queue, url=found.dead_letter_url))
    held = lost.waiting + lost.in_flight
    figure = Figure("campaign_dead_letters", held)
    if held:
        return warning(
            f"{held:,} event{'s are' if held > 1 else ' is'} on the dead-letter queue and not counted: mend "
            "what kept them from being taken in (`campaign events unread`), then start the redrive of "
            f"{found.dead_letter_url.rpartition('/')[2]} in the SQS console.",
            figure,
        )
    return ok("The dead-letter queue is empty.", figure)


def settings_to_send(around: Surroundings) -> Finding:
    """Whether what sending takes is set."""
    values = around.settings.model_dump()
    missing = [
        f"CAMPAIGN_{name.upper()}"
        for name in NEEDED_TO_SEND
        if not (values[name].get_secret_value() if name == "secret_key" else values[name])
    ]
    if missing:
        return error(
            f"{', '.join(missing)} must be set to send: `campaign setup` prints the configuration set and "
            "the queue, README.md says what the others are."
        )
    return ok("Everything that sending takes is set.")


def _account() -> Account:
    with _making:
        client = readiness.client(attempts=1, connect_seconds=2.0, read_seconds=3.0)
    return readiness.look(client)


def _backlog(around: Surroundings) -> tuple[EventQueue, Backlog]:
    with _making:
        found = open_queue(around.settings.event_queue_url, briefly=True)
    return found, event_backlog.of(found)


def _waiting(around: Surroundings) -> int:
    # Where the ledger does not answer, another check says so.
    try:
        with read_only(around.settings.database_url) as connection:
            return backlogs.waiting(connection)
    except (LedgerError, SQLAlchemyError):
        return 0
