"""MX checks a second: this project's against email-validator's own on 100 threads, in one run.

Needs nsd (Debian: apt-get install nsd), which it starts and stops itself, on the loopback and a free port.
    python -m benchmarks.mx [--domains 20000]
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import dns.nameserver
import dns.resolver
from email_validator import EmailUndeliverableError, caching_resolver, deliverability

from benchmarks import dns_world
from lists import mx
from lists.mx_trust import Canaries

THREADS = 100
WANTED_RATIO = 2
# Both give up on a question after as long: a silent domain is not what is compared here.
PATIENCE_SECONDS = 3
EXPECTED = {
    **dict.fromkeys(("own", "shared", "several", "alias", "target-alias", "half", "many"), "deliverable"),
    **dict.fromkeys(("a-only", "v6-only"), "implicit_mx"),
    **dict.fromkeys(("dangling", "private"), "mx_unresolvable"),
    **dict.fromkeys(("no-data", "a-private"), "no_mail_host"),
    **dict.fromkeys(("servfail", "refused", "silent"), "mx_unknown"),
    "null": "null_mx",
    "missing": "no_such_domain",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--domains", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=3, help="of both, in turn; the medians are compared")
    chosen = arguments.parse_args()
    names = dns_world.domains(chosen.domains)
    ours, theirs = [], []
    with dns_world.running(names) as address:
        for _ in range(chosen.rounds):
            ours.append(_timed("this project", len(names), lambda: _ours(names, address)))
            theirs.append(
                _timed(f"email-validator, {THREADS} threads", len(names), lambda: _theirs(names, address))
            )
    ratio = median(ours) / median(theirs)
    print(f"median {median(ours):,.0f} to {median(theirs):,.0f} domains/s: {ratio:.2f} times as fast")
    if ratio < WANTED_RATIO:
        sys.exit(f"less than {WANTED_RATIO} times as fast")


def _timed(what: str, count: int, work: Callable[[], str]) -> float:
    began, busy = time.perf_counter(), time.process_time()
    result = work()
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    print(
        f"{what}: {count / seconds:,.0f} domains/s, {busy:.1f} of {seconds:.1f} s busy; {result}", flush=True
    )
    return count / seconds


def _ours(names: list[str], address: str) -> str:
    canary = next(name for name in names if dns_world.kind_of(name) == "own")
    found = mx.survey(names, mx.Resolving(address, Canaries((canary,), named=True)))
    wrong: Counter[str] = Counter()
    for name, verdict in found.verdicts.items():
        seen = verdict.flag or (verdict.detail if verdict.status == "no_mx" else verdict.status.value)
        if seen != EXPECTED[dns_world.kind_of(name)]:
            wrong[f"{dns_world.kind_of(name)} seen as {seen}"] += 1
    return f"not as expected: {dict(wrong) or 'none'}{found.trouble and ', ' + found.trouble}"


def _theirs(names: list[str], address: str) -> str:
    host, _, port = address.partition(":")
    plain = dns.resolver.Resolver(configure=False)
    plain.nameservers = [dns.nameserver.Do53Nameserver(host, int(port))]
    resolver = caching_resolver(timeout=PATIENCE_SECONDS, dns_resolver=plain)

    def check(name: str) -> bool:
        try:
            deliverability.validate_email_deliverability(name, name, dns_resolver=resolver)
        except EmailUndeliverableError:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        return f"{sum(pool.map(check, names)):,} deliverable"


if __name__ == "__main__":
    main()
