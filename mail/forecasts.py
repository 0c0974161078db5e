"""What each choice after a halt would leave out, before anybody chooses."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger import campaigns, dropping
from ledger.domain_counts import DomainBounces
from ledger.engine import Ledger
from lists.mx import MxLookup
from lists.policy import ListSource
from lists.suppression import scopes_of
from mail import remedies

# Beyond so many domains the DNS takes minutes, and a person waits for the form.
ASKED_AT_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Forecast:
    """Recipients who still wait, and how many of them each choice leaves out.

    worst: the registrable domains that reached the limit by themselves.
    without_mail_server: None where the DNS was not asked, or did not answer.
    """

    waiting: int
    bounced: Sequence[DomainBounces] = ()
    worst: Sequence[DomainBounces] = ()
    suppressed: int = 0
    without_mail_server: int | None = None

    @property
    def at_worst(self) -> int:
        return sum(each.waiting for each in self.worst)

    @property
    def cleaned_out(self) -> int:
        return self.suppressed + (self.without_mail_server or 0)


def of(ledger: Ledger, name: str, lookup: MxLookup | None = None) -> Forecast:
    """Count for the campaign `name`; without a look-up, or with too many domains, the DNS is not asked."""
    with ledger.reading() as connection:
        campaign = campaigns.get(connection, name)
        bounced = remedies.bounced_domains(connection, campaign)
        worst = remedies.worst_domains(connection, campaign)
        scopes = scopes_of(ListSource.model_validate(campaign.definition["list"]).scope)
        waiting = dropping.waiting_by_domain(connection, campaign.id)
        suppressed = dropping.suppressed_by_domain(connection, campaign.id, scopes)
    without: int | None = None
    if lookup is not None and len(waiting) <= ASKED_AT_MOST:
        gone = remedies.known_domains_without_mail(lookup, list(waiting))
        # Who is suppressed too is left out as that.
        without = None if gone is None else sum(waiting[each] - suppressed.get(each, 0) for each in gone)
    return Forecast(sum(waiting.values()), bounced, worst, sum(suppressed.values()), without)
