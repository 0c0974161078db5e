"""The brakes applied: what events say of domains, and whom a claim leaves alone for now."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ledger import clock, domain_brakes
from ledger.campaigns import Campaign
from ledger.claims import Recipient
from ledger.domain_brakes import Window
from ledger.statuses import Fact
from ledger.transitions import MessageState
from mail import brakes
from mail.brake_policy import BrakePolicy
from mail.brakes import Seen

_PUT_OFF = frozenset({Fact.DELAYED, Fact.SOFT_BOUNCED})
_NEWS = _PUT_OFF | {Fact.DELIVERED, Fact.TRANSIENT_GENERAL, Fact.HARD_BOUNCED, Fact.COMPLAINED}

Changes = Sequence[tuple[MessageState, MessageState]]


@dataclass(frozen=True, slots=True)
class Room:
    """Which domains have room for how many messages; those that are not in it have room for any number."""

    by_domain: dict[str, int]
    opens_at: float | None

    @property
    def closed(self) -> list[str]:
        return [domain for domain, left in self.by_domain.items() if left <= 0]

    def seconds(self, now: float) -> float:
        """Return how long it takes until a closed domain has room again; 0 where none is closed."""
        return 0.0 if self.opens_at is None else max(1.0, self.opens_at - now)

    def admit(self, found: Sequence[Recipient]) -> list[Recipient]:
        """Return those for whom there is room, and take it from the room."""
        admitted = []
        for recipient in found:
            left = self.by_domain.get(recipient.domain)
            if left is None or left > 0:
                admitted.append(recipient)
                if left is not None:
                    self.by_domain[recipient.domain] = left - 1
        return admitted


def policy_of(campaign: Campaign) -> BrakePolicy:
    """Return the brake policy that the campaign was enqueued with."""
    return BrakePolicy.model_validate(campaign.definition.get("brakes", {}))


def watch(connection: Connection, locked: Campaign, changes: Changes) -> None:
    """Judge the domains of a locked campaign by what was learnt of its messages in this transaction."""
    seen = {after.id: found for before, after in changes if (found := _seen(before, after))}
    windows = {each.domain: each for each in domain_brakes.read(connection, locked.id)}
    if not windows and not any(each.put_off for each in seen.values()):
        return
    now, policy = clock.now(connection), policy_of(locked)
    by_domain: dict[str, list[Seen]] = defaultdict(list)
    for message_id, domain in domain_brakes.domains_of(connection, seen).items():
        by_domain[domain].append(seen[message_id])
    judged = {
        domain: brakes.judged(domain, windows.get(domain), by_domain.get(domain, ()), policy, now)
        for domain in windows.keys() | by_domain.keys()
    }
    kept = {domain: window for domain, window in judged.items() if window is not None}
    domain_brakes.store(
        connection, locked.id, [each for domain, each in kept.items() if each != windows.get(domain)]
    )
    domain_brakes.forget(connection, locked.id, windows.keys() - kept.keys())


def room(connection: Connection, campaign: Campaign) -> Room:
    """Return which domains of a campaign are braked or on trial."""
    windows = domain_brakes.read(connection, campaign.id)
    if not windows:
        return Room({}, None)
    now, policy = clock.now(connection), policy_of(campaign)
    left = {each.domain: brakes.room(each, policy, now) for each in windows}
    opening = [brakes.opens_at(each, policy, now) for each in windows if left[each.domain] == 0]
    by_domain = {domain: count for domain, count in left.items() if count is not None}
    return Room(by_domain, min(opening, default=None))


def note_claimed(connection: Connection, locked: Campaign, recipients: Sequence[Recipient]) -> None:
    """Count what a claim took towards the trials of its domains."""
    claimed = Counter(recipient.domain for recipient in recipients)
    domain_brakes.store(
        connection,
        locked.id,
        [
            replace(each, let_through=each.let_through + claimed[each.domain])
            for each in domain_brakes.read(connection, locked.id)
            if each.braked_until is not None and claimed[each.domain]
        ],
    )


def braked(connection: Connection, campaign: Campaign) -> list[Window]:
    """Return the windows of the domains that are braked or on trial now, by domain."""
    now, policy = clock.now(connection), policy_of(campaign)
    return [
        each
        for each in domain_brakes.read(connection, campaign.id)
        if brakes.room(each, policy, now) is not None
    ]


def _seen(before: MessageState, after: MessageState) -> Seen | None:
    new = after.facts.keys() - before.facts.keys()
    if not new & _NEWS:
        return None
    return Seen(
        accepted_at=after.facts.get(Fact.ACCEPTED, 0.0),
        first=_NEWS.isdisjoint(before.facts),
        put_off=_is_put_off(after) and not _is_put_off(before),
    )


def _is_put_off(state: MessageState) -> bool:
    general = Fact.TRANSIENT_GENERAL in state.facts and Fact.DELIVERED not in state.facts
    return general or not _PUT_OFF.isdisjoint(state.facts)
