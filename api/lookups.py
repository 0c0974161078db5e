"""The world outside as the API asks it: does a domain take mail, may an owner send from an address."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from api.remembering import Remembered
from ledger import senders
from ledger.engine import Ledger
from lists import mx, mx_cached
from lists.dns_verdicts import MxVerdict, Status
from lists.mx import MxLookup
from mail import identities, readiness
from mail.identities import Identity, IdentityClient, Standing
from settings import Settings

# The ledger keeps what the DNS said for its time to live; this spares the question to the ledger.
_DOMAIN_SECONDS = {Status.DELIVERABLE: 300.0, Status.NO_MX: 60.0, Status.UNKNOWN: 10.0}
# A sender whose link was just clicked wants to send at once; a verified one hardly ever loses that.
_VERIFIED_SECONDS = 300.0
_UNVERIFIED_SECONDS = 2.0

Sender = tuple[int, str]
"""An owner's id and the address it sends from."""


def mx_of(ledger: Ledger, settings: Settings) -> MxLookup:
    """Return the look-up of domains that the settings ask for. Raises ListError where they cannot be read."""
    return mx_cached.lookup(ledger, mx.resolving(settings))


@cache
def identity_client() -> IdentityClient:
    """Return SES as it is asked about senders. Raises NotReady where AWS is not set up."""
    return readiness.client()


def remembered_domains(lookup: MxLookup) -> Remembered[str, MxVerdict]:
    """Return `lookup` with its answers kept in memory for some minutes."""
    return Remembered(lookup, lambda verdict: _DOMAIN_SECONDS[verdict.status])


def remembered_senders(
    ledger: Ledger, client: Callable[[], IdentityClient]
) -> Remembered[Sender, Identity | None]:
    """Return a look-up of senders: where each stands, or None for another owner's."""

    def look_up(wanted: Sequence[Sender]) -> Mapping[Sender, Identity | None]:
        with ledger.reading() as connection:
            owned_by = senders.owners_of(connection, [address.lower() for _, address in wanted])
        return {
            (owner_id, address): identities.standing(client(), address)
            if owned_by.get(address.lower(), owner_id) == owner_id
            else None
            for owner_id, address in wanted
        }

    return Remembered(look_up, _sender_seconds)


def _sender_seconds(identity: Identity | None) -> float:
    verified = identity is not None and identity.standing is Standing.VERIFIED
    return _VERIFIED_SECONDS if verified else _UNVERIFIED_SECONDS
