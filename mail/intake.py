"""Single messages taken in: many requests in one transaction, which is on the disk before any is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ledger import idempotency, senders, singles
from ledger.engine import Ledger
from ledger.idempotency import Kept, Place
from ledger.owners import Caller
from ledger.singles import NewSingle
from mail import account_gate, owner_gate, unwelcome
from mail.addresses import parse_from
from mail.unwelcome import Unwelcome


@dataclass(frozen=True, slots=True)
class Submission:
    """One request: its messages, as far as they passed every check that needs no ledger.

    `answer` makes the status and the body of the answer, given who of the messages (by public id) is not
    written to. `key` is its Idempotency-Key or "", `digest` that of everything the request says.
    """

    caller: Caller
    messages: Sequence[NewSingle]
    answer: Callable[[Mapping[str, Unwelcome]], tuple[int, str]]
    key: str = ""
    digest: str = ""

    @property
    def place(self) -> Place | None:
        return (self.caller.owner_id, self.key) if self.key else None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the request is answered. `again`: it was done before, and nothing new was taken in."""

    status: int
    body: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing was taken in, for nothing may go out of this account, or of this owner, now."""

    reason: str


@dataclass(frozen=True, slots=True)
class OtherBody:
    """Nothing was taken in: the Idempotency-Key belongs to another request."""


Result = Answered | Suspended | OtherBody


def take_in(ledger: Ledger, batch: Sequence[Submission]) -> list[Result]:
    """Store what may be sent of these requests in one transaction; return each one's result, in order."""
    with ledger.writing() as connection:
        if (reason := account_gate.suspended(connection)) is not None:
            return [Suspended(reason) for _ in batch]
        stopped = owner_gate.stopped(connection)
        whole, batch = batch, [item for item in batch if item.caller.owner_id not in stopped]
        first = _first_of_each_place(batch)
        kept = idempotency.reserve(connection, {place: item.digest for place, item in first.items()})
        fresh = [item for item in batch if item.place is None or _is_new(item, first, kept)]
        answered = _store(connection, fresh)
    return [
        Suspended(owner_gate.sentence(stopped[item.caller.owner_id]))
        if item.caller.owner_id in stopped
        else answered.get(id(item)) or _before(item, first, kept, answered)
        for item in whole
    ]


def _first_of_each_place(batch: Sequence[Submission]) -> dict[Place, Submission]:
    """Return the first request of each Idempotency-Key: a client that is impatient sends it twice at once."""
    first: dict[Place, Submission] = {}
    for item in batch:
        if item.place is not None:
            first.setdefault(item.place, item)
    return first


def _is_new(item: Submission, first: Mapping[Place, Submission], kept: Mapping[Place, Kept]) -> bool:
    return item.place is not None and item.place not in kept and first[item.place] is item


def _store(connection: Connection, fresh: Sequence[Submission]) -> dict[int, Answered]:
    """Store the messages of new requests; return the answers by the request's identity."""
    refused = _unwelcome(connection, fresh)
    answered: dict[int, Answered] = {}
    stored: list[NewSingle] = []
    for item in fresh:
        welcome = [message for message in item.messages if message.public_id not in refused]
        answered[id(item)] = Answered(*item.answer(refused))
        stored += welcome
        if item.place and welcome:
            idempotency.fill(connection, item.place, answered[id(item)].status, answered[id(item)].body)
        elif item.place:
            idempotency.give_up(connection, [item.place])
    singles.add(connection, stored)
    return answered


def _unwelcome(connection: Connection, fresh: Sequence[Submission]) -> dict[str, Unwelcome]:
    """Return who of the messages, by public id, is not written to."""
    pairs = [
        (message.public_id, (item.caller.owner, message.address_key))
        for item in fresh
        for message in item.messages
    ]
    found = unwelcome.among(connection, [pair for _, pair in pairs])
    refused = {public_id: found[pair] for public_id, pair in pairs if pair in found} if found else {}
    return _foreign_senders(connection, fresh) | refused


def _foreign_senders(connection: Connection, fresh: Sequence[Submission]) -> dict[str, Unwelcome]:
    """Return whose sender is another owner's by now: what the API remembers of senders may be minutes old."""
    messages = [message for item in fresh for message in item.messages]
    addresses = {text: parse_from(text).address.lower() for text in {each.sender for each in messages}}
    holders = senders.owners_of(connection, sorted(set(addresses.values())))
    return {
        each.public_id: Unwelcome.NOT_THEIR_SENDER
        for each in messages
        if holders.get(addresses[each.sender], each.owner_id) != each.owner_id
    }


def _before(
    item: Submission,
    first: Mapping[Place, Submission],
    kept: Mapping[Place, Kept],
    answered: Mapping[int, Answered],
) -> Result:
    """Return the result of a request whose key was used before, or earlier in the same batch."""
    assert item.place is not None
    if (before := kept.get(item.place)) is not None:
        same = before.digest == item.digest
        return Answered(before.status, before.answer, again=True) if same else OtherBody()
    earlier = first[item.place]
    return replace(answered[id(earlier)], again=True) if earlier.digest == item.digest else OtherBody()
