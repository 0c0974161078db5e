"""Where an event comes from: proved to be SES's, proved not to be, or neither.

Proved is what SNS signed for a topic that `campaign setup` made. Proved false is a signature that is wrong. A
topic, account or configuration set that `setup` did not make shows that an event is not about our mail;
whether it says to be, the ledger knows (ledger.event_matches.claiming).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.event_sources import KnownSources, SourceKind
from mail.event_envelopes import NotAnEvent, Opened, opened
from mail.sns_signature import KeyOf, Signature, check

WRONG_SIGNATURE = "the signature of SNS is wrong"


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of an event's origin; `foreign` names the part that is not what `setup` made."""

    verified: bool = False
    wrong_signature: bool = False
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """What an event's origin is measured by."""

    known: KnownSources
    key_of: KeyOf

    def origin(self, event: Opened, sent_at: float) -> Origin:
        """Return what is known of the origin of an event of mail that SES took at `sent_at`."""
        foreign = next(
            (
                f"not our {kind.replace('_', ' ')}"
                for kind, name in _sources(event)
                if self.known.excludes(kind, name, sent_at)
            ),
            "",
        )
        # Nothing is fetched for what is not ours.
        if foreign or event.notification is None:
            return Origin(foreign=foreign)
        match check(event.notification, self.key_of):
            case Signature.WRONG:
                return Origin(wrong_signature=True)
            case Signature.UNKNOWN:
                return Origin()
            case Signature.RIGHT:
                # Anybody can have a topic of their own signed.
                topic = str(event.notification.get("TopicArn"))
                return Origin(verified=self.known.holds(SourceKind.TOPIC, topic))


def sources_of(body: str) -> tuple[tuple[SourceKind, str], ...]:
    """Return what a queue message's body says of where it comes from; nothing where it is no event."""
    found = opened(body)
    return () if isinstance(found, NotAnEvent) else tuple(_sources(found))


def _sources(event: Opened) -> Iterator[tuple[SourceKind, str]]:
    topic = (event.notification or {}).get("TopicArn")
    if isinstance(topic, str) and topic:
        # A topic in between, as behind EventBridge, is another one than SES publishes to.
        if not event.through_event_bridge:
            yield SourceKind.TOPIC, topic
        parts = topic.split(":")
        if len(parts) == 6:
            yield SourceKind.ACCOUNT, parts[4]
    mail: Mapping[str, Any] = event.payload["mail"]
    account = mail.get("sendingAccountId")
    if isinstance(account, str) and account:
        yield SourceKind.ACCOUNT, account
    tags = mail.get("tags")
    sets = tags.get("ses:configuration-set") if isinstance(tags, dict) else None
    if isinstance(sets, list) and sets and isinstance(sets[0], str) and sets[0]:
        yield SourceKind.CONFIGURATION_SET, sets[0]
