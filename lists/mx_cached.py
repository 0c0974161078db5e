"""The same questions to the DNS, but none to which the ledger still knows the answer."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ledger import mx_answers
from ledger.engine import Ledger
from ledger.mx_answers import MxAnswer
from lists import dns_verdicts, mx, mx_trust
from lists.dns_verdicts import DELIVERABLE, IMPLICIT_MX, MxVerdict, Status
from lists.mx import MxLookup, Resolving
from lists.mx_survey import Finding, Progress
from lists.nameservers import parse_nameservers

# The time to live of the records counts inside these bounds. A denial is believed for a shorter time: a
# domain that is mended must not lose its mail for days (RFC 2308 section 5 advises one to three hours).
LEAST_SECONDS = 5 * 60
MOST_SECONDS = 7 * 24 * 3600
MOST_SECONDS_NEGATIVE = 3 * 3600
# What is found is stored after so many domains, so that an interrupted run need not ask for them again.
DOMAINS_A_SURVEY = 20_000

Store = Callable[[str, Sequence[MxAnswer]], None]
"""Keeps a resolver's answers."""


def lookup(
    ledger: Ledger,
    resolving: Resolving,
    *,
    believe: Sequence[Status] = tuple(Status),
    on_progress: Progress | None = None,
    store: Store | None = None,
) -> MxLookup:
    """Return a look-up that asks the ledger first and remembers what it had to ask the DNS.

    Of the ledger's answers only those in `believe` count. Unknown domains, and a run that cannot be trusted,
    are never remembered. `store` keeps the answers in the ledger in its own time, for whoever cannot wait for
    the write lock. Raises ListError at once where the nameservers cannot be read.
    """
    parse_nameservers(resolving.nameservers)
    keep = store or partial(store_in, ledger)

    def found(domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        return _verdicts(ledger, resolving, list(dict.fromkeys(domains)), believe, on_progress, keep)

    return found


def store_in(ledger: Ledger, resolver: str, answers: Sequence[MxAnswer]) -> None:
    """Keep a resolver's answers in the ledger."""
    with ledger.writing() as connection:
        mx_answers.store(connection, resolver, answers)


def _verdicts(
    ledger: Ledger,
    resolving: Resolving,
    domains: Sequence[str],
    believe: Sequence[Status],
    on_progress: Progress | None,
    keep: Store,
) -> dict[str, MxVerdict]:
    resolver = _name(resolving.nameservers)
    with ledger.reading() as connection:
        stored = mx_answers.fresh(connection, resolver, domains)
    verdicts = {
        domain: MxVerdict(Status(answer.status), answer.detail, answer.flag)
        for domain, answer in stored.items()
        if answer.status in believe
    }
    wanted = [domain for domain in domains if domain not in verdicts]
    for start in range(0, len(wanted), DOMAINS_A_SURVEY):
        done = len(verdicts)
        some = wanted[start : start + DOMAINS_A_SURVEY]
        found = mx.survey(some, resolving, _shifted(on_progress, done, len(domains)))
        verdicts |= found.verdicts
        if found.trouble:
            # What was learnt before is not doubted; but in such a run nobody at all is dropped for the DNS.
            rest = dict.fromkeys(wanted[start + DOMAINS_A_SURVEY :], dns_verdicts.unknown(found.trouble))
            return mx_trust.distrusted(verdicts | rest, found.trouble)
        keep(resolver, _lasting(found.findings))
    return verdicts


def _shifted(on_progress: Progress | None, done: int, total: int) -> Progress | None:
    """Count a survey's domains after those that are done."""
    if on_progress is None:
        return None
    return lambda more, _: on_progress(done + more, total)


def _lasting(findings: Mapping[str, Finding]) -> list[MxAnswer]:
    return [
        MxAnswer(domain, verdict.status, verdict.detail, verdict.flag, _holds_seconds(finding))
        for domain, finding in findings.items()
        if (verdict := finding.verdict).status is not Status.UNKNOWN
    ]


def _holds_seconds(finding: Finding) -> int:
    good = finding.verdict in (DELIVERABLE, IMPLICIT_MX)
    most = MOST_SECONDS if good else MOST_SECONDS_NEGATIVE
    return max(LEAST_SECONDS, min(finding.ttl_seconds, most))


def _name(nameservers: str) -> str:
    """Return one name for all ways to write the same servers."""
    return ",".join(sorted(f"{address}:{port}" for address, port in parse_nameservers(nameservers)))
