"""The rules for each shard, with what only all of them together can tell: repeats, and mail servers."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lists import engagement, mail_servers, shard_keys, spool
from lists.duplicates import DateCells
from lists.judging import Judge, Known
from lists.mail_servers import MailServers
from lists.mx import MxLookup
from lists.rulings import Part
from lists.shards import Plan, ShardReading, read_json, whole, write_json
from lists.stream import Progress, judged_rows

_DOMAINS = "domains.json"
_JUDGED = "judged.json"
_SERVERS = "mail_servers.json"


def judge(plan: Plan, work: Path, shard: int, known: Known, report: Progress) -> None:
    """Third pass, for each shard: leave its rows as every rule but that of the mail servers judges them."""
    before = shard_keys.rows_before(plan, work)
    total = before[shard + 1] - before[shard]
    reading = ShardReading(plan, shard)
    listed = reading.opened(before[shard])
    repeats = shard_keys.known_repeats(plan, work, shard)
    gathered = repeats if plan.question is not None else None
    judging = Judge(listed, plan.source, plan.policy, known, repeats.staying_rows, plan.today, gathered)
    judged = judged_rows(
        listed, judging, plan.policy, lambda stage, done, _: report(stage, done, max(done, total))
    )
    with whole(_judged(work, shard)) as folder:
        parts, domains = mail_servers.spool((rulings.part(plan.renamed) for rulings in judged), folder)
        shard_keys.refuse_change(plan, work, reading)
        write_json(folder / _DOMAINS, domains)
        inactive = judging.inactive.cells if judging.inactive else DateCells()
        cells = [inactive.unreadable, inactive.filled, inactive.example]
        write_json(folder / _JUDGED, {"parts": parts, "mistyped": judging.mistyped, "cells": cells})


def ask_mail_servers(plan: Plan, work: Path, resolver: MxLookup | None, report: Progress) -> None:
    """Ask the DNS once for each domain of all shards, and leave the answers for them.

    Raises ListError where most of the last-engaged cells of the whole list hold no date.
    """
    found = [_read(work, shard) for shard in range(len(plan.shards))]
    cells = [each["cells"] for each in found]
    engagement.refuse_unreadable(
        sum(unreadable for unreadable, _, _ in cells),
        sum(filled for _, filled, _ in cells),
        next((example for _, _, example in cells if example), ""),
        plan.source.last_engaged_column,
    )
    servers = MailServers({}, {}, ())
    if resolver is not None:
        domains: dict[str, None] = {}
        for shard in range(len(plan.shards)):
            domains.update(dict.fromkeys(read_json(_judged(work, shard) / _DOMAINS)))
        servers = mail_servers.asked(list(domains), resolver, lambda done, total: report("mx", done, total))
    write_json(work / _SERVERS, asdict(servers))


def judged_parts(plan: Plan, work: Path, shard: int) -> Iterator[Part]:
    """Yield the parts of a shard under every rule, in order."""
    servers, found = read_servers(work), _read(work, shard)
    address_column = plan.renamed.get(plan.address_column, plan.address_column)
    for part in spool.read(_judged(work, shard), found["parts"]):
        yield servers.judged(part, address_column, found["mistyped"])


def read_servers(work: Path) -> MailServers:
    """Return what `ask_mail_servers` left."""
    found = read_json(work / _SERVERS)
    return MailServers(found["rejected"], found["flags"], tuple(found["warnings"]))


def mistyped(plan: Plan, work: Path) -> dict[str, str]:
    """Return the mistyped providers of all shards."""
    found: dict[str, str] = {}
    for shard in range(len(plan.shards)):
        found.update(_read(work, shard)["mistyped"])
    return found


def drop_judged(work: Path, shard: int) -> None:
    """Make room: the rows of a shard are written."""
    spool.drop(_judged(work, shard))


def _read(work: Path, shard: int) -> dict[str, Any]:
    found: dict[str, Any] = read_json(_judged(work, shard) / _JUDGED)
    return found


def _judged(work: Path, shard: int) -> Path:
    return work / "judged" / f"{shard:05}"
