"""The short way through an answer gives what dnspython gives, or leaves it to dnspython."""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lists import dns_answers, dns_wire
from lists.dns_verdicts import Answer, AnswerKind

LABELS = st.text("abcxyzABC019-_", min_size=1, max_size=12)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
TARGETS = st.one_of(st.just("."), NAMES.map(lambda name: name + "."), st.just("a\\032b.example."))
TTLS = st.sampled_from([0, 1, 300, 86_400, 2**31 - 1])
RECORDS = {
    "MX": st.tuples(st.integers(0, 3), TARGETS).map(lambda record: f"{record[0]} {record[1]}"),
    "A": st.sampled_from(["192.0.2.1", "192.0.2.2", "10.0.0.1"]),
    "AAAA": st.sampled_from(["2001:db8::1", "fe80::1", "::"]),
}


@st.composite
def responses(draw):
    """A response as servers give it: records, a CNAME before them, a denial, an error, things beside."""
    name, kind = draw(NAMES), draw(st.sampled_from(list(RECORDS)))
    query = dns.message.make_query(name, kind, use_edns=draw(st.sampled_from([0, False])), id=1)
    response = dns.message.make_response(query)
    response.flags |= draw(st.sampled_from([0, dns.flags.AA, dns.flags.RA, dns.flags.AD | dns.flags.RA]))
    owner = name + "."
    if draw(st.integers(0, 4)) == 0:
        response.answer.append(dns.rrset.from_text(owner, draw(TTLS), "IN", "CNAME", "to.example."))
        owner = "to.example."
    if texts := draw(st.lists(RECORDS[kind], max_size=4)):
        response.answer.append(dns.rrset.from_text(owner, draw(TTLS), "IN", kind, *texts))
    if draw(st.booleans()):
        above = draw(st.sampled_from([owner, ".", name.partition(".")[2] + "." or ".", "other.example."]))
        soa = f"ns.example. hostmaster.example. 1 2 3 4 {draw(TTLS)}"
        response.authority.append(dns.rrset.from_text(above, draw(TTLS), "IN", "SOA", soa))
    if draw(st.integers(0, 3)) == 0:
        response.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns.example."))
    # The lower half of the last two, which stands in the header, says NOERROR or NXDOMAIN.
    codes = [dns.rcode.NOERROR] * 4 + [dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.BADVERS, 19]
    response.set_rcode(draw(st.sampled_from(codes)))
    return name, kind, response


def by_library(wire):
    return dns_answers.read(dns.message.from_wire(wire, ignore_trailing=True))


@given(responses())
def test_the_short_way_and_the_library_agree(response):
    name, kind, wire = response[0], response[1], response[2].to_wire()
    assert dns_wire.read(wire, dns_wire.question(name, kind)) in (None, by_library(wire))


@given(responses(), st.data())
def test_a_damaged_answer_is_read_as_the_library_reads_it_or_not_at_all(response, data):
    name, kind, wire = response[0], response[1], response[2].to_wire()
    place = data.draw(st.integers(2, len(wire) - 1))
    damaged = wire[:place] + bytes([data.draw(st.integers(0, 255))]) + wire[place + 1 :]
    if data.draw(st.booleans()):
        damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    found = dns_wire.read(damaged, dns_wire.question(name, kind))
    if found is None:
        return
    try:
        expected = by_library(damaged)
    except dns.exception.DNSException:
        # The library also reads what the answer does not hang on: the additional records.
        return
    assert found == expected


@pytest.mark.parametrize(
    ("kind", "texts", "records"),
    [
        ("MX", ["20 b.shop.example.", "10 a.shop.example."], ("a.shop.example.", "b.shop.example.")),
        ("MX", ["0 ."], (".",)),
        ("A", ["192.0.2.1", "192.0.2.2"], ("192.0.2.1", "192.0.2.2")),
        ("AAAA", ["2001:db8::1"], ("2001:db8::1",)),
    ],
)
def test_the_usual_answers_take_the_short_way(kind, texts, records):
    response = dns.message.make_response(dns.message.make_query("shop.example", kind))
    response.answer.append(dns.rrset.from_text("shop.example.", 300, "IN", kind, *texts))
    asked = dns_wire.question("shop.example", kind)
    assert dns_wire.read(response.to_wire(), asked) == Answer(AnswerKind.RECORDS, records, ttl_seconds=300)


@pytest.mark.parametrize(
    ("code", "kind"), [(dns.rcode.NOERROR, AnswerKind.NO_DATA), (dns.rcode.NXDOMAIN, AnswerKind.NXDOMAIN)]
)
def test_a_denial_with_its_soa_takes_the_short_way(code, kind):
    response = dns.message.make_response(dns.message.make_query("x.shop.example", "MX"))
    response.set_rcode(code)
    soa = "ns.example. hostmaster.example. 1 2 3 4 600"
    response.authority.append(dns.rrset.from_text("shop.example.", 3_600, "IN", "SOA", soa))
    found = dns_wire.read(response.to_wire(), dns_wire.question("x.shop.example", "MX"))
    assert found == Answer(kind, ttl_seconds=600)


def test_an_answer_to_another_question_is_not_read():
    response = dns.message.make_response(dns.message.make_query("shop.example", "A"))
    response.answer.append(dns.rrset.from_text("shop.example.", 300, "IN", "A", "192.0.2.1"))
    for asked in (("shop.example", "MX"), ("other.example", "A"), ("shop.examples", "A")):
        assert dns_wire.read(response.to_wire(), dns_wire.question(*asked)) is None


@given(NAMES, st.booleans())
def test_a_query_is_what_the_library_would_ask(name, edns):
    message = dns.message.from_wire(dns_wire.query(dns_wire.question(name, "MX"), edns=edns))
    assert (message.question[0].name, message.question[0].rdtype) == (
        dns.name.from_text(name),
        dns.rdatatype.MX,
    )
    assert message.flags == dns.flags.RD
    assert (message.edns, message.payload) == ((0, dns_wire.PAYLOAD_BYTES) if edns else (-1, 0))


@pytest.mark.parametrize("name", ["x" * 64 + ".example", "a..example", ".".join(["long-label"] * 30)])
def test_a_name_that_dns_cannot_hold_is_refused(name):
    with pytest.raises(dns.exception.DNSException):
        dns_wire.question(name, "MX")
