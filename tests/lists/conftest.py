"""A list on disk, a name server in a thread, and a cleaning with nothing around it."""

import heapq
import random
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from lists.cleaning import CleanResult, clean
from lists.dns_verdicts import DELIVERABLE
from lists.policy import HygienePolicy, ListSource
from lists.suppression import nobody_confirmed, nobody_suppressed

TODAY = date(2026, 11, 22)


@pytest.fixture
def make_list(tmp_path: Path) -> Callable[[str | bytes], str]:
    def make(content: str | bytes, name: str = "list.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


@pytest.fixture
def run(make_list: Callable[[str | bytes], str]) -> Callable[..., CleanResult]:
    """Clean a CSV text; keywords of ListSource, HygienePolicy and `clean` may all be given."""

    def run_clean(content: str | bytes, **options: object) -> CleanResult:
        source = {name: options.pop(name) for name in ListSource.model_fields if name in options}
        policy = {name: options.pop(name) for name in HygienePolicy.model_fields if name in options}
        arguments: dict[str, object] = {
            "suppressed": nobody_suppressed,
            "confirmed": nobody_confirmed,
            "resolver": lambda domains: dict.fromkeys(domains, DELIVERABLE),
            "today": TODAY,
        }
        return clean(
            ListSource(source=make_list(content), **source),
            HygienePolicy(**policy),
            **(arguments | options),
        )

    return run_clean


class NameServer:
    """Answers over UDP and TCP from `records`: (name, type) to texts, or a name to an rcode or SILENT.

    `everything` is an address that it gives for every name there is not. UDP answers are late by
    `delay_seconds`, and of them a seeded share `loss` never comes.
    """

    SILENT, TRUNCATED, REFERRAL = "silent", "truncated", "referral"

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.names: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.lose_first: set[tuple[str, str]] = set()
        self.questions: Counter[tuple[str, str]] = Counter()
        self.everything = ""
        self.ttl_seconds = 60
        self.negative_ttl_seconds: int | None = None
        self.delay_seconds = 0.0
        self.loss = 0.0
        self._chance = random.Random(7)
        self._due: list[tuple[float, int, bytes, object]] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(self._tcp.getsockname())
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"stop", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
        self._tcp.close()

    def _serve(self) -> None:
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready = select.select([self._socket, self._tcp], [], [], wait)[0]
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, wire, client = heapq.heappop(self._due)
                self._socket.sendto(wire, client)
            if self._tcp in ready:
                self._answer_by_tcp()
            if self._socket not in ready:
                continue
            packet, client = self._socket.recvfrom(4096)
            if packet == b"stop":
                return
            answer = self._answer(dns.message.from_wire(packet))
            if answer and self._chance.random() >= self.loss:
                due = time.monotonic() + self.delay_seconds
                heapq.heappush(self._due, (due, id(answer), answer.to_wire(), client))

    def _answer_by_tcp(self) -> None:
        with self._tcp.accept()[0] as connection:
            length = int.from_bytes(connection.recv(2))
            answer = self._answer(dns.message.from_wire(connection.recv(length)), by_tcp=True)
            wire = answer.to_wire()
            connection.sendall(len(wire).to_bytes(2) + wire)

    def _answer(self, query: dns.message.Message, by_tcp: bool = False) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.questions[name, kind] += 1
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if (name, kind) in self.lose_first and self.questions[name, kind] == 1:
            return None
        if target := self.aliases.get(name):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", target + "."))
            name = target
        code = self.names.get(f"{name} {kind}", self.names.get(name))
        if code == self.SILENT:
            return None
        if code == self.REFERRAL:
            answer.authority.append(dns.rrset.from_text("example.", 60, "IN", "NS", "ns.example."))
        elif code == self.TRUNCATED and not by_tcp:
            answer.flags |= dns.flags.TC
        elif code and code != self.TRUNCATED:
            answer.set_rcode(dns.rcode.from_text(code))
        elif texts := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name + ".", self.ttl_seconds, "IN", kind, *texts))
        elif self.everything and kind == "A":
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "A", self.everything))
        if not answer.answer and self.negative_ttl_seconds is not None:
            soa = f"ns.example. hostmaster.example. 1 2 3 4 {self.negative_ttl_seconds}"
            answer.authority.append(dns.rrset.from_text("example.", 86_400, "IN", "SOA", soa))
        return answer


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def second_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()
