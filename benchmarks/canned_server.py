"""A server that answers every SendBulkEmail at once with what SES would say; as cheap as Python allows."""

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_ENTRY = b'{"Status":"SUCCESS","MessageId":"0107018c0000-00000000-0000-4000-8000-000000000000-000000"}'


@contextmanager
def canned_server() -> Iterator[str]:
    """Run the server in a process of its own and give its URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(report: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        report.send(listening.getsockname()[1])
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rb", buffering=1 << 20) as incoming:
        while incoming.readline():
            length = 0
            while (header := incoming.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                if name.lower() == b"expect":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            entries = incoming.read(length).count(b'"Destination"')
            body = b'{"BulkEmailEntryResults":[' + b",".join([_ENTRY] * entries) + b"]}"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
