"""One run over many domains: each is looked up once, many at a time, and the unknown ones a second time."""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lists import dns_verdicts
from lists.dns_asking import Asker
from lists.dns_verdicts import Answer, AnswerKind, MxVerdict, Status
from lists.mx_trust import BREAKER

# The breaker: where more than half of the last domains stayed unknown, asking on would only take time.
BREAKER_WINDOW = 200

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a domain, and for how long its records say that it holds."""

    verdict: MxVerdict
    ttl_seconds: int = 0


class Survey:
    """Looks domains up; what is learnt of a mail host is shared between them.

    `tripped` says that the rest was not asked, because too many of the last domains stayed unknown.
    """

    def __init__(
        self, asker: Asker, *, in_flight: int, retry_after_seconds: float, on_progress: Progress | None = None
    ) -> None:
        self.tripped = False
        self._asker = asker
        self._in_flight = in_flight
        self._retry_after_seconds = retry_after_seconds
        self._on_progress = on_progress
        self._hosts: dict[str, asyncio.Task[list[Answer]]] = {}
        self._last: deque[bool] = deque(maxlen=BREAKER_WINDOW)

    async def all(self, domains: Sequence[str]) -> dict[str, Finding]:
        """Return a finding for every domain.

        An unknown one is asked again when there is no new one to ask, and `retry_after_seconds` after its
        first time began: a short list waits once, a long one gives a slow server minutes.
        """
        findings = dict.fromkeys(domains, Finding(dns_verdicts.unknown(BREAKER)))
        # Lists come sorted, with the bad domains side by side; the breaker wants a fair sample.
        order = list(findings)
        random.Random(len(order)).shuffle(order)
        again: list[tuple[float, str]] = []
        done = 0

        def settle(domain: str, finding: Finding) -> None:
            nonlocal done
            findings[domain] = finding
            done += 1
            if self._on_progress:
                self._on_progress(done, len(findings))

        async def work() -> None:
            while order and not self.tripped:
                domain, began = order.pop(), self._asker.loop.time()
                finding = await self.judge(domain)
                if self._is_known(finding):
                    settle(domain, finding)
                else:
                    findings[domain] = finding
                    heapq.heappush(again, (began + self._retry_after_seconds, domain))
            while again and not self.tripped:
                due, domain = heapq.heappop(again)
                await asyncio.sleep(due - self._asker.loop.time())
                settle(domain, await self.judge(domain, edns=False))

        await asyncio.gather(*(work() for _ in range(min(self._in_flight, len(order)))))
        return findings

    def stop(self) -> None:
        """Ask for no further domain."""
        self.tripped = True

    async def twice(self, domain: str) -> MxVerdict:
        """Look one domain up beside the others, at once a second time where it stays unknown."""
        verdict = (await self.judge(domain)).verdict
        if verdict.status is Status.UNKNOWN:
            verdict = (await self.judge(domain, edns=False)).verdict
        return verdict

    async def judge(self, domain: str, *, edns: bool = True) -> Finding:
        """Look one domain up; never raises.

        The second pass goes without EDNS, for there are still boxes on the way that swallow it.
        """
        try:
            mx = await self._asker.ask(domain, "MX", edns=edns)
            if hosts := dns_verdicts.mail_hosts(mx):
                return Finding(await self._with_mx(hosts), mx.ttl_seconds)
            addresses: list[Answer] = []
            match mx.kind:
                case AnswerKind.NO_DATA:
                    addresses = await asyncio.gather(
                        *(self._asker.ask(domain, kind, edns=edns) for kind in ("A", "AAAA"))
                    )
                case AnswerKind.NXDOMAIN:
                    # Said of one type it is said of all; the second question is there to confirm it.
                    addresses = [await self._asker.ask(domain, "A", edns=edns)]
            shortest = min(answer.ttl_seconds for answer in (mx, *addresses))
            return Finding(dns_verdicts.without_mx(mx, addresses), shortest)
        except Exception as error:  # noqa: BLE001 - whatever breaks here, it is no reason to lose a recipient.
            return Finding(dns_verdicts.unknown(type(error).__name__))

    async def _with_mx(self, hosts: Sequence[str]) -> MxVerdict:
        asked: list[list[Answer]] = []
        for host in hosts:
            asked.append(await self._addresses_of_host(host))
            # One that serves is enough, and it is nearly always the first.
            if dns_verdicts.serves(asked[-1]):
                break
        return dns_verdicts.with_mx(asked)

    async def _addresses_of_host(self, host: str) -> list[Answer]:
        # Thousands of domains share the mail hosts of a few providers: each is asked for once.
        if host not in self._hosts:
            self._hosts[host] = asyncio.ensure_future(self._host(host))
        try:
            return await self._hosts[host]
        except Exception:
            self._hosts.pop(host, None)
            raise

    async def _host(self, host: str) -> list[Answer]:
        ipv4 = await self._asker.ask(host, "A")
        return [ipv4] if dns_verdicts.serves([ipv4]) else [ipv4, await self._asker.ask(host, "AAAA")]

    def _is_known(self, finding: Finding) -> bool:
        """Tell whether anything is known; trip the breaker where too little is."""
        unknown = finding.verdict.status is Status.UNKNOWN
        self._last.append(unknown)
        if len(self._last) == BREAKER_WINDOW and sum(self._last) * 2 > BREAKER_WINDOW:
            self.stop()
        return not unknown
