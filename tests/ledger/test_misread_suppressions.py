"""What an earlier version suppressed for events that were no bounce and no complaint, and its taking back."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from ledger import misread_suppressions, suppression_history, suppressions
from ledger.schema import event, message
from ledger.statuses import Fact
from ledger.suppression_history import Action, SuppressionReason
from ledger.suppressions import Suppression

HARD, COMPLAINT = SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT
VALIDATION = {"bounce_type": "Permanent", "bounce_subtype": "EmailValidationSuppressed"}
GENERAL = {"bounce_type": "Permanent", "bounce_subtype": "General"}
BOUNCE = {"kind": "Bounce", "suppress": HARD}
SPAM = {"kind": "Complaint", "suppress": COMPLAINT}


def sending(scene, count: int, name: str = "spring-offer") -> list[str]:
    """Bring messages of a new campaign to SENDING; return their send ids, by recipient."""
    scene.enqueue(count, name)
    held = scene.claim(name=name)
    ids = {item.message_id: f"{name[:6]}-{item.address_key}" for item in held.recipients}
    scene.intend(held, ids, name)
    return sorted(ids.values())


def take_as_before(scene, an_event, send_id: str, *, misread: str = "", **changes: Any) -> None:
    """Take in an event as an earlier version did, with the mark of the migration where it was misread."""
    fact = Fact.COMPLAINED if changes["kind"] == "Complaint" else Fact.HARD_BOUNCED
    item = an_event(send_id, fact, **changes)
    scene.apply(item)
    if misread:
        with scene.ledger.writing() as connection:
            marked = update(event).where(event.c.dedupe_key == item.dedupe_key)
            connection.execute(marked.values(note=f"misread/{misread}"))


def reviewed(scene) -> dict[str, tuple[str, str]]:
    with scene.ledger.reading() as connection:
        found = misread_suppressions.review(connection)
    return {each.address_key: (each.reason.value, each.word) for each in found}


def standing(scene) -> Mapping[str, str]:
    with scene.ledger.reading() as connection:
        keys = connection.execute(select(message.c.address_key)).scalars().all()
        return {key: str(reason) for key, reason in suppressions.reasons(connection, keys).items()}


def test_suppressions_of_misread_events_are_listed_and_lifted_on_a_persons_word(scene, an_event) -> None:
    sent = sending(scene, 4)
    take_as_before(scene, an_event, sent[0], misread="EmailValidationSuppressed", **BOUNCE, **VALIDATION)
    take_as_before(scene, an_event, sent[1], misread="not-spam", **SPAM)
    take_as_before(scene, an_event, sent[2], **BOUNCE, **GENERAL)
    take_as_before(scene, an_event, sent[3], **SPAM, diagnostic="abuse")
    assert reviewed(scene) == {
        "reader.0@example.com": ("hard_bounce", "EmailValidationSuppressed"),
        "reader.1@example.com": ("complaint", "not-spam"),
    }
    with scene.ledger.writing() as connection:
        assert misread_suppressions.sentence(connection).startswith("2 addresses are suppressed because")
        taken = misread_suppressions.lift(connection, None, by="Ann", note="never bounced")
        assert misread_suppressions.sentence(connection) == ""
        history = suppression_history.of(connection, "reader.0@example.com")
    assert [(change.by, change.note, change.source) for change in taken] == [
        ("Ann", "never bounced", "review")
    ] * 2
    assert [change.action for change in history] == [Action.ADDED, Action.REMOVED]
    assert reviewed(scene) == {}
    assert set(standing(scene)) == {"reader.2@example.com", "reader.3@example.com"}


def test_an_address_that_really_bounced_or_complained_besides_stays(scene, an_event) -> None:
    first = sending(scene, 2)
    take_as_before(scene, an_event, first[0], misread="OnTenantSuppressionList", **BOUNCE, **VALIDATION)
    take_as_before(scene, an_event, first[1], misread="auth-failure", **SPAM)
    again = sending(scene, 2, "summer-offer")
    take_as_before(scene, an_event, again[0], **BOUNCE, **GENERAL)
    take_as_before(scene, an_event, again[1], **SPAM, diagnostic="abuse")
    assert reviewed(scene) == {}


@pytest.mark.parametrize(
    "besides",
    [
        BOUNCE | VALIDATION | {"suppress": None, "facts": {Fact.WITHHELD: 9.0}},
        SPAM | {"suppress": None, "facts": {}, "note": "Complaint/not-spam"},
    ],
)
def test_what_is_read_rightly_by_now_does_not_hold_a_misread_one_up(scene, an_event, besides) -> None:
    first = sending(scene, 1)
    take_as_before(scene, an_event, first[0], misread="EmailValidationSuppressed", **BOUNCE, **VALIDATION)
    take_as_before(scene, an_event, first[0], misread="not-spam", **SPAM)
    take_as_before(scene, an_event, sending(scene, 1, "summer-offer")[0], **besides)
    with scene.ledger.reading() as connection:
        found = {each.reason for each in misread_suppressions.review(connection)}
    assert found == {HARD, COMPLAINT}


def test_what_a_person_or_another_reason_brought_is_left(scene, an_event) -> None:
    sent = sending(scene, 2)
    with scene.ledger.writing() as connection:
        by_hand = Suppression("reader.0@example.com", HARD, "by hand", by="Bob")
        suppressions.add(connection, [by_hand])
    take_as_before(scene, an_event, sent[0], misread="EmailValidationSuppressed", **BOUNCE, **VALIDATION)
    take_as_before(scene, an_event, sent[1], misread="EmailValidationSuppressed", **BOUNCE, **VALIDATION)
    with scene.ledger.writing() as connection:
        leaving = Suppression("reader.1@example.com", SuppressionReason.UNSUBSCRIBE, "message 2")
        suppressions.add(connection, [leaving])
        taken = misread_suppressions.lift(connection, None, by="Ann", note="never bounced")
    assert [(change.address_key, change.reason) for change in taken] == [("reader.1@example.com", HARD)]
    assert standing(scene) == {
        "reader.0@example.com": "hard_bounce",
        "reader.1@example.com": "unsubscribe",
    }


def test_only_the_addresses_that_are_named_are_lifted(scene, an_event) -> None:
    for send_id in sending(scene, 3):
        take_as_before(scene, an_event, send_id, misread="UnsubscribedRecipient", **BOUNCE, **VALIDATION)
    with scene.ledger.writing() as connection:
        misread_suppressions.lift(connection, {"reader.1@example.com"}, by="Ann", note="asked")
    assert set(reviewed(scene)) == {"reader.0@example.com", "reader.2@example.com"}


def test_an_address_suppressed_for_passing_bounces_that_were_none_is_offered(scene, an_event, frozen) -> None:
    for name in ("one", "two", "three"):
        (send_id,) = sending(scene, 1, name)
        passing = {"kind": "Bounce", "bounce_type": "Transient", "bounce_subtype": "OnTenantSuppressionList"}
        item = an_event(send_id, Fact.SOFT_BOUNCED, **passing)
        scene.apply(item)
        with scene.ledger.writing() as connection:
            connection.execute(update(event).values(note="misread/OnTenantSuppressionList"))
    assert standing(scene) == {"reader.0@example.com": "soft_bounce"}
    assert reviewed(scene) == {"reader.0@example.com": ("soft_bounce", "OnTenantSuppressionList")}
    frozen.tick(3_600)
    with scene.ledger.writing() as connection:
        misread_suppressions.lift(connection, None, by="Ann", note="never bounced")
    assert standing(scene) == {}
    # A fourth message that came back does not bring the three back with it.
    (send_id,) = sending(scene, 1, "four")
    later = {Fact.ACCEPTED: frozen.now + 1, Fact.SOFT_BOUNCED: frozen.now + 2}
    scene.apply(an_event(send_id, facts=later))
    assert standing(scene) == {}
