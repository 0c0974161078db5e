import asyncio

import dns.asyncresolver
import dns.resolver
import pytest

from lists import dns_asking, mx
from lists.dns_asking import Asker
from lists.dns_verdicts import (
    DELIVERABLE,
    IMPLICIT_MX,
    MX_UNRESOLVABLE,
    NO_MAIL_HOST,
    NO_SUCH_DOMAIN,
    NULL_MX,
    Status,
    unknown,
)
from lists.errors import ListError
from lists.mx_trust import BREAKER, CAPTIVE, NOT_PUBLIC, Canaries

QUICK = {"try_seconds": 0.15, "question_seconds": 0.4, "retry_after_seconds": 0.05}


def check(server, *domains, on_progress=None, **options):
    return mx.check(domains, mx.Resolving(server.address, **(QUICK | options)), on_progress)


@pytest.fixture
def world(name_server):
    """A name server with a domain of every kind."""
    server = name_server
    server.records |= {
        ("shop.example", "MX"): ["10 mx1.host.example.", "20 mx2.host.example."],
        ("second.example", "MX"): ["10 mx1.host.example."],
        ("mx1.host.example", "A"): ["203.0.113.1"],
        ("mx2.host.example", "A"): ["203.0.113.2"],
        ("null.example", "MX"): ["0 ."],
        ("aonly.example", "A"): ["203.0.113.3"],
        ("v6only.example", "AAAA"): ["2001:db8::3"],
        ("inside.example", "A"): ["192.168.1.1"],
        ("dangling.example", "MX"): ["10 nowhere.host.example."],
        ("private.example", "MX"): ["10 inside.example."],
        ("half.example", "MX"): ["10 nowhere.host.example.", "20 mx1.host.example."],
        ("doubtful.example", "MX"): ["10 asleep.host.example."],
        ("long.example", "MX"): ["10 mx1.host.example."],
    }
    server.aliases["alias.example"] = "shop.example"
    server.names |= {
        "gone.example": "NXDOMAIN",
        "nowhere.host.example": "NXDOMAIN",
        "liar.example MX": "NXDOMAIN",
        "broken.example": "SERVFAIL",
        "refusing.example": "REFUSED",
        "asleep.example": server.SILENT,
        "asleep.host.example": server.SILENT,
        "half-asleep.example A": server.SILENT,
        "long.example MX": server.TRUNCATED,
        "elsewhere.example": server.REFERRAL,
    }
    return server


@pytest.mark.parametrize(
    ("domain", "verdict"),
    [
        ("shop.example", DELIVERABLE),
        ("alias.example", DELIVERABLE),
        ("half.example", DELIVERABLE),
        ("doubtful.example", DELIVERABLE),
        ("null.example", NULL_MX),
        ("gone.example", NO_SUCH_DOMAIN),
        ("aonly.example", IMPLICIT_MX),
        ("v6only.example", IMPLICIT_MX),
        ("nodata.example", NO_MAIL_HOST),
        ("inside.example", NO_MAIL_HOST),
        ("dangling.example", MX_UNRESOLVABLE),
        ("private.example", MX_UNRESOLVABLE),
        ("liar.example", unknown("contradictory answers")),
        ("broken.example", unknown("SERVFAIL")),
        ("refusing.example", unknown("REFUSED")),
        ("asleep.example", unknown("time-out")),
        ("half-asleep.example", unknown("time-out")),
        ("long.example", DELIVERABLE),
        ("elsewhere.example", unknown("referral")),
    ],
)
def test_every_answer_of_the_dns_has_its_verdict(world, domain, verdict):
    assert check(world, domain) == {domain: verdict}


def test_a_domain_is_asked_once_and_a_shared_mail_host_too(world):
    check(world, "shop.example", "second.example", "shop.example")
    assert world.questions[("shop.example", "MX")] == 1
    assert world.questions[("mx1.host.example", "A")] == 1


def test_no_such_domain_is_believed_only_when_said_twice(world):
    check(world, "gone.example")
    assert world.questions[("gone.example", "MX")] == 1
    assert world.questions[("gone.example", "A")] == 1


def test_an_unknown_domain_is_asked_again(world):
    world.lose_first.add(("shop.example", "MX"))
    verdicts = check(world, "shop.example", try_seconds=0.2, question_seconds=0.2)
    assert verdicts == {"shop.example": DELIVERABLE}
    assert world.questions[("shop.example", "MX")] == 2


def test_what_another_nameserver_knows_counts_where_one_fails(world, second_server):
    second_server.records |= {
        (f"{name}.example", "MX"): ["0 ."] for name in ("broken", "refusing", "asleep", "elsewhere")
    }
    both = mx.Resolving(f"{world.address},{second_server.address}", **QUICK)
    names = ["broken.example", "refusing.example", "asleep.example", "elsewhere.example"]
    assert set(mx.check(names, both).values()) == {NULL_MX}
    assert world.questions[("asleep.example", "MX")] == 1


def test_an_answer_that_comes_late_counts_for_every_try(world):
    world.delay_seconds = 0.2
    assert check(world, "null.example", try_seconds=0.05, question_seconds=2) == {"null.example": NULL_MX}


def test_losses_and_delays_lose_nobody(world):
    world.loss, world.delay_seconds = 0.2, 0.01
    names = {f"n{number}.example": number % 3 for number in range(120)}
    for name, kind in names.items():
        if kind == 0:
            world.records[name, "MX"] = ["10 mx1.host.example."]
        elif kind == 1:
            world.names[name] = "NXDOMAIN"
        else:
            world.records[name, "MX"] = ["0 ."]
    verdicts = check(world, *names, try_seconds=0.1, question_seconds=1)
    assert all(
        verdicts[name] in ((DELIVERABLE, NO_SUCH_DOMAIN, NULL_MX)[kind], unknown("time-out"))
        for name, kind in names.items()
    )


def test_a_vanished_resolver_leaves_all_unknown_and_is_not_asked_for_long(world):
    names = [f"n{number}.example" for number in range(2_000)]
    world.names |= dict.fromkeys(names, world.SILENT)
    found = mx.survey(names, mx.Resolving(world.address, **QUICK))
    assert found.trouble == BREAKER
    assert {verdict.status for verdict in found.verdicts.values()} == {Status.UNKNOWN}
    assert len(world.questions) < len(names) / 2
    assert "the asking was stopped" in mx.warning(found.verdicts)


def test_a_resolver_that_vanishes_on_the_way_takes_its_denials_with_it(world):
    fine, lost = ([f"{word}{number}.example" for number in range(400)] for word in ("fine", "lost"))
    world.names |= dict.fromkeys(fine, "NXDOMAIN") | dict.fromkeys(lost, world.SILENT)
    verdicts = check(world, *fine, *lost)
    assert {verdict.status for verdict in verdicts.values()} == {Status.UNKNOWN}


GOOD = Canaries(("shop.example",), named=True)


def test_a_resolver_that_answers_everything_is_not_believed(world):
    world.everything = "203.0.113.9"
    verdicts = check(world, "null.example", "shop.example", "nodata.example", canaries=GOOD)
    assert set(verdicts.values()) == {unknown(CAPTIVE)}
    assert "answers even for names that do not exist" in mx.warning(verdicts)


def test_a_resolver_that_does_not_know_the_canaries_drops_nobody(world):
    lost = Canaries(("gone.example",), named=True)
    verdicts = check(world, "null.example", "shop.example", canaries=lost)
    assert verdicts == {"null.example": unknown(NOT_PUBLIC), "shop.example": DELIVERABLE}
    assert "does not know a domain that is known to take mail" in mx.warning(verdicts)


def test_one_canary_that_resolves_is_enough(world):
    mixed = Canaries(("gone.example", "asleep.example", "shop.example"), named=True)
    assert check(world, "null.example", canaries=mixed) == {"null.example": NULL_MX}


def test_the_time_to_live_is_that_of_the_records(world):
    world.ttl_seconds, world.negative_ttl_seconds = 7_200, 900
    found = mx.survey(
        ["shop.example", "nodata.example", "aonly.example"], mx.Resolving(world.address, **QUICK)
    )
    assert {name: finding.ttl_seconds for name, finding in found.findings.items()} == {
        "shop.example": 7_200,
        "nodata.example": 900,
        "aonly.example": 900,
    }


def test_many_domains_at_once_all_get_a_verdict(world):
    names = [f"n{number}.example" for number in range(300)]
    world.records |= {(name, "MX"): ["10 mx1.host.example."] for name in names}
    progress = []
    verdicts = check(
        world, *names, try_seconds=2, question_seconds=4, on_progress=lambda *done: progress.append(done)
    )
    assert set(verdicts.values()) == {DELIVERABLE}
    assert progress[-1] == (300, 300)


def test_any_exception_makes_a_domain_unknown(world, monkeypatch):
    async def break_down(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(Asker, "ask", break_down)
    assert check(world, "shop.example") == {"shop.example": unknown("RuntimeError")}


def test_without_a_socket_every_domain_is_unknown(world, monkeypatch):
    def no_more(*_):
        raise OSError("too many open files")

    monkeypatch.setattr(dns_asking, "DnsSocket", no_more)
    assert check(world, "shop.example") == {"shop.example": unknown("OSError")}


def test_without_any_resolver_every_domain_is_unknown(monkeypatch):
    def missing(*_, **__):
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.asyncresolver, "Resolver", missing)
    assert mx.check(["shop.example"], mx.Resolving())["shop.example"].status is Status.UNKNOWN


def test_a_name_that_dns_cannot_hold_is_unknown(world):
    assert check(world, f"{'x' * 64}.example")[f"{'x' * 64}.example"].status is Status.UNKNOWN


def test_it_works_inside_a_running_event_loop(world):
    async def inside():
        return check(world, "null.example")

    assert asyncio.run(inside()) == {"null.example": NULL_MX}


def test_no_domains_need_no_resolver():
    assert mx.check([], mx.Resolving("127.0.0.1:1")) == {}


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", []),
        ("192.0.2.1", [("192.0.2.1", 53)]),
        ("127.0.0.1:5353, ::1,[::1]:54,", [("127.0.0.1", 5353), ("::1", 53), ("::1", 54)]),
    ],
)
def test_nameservers_are_read_with_and_without_a_port(text, servers):
    assert mx.parse_nameservers(text) == servers


@pytest.mark.parametrize("text", ["dns.example", "192.0.2.1:x", "192.0.2.1:70000", "[::1", "1.2.3.4.5"])
def test_what_is_no_nameserver_is_an_error_at_once(text):
    with pytest.raises(ListError, match="is no nameserver: write IP or IP:PORT"):
        mx.lookup(text)


def test_a_mostly_silent_dns_gives_a_warning_without_names():
    verdicts = {"a.example": unknown("x"), "b.example": unknown("x"), "c.example": NO_SUCH_DOMAIN}
    assert mx.mostly_unknown(verdicts)
    assert "no answer for 2 of 3 domains" in mx.warning(verdicts)
    assert "example" not in mx.warning(verdicts)


def test_a_dns_that_denies_most_domains_gives_a_warning():
    verdicts = {f"{n}.example": NO_SUCH_DOMAIN if n < 8 else DELIVERABLE for n in range(12)}
    assert "8 of 12 domains do not exist" in mx.warning(verdicts)
    assert not mx.mostly_unknown(verdicts)


def test_a_healthy_dns_gives_no_warning():
    assert mx.warning({"a.example": DELIVERABLE, "b.example": unknown("x")}) == ""
    assert mx.warning({}) == ""
