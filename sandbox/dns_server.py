"""A DNS responder for the samples' domains, over UDP and TCP."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

from sandbox.errors import SandboxError
from sandbox.options import HOST
from sandbox.world import World
from sandbox.zone import Answer, Zone

_TTL_SECONDS = 60
# 192.88.99.0/24 was the relay anycast of 6to4 (RFC 7526 deprecates it): nobody is there, yet it counts as
# public, which the documentation ranges do not. Nothing ever connects to it.
_PUBLIC = "192.88.99.25"
_PRIVATE = "10.0.0.25"
_NO_MAIL_HOST = "no-address"
_PRIVATE_HOST = "private-address"


def respond(wire: bytes, zone: Zone) -> bytes | None:
    """Return the answer to a query in wire format, or None where none is to be given."""
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return None
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        return None
    question = query.question[0]
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.AA
    if not _fill(response, question.name, question.rdtype, zone):
        return None
    return response.to_wire()


def _fill(
    response: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType, zone: Zone
) -> bool:
    text = name.to_text(omit_final_dot=True).lower()
    if text.startswith(_NO_MAIL_HOST + "."):
        _negative(response, name, dns.rcode.NOERROR)
        return True
    if text.startswith(_PRIVATE_HOST + "."):
        _address(response, name, kind, _PRIVATE)
        return True
    match zone.answer(text):
        case Answer.TIMEOUT:
            return False
        case Answer.SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        case Answer.REFUSED:
            response.set_rcode(dns.rcode.REFUSED)
        case Answer.NXDOMAIN:
            _negative(response, name, dns.rcode.NXDOMAIN)
        case Answer.NO_DATA:
            _negative(response, name, dns.rcode.NOERROR)
        case Answer.ALIAS:
            target = dns.name.from_text(zone.alias_target(text) or "mail-host.example")
            _add(response, name, dns.rdatatype.CNAME, target.to_text())
            if kind != dns.rdatatype.CNAME:
                return _fill(response, target, kind, zone)
        case Answer.MX:
            _mail(response, name, kind, f"10 mx.{text}.")
        case Answer.NULL_MX:
            _mail(response, name, kind, "0 .")
        case Answer.ADDRESS_ONLY:
            _address(response, name, kind, _PUBLIC)
        case Answer.DANGLING_MX:
            _mail(response, name, kind, f"10 {_NO_MAIL_HOST}.{text}.")
        case Answer.PRIVATE_MX:
            _mail(response, name, kind, f"10 {_PRIVATE_HOST}.{text}.")
    return True


def _mail(
    response: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType, exchange: str
) -> None:
    if kind == dns.rdatatype.MX:
        _add(response, name, kind, exchange)
    else:
        _address(response, name, kind, _PUBLIC)


def _address(
    response: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType, address: str
) -> None:
    if kind == dns.rdatatype.A:
        _add(response, name, kind, address)
    else:
        _negative(response, name, dns.rcode.NOERROR)


def _negative(response: dns.message.Message, name: dns.name.Name, code: dns.rcode.Rcode) -> None:
    response.set_rcode(code)
    # RFC 2308: a negative answer carries the SOA.
    zone_name = dns.name.Name(name.labels[-2:])
    soa = f"ns.sandbox.example. hostmaster.sandbox.example. 1 3600 600 86400 {_TTL_SECONDS}"
    response.authority.append(dns.rrset.from_text(zone_name, _TTL_SECONDS, "IN", "SOA", soa))


def _add(
    response: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType, value: str
) -> None:
    response.answer.append(dns.rrset.from_text(name, _TTL_SECONDS, "IN", kind, value))


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._random = random.Random(world().behaviour.seed)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        behaviour = self._world().behaviour.dns
        if self._random.random() < behaviour.loss_probability:
            return
        delay = behaviour.delay_seconds
        seconds = self._random.uniform(*delay) if isinstance(delay, tuple) else delay
        asyncio.get_running_loop().call_later(seconds, self._reply, data, addr)

    def _reply(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = respond(data, self._world().zone)
        if answer is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, addr)


@dataclass(frozen=True, slots=True)
class DnsServer:
    """The responder; it answers on the same port over UDP and TCP."""

    port: int
    udp: asyncio.DatagramTransport
    tcp: asyncio.Server

    def close(self) -> None:
        """Stop answering."""
        self.udp.close()
        self.tcp.close()


async def serve_dns(port: int, world: Callable[[], World]) -> DnsServer:
    """Start answering on a port of 127.0.0.1, any free one for 0. Raises SandboxError where it is taken."""

    async def answer_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(2))
                answer = respond(await reader.readexactly(length), world().zone)
                if answer is not None:
                    writer.write(len(answer).to_bytes(2) + answer)
                    await writer.drain()
        writer.close()

    try:
        tcp = await asyncio.start_server(answer_tcp, HOST, port)
        chosen = tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(world), local_addr=(HOST, chosen))
    except OSError as err:
        raise SandboxError(f"DNS port {port} on {HOST} cannot be had: {err.strerror}.") from err
    return DnsServer(chosen, udp, tcp)
