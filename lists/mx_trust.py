"""How far the DNS answers of a run can be believed as a whole, and what is said where they cannot.

Each rule errs on one side: where the resolver is in doubt, nobody is dropped for what it says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lists import dns_verdicts
from lists.dns_verdicts import MxVerdict, Status

# Details of unknown verdicts that concern the resolver, not the domain.
BREAKER = "too many domains stayed unknown"
CAPTIVE = "the resolver answers for names that do not exist"
NOT_PUBLIC = "the resolver does not know a domain that is known to take mail"

# Large enough to be there as long as mail is.
PUBLIC_CANARIES = ("gmail.com", "outlook.com", "yahoo.com")
# A resolver that denies the public canaries is still believed where it finds a mail host for this share of
# the domains about which it says anything: then it knows the world that the list lives in.
VOUCHING_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Canaries:
    """Domains that are known to take mail.

    `named` says that a person named them: then at least one of them has to resolve, whatever else does.
    """

    domains: tuple[str, ...] = PUBLIC_CANARIES
    named: bool = False

    @classmethod
    def parse(cls, text: str) -> "Canaries":
        """Return the canaries of a comma-separated setting; "" stands for the public ones."""
        named = tuple(part.strip().lower() for part in text.split(",") if part.strip())
        return cls(named, named=True) if named else cls()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a resolver said to the canaries, and to names that certainly do not exist."""

    known: tuple[MxVerdict, ...]
    random: tuple[MxVerdict, ...]

    @property
    def captive(self) -> bool:
        """Tell whether the resolver says yes to everything."""
        return any(verdict.status is Status.DELIVERABLE for verdict in self.random)


def trouble(canaries: Canaries, sighting: Sighting, verdicts: Mapping[str, MxVerdict]) -> str:
    """Return CAPTIVE, NOT_PUBLIC or ""."""
    if sighting.captive:
        return CAPTIVE
    statuses = {verdict.status for verdict in sighting.known}
    if Status.DELIVERABLE in statuses or not canaries.domains:
        return ""
    if canaries.named:
        return NOT_PUBLIC
    # Silence on the public canaries proves nothing, for a closed network refuses them.
    return NOT_PUBLIC if statuses == {Status.NO_MX} and not _vouched_for(verdicts) else ""


def distrusted(verdicts: Mapping[str, MxVerdict], why: str) -> dict[str, MxVerdict]:
    """Return the verdicts with those made unknown that cannot be believed for the reason `why`."""
    believed = () if why == CAPTIVE else (Status.DELIVERABLE, Status.UNKNOWN)
    doubtful = dns_verdicts.unknown(why)
    return {
        domain: verdict if verdict.status in believed else doubtful for domain, verdict in verdicts.items()
    }


def mostly_unknown(verdicts: Mapping[str, MxVerdict]) -> bool:
    """Tell whether the DNS was silent on more than half of the domains."""
    return _unknown(verdicts) * 2 > len(verdicts)


def warning(verdicts: Mapping[str, MxVerdict]) -> str:
    """Return one sentence where the answers as a whole cannot be trusted, else ""."""
    total, unknown = len(verdicts), _unknown(verdicts)
    details = {verdict.detail for verdict in verdicts.values() if verdict.status is Status.UNKNOWN}
    if CAPTIVE in details:
        return (
            "The DNS server answers even for names that do not exist, so nothing it says was believed and "
            "nobody was dropped for it: set other nameservers and clean the list again."
        )
    if NOT_PUBLIC in details:
        return (
            "The DNS server does not know a domain that is known to take mail, so nobody was dropped for it: "
            "set nameservers that know the public internet, or the canary domains that yours knows, and "
            "clean the list again."
        )
    if BREAKER in details:
        return (
            f"The DNS gave too few answers, so the asking was stopped with {unknown:,} of {total:,} domains "
            "unknown and nobody was dropped for it: check the nameservers and clean the list again."
        )
    if mostly_unknown(verdicts):
        return (
            f"The DNS gave no answer for {unknown:,} of {total:,} domains, so nobody was dropped for it: "
            "check the nameservers and clean the list again."
        )
    missing = sum(verdict.detail == "no_such_domain" for verdict in verdicts.values())
    if total >= 10 and missing * 2 > total:
        return (
            f"The DNS says that {missing:,} of {total:,} domains do not exist: check that the nameservers "
            "know the public internet."
        )
    return ""


def _vouched_for(verdicts: Mapping[str, MxVerdict]) -> bool:
    definite = [verdict for verdict in verdicts.values() if verdict.status is not Status.UNKNOWN]
    found = sum(verdict == dns_verdicts.DELIVERABLE for verdict in definite)
    return bool(definite) and found >= VOUCHING_SHARE * len(definite)


def _unknown(verdicts: Mapping[str, MxVerdict]) -> int:
    return sum(verdict.status is Status.UNKNOWN for verdict in verdicts.values())
