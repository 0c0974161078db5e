"""What the ledger says: whether it answers, what waits in it, what stands against sending."""

import os
import time
from collections.abc import Callable
from functools import wraps

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ledger import backlogs, breaker, ledger_file, migrating, owners, restores, unread, vital_signs
from ledger.engine import parsed
from ledger.errors import LedgerError, LedgerMissing
from ledger.ledger_names import shown
from ledger.migrating import Schema
from ledger.read_only_connection import read_only
from mail import account, owner_gate
from mail.rate import ACCOUNT
from reports import health
from reports.checkup.finding import Figure, Finding, Level, Surroundings, error, ok, size, span, warning

CALLBACK_AT_MOST_SECONDS = 900.0
# A collector that runs every five minutes may miss two looks.
DRAINED_AT_MOST_SECONDS = 900.0
KEY_AT_MOST_SECONDS = 365 * backlogs.DAY_SECONDS

Look = Callable[[Connection, Surroundings], Finding]


def in_ledger(look: Look) -> Callable[[Surroundings], Finding]:
    """Give a check a connection of its own that can only read; `database` tells why there is none."""

    @wraps(look)
    def asked(around: Surroundings) -> Finding:
        try:
            with read_only(around.settings.database_url) as connection:
                return look(connection, around)
        except LedgerMissing:
            return ok("There is no ledger yet.")
        except (LedgerError, SQLAlchemyError):
            return warning("It cannot be told, for the ledger cannot be read: see `database` and `schema`.")

    return asked


def database(around: Surroundings) -> Finding:
    """Whether the ledger is there, answers, and could be written to."""
    url = around.settings.database_url
    started = time.perf_counter()
    try:
        with read_only(url) as connection:
            grown = backlogs.growth(connection).bytes if _has_events(connection) else 0
    except LedgerMissing as err:
        return warning(f"{str(err)[0].upper()}{str(err)[1:]}")
    except LedgerError as err:
        return error(f"{str(err)[0].upper()}{str(err)[1:]}")
    except SQLAlchemyError as err:
        return error(
            f"The ledger {shown(parsed(url))} cannot be read ({type(err).__name__}): "
            "put it back, or restore a backup (docs/backup.md)."
        )
    seconds = time.perf_counter() - started
    path = ledger_file.path_of(parsed(url))
    if path is not None and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return error(
            f"The ledger {path} cannot be written: give this user the right to write the file and its folder."
        )
    return ok(
        f"The ledger {shown(parsed(url))} answers in {seconds * 1000:.0f} ms and has {size(grown)}.",
        Figure("campaign_database_answer_seconds", seconds),
    )


def _has_events(connection: Connection) -> bool:
    return migrating.schema_of(connection) is Schema.CURRENT


@in_ledger
def schema(connection: Connection, around: Surroundings) -> Finding:
    """Whether the schema is this program's, and the ledger no older copy of itself."""
    match migrating.schema_of(connection):
        case Schema.CURRENT if restores.is_open(connection):
            return error(
                "The ledger is an older copy of itself and sends nothing: `campaign db restored` shows what "
                "may go out, and lets it."
            )
        case Schema.CURRENT:
            return ok(f"The schema is this version's ({migrating.HEAD}).")
        case Schema.EMPTY:
            return warning("The database is empty: `campaign db upgrade` makes the tables.")
        case Schema.OLDER:
            return error(
                "The schema is an older version's: run `campaign db upgrade`, which copies a file first."
            )
        case Schema.UNKNOWN:
            return error("The schema is not known to this version: use the version that made it.")
        case Schema.FOREIGN:
            return error("The database holds other tables and is no ledger: check CAMPAIGN_DATABASE_URL.")


@in_ledger
def mail(connection: Connection, around: Surroundings) -> Finding:
    """What keeps mail waiting: old e-mail in the queue, events that do not come, a clock that was set."""
    signs = vital_signs.signs_in(connection, around.clock())
    waits = signs.oldest_queued_seconds or 0.0
    figures = (
        Figure("campaign_oldest_queued_seconds", waits),
        Figure("campaign_clock_ahead_seconds", signs.clock_ahead_seconds),
    )
    if reasons := health.reasons_in(signs):
        text = " ".join(f"{each[0].upper()}{each[1:]}" for each in reasons)
        return warning(
            f"{text} See that `campaign api` or `send-messages` and `watch-statuses` run.", *figures
        )
    return ok("No e-mail waits for long, and events come in.", *figures)


@in_ledger
def drained(connection: Connection, around: Surroundings) -> Finding:
    """How long ago the event queue was last seen empty."""
    seconds = backlogs.drained_seconds_ago(connection)
    if seconds is None:
        return ok("No events have been collected yet.")
    lag = Figure("campaign_queue_drained_seconds", seconds)
    if seconds > DRAINED_AT_MOST_SECONDS:
        return warning(
            f"The event queue was last seen empty {span(seconds)} ago, so that bounces are not counted: run "
            "`watch-statuses` on its schedule, `campaign api`, or `campaign collect`.",
            lag,
        )
    return ok(f"The event queue was last seen empty {span(seconds)} ago.", lag)


@in_ledger
def unread_events(connection: Connection, around: Surroundings) -> Finding:
    """What came off the event queue and could not be read."""
    kept = unread.amount(connection)
    oldest = backlogs.oldest_unread_seconds(connection) or 0.0
    figures = (
        Figure("campaign_unread_messages", kept.messages),
        Figure("campaign_unread_oldest_seconds", oldest),
    )
    if not kept.messages:
        return ok("Everything that came off the event queue was read.", *figures)
    level = Level.ERROR if kept.is_full else Level.WARNING
    sentence = f"{kept.sentence} The oldest came {span(oldest)} ago."
    return Finding(level, f"{sentence[0].upper()}{sentence[1:]}", figures)


@in_ledger
def callbacks(connection: Connection, around: Surroundings) -> Finding:
    """Who still has to be told of changes."""
    found = backlogs.of_callbacks(connection)
    figures = (
        Figure("campaign_callbacks_due", found.due),
        Figure("campaign_callbacks_oldest_seconds", found.oldest_seconds),
        Figure("campaign_callbacks_failed_lately", found.failed_lately),
    )
    if found.oldest_seconds > CALLBACK_AT_MOST_SECONDS:
        return warning(
            f"{found.due:,} callbacks are due, the oldest for {span(found.oldest_seconds)}: run "
            "`watch-statuses`, `campaign api` or `campaign callbacks deliver`.",
            *figures,
        )
    if found.failed_lately:
        return warning(
            f"{found.failed_lately:,} callbacks were given up within a day: `campaign callbacks list` shows "
            "the answers, `campaign callbacks replay` tries them again.",
            *figures,
        )
    return ok(f"{found.due:,} callbacks are due, and none for long.", *figures)


@in_ledger
def silence(connection: Connection, around: Surroundings) -> Finding:
    """Whether the breaker is open: SES gave no answers, and single messages probe."""
    found = breaker.look(connection, ACCOUNT)
    is_open = Figure("campaign_breaker_open", float(found is not None))
    if found is None:
        return ok("The breaker is closed: SES answers calls.", is_open)
    return error(
        f"SES has given no answers for {span(around.clock() - found.since)}, so that only single messages "
        f"probe ({found.probes:,} so far): check the network to SES; mail goes on once one is answered.",
        is_open,
    )


@in_ledger
def account_standing(connection: Connection, around: Surroundings) -> Finding:
    """Whether our own rules have stopped the account, or the single mail of owners."""
    found = account.standing(connection)
    stopped = sorted(owner_gate.stopped(connection).values(), key=lambda each: each.owner)
    figures = (
        Figure("campaign_account_suspended", float(found.suspended is not None)),
        Figure("campaign_owners_stopped", len(stopped)),
        Figure("campaign_account_bounce_rate", found.counted.bounce_rate),
    )
    if found.suspended is not None:
        return error(account.sentence(found.suspended), *figures)
    if stopped:
        more = f" {len(stopped) - 1:,} more are stopped: see `campaign account`." if len(stopped) > 1 else ""
        return warning(f"{owner_gate.sentence(stopped[0])}.{more}", *figures)
    return ok(f"Nothing is stopped; hard bounces are {found.counted.bounce_rate:.2%}.", *figures)


@in_ledger
def keys(connection: Connection, around: Surroundings) -> Finding:
    """How old the API's keys are that still open something."""
    good = [key for key in owners.keys(connection) if key.revoked_at is None]
    age = max((around.clock() - key.created_at for key in good), default=0.0)
    figure = Figure("campaign_api_key_oldest_seconds", age)
    old = [key for key in good if around.clock() - key.created_at > KEY_AT_MOST_SECONDS]
    if old:
        return warning(
            f"{len(old):,} of {len(good):,} keys of the API are older than a year, the oldest is {span(age)} "
            f"old (number {old[0].id}): make a new one with `campaign keys create`, then "
            f"`campaign keys revoke {old[0].id}`.",
            figure,
        )
    return ok(f"{len(good):,} keys of the API are good, none older than a year.", figure)
