"""How long accepted recipients take into the ledger, and how long a post has to wait beside that.

The list is what `campaign clean` leaves behind, the templates were rehearsed. Run it as
`python benchmarks/enqueue.py`.
"""

import argparse
import multiprocessing
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import stage

from ledger import owners, singles, tallies
from ledger.engine import open_ledger
from ledger.fresh_ids import fresh_id
from ledger.singles import NewSingle
from ledger.statuses import Status
from lists.policy import HygienePolicy, ListSource
from mail import recipients
from mail.templating import Templates
from reports import list_cleaning

_POST_EVERY_SECONDS = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=1_000_000)
    parser.add_argument("--database", choices=stage.DATABASES, action="append")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="enqueue") as name:
        cleaned = _clean(Path(name), options.recipients)
        for kind in options.database or stage.DATABASES:
            with stage.database(kind) as url:
                _enqueue(kind, url, cleaned, options.recipients)


def _clean(folder: Path, count: int) -> Path:
    """Write a list of so many readers with four columns and clean it, as a campaign would."""
    source = folder / "list.csv"
    with source.open("w", encoding="utf-8") as out:
        out.write("email,first_name,last_name,city\n")
        out.writelines(f"reader.{n}@reader.example,Reader {n},Example,Exampletown\n" for n in range(count))
    with open_ledger(f"sqlite:///{folder}/empty.sqlite3") as ledger:
        listed = ListSource.model_validate({"source": str(source)})
        list_cleaning.clean(ledger, listed, HygienePolicy(mx=False), "", folder / "cleaned")
    return folder / "cleaned"


def _enqueue(kind: str, url: str, cleaned: Path, count: int) -> None:
    campaign = stage.campaign("a-list")
    context = multiprocessing.get_context("spawn")
    over, begun, waits = context.Event(), context.Event(), context.Queue()
    poster = context.Process(target=_post, args=(url, begun, over, waits))
    with open_ledger(url) as ledger:
        poster.start()
        begun.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        recipients.enqueue_rehearsed(ledger, campaign, Templates.load(campaign), cleaned)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        over.set()
        waited = sorted(waits.get())
        poster.join()
        with ledger.reading() as connection:
            stored = tallies.recount(connection, 1)
        assert stored.by_status[Status.QUEUED] == count
    print(
        f"{kind}: {count:,} recipients in {wall:.1f} s ({cpu:.1f} s of this process's processor time); "
        f"{len(waited):,} posts beside it: the longest took {waited[-1]:.2f} s, "
        f"99 of 100 under {waited[len(waited) * 99 // 100]:.3f} s",
        flush=True,
    )


def _post(url: str, begun: Any, over: Any, waits: Any) -> None:
    """Store one single message after the other, and tell at the end how long each took."""
    found = []
    with open_ledger(url) as ledger:
        with ledger.writing() as connection:
            owner = owners.ensure(connection, "benchmark")
        begun.set()
        while not over.is_set():
            began = time.perf_counter()
            with ledger.writing() as connection:
                singles.add(connection, [_single(owner)])
            found.append(time.perf_counter() - began)
            time.sleep(_POST_EVERY_SECONDS)
    waits.put(found)


def _single(owner: int) -> NewSingle:
    to = "reader@reader.example"
    return NewSingle(
        fresh_id(), owner, "operator", "a@mail.example", to, to, to, "reader.example", "Hello", "Hi", "Leave"
    )


if __name__ == "__main__":
    main()
