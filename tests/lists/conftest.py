"""A list on disk, a name server in a thread, and a cleaning with nothing around it."""

import socket
import threading
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
    """Answers over UDP from `records`: (name, type) to text, or a name to an rcode or SILENT."""

    SILENT = "silent"

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.names: dict[str, str] = {}
        self.aliases: dict[str, str] = {}
        self.lose_first: set[tuple[str, str]] = set()
        self.questions: Counter[tuple[str, str]] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"stop", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, client = self._socket.recvfrom(4096)
            if packet == b"stop":
                return
            if answer := self._answer(dns.message.from_wire(packet)):
                self._socket.sendto(answer.to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
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
        if code := self.names.get(f"{name} {kind}", self.names.get(name)):
            if code == self.SILENT:
                return None
            answer.set_rcode(dns.rcode.from_text(code))
        elif texts := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name + ".", 60, "IN", kind, *texts))
        return answer


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()
