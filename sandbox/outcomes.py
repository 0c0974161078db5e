"""What becomes of a mail to an address: decided by the address and a seed, the same each time."""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol

from sandbox.behaviour import Behaviour, OutcomeKind
from sandbox.zone import Answer

SIMULATOR_DOMAIN = "simulator.amazonses.com"
# https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html, "mailbox simulator".
_SIMULATED = {
    "success": OutcomeKind.DELIVERED,
    "bounce": OutcomeKind.HARD_BOUNCE,
    "complaint": OutcomeKind.COMPLAINT,
    "ooto": OutcomeKind.AUTO_REPLY,
    "suppressionlist": OutcomeKind.GLOBALLY_SUPPRESSED,
    # The real simulator has no addresses for these; they are the sandbox's own.
    "accountsuppressionlist": OutcomeKind.ACCOUNT_SUPPRESSED,
    "tenantsuppressionlist": OutcomeKind.TENANT_SUPPRESSED,
    "emailvalidation": OutcomeKind.VALIDATION_SUPPRESSED,
    "unsubscribedrecipient": OutcomeKind.CONTACT_OPTED_OUT,
    "notspam": OutcomeKind.NOT_SPAM,
    "authfailure": OutcomeKind.AUTH_FAILURE,
}
_WITHOUT_MAIL = {
    Answer.NXDOMAIN: OutcomeKind.UNKNOWN_DOMAIN,
    Answer.NO_DATA: OutcomeKind.UNKNOWN_DOMAIN,
    Answer.DANGLING_MX: OutcomeKind.UNKNOWN_DOMAIN,
    Answer.NULL_MX: OutcomeKind.NULL_MX,
}


class Domains(Protocol):
    """What the rules ask of a DNS zone."""

    def answer(self, name: str) -> Answer:
        """Return how the zone answers for a domain."""
        ...


def decide(address: str, behaviour: Behaviour, suppressed: str | None, zone: Domains) -> OutcomeKind:
    """Return the outcome for a recipient.

    The order: mailbox simulator, account suppression list (`suppressed` is its reason), the DNS zone,
    the first rule that matches; otherwise delivered.
    """
    address = address.lower()
    local, _, domain = address.rpartition("@")
    if domain == SIMULATOR_DOMAIN:
        return _SIMULATED.get(local.partition("+")[0], OutcomeKind.HARD_BOUNCE)
    if suppressed in behaviour.suppressed_reasons:
        return OutcomeKind.ACCOUNT_SUPPRESSED
    without_mail = _WITHOUT_MAIL.get(zone.answer(domain))
    if without_mail is not None:
        return without_mail
    for rule in behaviour.outcomes:
        if _matches(rule.match, address, domain):
            left = share(behaviour.seed, "outcome", address)
            for kind, probability in rule.probabilities:
                left -= probability
                if left < 0:
                    return kind
            break
    return OutcomeKind.DELIVERED


def share(seed: int, purpose: str, address: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the arguments."""
    digest = blake2b(f"{seed}\0{purpose}\0{address}".encode(), digest_size=7).digest()
    return int.from_bytes(digest) / (1 << 56)


def _matches(match: str, address: str, domain: str) -> bool:
    if match == "*":
        return True
    if re.fullmatch(r"[a-z0-9.-]+", match):
        return domain == match or domain.endswith("." + match)
    return _pattern(match).search(address) is not None


@lru_cache(maxsize=256)
def _pattern(match: str) -> re.Pattern[str]:
    return re.compile(match)
