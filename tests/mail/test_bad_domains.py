"""The rule that finds the domains worth leaving out."""

import csv
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import yaml

from ledger.domain_counts import DomainBounces
from lists.registrable_domains import registrable
from mail.bad_domains import bounced, worst
from sandbox import Behaviour
from sandbox.outcomes import decide
from sandbox.zone import load

SAMPLES = Path(__file__).parent.parent.parent / "lists" / "samples"


@pytest.mark.parametrize(
    ("accepted", "hard_bounced", "found"),
    [
        (1, 1, False),
        (2, 2, True),
        (40, 2, True),
        (41, 2, False),
        (1_000, 49, False),
        (1_000, 50, True),
        # A bounce whose acceptance was never seen.
        (0, 2, True),
    ],
)
def test_a_domain_is_bad_from_two_bounces_that_reach_the_limit(
    accepted: int, hard_bounced: int, found: bool
) -> None:
    domain = DomainBounces("reader.example", accepted, hard_bounced, waiting=7)
    assert worst([domain], 0.05) == ([domain] if found else [])


def test_the_order_stays() -> None:
    domains = [DomainBounces(name, 10, bounces, 0) for name, bounces in (("a", 9), ("b", 5), ("c", 2))]
    assert worst(domains, 0.03) == domains


def test_the_hosts_of_one_owner_are_one_domain_with_all_that_waits_there() -> None:
    hosts = [
        DomainBounces("north.trade.example", 1, 1, 0),
        DomainBounces("south.trade.example", 1, 1, 3),
        DomainBounces("west.trade.example", 0, 0, 40),
        DomainBounces("one.github.io", 3, 3, 5),
        DomainBounces("two.github.io", 3, 0, 5),
        DomainBounces("good.example", 50, 0, 9),
    ]
    assert bounced(hosts) == [
        DomainBounces("one.github.io", 3, 3, 5),
        DomainBounces("trade.example", 2, 2, 43),
    ]


@pytest.mark.parametrize("sent", [100, 150, 220])
@pytest.mark.parametrize("seed", range(5))
def test_in_the_bought_sample_the_rule_leaves_out_nine_in_ten_of_the_dead_who_wait_and_not_the_others(
    sent: int, seed: int
) -> None:
    behaviour = Behaviour.model_validate(yaml.safe_load((SAMPLES / "sandbox.yaml").read_text("utf-8")))
    with (SAMPLES / "bad-list.csv").open(encoding="utf-8", newline="") as file:
        addresses = [row["E-Mail"] for row in csv.DictReader(file, delimiter=";")]
    Random(seed).shuffle(addresses)
    zone = load()
    dead = {each for each in addresses if decide(each, behaviour, None, zone) == "hard_bounce"}
    assert 0.11 < len(dead) / len(addresses) < 0.14
    hosts = [each.partition("@")[2] for each in addresses]
    accepted, waiting = Counter(hosts[:sent]), Counter(hosts[sent:])
    gone = Counter(each.partition("@")[2] for each in addresses[:sent] if each in dead)
    counts = [
        DomainBounces(host, accepted[host], gone[host], waiting[host]) for host in sorted(accepted | waiting)
    ]
    dropped = {each.domain for each in worst(bounced(counts), 0.05)}
    left = [each for each in addresses[sent:] if registrable(each.partition("@")[2]) not in dropped]
    dead_and_waiting = dead.intersection(addresses[sent:])
    assert len(dead.intersection(left)) <= 0.1 * len(dead_and_waiting)
    assert len(left) > 0.4 * len(addresses[sent:])
