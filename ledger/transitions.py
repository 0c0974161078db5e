"""The one door through which a message's state changes, so that the tallies always agree with it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, Table, Update, bindparam, select, update

from ledger import outbox
from ledger.dialects import insert
from ledger.outbox import StatusChange
from ledger.schema import (
    COHORT_SECONDS,
    COUNT_COLUMNS,
    FACT_COLUMNS,
    SINGLE_MESSAGES,
    STATUS_COLUMNS,
    TRIAL_EPOCH,
    cohort,
    message,
    tally,
)
from ledger.statuses import Count, Fact, Stage, Status, counts_of, status_of
from ledger.tallies import cohort_columns
from ledger.withheld import WithheldReason


@dataclass(frozen=True, slots=True)
class MessageState:
    """What decides a message's status: our own stage and the facts with the time of each."""

    id: int
    # None for a single message of the API, which has no campaign rule and no tally.
    campaign_id: int | None
    epoch: int
    stage: Stage
    stage_at: float
    claim_id: int | None
    # Transient failures so far: attempts that SES took on itself to refuse.
    failures: int
    detail: str | None
    facts: Mapping[Fact, float]
    callback_group_id: int | None = None
    # With Fact.WITHHELD: why SES did not send it.
    withheld_reason: WithheldReason | None = None

    @property
    def status(self) -> Status:
        return status_of(self.stage, self.facts)

    def with_facts(self, new: Mapping[Fact, float]) -> "MessageState":
        """Return the state with `new` added; of two times for one fact the earlier stays."""
        facts = dict(self.facts)
        for fact, at in new.items():
            facts[fact] = min(at, facts.get(fact, at))
        return replace(self, facts=facts)

    def with_withheld(self, reason: WithheldReason, at: float) -> "MessageState":
        """Return the state withheld at `at`; of several reasons the earliest stays, whatever came first."""
        if self.withheld_reason is not None:
            at, reason = min((at, reason), (self.facts[Fact.WITHHELD], self.withheld_reason))
        return replace(self.with_facts({Fact.WITHHELD: at}), withheld_reason=reason)

    def moved(self, stage: Stage, at: float) -> "MessageState":
        """Return the state at another stage since `at`, its claim given up."""
        return replace(self, stage=stage, stage_at=at, claim_id=None)

    def with_detail(self, detail: str) -> "MessageState":
        """Return the state with the reason or diagnostic that a report shows."""
        return replace(self, detail=detail)


STATE_COLUMNS = (
    message.c.id,
    message.c.campaign_id,
    message.c.epoch,
    message.c.stage,
    message.c.stage_at,
    message.c.claim_id,
    message.c.failures,
    message.c.detail,
    message.c.callback_group_id,
    message.c.withheld_reason,
    *(message.c[name] for name in FACT_COLUMNS.values()),
)


def state_of(row: Row[*tuple[object, ...]]) -> MessageState:
    """Return the state in a row that was selected with STATE_COLUMNS."""
    # By place: looking each column up by its name takes longer than reading the row.
    found: tuple[Any, ...] = tuple(row)
    id_, campaign_id, epoch, stage, stage_at, claim_id, failures, detail, group_id, withheld, *times = found
    return MessageState(
        id=id_,
        campaign_id=campaign_id,
        epoch=epoch,
        stage=Stage(stage),
        stage_at=stage_at,
        claim_id=claim_id,
        failures=failures,
        detail=detail,
        callback_group_id=group_id,
        withheld_reason=None if withheld is None else WithheldReason(withheld),
        facts={fact: at for fact, at in zip(FACT_COLUMNS, times, strict=True) if at is not None},
    )


def read_states(connection: Connection, message_ids: Iterable[int]) -> dict[int, MessageState]:
    """Return the states by message id, locked in the order of the ids until the transaction ends."""
    ids = sorted(set(message_ids))
    states = [state_of(row) for row in connection.execute(_STATES, {"ids": ids})]
    return {state.id: state for state in states}


_STATES = (
    select(*STATE_COLUMNS)
    .where(message.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(message.c.id)
    .with_for_update()
)


def save(connection: Connection, changes: Sequence[tuple[MessageState, MessageState]]) -> None:
    """Write each (before, after) pair, change tally and cohort by the difference and put what is to be told
    of it into the outbox of the callbacks, all in this transaction.

    A message that leaves CLAIMED and SENDING loses its claim.
    """
    changed = [(before, after) for before, after in changes if before != after]
    if not changed:
        return
    _write(connection, changed)
    tallies: Counter[tuple[int, int, str]] = Counter()
    cohorts: Counter[tuple[int, int, int, str]] = Counter()
    for before, after in changed:
        for state, sign in ((before, -1), (after, 1)):
            if state.epoch == TRIAL_EPOCH:
                continue
            counts, key = counts_of(state.facts), (SINGLE_MESSAGES, 0)
            if state.campaign_id is not None:
                key = (state.campaign_id, state.epoch)
                tallies[*key, STATUS_COLUMNS[state.status]] += sign
                for count in counts:
                    tallies[*key, COUNT_COLUMNS[count]] += sign
            for column in cohort_columns(counts):
                cohorts[*key, int(state.facts[Fact.ACCEPTED] // COHORT_SECONDS), column] += sign
    _add(connection, tally, _grouped(tallies))
    _add(connection, cohort, _grouped(cohorts))
    outbox.note(
        connection,
        [
            StatusChange(after.id, after.callback_group_id, before.status, after.status, after.detail)
            for before, after in changed
            if after.callback_group_id is not None and before.status is not after.status
        ],
    )


def add_to_tally(
    connection: Connection,
    campaign_id: int,
    epoch: int,
    statuses: Mapping[Status, int],
    counts: Mapping[Count, int] | None = None,
) -> None:
    """Change the tally of an epoch by a change that was made on many rows at once."""
    columns = {STATUS_COLUMNS[status]: n for status, n in statuses.items() if n}
    columns |= {COUNT_COLUMNS[count]: n for count, n in (counts or {}).items() if n}
    if columns:
        _add(connection, tally, {(campaign_id, epoch): columns})


def count_accepted(connection: Connection, campaign_id: int, epoch: int, messages: int, at: float) -> None:
    """Count messages of an epoch that went from SENDING to SENT at `at`, with no other fact that counts."""
    moved = {Status.SENDING: -messages, Status.SENT: messages}
    counts = dict.fromkeys((Count.ANSWERED, Count.ACCEPTED), messages)
    add_to_tally(connection, campaign_id, epoch, moved, counts)
    _add(connection, cohort, {(campaign_id, epoch, int(at // COHORT_SECONDS)): {"accepted": messages}})


def _write(connection: Connection, changed: Sequence[tuple[MessageState, MessageState]]) -> None:
    """Update the columns that differ, and no others: most changes are of a fact and the status."""
    alike: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for before, after in changed:
        old, new = _parameters(before), _parameters(after)
        names = tuple(name for name, value in new.items() if value != old[name])
        rows = alike.setdefault(names, [])
        rows.append({"key": after.id} | {name: new[name] for name in names})
    for names, rows in alike.items():
        if names:
            connection.execute(_change(names), rows)


@lru_cache(maxsize=1_000)
def _change(names: tuple[str, ...]) -> Update:
    at_id = update(message).where(message.c.id == bindparam("key"))
    return at_id.values({message.c[name.removeprefix("new_")]: bindparam(name) for name in names})


def _parameters(after: MessageState) -> dict[str, object]:
    return {
        "new_epoch": after.epoch,
        "new_stage": after.stage,
        "new_stage_at": after.stage_at,
        "new_status": after.status,
        "new_claim_id": after.claim_id,
        "new_failures": after.failures,
        "new_detail": after.detail,
        "new_withheld_reason": after.withheld_reason,
        **{f"new_{name}": after.facts.get(fact) for fact, name in FACT_COLUMNS.items()},
    }


def _grouped(counter: Mapping[Any, int]) -> dict[tuple[object, ...], dict[str, int]]:
    """Return the differences that are not zero, by the row's primary key."""
    grouped: dict[tuple[object, ...], dict[str, int]] = {}
    for (*key, column), difference in counter.items():
        if difference:
            grouped.setdefault(tuple(key), {})[str(column)] = difference
    return grouped


def _add(
    connection: Connection, table: Table, differences: Mapping[tuple[object, ...], Mapping[str, int]]
) -> None:
    keys = [column.name for column in table.primary_key.columns]
    # Always in the order of the keys, so that two workers never wait for each other in a ring.
    for key, columns in sorted(differences.items(), key=lambda item: str(item[0])):
        names = tuple(sorted(columns))
        increase = _increase(connection.dialect.name, table.name, names, tuple(keys))
        values = (*(columns[name] for name in names), *key)
        if connection.exec_driver_sql(increase, values).rowcount:
            continue
        row = insert(connection, table).values(dict(zip(keys, key, strict=True)) | dict(columns))
        connection.execute(
            row.on_conflict_do_update(
                index_elements=keys,
                set_={name: table.c[name] + row.excluded[name] for name in columns},
            )
        )


@lru_cache(maxsize=1_000)
def _increase(dialect: str, table: str, columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
    """Return the UPDATE for a row that is there already, in the database's own words: every call asks it."""
    value = "%s" if dialect == "postgresql" else "?"
    more = ", ".join(f"{name} = {name} + {value}" for name in columns)
    at_key = " AND ".join(f"{name} = {value}" for name in keys)
    return f"UPDATE {table} SET {more} WHERE {at_key}"
