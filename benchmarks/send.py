"""Messages a second of the whole path (claim, render, intent, call, record) against a bare boto3 loop.

The loop sends the same bodies, already rendered, with `send_bulk_email`; both talk to the same canned server
and take turns, so that what else the machine does falls on both. Run it as `python benchmarks/send.py`.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
import stage
from canned_server import canned_server

from ledger.engine import open_ledger
from mail import sending, ses_client, ses_requests
from mail.calling import Work
from mail.message import MessageContext, compose
from mail.ses_requests import MAX_ENTRIES, Outgoing
from mail.templating import Templates

# So high that nobody ever waits for it.
_NO_LIMIT = 1e9


@dataclass(frozen=True)
class Speed:
    """Messages a second by the clock, and by the processor time of the sending process."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000, help="a turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--workers", type=int, action="append")
    parser.add_argument("--database", choices=stage.DATABASES, action="append")
    options = parser.parse_args()
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    with canned_server() as address:
        os.environ["AWS_ENDPOINT_URL"] = address
        for kind in options.database or stage.DATABASES:
            with stage.database(kind) as url:
                _compare(kind, url, options.messages, options.turns)
                _grow(kind, url, options.messages, options.workers or [1, 2, 4])


def _compare(kind: str, url: str, messages: int, turns: int) -> None:
    bare, whole = [], []
    for turn in range(turns):
        bare.append(_bare(messages))
        whole.append(_whole(url, f"turn-{turn}", messages))
    ratios = [ours.wall / theirs.wall for ours, theirs in zip(whole, bare, strict=True)]
    of_cpu = [ours.cpu / theirs.cpu for ours, theirs in zip(whole, bare, strict=True)]
    print(f"{kind}: whole path / bare loop, median of {turns}: {statistics.median(ratios):.2f} by the clock")
    print(f"  ({min(ratios):.2f} to {max(ratios):.2f}), {statistics.median(of_cpu):.2f} by processor time")
    print(f"  whole {_median(whole)} a second, bare {_median(bare)}", flush=True)


def _grow(kind: str, url: str, messages: int, workers: list[int]) -> None:
    alone = 0.0
    for number in workers:
        speed = _together(url, f"workers-{number}", messages, number)
        alone = alone or speed
        print(f"{kind}: {number} workers {speed:,.0f} a second, {speed / alone:.2f} times one", flush=True)


def _median(speeds: list[Speed]) -> str:
    return f"{statistics.median(each.wall for each in speeds):,.0f}"


@contextmanager
def _timed(messages: int, into: list[Speed]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Speed(messages / (time.perf_counter() - wall), messages / (time.process_time() - cpu)))


def _bare(messages: int) -> Speed:
    """Send bodies that were rendered before, 50 a call, as one would by hand."""
    templates = Templates.load(stage.campaign("bare"))
    rendered = [_rendered(templates, number) for number in range(messages)]
    client = boto3.client("sesv2")
    speeds: list[Speed] = []
    with _timed(messages, speeds):
        for start in range(0, messages, MAX_ENTRIES):
            part = rendered[start : start + MAX_ENTRIES]
            answer = client.send_bulk_email(**_request(part))
            assert len(answer["BulkEmailEntryResults"]) == len(part)
    return speeds[0]


def _request(part: list[Outgoing]) -> dict[str, Any]:
    """Return a call's request, each body as the JSON text that SES wants of it."""
    made = []
    for item in part:
        body = {"subject": item.content.subject, "html": item.content.html, "text": item.content.text}
        made.append(replace(item, data=json.dumps(body)))
    return ses_requests.bulk(stage.ENVELOPE, made)


def _rendered(templates: Templates, number: int) -> Outgoing:
    address = f"reader.{number}@reader.example"
    fields = {"email": address, "first_name": f"Reader {number}", "city": "Exampletown"}
    context = MessageContext(address, "https://mail.brightbooks.example/unsubscribe/" + "x" * 43)
    return Outgoing(number, f"{number:032}", address, compose(templates, fields, context))


def _whole(url: str, name: str, messages: int) -> Speed:
    speeds: list[Speed] = []
    with open_ledger(url) as ledger:
        sent = stage.enqueue(ledger, name, messages)
        work = stage.work(ledger, sent, ses_client.client(), "worker", _NO_LIMIT)
        with _timed(messages, speeds):
            _send_all(work)
    return speeds[0]


def _send_all(work: Work) -> int:
    sent = 0
    while True:
        found = sending.send_chunk(work, 5_000)
        sent += found.answers.get("accepted", 0)
        if found.ended != "chunk":
            return sent


def _together(url: str, name: str, messages: int, workers: int) -> float:
    """Return messages a second of several processes on one campaign, from their common start."""
    with open_ledger(url) as ledger:
        stage.enqueue(ledger, name, messages * workers)
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    ready = context.Barrier(workers)
    processes = [
        context.Process(target=_work, args=(url, name, number, ready, results)) for number in range(workers)
    ]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    began, ended = min(each[0] for each in found), max(each[1] for each in found)
    assert sum(each[2] for each in found) == messages * workers
    return messages * workers / (ended - began)


def _work(url: str, name: str, number: int, ready: Any, results: Any) -> None:
    with open_ledger(url) as ledger:
        work = stage.work(ledger, stage.campaign(name), ses_client.client(), f"worker-{number}", _NO_LIMIT)
        ready.wait()
        began = time.time()
        sent = _send_all(work)
        results.put((began, time.time(), sent))


if __name__ == "__main__":
    main()
