"""Which events are believed: verified ones by one id, all others only where they fit in every part."""

import pytest
from sqlalchemy import select

from ledger import campaigns, erasing, restores
from ledger.attempts import Answer, Result
from ledger.campaigns import State
from ledger.schema import suppression
from ledger.statuses import Fact, Status
from ledger.suppressions import SuppressionReason

OWN, OTHER = "reader.0@example.com", "mallory@reader.example"
BOUNCE = {"suppress": SuppressionReason.HARD_BOUNCE, "bounce_type": "Permanent"}


def suppressed(scene) -> list[str]:
    with scene.ledger.reading() as connection:
        return list(connection.execute(select(suppression.c.address_key)).scalars())


@pytest.fixture
def sent(scene) -> str:
    """The send id of a message to OWN that SES took as `ses-0`."""
    (send_id,) = scene.sending(1)
    scene.record(Result(send_id, Answer.ACCEPTED, "ses-0"))
    return str(send_id)


@pytest.fixture
def bounce(an_event, sent):
    def make(**changes: object):
        whole = {"ses_message_id": "ses-0", "recipient": OWN, "destination": OWN, "destination_key": OWN}
        send_id = changes.pop("send_id", sent)
        return an_event(send_id, Fact.HARD_BOUNCED, **(BOUNCE | whole | changes))

    return make


# What of an event is not as SES would say it: whether it counts unverified, and verified, and whether it
# suppresses where it counts.
CASES = {
    "nothing": ({}, True, True, True),
    "no tag": ({"send_id": None}, True, True, True),
    "another SES id": ({"ses_message_id": "ses-9"}, False, True, True),
    "no SES id": ({"ses_message_id": None}, False, True, True),
    "another tag": ({"send_id": "made-up"}, False, True, True),
    "both ids": ({"send_id": "made-up", "ses_message_id": "ses-9"}, False, False, False),
    "the recipient": (
        {"recipient": OTHER, "destination": OTHER, "destination_key": OTHER}, False, True, False,
    ),
    # A forwarder's target: SES was asked to write to the message's own address.
    "who bounced": ({"recipient": OTHER}, True, True, True),
    "who was written to": ({"destination": OTHER, "destination_key": OTHER}, True, True, True),
    "case": ({"recipient": OWN.upper(), "destination": None, "destination_key": None}, True, True, True),
    "brackets": (
        {"recipient": f"<{OWN}>", "destination": None, "destination_key": None}, True, True, True,
    ),
    "nobody": ({"recipient": None, "destination": None, "destination_key": None}, False, True, True),
    "a longer address": (
        {"recipient": f"x{OWN}", "destination": None, "destination_key": None}, False, True, False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("verified", [False, True], ids=["unverified", "verified"])
@pytest.mark.parametrize("changed", CASES)
def test_what_an_event_does_depends_on_what_fits(scene, bounce, changed: str, verified: bool) -> None:
    changes, unverified_counts, verified_counts, suppresses = CASES[changed]
    counts = verified_counts if verified else unverified_counts
    assert scene.apply(bounce(**changes, verified=verified)).unmatched == int(not counts)
    assert scene.statuses() == [Status.HARD_BOUNCED if counts else Status.SENT]
    assert suppressed(scene) == ([OWN] if counts and suppresses else [])
    scene.check_tallies()


def test_an_unverified_event_settles_what_is_in_doubt(scene, an_event) -> None:
    (send_id,) = scene.sending(1)
    item = an_event(send_id, Fact.DELIVERED, ses_message_id="ses-7", recipient=OWN, verified=False)
    scene.apply(item)
    assert scene.statuses() == [Status.DELIVERED]


def test_an_unverified_event_of_an_erased_person_counts(scene, bounce) -> None:
    with scene.ledger.writing() as connection:
        erasing.erase(connection, OWN, by="Ada", reason="asked by letter")
    scene.apply(bounce(verified=False))
    assert scene.statuses() == [Status.HARD_BOUNCED]


@pytest.fixture
def stranger(scene, an_event):
    """Return a function that makes an unverified event of ours with a send id that was never written."""

    def make(name: str, **changes: object):
        with scene.ledger.reading() as connection:
            named = campaigns.get(connection, name).id
            own = restores.own_id(connection)
        whole = {"ledger_id": own, "campaign_id": named, "destination_key": OWN, "verified": False}
        return an_event("made-up", Fact.HARD_BOUNCED, **(BOUNCE | whole | changes))

    return make


def states(scene) -> dict[str, State]:
    with scene.ledger.reading() as connection:
        return {each.name: each.state for each in campaigns.every(connection)}


def test_an_unverified_event_of_an_unknown_send_pauses_the_campaign_that_it_names_alone(
    scene, stranger
) -> None:
    scene.enqueue(2)
    scene.enqueue(2, "autumn-offer")
    scene.apply(stranger("autumn-offer"))
    assert states(scene) == {"spring-offer": State.RUNNING, "autumn-offer": State.PAUSED}
    assert set(scene.statuses()) == {Status.QUEUED}
    assert suppressed(scene) == []
    with scene.ledger.reading() as connection:
        assert restores.every(connection) == []
        assert "cannot be verified" in campaigns.get(connection, "autumn-offer").change_reason


@pytest.mark.parametrize(
    "changes", [{"campaign_id": None}, {"campaign_id": 999}, {"ledger_id": "of-another"}], ids=str
)
def test_one_that_names_no_campaign_of_ours_pauses_nothing(scene, stranger, changes) -> None:
    scene.enqueue(2)
    assert scene.apply(stranger("spring-offer", **changes)).unmatched == 1
    assert states(scene) == {"spring-offer": State.RUNNING}


def test_whoever_resumed_is_not_asked_again_about_what_was_sent_before(scene, stranger, frozen) -> None:
    scene.enqueue(2)
    first, late = stranger("spring-offer"), stranger("spring-offer")
    scene.apply(first)
    frozen.tick(60)
    scene.change(State.RUNNING)
    scene.apply(late, first)
    assert states(scene) == {"spring-offer": State.RUNNING}
    later = {Fact.ACCEPTED: frozen.now + 1, Fact.HARD_BOUNCED: frozen.now + 2}
    scene.apply(stranger("spring-offer", facts=later))
    assert states(scene) == {"spring-offer": State.PAUSED}


def test_where_a_restore_is_known_unverified_events_settle_too(scene, stranger, frozen) -> None:
    scene.enqueue(2)
    item = stranger("spring-offer")
    frozen.tick(60)
    with scene.ledger.writing() as connection:
        restores.begin(connection, restores.FoundBy.COMMAND, "the disk broke", (), by="Ada")
    scene.apply(item)
    assert Status.HARD_BOUNCED in scene.statuses()
    scene.check_tallies()
