"""A DNS for benchmarks: nsd with domains of every kind, behind a relay that delays and loses.

The kinds are those that a list really holds; the second label of a domain names its kind.
"""

import asyncio
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ZONE = "bench.example"
# How many of a thousand domains are of each kind.
KINDS = {
    "own": 310,
    "shared": 265,
    "several": 100,
    "alias": 40,
    "target-alias": 20,
    "null": 20,
    "missing": 80,
    "a-only": 40,
    "v6-only": 10,
    "a-private": 10,
    "no-data": 35,
    "dangling": 20,
    "private": 10,
    "half": 10,
    "servfail": 13,
    "refused": 10,
    "silent": 2,
    "many": 5,
}
PROVIDERS = 40
SEED = 20261123
# The old 6to4 relay network: it counts as public, and nobody is there.
PUBLIC, PUBLIC_V6, PRIVATE = "192.88.99.25", "2001:4860:4860::25", "10.0.0.25"

MEDIAN_SECONDS, SLOW_SECONDS, SLOW_SHARE, LOST_SHARE = 0.030, 0.8, 0.01, 0.005


def domains(count: int) -> list[str]:
    """Return so many domains in a seeded order."""
    kinds = random.Random(SEED).choices(list(KINDS), weights=list(KINDS.values()), k=count)
    return [f"d{number}.{kind}.{_parent(kind)}" for number, kind in enumerate(kinds)]


def kind_of(domain: str) -> str:
    return domain.split(".")[1]


@contextmanager
def running(names: list[str]) -> Iterator[str]:
    """Run nsd and the relay; give the relay's address as IP:PORT, and stop both at the end."""
    nsd = shutil.which("nsd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
    if nsd is None:
        sys.exit("nsd is not installed: apt-get install nsd")
    with TemporaryDirectory() as folder, _upstream(nsd, Path(folder), names) as upstream:
        relay = subprocess.Popen(
            [sys.executable, "-c", f"from benchmarks import dns_world; dns_world.relay({upstream})"],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert relay.stdout is not None
            yield f"127.0.0.1:{int(relay.stdout.readline())}"
        finally:
            relay.send_signal(signal.SIGTERM)
            relay.wait()


@contextmanager
def _upstream(nsd: str, folder: Path, names: list[str]) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "zone").write_text(zone_file(names))
    # A zone whose file is missing is answered with SERVFAIL, one that is not named with REFUSED.
    (folder / "nsd.conf").write_text(
        f'server:\n ip-address: 127.0.0.1@{port}\n username: ""\n zonesdir: "{folder}"\n pidfile: ""\n'
        f' database: ""\n xfrdfile: "{folder}/xfrd"\n zonelistfile: "{folder}/zones"\n'
        f' logfile: "{folder}/log"\n rrl-ratelimit: 0\n minimal-responses: yes\n'
        "remote-control:\n control-enable: no\n"
        f'zone:\n name: {ZONE}\n zonefile: "{folder}/zone"\n'
        f'zone:\n name: {_parent("servfail")}\n zonefile: "{folder}/none"\n'
    )
    server = subprocess.Popen([nsd, "-d", "-c", str(folder / "nsd.conf")], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit("nsd did not start")


def _parent(kind: str) -> str:
    return {"servfail": "broken.example", "refused": "elsewhere.example"}.get(kind, ZONE)


def zone_file(names: list[str]) -> str:
    lines = [
        f"$ORIGIN {ZONE}.",
        "$TTL 3600",
        "@ SOA ns hostmaster 1 3600 600 86400 600",
        "@ NS ns",
        f"ns A {PUBLIC}",
        f"private-host A {PRIVATE}",
        "empty-host TXT x",
        *(f"mx{number}.provider A {PUBLIC}" for number in range(PROVIDERS)),
    ]
    for domain in names:
        lines += _records(domain)
    return "\n".join(lines) + "\n"


def _records(domain: str) -> list[str]:
    name = domain.removesuffix(f".{ZONE}")
    provider = f"mx{hash_of(domain) % PROVIDERS}.provider"
    match kind_of(domain):
        case "own" | "silent":
            return [f"{name} MX 10 mail.{name}", f"mail.{name} A {PUBLIC}"]
        case "shared":
            return [f"{name} MX 10 {provider}"]
        case "several":
            hosts = [f"{name} MX {10 * n} m{n}.{name}" for n in (1, 2, 3)]
            return hosts + [f"m{n}.{name} A {PUBLIC}" for n in (1, 2, 3)]
        case "alias":
            return [f"{name} CNAME to.{name}", f"to.{name} MX 10 {provider}"]
        case "target-alias":
            return [f"{name} MX 10 mail.{name}", f"mail.{name} CNAME {provider}"]
        case "null":
            return [f"{name} MX 0 ."]
        case "a-only":
            return [f"{name} A {PUBLIC}"]
        case "v6-only":
            return [f"{name} AAAA {PUBLIC_V6}"]
        case "a-private":
            return [f"{name} A {PRIVATE}"]
        case "no-data":
            return [f"{name} TXT x"]
        case "dangling":
            return [f"{name} MX 10 empty-host"]
        case "private":
            return [f"{name} MX 10 private-host"]
        case "half":
            return [f"{name} MX 10 empty-host", f"{name} MX 20 {provider}"]
        case "many":
            long = [f"{name} MX {n} a-rather-long-name-of-a-mail-host-number-{n}.{name}" for n in range(40)]
            return [*long, f"a-rather-long-name-of-a-mail-host-number-0.{name} A {PUBLIC}"]
        case _:
            return []


def hash_of(domain: str) -> int:
    return int(domain.split(".")[0][1:])


def relay(upstream: int) -> None:
    """Pass queries on to a port of 127.0.0.1, late or never; print the own port. Runs until it is stopped."""
    asyncio.run(_relay(upstream))


async def _relay(upstream: int) -> None:
    loop = asyncio.get_running_loop()
    pipes: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The loop alone keeps no hold on a task.
        task = loop.create_task(_pipe(reader, writer, upstream))
        pipes.add(task)
        task.add_done_callback(pipes.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    front.bind(("127.0.0.1", port))
    back.connect(("127.0.0.1", upstream))
    for each in (front, back):
        each.setblocking(False)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
    askers: dict[int, tuple[bytes, object]] = {}
    chance, count = random.Random(SEED), 0

    def question() -> None:
        nonlocal count
        for _ in range(100):
            try:
                data, asker = front.recvfrom(4096)
            except BlockingIOError:
                return
            if b"\x06silent" in data or chance.random() < LOST_SHARE:
                continue
            count = (count + 1) % 65536
            askers[count] = data[:2], asker
            back.send(count.to_bytes(2) + data[2:])

    def answer() -> None:
        for _ in range(100):
            try:
                data = back.recv(65535)
            except BlockingIOError:
                return
            number, asker = askers.pop(int.from_bytes(data[:2]), (b"", None))
            if asker is not None:
                slow = chance.random() < SLOW_SHARE
                seconds = SLOW_SECONDS if slow else MEDIAN_SECONDS * chance.lognormvariate(0, 0.3)
                loop.call_later(seconds, front.sendto, number + data[2:], asker)

    loop.add_reader(front, question)
    loop.add_reader(back, answer)
    print(port, flush=True)
    loop.add_signal_handler(signal.SIGTERM, server.close)
    await server.wait_closed()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int) -> None:
    """Pass one question over TCP on, and its answer back."""
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", upstream)
    for source, target in ((reader, far_writer), (far_reader, writer)):
        # Who connects only to look whether there is a server says nothing.
        if len(length := await source.read(2)) == 2:
            target.write(length + await source.readexactly(int.from_bytes(length)))
            await asyncio.sleep(MEDIAN_SECONDS / 2)
    for each in (writer, far_writer):
        each.close()
