"""Who of those with due callbacks is told now: no owner and no host takes more than its share of the places.

A receiver is proven where it took a callback before and the last one went through. The others, unknown ones
and those that fail, share places of their own: however many of them hang, the proven ones are told.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ledger.callback_receivers import Receiver


@dataclass(frozen=True, slots=True)
class Share:
    """Receivers at the same time: in all, of one owner, and at one host, whatever its owners and paths."""

    places: int
    of_an_owner: int
    at_a_host: int


PROVEN = Share(places=64, of_an_owner=16, at_a_host=32)
# A host that does not answer holds a place for as long as a post may take, so an owner has few of these: with
# eight owners' dead receivers there is still room for a ninth's first callback.
UNPROVEN = Share(places=36, of_an_owner=4, at_a_host=8)
PLACES = PROVEN.places + UNPROVEN.places


def admitted(candidates: Iterable[Receiver], busy: Sequence[Receiver]) -> list[Receiver]:
    """Return those of the candidates, in their order, for whom there is room beside the busy ones."""
    places, owners, hosts = Counter[bool](), Counter[tuple[bool, str]](), Counter[tuple[bool, str]]()
    found = []
    for receiver, is_new in [*((each, False) for each in busy), *((each, True) for each in candidates)]:
        share = PROVEN if receiver.proven else UNPROVEN
        owner, host = (receiver.proven, receiver.owner), (receiver.proven, host_of(receiver.url))
        if is_new:
            if (
                places[receiver.proven] >= share.places
                or owners[owner] >= share.of_an_owner
                or hosts[host] >= share.at_a_host
            ):
                continue
            found.append(receiver)
        places[receiver.proven] += 1
        owners[owner] += 1
        hosts[host] += 1
    return found


def host_of(url: str) -> str:
    """Return the host of a receiver's address; of what is no address, the whole of it."""
    try:
        return (urlsplit(url).hostname or url).rstrip(".")
    except ValueError:
        return url
