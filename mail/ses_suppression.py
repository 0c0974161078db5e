"""SES's own suppression list of the account, and the ledger's: each learns what the other knows.

SES knows bounces and complaints only, so nothing else of ours goes there: an unsubscribe from one sender's
mail would block whatever else the account sends. What a person took off here after SES put it on is taken off
there too, else the next pull would bring it back.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ledger import erasures, suppression_history, suppressions
from ledger.engine import Ledger
from ledger.suppression_entries import Entry, Selection, page
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason
from lists.addresses import Address, parse
from mail.errors import MailError
from mail.ses_errors import Verdict, text_of, verdict_of

# "PageSize: Maximum value of 1000" (SES API reference, ListSuppressedDestinations).
_PAGE = 1000
_SOURCE = "suppression list of the SES account"
_REASONS = {"BOUNCE": SuppressionReason.HARD_BOUNCE, "COMPLAINT": SuppressionReason.COMPLAINT}
_SES_REASONS = {reason: name for name, reason in _REASONS.items()}

# SES limits these calls by the account and does not say where: the pace is found by being told off.
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_TRIES = 12


class SyncError(MailError):
    """SES does not let its suppression list be read or changed."""


class Direction(StrEnum):
    """Who learns from whom."""

    BOTH = "both"
    PULL = "pull"
    PUSH = "push"


class SuppressionClient(Protocol):
    """What is used of boto3's sesv2 client."""

    def list_suppressed_destinations(self, **request: Any) -> Mapping[str, Any]: ...

    def put_suppressed_destination(self, **request: Any) -> Mapping[str, Any]: ...

    def delete_suppressed_destination(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class Synced:
    """What a synchronisation came to.

    listed: entries on SES's list; pulled: new in the ledger; pushed: new at SES; lifted: taken off at SES;
    refused: addresses that SES does not take or that are none here.
    """

    listed: int = 0
    pulled: int = 0
    pushed: int = 0
    lifted: int = 0
    refused: int = 0


def client() -> SuppressionClient:
    """Return a client that repeats nothing by itself: `sync` paces its calls. Raises SyncError."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30)
    try:
        found: SuppressionClient = boto3.client("sesv2", config=config)
    # boto3 raises a plain ValueError for an endpoint that is no address.
    except (BotoCoreError, ValueError) as err:
        raise SyncError(
            f"Amazon SES cannot be asked ({' '.join(str(err).split()).rstrip('.')}): "
            "check AWS_DEFAULT_REGION and AWS_ENDPOINT_URL."
        ) from err
    return found


def sync(
    ledger: Ledger,
    ses: SuppressionClient,
    direction: Direction,
    *,
    by: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Synced:
    """Bring the two lists together and return what changed; safe to break off and to run again.

    Raises SyncError with what SES said, never with an address.
    """
    found = Synced()
    pace = _Pace(sleep)
    at_ses: set[str] = set()
    to_lift: list[str] = []
    token: str | None = None
    while True:
        more = {"NextToken": token} if token else {}
        answer = pace.call(ses.list_suppressed_destinations, PageSize=_PAGE, **more)
        entries = _read(answer.get("SuppressedDestinationSummaries") or [], found)
        at_ses.update(entries)
        to_lift += _take_in(ledger, entries, found, by=by, pull=direction is not Direction.PUSH)
        token = answer.get("NextToken")
        if not token:
            break
    if direction is not Direction.PULL:
        _push(ledger, ses, pace, at_ses, found)
        for address in to_lift:
            found.lifted += pace.change(ses.delete_suppressed_destination, EmailAddress=address)
    return found


@dataclass(frozen=True, slots=True)
class _AtSes:
    address: str
    reason: SuppressionReason
    since: float


def _read(summaries: Sequence[Mapping[str, Any]], found: Synced) -> dict[str, _AtSes]:
    """Return a page's entries by address key."""
    entries = {}
    for summary in summaries:
        found.listed += 1
        address = parse(str(summary["EmailAddress"]))
        reason = _REASONS.get(str(summary["Reason"]))
        if not isinstance(address, Address) or reason is None:
            found.refused += 1
            continue
        since = summary["LastUpdateTime"].timestamp()
        entries[address.key] = _AtSes(str(summary["EmailAddress"]), reason, since)
    return entries


def _take_in(
    ledger: Ledger, entries: Mapping[str, _AtSes], found: Synced, *, by: str, pull: bool
) -> list[str]:
    """Suppress what is new; return the addresses, as SES has them, that a person here has lifted since."""
    keys = sorted(entries)
    with ledger.writing() as connection:
        standing = suppression_history.standing(connection, keys, [EVERYWHERE])
        lifted_at = suppression_history.lifted_by_people(connection, keys, list(_REASONS.values()))
        lifted = {
            key
            for key, entry in entries.items()
            if lifted_at.get(key, float("-inf")) >= entry.since
            and not standing.get((key, EVERYWHERE), {}).keys() & _SES_REASONS.keys()
        }
        if pull:
            found.pulled += suppressions.add(
                connection,
                [
                    Suppression(key, entry.reason, _SOURCE, note=f"there since {_day(entry.since)}", by=by)
                    for key, entry in entries.items()
                    if key not in lifted
                ],
            )
    return [entries[key].address for key in sorted(lifted)]


def _push(ledger: Ledger, ses: SuppressionClient, pace: "_Pace", at_ses: set[str], found: Synced) -> None:
    after = ("", "")
    while entries := _some(ledger, after):
        for entry in entries:
            reason = _SES_REASONS.get(entry.reason)
            if reason is None or entry.address_key in at_ses or erasures.is_hash(entry.address_key):
                continue
            # SES takes no letters outside ASCII before the @-sign, and so never sends there either.
            if entry.address_key.isascii() and pace.change(
                ses.put_suppressed_destination, EmailAddress=entry.address_key, Reason=reason
            ):
                found.pushed += 1
            else:
                found.refused += 1
        after = (entries[-1].address_key, entries[-1].scope)


def _some(ledger: Ledger, after: tuple[str, str]) -> list[Entry]:
    # No transaction stays open while SES is asked.
    with ledger.reading() as connection:
        return page(connection, Selection(scope=EVERYWHERE), after=after, limit=_PAGE)


@dataclass(slots=True)
class _Pace:
    """Calls SES as fast as it lets itself be called; every call here may be repeated without harm."""

    sleep: Callable[[float], None]
    pause: float = field(default=0.0)
    answered: bool = False

    def call(self, operation: Callable[..., Mapping[str, Any]], **request: Any) -> Mapping[str, Any]:
        """Return the answer, after as many tries as it takes. Raises SyncError."""
        for last in (*[False] * (_TRIES - 1), True):
            if self.pause:
                self.sleep(self.pause)
            try:
                answer = operation(**request)
            except (ClientError, BotoCoreError) as err:
                verdict = verdict_of(err)
                # Where nothing ever answered, it is the address, the credentials or the network.
                never = verdict is Verdict.NOT_SENT and not self.answered
                if last or never or verdict in (Verdict.REFUSED, Verdict.INVALID):
                    raise SyncError(
                        f"SES's suppression list cannot be used ({text_of(err)}): check the credentials, "
                        "their permissions and the network, then run it again."
                    ) from err
                self.pause = min(max(self.pause * 2, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
            else:
                self.answered = True
                # A little faster each time, and without any pause once it is too short to matter.
                self.pause = self.pause * 0.9 if self.pause > 0.01 else 0.0
                return answer
        raise AssertionError("the last try returns or raises")

    def change(self, operation: Callable[..., Mapping[str, Any]], **request: Any) -> bool:
        """Make a call for one address, and return whether SES took it: one that it cannot read is left."""
        try:
            self.call(operation, **request)
        except SyncError as err:
            cause = err.__cause__
            code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
            if code in ("BadRequestException", "NotFoundException"):
                return False
            raise
        return True


def _day(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).date().isoformat()
