"""What a DNS message says to a question about mail, in the terms of the classifier."""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from lists.dns_verdicts import Answer, AnswerKind


def read(message: dns.message.Message) -> Answer:
    """Return the answer in a message, through any CNAMEs; MX targets come in the order of preference.

    The time to live is the least of the records that led to the answer, for a negative one that of its SOA
    (RFC 2308).
    """
    match message.rcode():
        case dns.rcode.NOERROR | dns.rcode.NXDOMAIN as code:
            pass
        case other:
            return Answer(AnswerKind.UNKNOWN, trouble=dns.rcode.to_text(other))
    if not isinstance(message, dns.message.QueryMessage):
        return Answer(AnswerKind.UNKNOWN, trouble="no answer to a query")
    try:
        chain = message.resolve_chaining()
    except dns.exception.DNSException as error:
        return Answer(AnswerKind.UNKNOWN, trouble=type(error).__name__)
    # RFC 2181 section 8: the first bit set means zero.
    ttl_seconds = chain.minimum_ttl if chain.minimum_ttl < 2**31 else 0
    if code == dns.rcode.NXDOMAIN:
        return Answer(AnswerKind.NXDOMAIN, ttl_seconds=ttl_seconds)
    if chain.answer is not None:
        found = sorted(
            (getattr(record, "preference", 0), str(getattr(record, "exchange", record)))
            for record in chain.answer
        )
        return Answer(AnswerKind.RECORDS, tuple(text for _, text in found), ttl_seconds=ttl_seconds)
    if _is_referral(message):
        return Answer(AnswerKind.UNKNOWN, trouble="referral")
    return Answer(AnswerKind.NO_DATA, ttl_seconds=ttl_seconds)


def answers(message: dns.message.Message, asked: bytes) -> bool:
    """Tell whether a message is a response to a question, which is given in wire format."""
    if not message.flags & dns.flags.QR or len(message.question) != 1:
        return False
    asked_name, end = dns.name.from_wire(asked, 0)
    return (message.question[0].name, message.question[0].rdtype) == (
        asked_name,
        int.from_bytes(asked[end : end + 2]),
    )


def _is_referral(message: dns.message.Message) -> bool:
    """Tell whether a server that does not resolve only named others to ask: that denies nothing."""
    kinds = {each.rdtype for each in message.authority}
    authoritative = bool(message.flags & dns.flags.AA)
    return dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds and not authoritative
