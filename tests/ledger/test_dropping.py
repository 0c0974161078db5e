"""Leaving out who still waits: nobody else is touched, and every tally agrees."""

import pytest

from ledger import enqueueing, suppressions
from ledger.attempts import Answer, ClaimLost, Result
from ledger.campaigns import State
from ledger.dropping import drop_domains, drop_suppressed, waiting_domains
from ledger.statuses import Status
from ledger.suppressions import Suppression, SuppressionReason


def enqueue(scene, *domains: str) -> None:
    """Store a campaign to one reader at each domain, in the order of their going out."""
    rows = [
        scene.messages(
            1,
            address=f"reader.{place}@{domain}",
            address_key=f"reader.{place}@{domain}",
            domain=domain,
            position=place,
        )[0]
        for place, domain in enumerate(domains)
    ]
    with scene.ledger.writing() as connection:
        enqueueing.enqueue(connection, scene.new(), [rows])


def test_only_who_waits_at_the_domains_is_left_out_with_the_reason(scene) -> None:
    enqueue(scene, "gone.example", "gone.example", "gone.example", "good.example", "other.example")
    held = scene.claim(limit=2)
    scene.intend(held, {held.recipients[0].message_id: "send-0"})
    scene.record(Result("send-0", Answer.ACCEPTED))
    with scene.locked() as (connection, locked):
        assert waiting_domains(connection, locked.id) == ["gone.example", "good.example", "other.example"]
        assert drop_domains(connection, locked, ["gone.example", "absent.example"], "bad_domain") == 2
        assert waiting_domains(connection, locked.id) == ["good.example", "other.example"]
    assert scene.statuses() == [
        Status.SENT,
        Status.SUPPRESSED,
        Status.SUPPRESSED,
        Status.QUEUED,
        Status.QUEUED,
    ]
    assert [row["detail"] for row in scene.rows()] == [None, "bad_domain", "bad_domain", None, None]
    scene.check_tallies()
    with pytest.raises(ClaimLost):
        scene.intend(held, {held.recipients[1].message_id: "send-1"})


def test_messages_of_every_epoch_are_left_out_in_their_own_tally(scene) -> None:
    enqueue(scene, "gone.example", "gone.example", "gone.example")
    scene.claim(limit=1)
    scene.change(State.HALTED)
    scene.change(State.RUNNING)
    scene.claim(limit=1)
    with scene.locked() as (connection, locked):
        assert drop_domains(connection, locked, ["gone.example"], "bad_domain") == 3
    scene.check_tallies()


def test_no_domain_leaves_out_nobody(scene) -> None:
    enqueue(scene, "good.example")
    with scene.locked() as (connection, locked):
        assert drop_domains(connection, locked, [], "bad_domain") == 0
    assert scene.statuses() == [Status.QUEUED]


def test_the_suppressed_are_left_out_in_the_scopes_of_their_list_for_the_gravest_reason(scene) -> None:
    enqueue(scene, *["reader.example"] * 4)
    with scene.locked() as (connection, locked):
        suppressions.add(
            connection,
            [
                Suppression("reader.0@reader.example", SuppressionReason.MANUAL, "a test"),
                Suppression("reader.0@reader.example", SuppressionReason.HARD_BOUNCE, "a test", "spring"),
                Suppression("reader.1@reader.example", SuppressionReason.UNSUBSCRIBE, "a test", "spring"),
                Suppression("reader.2@reader.example", SuppressionReason.UNSUBSCRIBE, "a test", "autumn"),
            ],
        )
        assert drop_suppressed(connection, locked, ["", "spring"]) == 2
    assert [row["detail"] for row in scene.rows()] == ["hard_bounce", "unsubscribe", None, None]
    assert scene.statuses() == [Status.SUPPRESSED, Status.SUPPRESSED, Status.QUEUED, Status.QUEUED]
    scene.check_tallies()
