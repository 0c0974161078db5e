"""Questions and the usual answers in wire format (RFC 1035 section 4), without building message objects.

dnspython takes half a millisecond for the two, which bounds how fast a list is checked. `read` knows records
of the name and type that were asked for, and negative answers with their SOA; everything else it leaves to
the library: CNAMEs, errors, odd names. A test holds the two to the same results.
"""

import re
import socket
import struct
from collections.abc import Callable, Mapping

import dns.name
import dns.rdatatype

from lists.dns_verdicts import Answer, AnswerKind

HEADER = struct.Struct("!HHHHHH")
RECORD = struct.Struct("!2sHHIH")
RECORD_BEHIND_OWNER = struct.Struct("!HHIH")
RECURSION_DESIRED, IN, SOA, OPT = 0x0100, 1, 6, 41
# Two names of at least a byte, and five numbers.
LEAST_SOA_BYTES = 22
# Of the flags: response, opcode, truncated and response code; the others say nothing about the answer.
MEANING, NO_ERROR, NO_SUCH_NAME = 0xFA0F, 0x8000, 0x8003
# A record's owner, compressed: the name in the question, which stands right behind the header.
ASKED_NAME = b"\xc0\x0c"
# What fits through nearly every path unfragmented (DNS flag day 2020).
PAYLOAD_BYTES = 1232
PLAIN_LABEL = re.compile(rb"[a-zA-Z0-9_-]+")
PLAIN_NAME = re.compile(r"[a-zA-Z0-9_-]{1,63}(?:\.[a-zA-Z0-9_-]{1,63})*")
MAX_POINTERS = 16
MAX_NAME_LETTERS = 254
LARGEST_TTL = 2**31 - 1


class _Unusual(Exception):
    """Something for the library."""


def question(name: str, kind: str) -> bytes:
    """Return the question section. Raises dns.exception.DNSException for a name that DNS cannot hold."""
    if PLAIN_NAME.fullmatch(name) and len(name) < MAX_NAME_LETTERS:
        labels = (label.encode() for label in name.split("."))
        wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    else:
        wire = dns.name.from_text(name).to_wire() or b""
    return wire + struct.pack("!HH", dns.rdatatype.from_text(kind), IN)


def query(asked: bytes, *, edns: bool) -> bytes:
    """Return the whole query for a question section, under the id 0."""
    header = HEADER.pack(0, RECURSION_DESIRED, 1, 0, 0, int(edns))
    return header + asked + (struct.pack("!BHHIH", 0, OPT, PAYLOAD_BYTES, 0, 0) if edns else b"")


def read(wire: bytes, asked: bytes) -> Answer | None:
    """Return the answer of a response to this question section, or None where the library must see it."""
    try:
        _, flags, questions, answers, authorities, additional = HEADER.unpack_from(wire)
        start = HEADER.size + len(asked)
        if questions != 1 or wire[HEADER.size : start] != asked:
            return None
        meaning = flags & MEANING
        if additional and _extended_code(wire, start, answers + authorities + additional):
            return None
        if meaning == NO_ERROR and answers:
            return _records(wire, start, answers, int.from_bytes(asked[-4:-2]))
        if meaning in (NO_ERROR, NO_SUCH_NAME) and not answers and authorities == 1:
            kind = AnswerKind.NO_DATA if meaning == NO_ERROR else AnswerKind.NXDOMAIN
            return Answer(kind, ttl_seconds=_negative_ttl(wire, start))
        return None
    except (_Unusual, struct.error, IndexError, ValueError):
        return None


def _extended_code(wire: bytes, start: int, count: int) -> int:
    """Return the upper part of the response code, which stands in the OPT record (RFC 6891 section 6.1.3)."""
    for _ in range(count):
        while length := wire[start]:
            if length >= 192:
                start += 1
                break
            if length >= 64:
                raise _Unusual
            start += 1 + length
        kind, _, ttl_seconds, length = RECORD_BEHIND_OWNER.unpack_from(wire, start + 1)
        if kind == OPT:
            return int(ttl_seconds >> 24)
        start += 1 + RECORD_BEHIND_OWNER.size + length
    return 0


def _records(wire: bytes, start: int, count: int, kind: int) -> Answer:
    read_data = READERS[kind]
    found: set[tuple[int, str]] = set()
    least_ttl = LARGEST_TTL
    for _ in range(count):
        owner, record_kind, record_class, ttl_seconds, length = RECORD.unpack_from(wire, start)
        start += RECORD.size
        if (owner, record_kind, record_class) != (ASKED_NAME, kind, IN) or ttl_seconds > LARGEST_TTL:
            raise _Unusual
        found.add(read_data(wire, start, length))
        least_ttl = min(least_ttl, ttl_seconds)
        start += length
    return Answer(AnswerKind.RECORDS, tuple(text for _, text in sorted(found)), ttl_seconds=least_ttl)


def _negative_ttl(wire: bytes, start: int) -> int:
    """Return for how long a denial holds (RFC 2308 section 5): the SOA's own life, or its last field."""
    owner, kind, record_class, ttl_seconds, length = RECORD.unpack_from(wire, start)
    end = start + RECORD.size + length
    # Its owner is a part of the name asked for, where the pointer leads to the start of one of its labels.
    labels, position = set(), HEADER.size
    while wire[position]:
        labels.add(0xC000 | position)
        position += 1 + wire[position]
    whole = length >= LEAST_SOA_BYTES and end <= len(wire)
    if (kind, record_class) != (SOA, IN) or int.from_bytes(owner) not in labels or not whole:
        raise _Unusual
    if ttl_seconds > LARGEST_TTL:
        raise _Unusual
    return min(int(ttl_seconds), int.from_bytes(wire[end - 4 : end]))


def _mail_host(wire: bytes, start: int, length: int) -> tuple[int, str]:
    target, end = _name(wire, start + 2)
    if end != start + length:
        raise _Unusual
    return int.from_bytes(wire[start : start + 2]), target


def _address(family: socket.AddressFamily) -> Callable[[bytes, int, int], tuple[int, str]]:
    return lambda wire, start, length: (0, socket.inet_ntop(family, wire[start : start + length]))


def _name(wire: bytes, start: int) -> tuple[str, int]:
    """Return a name with its final dot, and where it ends; pointers lead back to where it was said before."""
    labels: list[str] = []
    position, end = start, 0
    pointers = 0
    while length := wire[position]:
        if length < 64:
            label = wire[position + 1 : position + 1 + length]
            if len(label) < length or not PLAIN_LABEL.fullmatch(label):
                raise _Unusual
            labels.append(label.decode("ascii"))
            position += 1 + length
            continue
        target = int.from_bytes(wire[position : position + 2]) & 0x3FFF
        end = end or position + 2
        pointers += 1
        if length < 192 or target >= position or pointers > MAX_POINTERS:
            raise _Unusual
        position = target
    text = ".".join(labels) + "."
    if len(text) > MAX_NAME_LETTERS:
        raise _Unusual
    return text, end or position + 1


READERS: Mapping[int, Callable[[bytes, int, int], tuple[int, str]]] = {
    dns.rdatatype.MX: _mail_host,
    dns.rdatatype.A: _address(socket.AF_INET),
    dns.rdatatype.AAAA: _address(socket.AF_INET6),
}
