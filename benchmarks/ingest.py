"""Events a second of the whole ingestion (receive, read, store, gate, delete) against bare SQS calls.

Both empty the sandbox's queue of the same deliveries, in turns; processor time is this process's alone.
Run it as `python benchmarks/ingest.py`.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import stage

import sandbox
from ledger import attempts, campaigns, claims
from ledger.attempts import Answer, Result
from ledger.engine import Ledger, open_ledger
from mail import queue
from mail.collecting import Collector
from mail.queue import EventQueue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000, help="a turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--database", choices=stage.DATABASES, action="append")
    options = parser.parse_args()
    with sandbox.start(sandbox.SandboxOptions(s3=False)) as world:
        os.environ |= world.environment
        events = queue.open_queue(world.environment["CAMPAIGN_EVENT_QUEUE_URL"])
        _bare(events)
        for kind in options.database or stage.DATABASES:
            with stage.database(kind) as url, open_ledger(url) as ledger:
                _compare(kind, ledger, events, options.events, options.turns)


def _compare(kind: str, ledger: Ledger, events: EventQueue, count: int, turns: int) -> None:
    walls, cpus = [], []
    for turn in range(turns):
        bodies = _deliveries(ledger, f"turn-{turn}", count)
        _fill(events.sqs, events.url, bodies)
        bare_wall, bare_cpu, received = _timed(lambda: _bare(events))
        assert received == count
        _fill(events.sqs, events.url, bodies)
        collector = Collector(ledger, events, lambda domains: {})
        wall, cpu, collected = _timed(collector.drain)
        assert collected.new == count
        walls.append(bare_wall / wall)
        cpus.append(bare_cpu / cpu)
    print(
        f"{kind}: ingestion / bare receive and delete, median of {turns}: "
        f"{statistics.median(cpus):.2f} by processor time, {statistics.median(walls):.2f} by the clock; "
        f"{count / cpu:,.0f} events a second of processor time",
        flush=True,
    )


def _timed(run: Any) -> tuple[float, float, int]:
    wall, cpu = time.perf_counter(), time.process_time()
    count = run()
    return time.perf_counter() - wall, time.process_time() - cpu, count


def _bare(events: EventQueue) -> int:
    """Receive and delete until the queue is empty, ten at a time."""
    received = 0
    while batch := events.receive():
        events.delete([item.receipt for item in batch])
        received += len(batch)
    return received


def _fill(sqs: Any, url: str, bodies: Sequence[str]) -> None:
    for start in range(0, len(bodies), 10):
        part = enumerate(bodies[start : start + 10])
        entries = [{"Id": str(number), "MessageBody": body} for number, body in part]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def _deliveries(ledger: Ledger, name: str, count: int) -> list[str]:
    """Return a delivery for each message of a campaign that SES took, as SNS wraps it."""
    stage.enqueue(ledger, name, count)
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        held = claims.take(connection, locked, "worker", claims.candidates(connection, locked, count))
        sent = {item.message_id: f"{name}-{item.message_id}" for item in held.recipients}
        attempts.commit_intent(connection, locked, held, name, sent)
        taken = [Result(send_id, Answer.ACCEPTED, f"ses-{send_id}") for send_id in sent.values()]
        attempts.record(connection, taken)
        tags = {"campaign": [str(locked.id)], "ledger": [ledger.ledger_id]}
    at = datetime.now(UTC).isoformat()
    return [
        json.dumps(
            {
                "Type": "Notification",
                "TopicArn": "arn",
                "Message": json.dumps(_delivery(item, at, tags, sent)),
            }
        )
        for item in held.recipients
    ]


def _delivery(
    item: claims.Recipient, at: str, tags: dict[str, list[str]], sent: dict[int, str]
) -> dict[str, Any]:
    send_id = sent[item.message_id]
    return {
        "eventType": "Delivery",
        "mail": {
            "timestamp": at,
            "source": "news@brightbooks.example",
            "messageId": f"ses-{send_id}",
            "destination": [item.address],
            "tags": tags | {"send_id": [send_id]},
        },
        "delivery": {"timestamp": at, "recipients": [item.address], "smtpResponse": "250 ok"},
    }


if __name__ == "__main__":
    main()
