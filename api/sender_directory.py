"""Who may send from which address: whose it is as the ledger says, and where it stands as SES says.

A request waits only so long for that. An owner who comes with one unknown sender after another is stopped
before SES, which answers about one question a second, has nothing left for the others.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from api.errors import Code, Refusal
from api.identity_answers import HOLDS_SECONDS, IdentityAnswers
from api.pace import Pace
from api.remembering import Remembered
from api.thread_pools import ThreadPool, Unavailable
from ledger import senders
from ledger.engine import Ledger
from mail.errors import MailError
from mail.identities import Identity, Standing

Sender = tuple[int, str]
"""An owner's id and the address it sends from."""

Answer = Identity | Refusal | None
"""Where a sender stands, why that cannot be said now, or None for another owner's."""

# For all senders of a request.
_SECONDS = 5.0
# While SES does not answer, a sender that was verified goes on: SES looks again when the mail is sent.
_BELIEVED_SECONDS = 3_600.0
_PATIENCE_WHERE_BELIEVED_SECONDS = 1.0
_BELIEVED_AT_MOST = 100_000
# Of one owner: how many senders are asked about side by side, and how many may be unknown to SES.
_AT_ONCE = 4
_UNKNOWN_AT_ONCE = 10.0
_UNKNOWN_PER_SECOND = 0.2
_AWAY_SECONDS = 5


class SenderDirectory:
    """Answers for senders, and keeps the answers as long as they hold."""

    def __init__(
        self,
        ledger: Ledger,
        reads: ThreadPool,
        answers: IdentityAnswers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger, self._reads, self._answers, self._clock = ledger, reads, answers, clock
        self._senders: Remembered[Sender, Answer] = Remembered(self._look_up, _holds_seconds, clock)
        self._unknown = Pace(_UNKNOWN_PER_SECOND, clock, burst=_UNKNOWN_AT_ONCE)
        self._turns: dict[int, asyncio.Semaphore] = {}
        self._believed: dict[str, tuple[float, Identity]] = {}

    async def get(self, wanted: Sequence[Sender]) -> dict[Sender, Answer]:
        """Return the answer for each. Raises what the ledger does where that does not answer."""
        return await self._senders.get(wanted)

    async def standing(self, address: str) -> Identity:
        """Return where an address stands. Raises NotReady or Unavailable where SES does not say."""
        return await self._answers.standing(address)

    async def onboard(self, owner_id: int, address: str) -> Identity:
        """Let SES ask for an owner's address. Raises NotReady or Unavailable; safe to call again."""
        try:
            return await self._answers.onboard(address)
        finally:
            self._senders.forget([(owner_id, address)])

    async def _look_up(self, wanted: Sequence[Sender]) -> Mapping[Sender, Answer]:
        late_at = asyncio.get_running_loop().time() + _SECONDS
        owned_by = await self._reads.run(self._owners_of, [address for _, address in wanted])
        theirs = [
            (owner_id, address)
            for owner_id, address in wanted
            if owned_by.get(address.lower(), owner_id) == owner_id
        ]
        answers = await asyncio.gather(*(self._answer(*sender, late_at) for sender in theirs))
        nobodys: dict[Sender, Answer] = dict.fromkeys(wanted)
        found = nobodys | dict(zip(theirs, answers, strict=True))
        # Nobody has these by themselves; in a domain that is verified as a whole they may be others' still.
        open_to_all = {
            (owner_id, address): answer.by_domain
            for (owner_id, address), answer in found.items()
            if isinstance(answer, Identity) and answer.by_domain and address.lower() not in owned_by
        }
        others = await self._reads.run(self._of_others, open_to_all) if open_to_all else []
        return found | dict.fromkeys(others)

    def _owners_of(self, addresses: Sequence[str]) -> dict[str, int]:
        with self._ledger.reading() as connection:
            return senders.owners_of(connection, [address.lower() for address in addresses])

    def _of_others(self, by_domain: Mapping[Sender, str]) -> list[Sender]:
        with self._ledger.reading() as connection:
            return [
                (owner_id, address)
                for (owner_id, address), domain in by_domain.items()
                if senders.is_of_others(connection, domain, owner_id)
            ]

    async def _answer(self, owner_id: int, address: str, late_at: float) -> Identity | Refusal:
        believed = self._believed_of(address)
        if believed is not None:
            patience = _PATIENCE_WHERE_BELIEVED_SECONDS
            late_at = min(late_at, asyncio.get_running_loop().time() + patience)
        try:
            async with asyncio.timeout_at(late_at), self._turn(owner_id):
                if (wait_seconds := self._unknown.wait_seconds(owner_id)) > 0:
                    return believed or _too_many_unknown(wait_seconds)
                identity = await self._counted(owner_id, address)
        except (MailError, Unavailable, TimeoutError) as err:
            return believed or _away(err)
        self._note(identity)
        return identity

    async def _counted(self, owner_id: int, address: str) -> Identity:
        """Return where an address stands; one that SES has never heard of stays counted."""
        counts = False
        try:
            identity = await self._answers.standing(address)
            counts = identity.standing is Standing.UNKNOWN
            return identity
        finally:
            if not counts:
                self._unknown.give_back(owner_id)

    @asynccontextmanager
    async def _turn(self, owner_id: int) -> AsyncIterator[None]:
        """Let few of an owner's senders be asked about side by side: each is counted before the next."""
        turns = self._turns.setdefault(owner_id, asyncio.Semaphore(_AT_ONCE))
        async with turns:
            try:
                yield
            finally:
                if not turns.locked() and self._turns.get(owner_id) is turns:
                    del self._turns[owner_id]

    def _believed_of(self, address: str) -> Identity | None:
        at, identity = self._believed.get(address, (0.0, None))
        return identity if identity is not None and self._clock() - at < _BELIEVED_SECONDS else None

    def _note(self, identity: Identity) -> None:
        self._believed.pop(identity.address, None)
        if identity.standing is Standing.VERIFIED:
            if len(self._believed) >= _BELIEVED_AT_MOST:
                self._believed.clear()
            self._believed[identity.address] = (self._clock(), identity)


def _holds_seconds(answer: Answer) -> float:
    match answer:
        case Refusal():
            return 0.0
        case Identity():
            return HOLDS_SECONDS[answer.standing]
        case None:
            return HOLDS_SECONDS[Standing.UNKNOWN]


def _too_many_unknown(wait_seconds: float) -> Refusal:
    wait = max(1, math.ceil(wait_seconds))
    return Refusal(
        429,
        Code.TOO_MANY_REQUESTS,
        "Too many senders that Amazon SES does not know: verify them with POST /senders, or send this again "
        f"after {wait} s.",
        "from",
        {"Retry-After": str(wait)},
    )


def _away(error: Exception) -> Refusal:
    """Return the refusal of a sender about whom SES did not say anything."""
    wait = error.wait_seconds if isinstance(error, Unavailable) else _AWAY_SECONDS
    late = f"Amazon SES does not answer in time: send this again after {wait} s."
    told = f"{error}" or late
    return Refusal(503, Code.UNAVAILABLE, told, "from", {"Retry-After": str(wait)})
