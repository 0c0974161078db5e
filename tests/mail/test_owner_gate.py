"""The gate of an owner's single mail: a bad list stops early, a healthy owner never, a neighbour neither."""

from typing import Any

import pytest
from sqlalchemy import select

from ledger import accounts, claims, owner_standing, owners, singles
from ledger.attempts import ClaimLost
from ledger.errors import CampaignConflict
from ledger.fresh_ids import fresh_id
from ledger.owner_standing import Recent
from ledger.owners import Caller
from ledger.schema import message, single
from ledger.singles import NewSingle
from ledger.statuses import Fact, Status
from ledger.transitions import read_states, save
from ledger.vital_signs import VitalSignsReader
from mail import composer, owner_gate
from mail.intake import Answered, Submission, Suspended, take_in
from mail.owner_gate import EARLY_MESSAGES, breach
from mail.rate import Rate
from mail.single_claiming import Held, claim
from mail.single_sending import SingleWork, _Run, send_messages
from mail.unsubscribe import Tokens


def early(k: int, n: int) -> bool:
    return breach(Recent(n, k), Recent(n, k)) is not None


def thresholds() -> list[int]:
    """Return by n the fewest bounces that stop, for n up to EARLY_MESSAGES - 1."""
    found, k = [1], 1
    for n in range(1, EARLY_MESSAGES):
        while k <= n and not early(k, n):
            k += 1
        found.append(k)
    return found


# The chance that an owner of this true rate is stopped at any look before a thousand went out, at the most;
# and that one is within the first two hundred, at the least.
HEALTHY = {0.005: 0.000_001, 0.01: 0.000_01, 0.02: 0.000_07, 0.03: 0.000_4, 0.04: 0.002}
BAD = {0.1: 0.45, 0.15: 0.97, 0.2: 0.999, 0.3: 0.999_9}


@pytest.fixture(scope="module")
def stops() -> list[int]:
    return thresholds()


def chance_of_a_stop(stops: list[int], rate: float, messages: int) -> float:
    """Compute it whole: how the bounces are spread after each message, of those who were not stopped."""
    spread, stopped = [1.0], 0.0
    for n in range(1, messages + 1):
        after = [chance * (1 - rate) for chance in spread] + [0.0]
        for k, chance in enumerate(spread):
            after[k + 1] += chance * rate
        stopped += sum(after[stops[n] :])
        spread = after[: stops[n]]
    return stopped


@pytest.mark.parametrize(("rate", "at_most"), HEALTHY.items())
def test_a_healthy_owner_is_hardly_ever_stopped_by_chance(
    stops: list[int], rate: float, at_most: float
) -> None:
    assert chance_of_a_stop(stops, rate, EARLY_MESSAGES - 1) <= at_most


@pytest.mark.parametrize(("rate", "at_least"), BAD.items())
def test_a_bad_list_is_stopped_within_its_first_two_hundred(
    stops: list[int], rate: float, at_least: float
) -> None:
    assert chance_of_a_stop(stops, rate, 200) >= at_least


def test_one_or_two_bounces_never_stop_anybody_and_nothing_below_the_limit_does(stops: list[int]) -> None:
    assert min(stops[3:]) == 3
    assert all(k > 0.05 * n for n, k in enumerate(stops) if n)


@pytest.mark.parametrize(
    ("newest", "whole", "stopped"),
    [
        ((3, 3), (3, 3), True),
        ((5, 3), (5, 3), False),
        ((20, 6), (20, 6), True),
        ((40, 8), (40, 8), True),
        ((20, 5), (20, 5), False),
        ((999, 50), (999, 50), False),
        ((1_000, 50), (1_000, 50), True),
        ((1_000, 49), (1_000, 49), False),
        ((1_000, 60), (10_000, 400), False),
        ((1_000, 80), (10_000, 100), True),
        ((1_000, 0), (10_000, 500), True),
        ((0, 0), (0, 0), False),
    ],
)
def test_the_rule(newest: tuple[int, int], whole: tuple[int, int], stopped: bool) -> None:
    assert (breach(Recent(*newest), Recent(*whole)) is not None) is stopped


class Desk:
    """Two owners' single messages, a worker, and the bounces that a collector would take in."""

    def __init__(self, ledger: Any, ses: Any, frozen: Any) -> None:
        self.ledger, self.ses, self.clock = ledger, ses, frozen
        with ledger.writing() as connection:
            self.ids = {name: owners.ensure(connection, name) for name in ("bad", "good")}

    def new(self, owner: str) -> NewSingle:
        to = f"{fresh_id()[:20]}@mail.example"
        from_ = f"news@{owner}.example"
        id_ = fresh_id()[:32]
        return NewSingle(id_, self.ids[owner], "ann", from_, to, to, to, "mail.example", "s", "t", "u")

    def post(self, owner: str, count: int = 1) -> None:
        with self.ledger.writing() as connection:
            singles.add(connection, [self.new(owner) for _ in range(count)])

    @property
    def work(self) -> SingleWork:
        return SingleWork(
            compose=composer.compose_here,
            ledger=self.ledger,
            ses=self.ses,
            owner="worker",
            configuration_set="campaign",
            tags={"ledger": self.ledger.ledger_id},
            tokens=Tokens("a-key-for-these-tests-alone"),
            public_url="https://mail.shop.example",
            rate=Rate(500.0, 0.0, ""),
            sleep=self.clock.sleep,
            clock=self.clock.read,
        )

    def send(self) -> None:
        send_messages(self.work, 10_000)

    def bounce(self, owner: str, count: int) -> None:
        """Let so many of the owner's sent messages bounce, as a collector takes it in."""
        query = (
            select(message.c.id)
            .join(single, single.c.message_id == message.c.id)
            .where(single.c.owner_id == self.ids[owner], message.c.status == Status.SENT)
            .limit(count)
        )
        with self.ledger.writing() as connection:
            accounts.lock(connection)
            before = list(read_states(connection, connection.execute(query).scalars().all()).values())
            assert len(before) == count
            changes = [(each, each.with_facts({Fact.HARD_BOUNCED: self.clock.now})) for each in before]
            save(connection, changes)
            owner_gate.review(connection, changes)

    def stopped(self) -> list[str]:
        with self.ledger.reading() as connection:
            return [each.owner for each in owner_gate.stopped(connection).values()]

    def count(self, owner: str) -> dict[str, int]:
        query = (
            select(message.c.status)
            .join(single, single.c.message_id == message.c.id)
            .where(single.c.owner_id == self.ids[owner])
        )
        with self.ledger.reading() as connection:
            found = list(connection.execute(query).scalars())
        return {status: found.count(status) for status in set(found)}


@pytest.fixture
def desk(either_url: str, fake_ses: Any, frozen: Any):
    from ledger.engine import open_ledger

    with open_ledger(either_url) as ledger:
        yield Desk(ledger, fake_ses, frozen)


def stop(desk: Desk) -> None:
    desk.post("bad", 20)
    desk.post("good", 20)
    desk.send()
    desk.clock.tick(1)
    desk.bounce("bad", 6)
    assert desk.stopped() == ["bad"]


def test_from_the_first_bounces_an_owners_mail_stops_and_its_neighbours_goes_on(desk: Desk) -> None:
    desk.post("bad", 20)
    desk.send()
    desk.bounce("bad", 5)
    assert desk.stopped() == []
    desk.post("bad", 3)
    desk.bounce("bad", 1)
    assert desk.stopped() == ["bad"]
    desk.post("good", 3)
    desk.send()
    assert (desk.count("bad")[Status.QUEUED], desk.count("good")) == (3, {Status.SENT: 3})


def test_a_neighbours_one_bounce_changes_nothing(desk: Desk) -> None:
    stop(desk)
    desk.bounce("good", 1)
    assert desk.stopped() == ["bad"]


def test_what_was_claimed_before_is_not_sent_after_and_the_neighbours_is(desk: Desk) -> None:
    desk.post("bad", 20)
    desk.send()
    desk.post("bad", 2)
    desk.post("good", 2)
    held = claim(desk.ledger, "worker", 100)
    assert isinstance(held, Held)
    desk.bounce("bad", 6)
    before = len(desk.ses.accepted)
    ids = [item.message_id for item in held.claim.recipients]
    run = _Run(desk.work)
    with pytest.raises(ClaimLost):
        run._commit_intent(held.claim, [_Stub(id_) for id_ in ids])  # type: ignore[misc]
    with desk.ledger.writing() as connection:
        claims.release(connection, None, held.claim.id)
    desk.send()
    assert len(desk.ses.accepted) == before + 2
    assert (desk.count("bad")[Status.QUEUED], desk.count("good")) == (2, {Status.SENT: 2})


class _Stub:
    """What committing an intent reads of a message."""

    def __init__(self, message_id: int) -> None:
        self.message_id, self.send_id = message_id, fresh_id()


def test_new_mail_of_a_stopped_owner_is_refused_with_the_reason_and_anothers_is_taken_in(desk: Desk) -> None:
    stop(desk)

    def submission(owner: str) -> Submission:
        caller = Caller(1, desk.ids[owner], owner, "ann")
        return Submission(caller, [desk.new(owner)], lambda refused: (202, "{}"))

    bad, good = take_in(desk.ledger, [submission("bad"), submission("good")])
    assert isinstance(bad, Suspended)
    assert bad.reason == (
        "The single mail of bad is stopped: 6 of the newest 20 messages bounced hard (30 %); the limit is "
        '5 %. When its cause is mended: campaign account lift --owner "bad" --by WHO --reason WHY'
    )
    assert isinstance(good, Answered)
    assert Status.QUEUED not in desk.count("bad")


def test_lifted_it_goes_on_and_is_counted_anew(desk: Desk) -> None:
    desk.post("bad", 20)
    desk.send()
    desk.clock.tick(1)
    desk.bounce("bad", 6)
    desk.post("bad", 3)
    desk.clock.tick(1)
    owner_gate.lift(desk.ledger, "bad", by="Ada", reason="the list is cleaned")
    assert desk.stopped() == []
    desk.clock.tick(1)
    desk.send()
    assert Status.QUEUED not in desk.count("bad")
    desk.bounce("bad", 2)
    assert desk.stopped() == []
    with pytest.raises(CampaignConflict, match="its single mail is not stopped"):
        owner_gate.lift(desk.ledger, "bad", by="Ada", reason="again")
    with pytest.raises(CampaignConflict, match="there is no such owner"):
        owner_gate.lift(desk.ledger, "nobody", by="Ada", reason="again")


def test_a_stopped_owners_queue_holds_up_no_turn_and_counts_as_nothing_late(desk: Desk) -> None:
    desk.post("bad", 20)
    desk.send()
    desk.post("bad", 5)
    desk.bounce("bad", 6)
    desk.clock.tick(3_600)
    assert VitalSignsReader(desk.ledger).read(desk.clock.read).oldest_queued_seconds is None
    with desk.ledger.writing() as connection:
        third = owners.ensure(connection, "third")
    desk.ids["third"] = third
    for _ in range(50):
        desk.post("good")
        desk.send()
    desk.post("good", 2)
    desk.post("third", 2)
    with desk.ledger.reading() as connection:
        found = claims.candidates(connection, None, 10)
        query = select(single.c.message_id, single.c.owner_id)
        of = dict(connection.execute(query).all())
    names = {id_: name for name, id_ in desk.ids.items()}
    assert [names[of[item.message_id]] for item in found] == ["good", "third"] * 2


def test_what_is_withheld_or_of_long_ago_is_in_neither_side(desk: Desk) -> None:
    desk.post("bad", 10)
    desk.send()
    at = desk.clock.now
    desk.clock.tick(40 * 86_400)
    desk.post("bad", 4)
    desk.send()
    with desk.ledger.reading() as connection:
        assert owner_standing.recent(connection, desk.ids["bad"], at, 1_000) == Recent(4, 0)
        assert owner_standing.recent(connection, desk.ids["bad"], 0.0, 3) == Recent(3, 0)
    desk.bounce("bad", 3)
    assert desk.stopped() == []
