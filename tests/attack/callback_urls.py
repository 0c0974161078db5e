"""Callbacks that would lead inside: private addresses in every spelling, and names that stand for them."""

import socket
import threading
import time
from contextlib import ExitStack, closing

import processes
from front import Front, Stage, live
from outcome import require
from sqlalchemy import func, select

from ledger.engine import open_ledger
from ledger.schema import callback

HOSTS = [
    "localhost",
    "LOCALHOST.",
    "api.localhost",
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0",
    "0.0.0.0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.000.000.001",
    "1.0.0.127.0x7f",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "127.0.0.1.",
    "0x7f.0x0.0x0.0x1.",
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.88.99.1",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "[fe80::5efe:127.0.0.1]",
    "[2001:4860::5efe:127.0.0.1]",
    "[5f00::1]",
]
_SCHEMES = (
    "http://shop.example/",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "gopher://shop.example/",
    "https:/x",
)


def callback_urls(stage: Stage) -> str:
    """Post mail with each of them, while somebody listens at the places that they stand for."""
    with live(stage) as front, ExitStack() as stack:
        heard, port = _listening(stack)
        with front.others() as others:
            for url in [f"https://{host}:{port}/hook" for host in HOSTS] + [f"https://{h}/" for h in HOSTS]:
                _refused(front, url)
            for url in (
                *_SCHEMES,
                f"https://user:word@shop.example:{port}/",
                f"https://[::1]:{port}/#@shop.example",
            ):
                _refused(front, url)
            names = _names(front, port)
        require(not heard, f"{len(heard)} connections came from within")
        out = front.settled()
        return front.said(
            f"{2 * len(HOSTS) + len(_SCHEMES) + 2} URLs refused, {names} names of this machine not called",
            out,
            others.said(),
        )


def _listening(stack: ExitStack) -> tuple[list[str], int]:
    """Listen on all addresses of this machine; return who came, and where."""
    heard: list[str] = []
    listening = stack.enter_context(
        closing(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
    )

    def listen() -> None:
        try:
            while True:
                connection, peer = listening.accept()
                heard.append(peer[0])
                connection.close()
        except OSError:
            return

    stack.callback(lambda: listening.shutdown(socket.SHUT_RDWR))
    threading.Thread(target=listen, daemon=True).start()
    return heard, listening.getsockname()[1]


def _refused(front: Front, url: str) -> None:
    # An owner's requests have a pace: on a quick machine these are faster.
    while (answer := front.post(front.mail("told@mail.example", callbacks=[url]))).status == 429:
        time.sleep(0.5)
    require(answer.status == 422, f"a callback to {url} was answered {answer.status}")


def _names(front: Front, port: int) -> int:
    """Have mail sent whose callbacks go to this machine's own name; wait until they were tried."""
    own = {socket.gethostname(), socket.getfqdn(), "ip6-loopback", "ip6-localhost"}
    taken = 0
    for number, name in enumerate(sorted(own)):
        content = front.mail(f"named{number}@mail.example", callbacks=[f"https://{name}:{port}/hook"])
        taken += front.post(content).status == 202

    def tried() -> bool:
        # Of a receiver that does not answer the first one is tried, and the others wait for it.
        query = select(func.max(callback.c.attempts)).group_by(callback.c.url_id)
        with open_ledger(front.url, make=False) as ledger, ledger.reading() as connection:
            attempts = connection.execute(query).scalars().all()
        return len(attempts) == taken and all(attempts)

    if taken:
        processes.until(tried, "the callbacks to this machine's names are tried")
    return taken
