"""Asking the DNS whether domains take mail."""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dns.resolver

from lists import dns_verdicts, mx_trust
from lists.dns_asking import Asker
from lists.dns_sockets import Server
from lists.dns_verdicts import MxVerdict
from lists.mx_survey import Finding, Progress, Survey
from lists.mx_trust import Canaries, Sighting, mostly_unknown, warning
from lists.nameservers import parse_nameservers, servers_of
from settings import Settings

__all__ = [
    "Found",
    "MxLookup",
    "Resolving",
    "check",
    "lookup",
    "mostly_unknown",
    "parse_nameservers",
    "resolving",
    "survey",
    "warning",
]

# After so long a run the canaries are looked at once more: a line can break in the middle of it.
LONG_RUN_SECONDS = 10
# Names that nobody has registered; a resolver that knows them says "yes" to everything.
RANDOM_NAMES = 2

MxLookup = Callable[[Sequence[str]], Mapping[str, MxVerdict]]
"""Domains (A-labels) in, a verdict for each out."""


@dataclass(frozen=True, slots=True)
class Resolving:
    """Whom to ask, how fast and how patiently.

    nameservers: comma-separated `IP` or `IP:PORT` (`[IPv6]:PORT`), "" for the system's.
    canaries:    None: none are looked at, and every answer is believed.
    A question is asked again after `try_seconds` and unknown after `question_seconds`; an unknown domain is
    looked up a second time, `retry_after_seconds` after its first time began.
    """

    nameservers: str = ""
    canaries: Canaries | None = None
    questions_per_second: float = 10_000
    in_flight: int = 500
    try_seconds: float = 0.75
    question_seconds: float = 1.5
    retry_after_seconds: float = 1.0


def resolving(settings: Settings, nameservers: str = "") -> Resolving:
    """Return what the settings say of asking the DNS; `nameservers` counts before theirs."""
    return Resolving(
        nameservers or settings.nameservers,
        Canaries.parse(settings.mx_canaries),
        questions_per_second=settings.mx_questions_per_second,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found; `trouble` is "" or the reason of `mx_trust` not to believe all of it."""

    findings: Mapping[str, Finding]
    trouble: str = ""

    @property
    def verdicts(self) -> dict[str, MxVerdict]:
        """The verdicts, those made unknown that cannot be believed."""
        plain = {domain: finding.verdict for domain, finding in self.findings.items()}
        return mx_trust.distrusted(plain, self.trouble) if self.trouble else plain


def lookup(nameservers: str) -> MxLookup:
    """Return `check` for these nameservers, as `cleaning.clean` takes it; raises ListError at once."""
    parse_nameservers(nameservers)
    return lambda domains: check(domains, Resolving(nameservers))


def check(
    domains: Sequence[str], resolving: Resolving, on_progress: Progress | None = None
) -> dict[str, MxVerdict]:
    """Return a verdict for every domain (A-labels); see `survey`."""
    return survey(domains, resolving, on_progress).verdicts


def survey(domains: Sequence[str], resolving: Resolving, on_progress: Progress | None = None) -> Found:
    """Look every domain (A-labels) up once, the unknown ones twice, with the canaries beside them.

    Raises ListError where the nameservers cannot be read; nothing that happens on the network raises, it
    makes domains unknown.
    """
    parse_nameservers(resolving.nameservers)
    wanted = list(dict.fromkeys(domains))
    if not wanted:
        return Found({})
    try:
        servers = servers_of(resolving.nameservers)
    except dns.resolver.NoResolverConfiguration:
        return _nothing(wanted, "no resolver is configured")
    # The caller may run in an event loop already (a notebook, an async flow): this one has its own thread.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, _run(wanted, servers, resolving, on_progress)).result()


def _nothing(domains: Sequence[str], trouble: str) -> Found:
    return Found(dict.fromkeys(domains, Finding(dns_verdicts.unknown(trouble))))


async def _run(
    domains: Sequence[str], servers: Sequence[Server], resolving: Resolving, on_progress: Progress | None
) -> Found:
    try:
        with Asker(
            servers,
            try_seconds=resolving.try_seconds,
            question_seconds=resolving.question_seconds,
            questions_per_second=resolving.questions_per_second,
            in_flight=resolving.in_flight,
        ) as asker:
            surveying = Survey(
                asker,
                in_flight=resolving.in_flight,
                retry_after_seconds=resolving.retry_after_seconds,
                on_progress=on_progress,
            )
            return await _with_canaries(surveying, domains, resolving.canaries, asker.loop.time)
    except OSError as error:
        # No way to any server, or no socket to be had.
        return _nothing(domains, type(error).__name__)


async def _with_canaries(
    surveying: Survey, domains: Sequence[str], canaries: Canaries | None, clock: Callable[[], float]
) -> Found:
    if canaries is None:
        findings = await surveying.all(domains)
        return Found(findings, mx_trust.BREAKER if surveying.tripped else "")
    began = clock()
    findings, *sightings = await asyncio.gather(surveying.all(domains), _sight(surveying, canaries))
    if clock() - began > LONG_RUN_SECONDS and not surveying.tripped:
        sightings.append(await _sight(surveying, canaries))
    verdicts = {domain: finding.verdict for domain, finding in findings.items()}
    troubles = [mx_trust.trouble(canaries, each, verdicts) for each in sightings]
    if surveying.tripped:
        troubles.append(mx_trust.BREAKER)
    return Found(findings, next(filter(None, troubles), ""))


async def _sight(surveying: Survey, canaries: Canaries) -> Sighting:
    nowhere = [f"{secrets.token_hex(12)}.com" for _ in range(RANDOM_NAMES)]
    known, random = await asyncio.gather(
        *(asyncio.gather(*map(surveying.twice, names)) for names in (canaries.domains, nowhere))
    )
    sighting = Sighting(tuple(known), tuple(random))
    if sighting.captive:
        surveying.stop()
    return sighting
