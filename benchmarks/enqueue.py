"""How long a million accepted recipients take into the ledger: read, shuffled, and stored in one transaction.

The list is what `campaign clean` leaves behind, the templates were rehearsed. Run it as
`python benchmarks/enqueue.py`.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import stage

from ledger import tallies
from ledger.engine import open_ledger
from ledger.statuses import Status
from lists.policy import HygienePolicy, ListSource
from mail import recipients
from mail.templating import Templates
from reports import list_cleaning


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
    campaign = stage.campaign("a-million")
    with open_ledger(url) as ledger:
        wall, cpu = time.perf_counter(), time.process_time()
        recipients.enqueue_rehearsed(ledger, campaign, Templates.load(campaign), cleaned)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        with ledger.reading() as connection:
            stored = tallies.recount(connection, 1)
        assert stored.by_status[Status.QUEUED] == count
    print(
        f"{kind}: {count:,} recipients in {wall:.1f} s ({cpu:.1f} s of this process's processor time)",
        flush=True,
    )


if __name__ == "__main__":
    main()
