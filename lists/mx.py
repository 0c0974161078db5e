"""Asking the DNS whether domains take mail: each domain once, many at a time, the unknown ones again."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from lists import dns_verdicts
from lists.dns_verdicts import Answer, AnswerKind, MxVerdict, Status
from lists.errors import ListError

CONCURRENCY = 100
# One try gives up after the first, a question with all its tries after the second.
TRY_SECONDS = 1.5
QUESTION_SECONDS = 3.0
DNS_PORT = 53

Progress = Callable[[int, int], None]


def check(
    domains: Sequence[str],
    nameservers: str,
    *,
    concurrency: int = CONCURRENCY,
    try_seconds: float = TRY_SECONDS,
    question_seconds: float = QUESTION_SECONDS,
    on_progress: Progress | None = None,
) -> dict[str, MxVerdict]:
    """Return a verdict for every domain (A-labels).

    `nameservers` is comma-separated `IP` or `IP:PORT` (`[IPv6]:PORT`), "" for the system's. Raises ListError
    where that cannot be read; nothing that happens on the network raises, it makes domains unknown.
    """
    servers = parse_nameservers(nameservers)
    wanted = list(dict.fromkeys(domains))
    if not wanted:
        return {}
    try:
        resolver = _resolver(servers, try_seconds, question_seconds)
    except dns.resolver.NoResolverConfiguration:
        return dict.fromkeys(wanted, dns_verdicts.unknown("no resolver is configured"))
    lookup = _Lookup(resolver, concurrency, on_progress)
    # The caller may run in an event loop already (a notebook, an async flow): this one has its own thread.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, lookup.all(wanted)).result()


def lookup(nameservers: str) -> Callable[[Sequence[str]], Mapping[str, MxVerdict]]:
    """Return `check` for these nameservers, as `cleaning.clean` takes it; raises ListError at once."""
    parse_nameservers(nameservers)
    return lambda domains: check(domains, nameservers)


def mostly_unknown(verdicts: Mapping[str, MxVerdict]) -> bool:
    """Tell whether the DNS was silent on more than half of the domains."""
    return _unknown(verdicts) * 2 > len(verdicts)


def warning(verdicts: Mapping[str, MxVerdict]) -> str:
    """Return one sentence where the answers as a whole cannot be trusted, else ""."""
    total, unknown = len(verdicts), _unknown(verdicts)
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


def parse_nameservers(text: str) -> list[tuple[str, int]]:
    """Return (address, port) of comma-separated `IP`, `IP:PORT` or `[IPv6]:PORT`, or raise ListError."""
    servers = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        host, port = item, str(DNS_PORT)
        if item.startswith("["):
            host, closed, rest = item[1:].partition("]")
            port = rest.removeprefix(":") or port if closed else ""
        elif item.count(":") == 1:
            host, port = item.split(":")
        if not dns.inet.is_address(host) or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ListError(
                f"{item!r} is no nameserver: write IP or IP:PORT, several separated by commas, "
                "in CAMPAIGN_NAMESERVERS or --nameserver."
            )
        servers.append((host, int(port)))
    return servers


def _unknown(verdicts: Mapping[str, MxVerdict]) -> int:
    return sum(verdict.status is Status.UNKNOWN for verdict in verdicts.values())


def _resolver(
    servers: list[tuple[str, int]], try_seconds: float, question_seconds: float
) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
    resolver.timeout = try_seconds
    resolver.lifetime = question_seconds
    return resolver


class _Lookup:
    """One run over many domains; what is learnt of a mail host is shared between them."""

    def __init__(
        self, resolver: dns.asyncresolver.Resolver, concurrency: int, on_progress: Progress | None
    ) -> None:
        self._resolver = resolver
        self._slots = asyncio.Semaphore(concurrency)
        self._on_progress = on_progress
        self._hosts: dict[str, asyncio.Task[list[Answer]]] = {}

    async def all(self, domains: Sequence[str]) -> dict[str, MxVerdict]:
        verdicts = await self._pass(domains)
        again = [domain for domain, verdict in verdicts.items() if verdict.status is Status.UNKNOWN]
        # Bursts lose packets and slow servers warm their caches: most unknown domains answer the second time.
        self._hosts.clear()
        return verdicts | await self._pass(again)

    async def _pass(self, domains: Sequence[str]) -> dict[str, MxVerdict]:
        done = 0

        async def judge(domain: str) -> MxVerdict:
            nonlocal done
            async with self._slots:
                verdict = await self._verdict(domain)
            done += 1
            if self._on_progress:
                self._on_progress(done, len(domains))
            return verdict

        verdicts = await asyncio.gather(*(judge(domain) for domain in domains))
        return dict(zip(domains, verdicts, strict=True))

    async def _verdict(self, domain: str) -> MxVerdict:
        try:
            mx = await self._ask(domain, "MX")
            hosts = dns_verdicts.mail_hosts(mx)
            if hosts:
                return dns_verdicts.with_mx([await self._addresses_of_host(host) for host in hosts])
            if mx.kind in (AnswerKind.NO_DATA, AnswerKind.NXDOMAIN):
                return dns_verdicts.without_mx(mx, await self._addresses(domain))
            return dns_verdicts.without_mx(mx, ())
        except Exception as error:  # noqa: BLE001 - whatever breaks here, it is no reason to lose a recipient.
            return dns_verdicts.unknown(type(error).__name__)

    async def _addresses_of_host(self, host: str) -> list[Answer]:
        # Thousands of domains share the mail hosts of a few providers: each is asked for once.
        if host not in self._hosts:
            self._hosts[host] = asyncio.ensure_future(self._addresses(host))
        return await self._hosts[host]

    async def _addresses(self, name: str) -> list[Answer]:
        ipv4 = await self._ask(name, "A")
        if dns_verdicts.reachable(ipv4):
            return [ipv4]
        return [ipv4, await self._ask(name, "AAAA")]

    async def _ask(self, name: str, kind: str) -> Answer:
        absolute = dns.name.from_text(name)
        try:
            found = await self._resolver.resolve(absolute, kind)
        except dns.resolver.NXDOMAIN:
            return Answer(AnswerKind.NXDOMAIN)
        except dns.resolver.NoAnswer:
            return Answer(AnswerKind.NO_DATA)
        except dns.exception.Timeout:
            return Answer(AnswerKind.UNKNOWN, trouble="time-out")
        except dns.resolver.NoNameservers as error:
            return Answer(AnswerKind.UNKNOWN, trouble=_trouble(error))
        records = (str(getattr(record, "exchange", record)) for record in found)
        return Answer(AnswerKind.RECORDS, tuple(records))


def _trouble(error: dns.resolver.NoNameservers) -> str:
    text = str(error)
    for code in ("SERVFAIL", "REFUSED"):
        if code in text:
            return code
    return "no usable answer"
