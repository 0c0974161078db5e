"""What a person can have done to the rest of a list before a halted campaign goes on with it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import idna
from sqlalchemy import Connection

from ledger import campaigns, domain_counts, dropping
from ledger.campaigns import Campaign
from ledger.domain_counts import DomainBounces
from ledger.engine import Ledger
from lists import mx
from lists.dns_verdicts import Status as MxStatus
from lists.mx import MxLookup
from lists.policy import ListSource
from lists.registrable_domains import registrable
from lists.suppression import scopes_of
from mail import bad_domains, gatekeeping
from mail.errors import MailError

# The reasons that the report shows of those who were left out.
BAD_DOMAIN = "bad_domain"
NO_MX = "no_mx"

# A sentence names so many domains, and counts the others.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Remedies:
    """What is to be done: leave domains out, clean the rest of the list again, both, or nothing.

    domains: in A-labels, each with what is below it; empty leaves out the registrable domains that the rule
        of `bad_domains` finds.
    """

    drop_domains: bool = False
    domains: tuple[str, ...] = ()
    clean_again: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Whom a remedy left out: the domains that were dropped, and the recipients by what was done."""

    domains: tuple[str, ...] = ()
    at_domains: int = 0
    without_mail_server: int = 0
    suppressed: int = 0

    @property
    def recipients(self) -> int:
        return self.at_domains + self.without_mail_server + self.suppressed


def bounced_domains(connection: Connection, campaign: Campaign) -> list[DomainBounces]:
    """Return the registrable domains with hard bounces in the campaign's epoch, the most bounces first."""
    return bad_domains.bounced(domain_counts.by_host(connection, campaign.id, campaign.epoch))


def worst_domains(connection: Connection, campaign: Campaign) -> list[DomainBounces]:
    """Return the registrable domains of the epoch that are worth leaving out, the worst first."""
    limit = gatekeeping.policy_of(campaign).bounce_rate
    return bad_domains.worst(bounced_domains(connection, campaign), limit)


def hosts_below(hosts: Iterable[str], domains: Collection[str]) -> list[str]:
    """Return those of the hosts whose registrable domain is one of `domains`."""
    return [host for host in hosts if registrable(host) in domains]


def domains_without_mail(ledger: Ledger, name: str, lookup: MxLookup) -> list[str]:
    """Ask the DNS about the domains that still wait; return those that certainly take no mail."""
    with ledger.reading() as connection:
        waiting = dropping.waiting_domains(connection, campaigns.get(connection, name).id)
    return known_domains_without_mail(lookup, waiting) or []


def known_domains_without_mail(lookup: MxLookup, domains: Sequence[str]) -> list[str] | None:
    """Return those of the domains that certainly take no mail; None where the DNS is mostly silent.

    Its few negative answers are not to be believed then either.
    """
    verdicts = lookup(domains)
    if mx.mostly_unknown(verdicts):
        return None
    return [domain for domain in domains if verdicts[domain].status is MxStatus.NO_MX]


def apply(
    connection: Connection, locked: Campaign, remedies: Remedies, without_mail: Sequence[str]
) -> LeftOut:
    """Leave out whoever still waits and the remedies speak of; `without_mail` is what the DNS said."""
    domains: tuple[str, ...] = ()
    at_domains = without_mail_server = suppressed = 0
    if remedies.drop_domains:
        domains = remedies.domains or tuple(each.domain for each in worst_domains(connection, locked))
        if remedies.domains:
            at_domains = dropping.drop_domains(connection, locked, domains, BAD_DOMAIN, and_below=True)
        else:
            hosts = hosts_below(dropping.waiting_domains(connection, locked.id), domains)
            at_domains = dropping.drop_domains(connection, locked, hosts, BAD_DOMAIN)
    if remedies.clean_again:
        whose = str(locked.definition.get("owner") or "")
        scopes = scopes_of(ListSource.model_validate(locked.definition["list"]).scope, whose)
        suppressed = dropping.drop_suppressed(connection, locked, scopes)
        without_mail_server = dropping.drop_domains(connection, locked, without_mail, NO_MX)
    return LeftOut(domains, at_domains, without_mail_server, suppressed)


def sentence(remedies: Remedies, left_out: LeftOut) -> str:
    """Return what was done, for the campaign's history and for the person who decided it."""
    parts = []
    if remedies.drop_domains:
        parts.append(f"left out {count(left_out.at_domains)} at {_listed(left_out.domains)}")
    if remedies.clean_again:
        parts.append(
            f"cleaned again: left out {count(left_out.without_mail_server)} without a mail server "
            f"and {left_out.suppressed:,} suppressed since"
        )
    return "; ".join(parts) or "went on as it is"


def parse_domains(text: str) -> tuple[str, ...]:
    """Return the domains in a text, between commas, spaces or lines, in A-labels and each once.

    Raises MailError naming the one that cannot be read.
    """
    found = []
    for word in text.replace(",", " ").replace(";", " ").split():
        name = word.lower().lstrip("@").rstrip(".")
        try:
            found.append(idna.encode(name, uts46=True).decode("ascii"))
        except idna.IDNAError as err:
            raise MailError(f"{word} is not a domain: write it like example.com.") from err
    return tuple(dict.fromkeys(found))


def count(recipients: int) -> str:
    """Return a number of recipients in words."""
    return f"{recipients:,} recipient{'s' if recipients != 1 else ''}"


def _listed(domains: Sequence[str]) -> str:
    if not domains:
        return "no domain: none reached the limit by itself"
    more = len(domains) - _NAMED
    named = ", ".join(domains[:_NAMED])
    return f"{named} and {more:,} more domains" if more > 0 else named
