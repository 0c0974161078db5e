"""Every event once, in any order, to the same end."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from ledger import attempts, campaigns, cancelling, claims, doubts, enqueueing, events, suppressions
from ledger.attempts import Answer, Result
from ledger.events import Applied
from ledger.incoming import Event
from ledger.schema import attempt, event, suppression
from ledger.statuses import Fact, Status
from ledger.suppressions import SuppressionReason
from ledger.withheld import WithheldReason

SENT_AT = 1_800_000_000.0


def _with_reason(item: Event, reason: WithheldReason) -> Event:
    """Return the event with a reason where it says that SES withheld the message, as every real one has."""
    return replace(item, withheld=reason if Fact.WITHHELD in item.facts else None)


event_values = st.builds(
    Event,
    dedupe_key=st.uuids().map(lambda found: found.hex),
    kind=st.sampled_from(["Send", "Delivery", "Bounce", "Complaint", "Novelty"]),
    ses_message_id=st.sampled_from([None, "ses-0", "ses-1", "ses-2"]),
    send_id=st.sampled_from([None, "send-0", "send-1", "send-2", "of-another-ledger"]),
    recipient=st.just("forwarded@example.net"),
    at=st.just(SENT_AT),
    # Few moments, so that two events often claim the same one.
    facts=st.dictionaries(st.sampled_from(Fact), st.integers(1, 3).map(lambda n: SENT_AT + n), max_size=3),
    raw=st.just("{}"),
    verified=st.just(True),
    diagnostic=st.sampled_from([None, "550 no such user", "450 try later"]),
    suppress=st.sampled_from([None, SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT]),
)
event_values = st.builds(_with_reason, event_values, st.sampled_from(WithheldReason))


@st.composite
def reorderings(
    draw: st.DrawFn, send_ids: st.SearchStrategy[str] | None = None
) -> tuple[list[list[Event]], list[list[Event]]]:
    """Return the same events twice: each time in an order, with repetitions and in batches of its own.

    With `send_ids` every event is of one of these sends, and proves that SES took it, as real ones do.
    """
    found = draw(st.lists(event_values, min_size=1, max_size=7, unique_by=lambda item: item.dedupe_key))
    if send_ids is not None:
        taken = {Fact.ACCEPTED: SENT_AT}
        found = [
            replace(item, send_id=draw(send_ids), ses_message_id=None, facts=item.facts | taken)
            for item in found
        ]
    ways = []
    for _ in range(2):
        order = draw(st.permutations(found + draw(st.lists(st.sampled_from(found), max_size=3))))
        size = draw(st.integers(1, len(order)))
        ways.append([order[start : start + size] for start in range(0, len(order), size)])
    return ways[0], ways[1]


@given(ways=reorderings())
def test_order_and_repetition_of_events_make_no_difference(
    ways: tuple[list[list[Event]], list[list[Event]]],
    scene,
    trial: Callable[[], AbstractContextManager[Connection]],
    read_messages: Callable[[Connection], list[dict[str, object]]],
    hold_tallies_to_account: Callable[[Connection, int], None],
) -> None:
    outcomes = []
    for batches in ways:
        with trial() as connection:
            campaign = enqueueing.enqueue(connection, scene.new(), [scene.messages(3)])
            held = claims.take(connection, campaign, "worker-1", claims.candidates(connection, campaign, 3))
            send_ids = {item.message_id: f"send-{n}" for n, item in enumerate(held.recipients)}
            attempts.commit_intent(
                connection, campaigns.lock(connection, campaign.id), held, "call", send_ids
            )
            for number in range(3):
                attempts.record(connection, [Result(f"send-{number}", Answer.UNKNOWN, f"ses-{number}")])
            for batch in batches:
                events.apply(connection, batch)
            hold_tallies_to_account(connection, campaign.id)
            rows = read_messages(connection)
            for row in rows:
                # Each try stores its rows anew, so their numbers are not the same.
                del row["id"], row["campaign_id"], row["claim_id"]
            query = select(suppression.c.address_key, suppression.c.scope, suppression.c.reason)
            stored = select(event.c.dedupe_key, event.c.kind, event.c.diagnostic)
            outcomes.append(
                (rows, set(connection.execute(query).all()), set(connection.execute(stored).all()))
            )
    assert outcomes[0] == outcomes[1]


# Where our own side can have come with a message before SES is heard of.
_STANDINGS = ("queued", "claimed", "sending", "in_doubt", "unconfirmed", "cancelled", "sent", "rejected")


@given(
    ways=reorderings(st.integers(0, 5).map(lambda n: f"send-{n}")),
    standings=st.lists(st.sampled_from(_STANDINGS), min_size=2, max_size=2),
)
def test_events_of_several_campaigns_in_any_order_lift_whatever_a_message_was_to_the_same_end(
    ways: tuple[list[list[Event]], list[list[Event]]],
    standings: list[str],
    scene,
    trial: Callable[[], AbstractContextManager[Connection]],
    read_messages: Callable[[Connection], list[dict[str, object]]],
    hold_tallies_to_account: Callable[[Connection, int], None],
) -> None:
    outcomes = []
    for batches in ways:
        with trial() as connection:
            ids = [_stand(connection, scene, standing, number) for number, standing in enumerate(standings)]
            for batch in batches:
                events.apply(connection, batch)
            for campaign_id in ids:
                hold_tallies_to_account(connection, campaign_id)
            rows = read_messages(connection)
            heard_of = {item.send_id for batch in batches for item in batch}
            for row in rows:
                if f"send-{row['position']}" in heard_of:
                    assert row["status"] not in {"QUEUED", "CLAIMED", "SENDING", "IN_DOUBT", "UNCONFIRMED"}
                for name in ("id", "campaign_id", "claim_id"):
                    del row[name]
            query = select(suppression.c.address_key, suppression.c.scope, suppression.c.reason)
            outcomes.append((rows, set(connection.execute(query).all())))
    assert outcomes[0] == outcomes[1]


def _stand(connection: Connection, scene, standing: str, number: int) -> int:
    """Store a campaign of three whose sends are send-0 to send-2, or send-3 to send-5, and bring it there."""
    messages = [
        replace(item, address_key=f"{number}.{item.address_key}", position=3 * number + place)
        for place, item in enumerate(scene.messages(3))
    ]
    campaign = enqueueing.enqueue(connection, scene.new(f"campaign-{number}"), [messages])
    held = claims.take(connection, campaign, f"worker-{number}", claims.candidates(connection, campaign, 3))
    sent = {item.message_id: f"send-{3 * number + place}" for place, item in enumerate(held.recipients)}
    locked = campaigns.lock(connection, campaign.id)
    attempts.commit_intent(connection, locked, held, f"call-{number}", sent)
    answer = {
        "sending": None,
        "sent": Answer.ACCEPTED,
        "rejected": Answer.REJECTED,
        "in_doubt": Answer.UNKNOWN,
        "unconfirmed": Answer.UNKNOWN,
    }.get(standing, Answer.NOT_SENT)
    if answer is not None:
        attempts.record(connection, [Result(send_id, answer, text="said so") for send_id in sent.values()])
    if standing == "unconfirmed":
        doubts.expire(connection, locked, SENT_AT + 1e9)
    if standing == "cancelled":
        cancelling.cancel_queued(connection, locked)
    if standing == "claimed":
        claims.take(connection, locked, "another", claims.candidates(connection, locked, 3))
    return campaign.id


def test_the_same_event_twice_is_stored_once_and_counted_once(scene, an_event) -> None:
    send_id = scene.sending(1)[0]
    bounce = an_event(send_id, Fact.HARD_BOUNCED)
    campaign_id = scene.rows()[0]["campaign_id"]
    assert scene.apply(bounce, bounce) == Applied(new=1, repeated=1, unmatched=0, campaigns=(campaign_id,))
    assert scene.apply(bounce) == Applied(new=0, repeated=1, unmatched=0)
    assert _stored(scene) == 1
    assert scene.check_tallies().bounce_rate == 1.0


def test_a_second_event_with_the_same_fact_keeps_the_earlier_time(scene, an_event, frozen) -> None:
    send_id = scene.sending(1)[0]
    scene.apply(an_event(send_id, Fact.OPENED, at=frozen.now + 9))
    scene.apply(an_event(send_id, Fact.OPENED, at=frozen.now + 4))
    scene.apply(an_event(send_id, Fact.OPENED, at=frozen.now + 7))
    assert scene.rows()[0]["opened_at"] == frozen.now + 4


def test_no_events_do_nothing(scene) -> None:
    assert scene.apply() == Applied(0, 0, 0)


def test_an_event_finds_its_message_by_send_id_before_the_id_of_ses(scene, an_event) -> None:
    sent = scene.sending(2)
    scene.record(Result(sent[0], Answer.ACCEPTED, "ses-0"), Result(sent[1], Answer.ACCEPTED, "ses-1"))
    scene.apply(an_event(sent[0], Fact.DELIVERED, ses_message_id="ses-1"))
    assert scene.statuses() == [Status.DELIVERED, Status.SENT]


@pytest.mark.parametrize("send_id", [None, "of-another-tool"])
def test_an_event_without_our_tag_finds_its_message_by_the_id_of_ses(scene, an_event, send_id) -> None:
    sent = scene.sending(2)
    scene.record(Result(sent[1], Answer.ACCEPTED, "ses-1"))
    scene.apply(an_event(send_id, Fact.DELIVERED, ses_message_id="ses-1"))
    assert scene.statuses() == [Status.SENDING, Status.DELIVERED]


def test_a_send_event_brings_the_id_of_ses_that_an_unseen_answer_held(scene, an_event) -> None:
    sent = scene.sending(1)
    scene.record(Result(sent[0], Answer.UNKNOWN))
    scene.apply(an_event(sent[0], kind="Send", ses_message_id="ses-0"))
    scene.apply(an_event(None, Fact.DELIVERED, ses_message_id="ses-0"))
    assert scene.statuses() == [Status.DELIVERED]


def test_an_answer_without_an_id_keeps_the_one_that_an_event_brought(scene, an_event) -> None:
    sent = scene.sending(1)
    scene.apply(an_event(sent[0], kind="Send", ses_message_id="ses-0"))
    scene.record(Result(sent[0], Answer.UNKNOWN))
    with scene.ledger.reading() as connection:
        assert connection.execute(select(attempt.c.ses_message_id)).scalar_one() == "ses-0"
    assert scene.statuses() == [Status.SENT]


def test_an_event_of_nobody_is_stored_and_changes_nothing(scene, an_event) -> None:
    scene.sending(1)
    before = scene.rows()
    stray = an_event(
        "send-of-nobody",
        Fact.HARD_BOUNCED,
        ses_message_id="ses-of-nobody",
        suppress=SuppressionReason.COMPLAINT,
    )
    assert scene.apply(stray) == Applied(new=1, repeated=0, unmatched=1)
    assert scene.rows() == before
    assert _stored(scene) == 1
    assert _suppressed(scene) == {}


def test_an_event_of_an_unknown_kind_is_stored(scene, an_event) -> None:
    send_id = scene.sending(1)[0]
    assert scene.apply(an_event(send_id, kind="Novelty", facts={})).new == 1
    assert _stored(scene) == 1
    assert scene.statuses() == [Status.SENDING]


def test_only_campaigns_whose_facts_changed_are_named(scene, an_event) -> None:
    send_id = scene.sending(1)[0]
    first = scene.apply(an_event(send_id, Fact.DELIVERED))
    again = scene.apply(an_event(send_id, Fact.DELIVERED))
    assert (len(first.campaigns), again) == (1, Applied(new=1, repeated=0, unmatched=0))


def test_a_suppression_goes_to_the_messages_own_address_not_to_the_one_the_bounce_names(
    scene, an_event
) -> None:
    send_id = scene.sending(1)[0]
    scene.apply(
        an_event(
            send_id,
            Fact.HARD_BOUNCED,
            recipient="forwarded@example.net",
            destination_key="reader.0@example.com",
            suppress=SuppressionReason.HARD_BOUNCE,
        )
    )
    assert _suppressed(scene) == {"reader.0@example.com": "hard_bounce"}


def test_a_message_that_bounced_and_complained_is_suppressed_for_the_same_reason_in_either_order(
    scene, an_event
) -> None:
    sent = scene.sending(3)
    bounces = [an_event(s, Fact.HARD_BOUNCED, suppress=SuppressionReason.HARD_BOUNCE) for s in sent]
    complaints = [an_event(s, Fact.COMPLAINED, suppress=SuppressionReason.COMPLAINT) for s in sent]
    scene.apply(bounces[0])
    scene.apply(complaints[0], complaints[1])
    scene.apply(bounces[1])
    scene.apply(bounces[2], complaints[2])
    assert set(_suppressed(scene).values()) == {"hard_bounce"}


def test_a_late_diagnostic_does_not_replace_the_one_that_decided(scene, an_event) -> None:
    sent = scene.sending(2)
    hard = [an_event(s, Fact.HARD_BOUNCED, diagnostic="550 no such user") for s in sent]
    soft = [an_event(s, Fact.SOFT_BOUNCED, diagnostic="450 try later") for s in sent]
    scene.apply(hard[0])
    scene.apply(soft[0])
    scene.apply(soft[1])
    scene.apply(hard[1])
    assert [row["detail"] for row in scene.rows()] == ["550 no such user"] * 2


def test_a_deciding_event_without_a_diagnostic_takes_away_the_one_of_a_lesser_event(scene, an_event) -> None:
    sent = scene.sending(2)
    delayed = [an_event(s, Fact.DELAYED, diagnostic="450 try later") for s in sent]
    delivered = [an_event(s, Fact.DELIVERED) for s in sent]
    scene.apply(delayed[0])
    scene.apply(delivered[0])
    scene.apply(delivered[1])
    scene.apply(delayed[1])
    assert [row["detail"] for row in scene.rows()] == [None] * 2


def test_the_first_of_two_bounces_explains_the_status_in_either_order(scene, an_event, frozen) -> None:
    sent = scene.sending(2)
    for early_first, send_id in zip((True, False), sent, strict=True):
        pair = [
            an_event(send_id, Fact.SOFT_BOUNCED, at=frozen.now + 1, diagnostic="450 try later"),
            an_event(send_id, Fact.SOFT_BOUNCED, at=frozen.now + 2, diagnostic="452 mailbox full"),
        ]
        for item in pair if early_first else reversed(pair):
            scene.apply(item)
    assert [row["detail"] for row in scene.rows()] == ["450 try later"] * 2


WITHHELD_TWICE = [
    (Fact.WITHHELD, 3, WithheldReason.VALIDATION),
    (Fact.WITHHELD, 2, WithheldReason.TENANT_LIST),
]


@pytest.mark.parametrize("sent_after_all", [None, Fact.DELIVERED, Fact.HARD_BOUNCED, Fact.TRANSIENT_GENERAL])
def test_withheld_comes_to_the_same_in_every_order_and_duplication(
    scene, an_event, frozen, sent_after_all: Fact | None
) -> None:
    parts = [*WITHHELD_TWICE, *([(sent_after_all, 1, None)] if sent_after_all else [])]
    orders = [order for order in permutations(range(len(parts))) for _ in (0, 1)]
    sent = scene.sending(len(orders))
    for number, (order, send_id) in enumerate(zip(orders, sent, strict=True)):
        items = [
            an_event(send_id, fact, at=frozen.now + after, withheld=reason, diagnostic=str(reason))
            for fact, after, reason in (parts[place] for place in order)
        ]
        if number % 2:
            scene.apply(*items, *items)
        else:
            for item in items:
                scene.apply(item)
                scene.check_tallies()
    rows = scene.rows()
    first = {name: rows[0][name] for name in ("status", "withheld_at", "withheld_reason", "detail")}
    assert all({name: row[name] for name in first} == first for row in rows)
    assert first["withheld_reason"] == WithheldReason.TENANT_LIST
    assert (first["status"] == Status.SUPPRESSED) == (sent_after_all is None)
    totals = scene.check_tallies()
    assert totals.accepted == (0 if sent_after_all is None else len(orders))
    assert totals.bounce_rate == (1.0 if sent_after_all is Fact.HARD_BOUNCED else 0.0)


def test_thousands_of_events_go_in_at_once(scene, an_event) -> None:
    send_id = scene.sending(1)[0]
    applied = scene.apply(*(an_event(send_id if n < 9 else f"stray-{n}", Fact.OPENED) for n in range(6_000)))
    assert (applied.new, applied.unmatched) == (6_000, 5_991)
    scene.check_tallies()


def _stored(scene) -> int:
    with scene.ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(event)).scalar_one()


def _suppressed(scene) -> dict[str, str]:
    with scene.ledger.reading() as connection:
        keys = [row["address_key"] for row in scene.rows()]
        return {key: str(reason) for key, reason in suppressions.reasons(connection, keys).items()}
