"""One claim on single messages: the account's gate asked, and those left out who are unwelcome by now."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import attempts, breaker, claims, sign_ups, singles
from ledger.breaker import Open, ProbeDue
from ledger.claims import Claim, Recipient
from ledger.engine import Ledger
from ledger.singles import Mail
from mail import account_gate, unwelcome
from mail.harmless import is_harmless
from mail.rate import ACCOUNT
from mail.unwelcome import Unwelcome

# Of texts that may take their time to compose, so many at most: nobody waits long for the end of the claim.
_SLOW_TEXTS = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A claim, and what is to be sent to each of its recipients, by message id."""

    claim: Claim
    mails: dict[int, Mail]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why nothing was claimed: `nothing_left`, `suspended` (the account) or `no_answers` (of SES)."""

    why: str
    wait_seconds: float = 0.0


def claim(ledger: Ledger, owner: str, limit: int) -> Held | Nothing:
    """Claim up to `limit` single messages for the worker `owner`, those of all owners in turn.

    The same transaction recovers what dead workers held.
    """
    with ledger.writing() as connection:
        if account_gate.suspended(connection) is not None:
            return Nothing("suspended")
        standing = breaker.ask(connection, ACCOUNT)
        singles.lock(connection)
        claims.recover(connection, None)
        if isinstance(standing, Open):
            return Nothing("no_answers", standing.wait_seconds)
        probing = isinstance(standing, ProbeDue)
        while found := claims.candidates(connection, None, 1 if probing else limit):
            mails = singles.mails(connection, [item.message_id for item in found])
            found = _few_slow(_with_content(connection, found, mails), mails)
            if welcome := _without_unwelcome(connection, found, mails):
                held = claims.take(connection, None, owner, welcome)
                if probing:
                    breaker.book_probe(connection, ACCOUNT, held.id)
                return Held(held, mails)
        return Nothing("nothing_left")


def give_back(ledger: Ledger, held: Claim) -> None:
    """Queue again what a claim still holds unsent."""
    with ledger.writing() as connection:
        singles.lock(connection)
        claims.release(connection, None, held.id)


def _with_content(connection: Connection, found: list[Recipient], mails: dict[int, Mail]) -> list[Recipient]:
    """Return those whose content is there; a message without any fails alone."""
    for item in found:
        if item.message_id not in mails:
            attempts.fail(connection, item.message_id, "What was to be sent is not in the ledger any more.")
    return [item for item in found if item.message_id in mails]


def _few_slow(found: list[Recipient], mails: dict[int, Mail]) -> list[Recipient]:
    """Leave out, for the next claim, those behind the first that may take their time."""
    slow = [item.message_id for item in found if not is_harmless(mails[item.message_id].text)]
    later = set(slow[_SLOW_TEXTS:])
    return [item for item in found if item.message_id not in later]


def _without_unwelcome(
    connection: Connection, found: list[Recipient], mails: dict[int, Mail]
) -> list[Recipient]:
    """Return those who may still be written to; the others become SUPPRESSED with the reason."""
    pairs = {item.message_id: (mails[item.message_id].owner, item.address_key) for item in found}
    refused = unwelcome.among(connection, pairs.values())
    if not refused:
        return found
    waiting = [id_ for id_, pair in pairs.items() if refused.get(pair) is Unwelcome.UNCONFIRMED]
    asking = sign_ups.asking(connection, waiting)
    reasons = {
        id_: refused[pair].value for id_, pair in pairs.items() if pair in refused and id_ not in asking
    }
    claims.suppress(connection, None, reasons)
    return [item for item in found if item.message_id not in reasons]
