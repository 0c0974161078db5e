"""The DNS responder, asked by dnspython."""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest

from sandbox import RunningSandbox
from sandbox.dns_server import respond
from sandbox.zone import Answer, load


@pytest.fixture
def resolver(running: RunningSandbox) -> dns.resolver.Resolver:
    host, port = running.environment["CAMPAIGN_NAMESERVERS"].split(":")
    found = dns.resolver.Resolver(configure=False)
    found.nameservers = [host]
    found.port = int(port)
    found.lifetime = 5
    return found


def exchanges(resolver: dns.resolver.Resolver, name: str) -> list[str]:
    return [str(record.exchange) for record in resolver.resolve(name, "MX")]


@pytest.mark.parametrize(
    "name",
    ["shop.example", "any.where.example", "example.com", "mail.example.net", "xn--bcher-kva.example",
     "simulator.amazonses.com"],
)  # fmt: skip
def test_ordinary_domains_have_an_mx_with_a_public_address(
    resolver: dns.resolver.Resolver, name: str
) -> None:
    (exchange,) = exchanges(resolver, name)
    assert [record.address for record in resolver.resolve(exchange, "A")] == ["192.88.99.25"]


@pytest.mark.parametrize(
    "name", ["closed-shop.example", "random-4711.closed-shop.example", "canary-17.invalid"]
)
def test_unknown_domains_are_nxdomain(resolver: dns.resolver.Resolver, name: str) -> None:
    with pytest.raises(dns.resolver.NXDOMAIN):
        resolver.resolve(name, "MX")


def test_a_null_mx_is_a_single_dot(resolver: dns.resolver.Resolver) -> None:
    assert exchanges(resolver, "nomail.example") == ["."]


def test_an_address_without_mx(resolver: dns.resolver.Resolver) -> None:
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("aonly.example", "MX")
    assert len(resolver.resolve("aonly.example", "A")) == 1


@pytest.mark.parametrize("kind", ["MX", "A", "AAAA"])
def test_a_parked_domain_has_nothing(resolver: dns.resolver.Resolver, kind: str) -> None:
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve("parked.example", kind)


def test_an_alias_leads_to_the_mx_of_its_target(resolver: dns.resolver.Resolver) -> None:
    answer = resolver.resolve("alias.example", "MX")
    assert str(answer.canonical_name) == "mail-host.example."
    assert [str(record.exchange) for record in answer] == ["mx.mail-host.example."]


def test_a_dangling_mx_has_no_address_and_a_private_one_a_private(resolver: dns.resolver.Resolver) -> None:
    (dangling,) = exchanges(resolver, "dangling.example")
    with pytest.raises(dns.resolver.NoAnswer):
        resolver.resolve(dangling, "A")
    (private,) = exchanges(resolver, "private.example")
    assert [record.address for record in resolver.resolve(private, "A")] == ["10.0.0.25"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("servfail.example", dns.rcode.SERVFAIL),
        ("refused.example", dns.rcode.REFUSED),
        ("elsewhere.test", dns.rcode.REFUSED),
    ],
)
def test_broken_servers_say_so(resolver: dns.resolver.Resolver, name: str, code: dns.rcode.Rcode) -> None:
    query = dns.message.make_query(name, "MX")
    host = str(resolver.nameservers[0])
    assert dns.query.udp(query, host, timeout=5, port=resolver.port).rcode() == code


def test_a_silent_server_never_answers(resolver: dns.resolver.Resolver) -> None:
    query = dns.message.make_query("slow.example", "MX")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, str(resolver.nameservers[0]), timeout=0.1, port=resolver.port)


def test_tcp_answers_the_same(resolver: dns.resolver.Resolver) -> None:
    query = dns.message.make_query("shop.example", "MX")
    answer = dns.query.tcp(query, str(resolver.nameservers[0]), timeout=5, port=resolver.port)
    assert "mx.shop.example." in answer.answer[0].to_text()


def test_lost_queries_get_no_answer(running: RunningSandbox, resolver: dns.resolver.Resolver) -> None:
    running.control(dns={"loss_probability": 1})
    query = dns.message.make_query("shop.example", "MX")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, str(resolver.nameservers[0]), timeout=0.1, port=resolver.port)


def test_what_is_no_query_gets_no_answer() -> None:
    zone = load()
    assert respond(b"not dns", zone) is None
    assert respond(dns.message.Message().to_wire(), zone) is None


def test_every_kind_of_answer_has_an_example_in_the_zone() -> None:
    zone = load()
    found = {zone.answer(name) for name in (
        "shop.example", "closed-shop.example", "nomail.example", "aonly.example", "parked.example",
        "dangling.example", "private.example", "servfail.example", "refused.example", "slow.example",
        "alias.example",
    )}  # fmt: skip
    assert found == set(Answer)
