"""The world outside as the API asks it: does a domain take mail, may an owner send from an address."""

import threading
from collections.abc import Mapping, Sequence
from functools import cache, partial

from api.pools import Pools
from api.remembering import Remembered
from api.thread_pools import Unavailable
from ledger.engine import Ledger
from ledger.mx_answers import MxAnswer
from lists import mx, mx_cached
from lists.dns_verdicts import MxVerdict, Status, unknown
from lists.mx import MxLookup
from mail import readiness
from mail.identities import IdentityClient
from settings import Settings

# The ledger keeps what the DNS said for its time to live; this spares the question to the ledger.
_DOMAIN_SECONDS = {Status.DELIVERABLE: 300.0, Status.NO_MX: 60.0, Status.UNKNOWN: 10.0}
# A request waits for SES, and whoever sent it can send it again.
_SES_CONNECT_SECONDS = 2.0
_SES_READ_SECONDS = 3.0

_one_client = threading.Lock()


def mx_of(ledger: Ledger, settings: Settings, pools: Pools) -> MxLookup:
    """Return the look-up of domains that the settings ask for. Raises ListError where they cannot be read.

    Nobody who posts waits for the ledger's write lock to keep what the DNS said.
    """

    def store(resolver: str, found: Sequence[MxAnswer]) -> None:
        pools.mx_answers.begin(partial(mx_cached.store_in, ledger, resolver, found))

    return mx_cached.lookup(ledger, mx.resolving(settings), store=store)


def identity_client() -> IdentityClient:
    """Return SES as it is asked about senders. Raises NotReady where AWS is not set up."""
    # boto3 makes one client at a time (boto3 documentation, "Multithreading or multiprocessing").
    with _one_client:
        return _identity_client()


@cache
def _identity_client() -> IdentityClient:
    return readiness.client(attempts=1, connect_seconds=_SES_CONNECT_SECONDS, read_seconds=_SES_READ_SECONDS)


def remembered_domains(lookup: MxLookup, pools: Pools) -> Remembered[str, MxVerdict]:
    """Return `lookup` with its answers kept in memory for some minutes; a DNS that is silent says unknown."""

    async def look_up(domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        try:
            return await pools.dns.run(lookup, domains)
        except Unavailable:
            return dict.fromkeys(domains, unknown("timeout"))

    return Remembered(look_up, lambda verdict: _DOMAIN_SECONDS[verdict.status])
