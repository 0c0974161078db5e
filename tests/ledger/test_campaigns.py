"""Campaigns: which state may follow which, and who changed it and why."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ledger import campaigns
from ledger.campaigns import FINAL, State
from ledger.errors import CampaignConflict, CampaignNotFound

HALT = {"rule": "literal", "k": 12, "n": 200, "known": 180, "reason": "12 of 200 bounced"}

# From the row's state to the column's: every pair that is allowed, and no other.
ALLOWED = {
    (State.DRAFT, State.ENQUEUING),
    (State.DRAFT, State.CANCELLED),
    (State.ENQUEUING, State.RUNNING),
    (State.ENQUEUING, State.HALTED),
    (State.ENQUEUING, State.CANCELLED),
    (State.RUNNING, State.HALTED),
    (State.RUNNING, State.PAUSED),
    (State.RUNNING, State.CANCELLED),
    (State.RUNNING, State.COMPLETED),
    (State.RUNNING, State.COMPLETED_BREACHED),
    (State.HALTED, State.RUNNING),
    (State.HALTED, State.CANCELLED),
    (State.PAUSED, State.RUNNING),
    (State.PAUSED, State.HALTED),
    (State.PAUSED, State.CANCELLED),
    (State.COMPLETED, State.COMPLETED_BREACHED),
}
PAIRS = [(before, after) for before in State for after in State]


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=[f"{a}-{b}" for a, b in PAIRS])
def test_a_state_follows_another_only_where_the_table_allows_it(
    before: State, after: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns.clock, "now", lambda connection: 0.0)
    written = []

    class Connection:
        def execute(self, statement: object) -> None:
            written.append(statement)

    locked = campaigns.Campaign(1, "spring-offer", before, 1, 0, {}, "", "", 1, 0, {}, None, 0.0, 0.0, "", "")
    if (before, after) in ALLOWED:
        campaigns.change_state(Connection(), locked, after, by="Ada", reason="asked to")
        assert len(written) == 2
    else:
        with pytest.raises(CampaignConflict, match=f"spring-offer is {before} and cannot become {after}"):
            campaigns.change_state(Connection(), locked, after, by="Ada", reason="asked to")
        assert written == []


def test_a_final_state_is_never_left_for_running() -> None:
    assert {before for before in FINAL if (before, State.RUNNING) in ALLOWED} == set()


def test_a_halt_is_kept_with_the_campaign_until_a_person_resumes_it(scene, frozen) -> None:
    scene.enqueue()
    frozen.tick(5)
    scene.change(State.HALTED, by="gate", reason="12 of 200 bounced", halt=HALT)
    with scene.ledger.reading() as connection:
        halted = campaigns.get(connection, "spring-offer")
    assert (halted.state, halted.epoch, halted.halt) == (State.HALTED, 1, HALT)
    assert (halted.changed_by, halted.change_reason) == ("gate", "12 of 200 bounced")
    assert halted.changed_at == frozen.now
    scene.change(State.RUNNING)
    with scene.ledger.reading() as connection:
        resumed = campaigns.get(connection, "spring-offer")
    assert (resumed.state, resumed.epoch, resumed.halt) == (State.RUNNING, 2, None)


def test_resuming_a_pause_stays_in_its_epoch(scene) -> None:
    scene.enqueue()
    scene.change(State.PAUSED)
    scene.change(State.RUNNING)
    with scene.ledger.reading() as connection:
        assert campaigns.get(connection, "spring-offer").epoch == 1


def test_every_change_is_kept_with_who_and_why(scene, frozen) -> None:
    campaign = scene.enqueue()
    scene.change(State.HALTED, by="gate", reason="12 of 200 bounced", halt=HALT)
    frozen.tick(60)
    scene.change(State.RUNNING, by="Ada", reason="the bad source is out")
    with scene.ledger.reading() as connection:
        changes = campaigns.history(connection, campaign.id)
    assert [(c.from_state, c.to_state, c.by, c.reason) for c in changes] == [
        (State.DRAFT, State.ENQUEUING, "send", "its recipients are being stored"),
        (State.ENQUEUING, State.RUNNING, "send", "enqueued"),
        (State.RUNNING, State.HALTED, "gate", "12 of 200 bounced"),
        (State.HALTED, State.RUNNING, "Ada", "the bad source is out"),
    ]
    assert [change.at - changes[0].at for change in changes] == [0, 0, 0, 60]
    assert [change.halt for change in changes] == [None, None, HALT, HALT]


def test_a_breach_after_the_last_claim_is_noted_without_a_change_of_state(scene) -> None:
    scene.enqueue()
    with scene.locked() as (connection, locked):
        campaigns.note_breach(connection, locked, HALT)
    scene.change(State.COMPLETED_BREACHED)
    with scene.ledger.reading() as connection:
        found = campaigns.get(connection, "spring-offer")
    assert (found.state, found.halt) == (State.COMPLETED_BREACHED, HALT)


def test_a_refused_change_writes_nothing(scene) -> None:
    scene.enqueue()
    scene.change(State.CANCELLED)
    with pytest.raises(CampaignConflict):
        scene.change(State.RUNNING)
    with scene.ledger.reading() as connection:
        found = campaigns.get(connection, "spring-offer")
        assert (found.state, len(campaigns.history(connection, found.id))) == (State.CANCELLED, 3)


def test_a_name_that_is_not_there_is_one_sentence(scene) -> None:
    with scene.ledger.reading() as connection:
        assert campaigns.find(connection, "autumn-offer") is None
        with pytest.raises(CampaignNotFound, match=r"^no campaign is named autumn-offer: .*there are\.$"):
            campaigns.get(connection, "autumn-offer")


def test_campaigns_are_listed_the_newest_first(scene, frozen) -> None:
    for name in ("one", "two", "three"):
        scene.enqueue(1, name=name)
        frozen.tick(1)
    with scene.ledger.reading() as connection:
        assert [found.name for found in campaigns.every(connection)] == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (State.HALTED, [State.RUNNING] * 4),
        (State.PAUSED, [State.RUNNING] * 4),
        # The gate halts and the run completes: neither may follow the other.
        (State.RUNNING, [State.HALTED, State.COMPLETED] * 2),
        (State.RUNNING, [State.CANCELLED, State.COMPLETED_BREACHED] * 2),
    ],
    ids=["resumes", "resumes of a pause", "halt and end", "cancel and breach"],
)
def test_of_actors_at_once_one_changes_the_state_and_the_others_are_refused(
    scene, before: State, wanted: list[State]
) -> None:
    campaign = scene.enqueue()
    if before is not State.RUNNING:
        scene.change(before, by="gate")
    together = Barrier(len(wanted), timeout=30)

    def act(number: int) -> bool:
        together.wait()
        try:
            scene.change(wanted[number], by=f"actor {number}")
        except CampaignConflict:
            return False
        return True

    with ThreadPoolExecutor(len(wanted)) as actors:
        done = list(actors.map(act, range(len(wanted))))
    assert sum(done) == 1
    winner = done.index(True)
    with scene.ledger.reading() as connection:
        found = campaigns.get(connection, "spring-offer")
        changes = campaigns.history(connection, campaign.id)
    assert (found.state, found.changed_by) == (wanted[winner], f"actor {winner}")
    assert [(each.from_state, each.to_state, each.by) for each in changes if each.by != "gate"][-1] == (
        before,
        wanted[winner],
        f"actor {winner}",
    )
    assert found.epoch == (2 if before is State.HALTED else 1)
