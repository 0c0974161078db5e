"""Collecting: every event once, in any order, into the ledger and past the gate."""

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import exceptions as boto

from ledger import tallies, unread
from ledger.campaigns import State
from ledger.statuses import Count, Status
from ledger.withheld import WithheldReason
from lists.dns_verdicts import MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import collecting, controls, working
from mail.collecting import Collected, Collector
from mail.queue import EventQueue, QueueError
from reports import status
from settings import Settings

START = datetime(2027, 1, 15, 8, tzinfo=UTC)
UNKNOWN_DOMAIN = {"bounceType": "Transient", "bounceSubType": "General"}


class FakeSqs:
    """A queue in memory. What is received stays until it is deleted, and comes again on `redeliver`."""

    def __init__(self, tick: Callable[[float], None]) -> None:
        self.waiting: deque[str] = deque()
        self.taken: dict[str, str] = {}
        self.tick = tick
        self.asked = 0

    def put(self, *bodies: Mapping[str, Any] | str) -> None:
        self.waiting.extend(body if isinstance(body, str) else json.dumps(body) for body in bodies)

    def receive_message(self, **request: Any) -> Mapping[str, Any]:
        self.asked += 1
        found = []
        while self.waiting and len(found) < request["MaxNumberOfMessages"]:
            receipt = f"receipt-{self.asked}-{len(found)}"
            self.taken[receipt] = self.waiting.popleft()
            found.append({"Body": self.taken[receipt], "ReceiptHandle": receipt})
        if not found:
            self.tick(request["WaitTimeSeconds"])
        # Real SQS leaves the key out where there is nothing.
        return {"Messages": found} if found else {}

    def delete_message_batch(self, **request: Any) -> Mapping[str, Any]:
        assert 1 <= len(request["Entries"]) <= 10
        for entry in request["Entries"]:
            del self.taken[entry["ReceiptHandle"]]
        return {}

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]:
        return {}

    def redeliver(self) -> None:
        self.put(*self.taken.values())
        self.taken.clear()


@pytest.fixture
def sqs(frozen) -> FakeSqs:
    return FakeSqs(frozen.tick)


@pytest.fixture
def collector(ledger, sqs: FakeSqs, frozen) -> Collector:
    def everything_takes_mail(domains):
        return {domain: MxVerdict(MxStatus.DELIVERABLE) for domain in domains}

    return Collector(ledger, EventQueue(sqs, "https://sqs.example/queue"), everything_takes_mail, frozen.read)


def about(taken: tuple[str, str], kind: str = "Delivery", after: float = 60, **detail: Any) -> dict[str, Any]:
    """Return an event on a message that SES took, given as (address, send id)."""
    address, send_id = taken
    inner = {"Delivery": "delivery", "Bounce": "bounce", "Complaint": "complaint", "Send": "send"}[kind]
    timestamp = datetime.fromtimestamp(START.timestamp() + after, UTC).isoformat()
    whole: dict[str, Any] = {"timestamp": timestamp, **detail}
    if kind == "Bounce":
        status = whole.pop("status", "5.1.1")
        whole = {
            "feedbackId": f"bounce-{send_id}",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {"emailAddress": address, "status": status, "diagnosticCode": f"smtp; 550 {status}"}
            ],
        } | whole
    if kind == "Complaint":
        whole |= {"feedbackId": f"complaint-{send_id}", "complainedRecipients": [{"emailAddress": address}]}
    return {
        "eventType": kind,
        "mail": {
            "timestamp": START.isoformat(),
            "messageId": f"ses-of-{send_id}",
            "destination": [address],
            "tags": {"send_id": [send_id]},
        },
        inner: {} if kind == "Send" else whole,
    }


def test_what_is_on_the_queue_is_taken_in_and_off(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(45)
    stage.send()
    sqs.put("Successfully validated SNS topic for Amazon SES event publishing.", "{}")
    sqs.put(*(about(each) for each in stage.ses.accepted[:40]))
    found = collector.drain()
    assert found == Collected(
        received=42, new=40, repeated=0, unmatched=0, not_events=2, campaigns=frozenset({stage.stored().id})
    )
    assert stage.count() == {Status.DELIVERED: 40, Status.SENT: 5}
    assert (sqs.waiting, sqs.taken) == (deque(), {})
    assert collector.drain() == Collected()


def test_what_cannot_be_read_is_kept_aside_and_the_greeting_of_a_topic_is_not(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(1)
    stage.send()
    whole = json.dumps(about(stage.ses.accepted[0]))
    sqs.put(
        "Hello", "Hello", whole[:-9], '{"a": 1}', "Successfully validated SNS topic for Amazon SES", whole
    )
    found = collector.drain()
    assert (found.received, found.new, found.not_events, found.left) == (6, 1, 5, 0)
    assert (sqs.waiting, sqs.taken) == (deque(), {})
    with stage.ledger.reading() as connection:
        kept = {each.body: each.why for page in unread.pages(connection) for each in page}
    assert kept == {"Hello": "not JSON", whole[:-9]: "not JSON", '{"a": 1}': "no mail in it"}


def test_what_finds_no_room_in_the_ledger_stays_on_the_queue(
    stage, sqs: FakeSqs, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "MOST_MESSAGES", 2)
    stage.enqueue(1)
    stage.send()
    sqs.put("one", "two", "three", "three", about(stage.ses.accepted[0]))
    found = collector.drain()
    assert (found.received, found.new, found.not_events, found.left) == (5, 1, 4, found.left)
    left = list(sqs.taken.values())
    assert len(left) == found.left > 0
    with stage.ledger.reading() as connection:
        kept = {each.body for page in unread.pages(connection) for each in page}
    assert kept | set(left) == {"one", "two", "three"}
    assert kept.isdisjoint(left)
    assert stage.count() == {Status.DELIVERED: 1}


def test_a_queue_that_hands_out_at_once_what_stayed_on_it_ends_the_drain(
    stage, sqs: FakeSqs, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "MOST_MESSAGES", 0)
    sqs.put("one", "two", "three")
    receive = sqs.receive_message

    def hand_out_again(**request: Any) -> Mapping[str, Any]:
        assert sqs.asked < 1_000
        if not sqs.waiting:
            sqs.redeliver()
        return receive(**request)

    monkeypatch.setattr(sqs, "receive_message", hand_out_again)
    found = collector.drain()
    assert found.received == found.left > 0


def test_a_bounce_that_came_by_eventbridge_and_by_sns_counts_once(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(1)
    stage.send()
    bounce = about(stage.ses.accepted[0], "Bounce")
    sns = {"Type": "Notification", "TopicArn": "x", "Message": json.dumps(bounce)}
    sqs.put(
        {"version": "0", "detail-type": "Email Bounced", "source": "aws.ses", "detail": bounce}, sns, bounce
    )
    found = collector.drain()
    assert (found.new, found.repeated, found.not_events) == (1, 2, 0)
    assert set(stage.suppressed().values()) == {"hard_bounce"}


def test_an_empty_queue_is_waited_for_only_at_first(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(1)
    stage.send()
    sqs.put(about(stage.ses.accepted[0]))
    before = stage.clock.now
    collector.drain(wait_seconds=20)
    assert stage.clock.now == before
    collector.drain(wait_seconds=20)
    assert stage.clock.now == before + 20


def test_duplicates_change_nothing(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(10)
    stage.send()
    events = [about(each) for each in stage.ses.accepted]
    sqs.put(*events, *events)
    assert (first := collector.drain()).new == 10
    assert first.repeated == 10
    rows = stage.rows()
    sqs.put(*events)
    again = collector.drain()
    assert (again.new, again.repeated, again.campaigns) == (0, 10, frozenset())
    assert stage.rows() == rows
    assert len(stage.events()) == 10


def test_the_order_of_events_makes_no_difference(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(4, halt={"minimum_bounces": 100})
    stage.send()
    first, second, third, fourth = stage.ses.accepted
    sqs.put(about(first, "Bounce", after=90), about(first, "Delivery"), about(first, "Send"))
    sqs.put(about(second, "Complaint", after=90), about(second, "Bounce", after=70))
    out_of_office = {"bounceType": "Transient", "bounceSubType": "General", "status": ""}
    sqs.put(about(third, "Bounce", **out_of_office), about(third, "Delivery"))
    sqs.put(about(fourth, "Delivery"), about(fourth, "Bounce", **out_of_office))
    collector.drain()
    assert stage.statuses() == ["HARD_BOUNCED", "COMPLAINED", "DELIVERED", "DELIVERED"]
    stage.count()


def test_events_of_others_are_stored_and_change_nothing(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(2)
    stage.send()
    sqs.put(about(("stranger@example.net", "f" * 32), "Bounce"))
    assert collector.drain().unmatched == 1
    assert stage.count() == {Status.SENT: 2}
    assert len(stage.events()) == 1
    assert stage.suppressed() == {}


def test_an_event_without_tags_is_found_by_its_message_id(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(1)
    stage.send()
    event = about(stage.ses.accepted[0])
    del event["mail"]["tags"]
    sqs.put(event)
    collector.drain()
    assert stage.count() == {Status.DELIVERED: 1}


def test_an_event_that_is_faster_than_the_answer_settles(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(10)

    def events_first(fake, request):
        answer = fake.accept(request)
        sqs.put(*(about(each) for each in fake.accepted))
        collector.drain()
        assert stage.count() == {Status.DELIVERED: 10}
        return answer

    stage.ses.steps[1] = events_first
    stage.send()
    assert stage.count() == {Status.DELIVERED: 10}


@pytest.mark.parametrize("status", [429, 500, 403])
def test_an_event_outweighs_whatever_is_answered_after_it(
    stage, sqs: FakeSqs, collector: Collector, client_error, status: int
) -> None:
    stage.enqueue(10)

    def events_first(fake, request):
        fake.accept(request)
        sqs.put(*(about(each) for each in fake.accepted))
        collector.drain()
        raise client_error("Whatever", status)

    stage.ses.steps[1] = events_first
    stage.send()
    assert stage.count() == {Status.DELIVERED: 10}
    assert len(stage.ses.accepted) == 10


def test_who_is_in_doubt_is_settled_by_any_event(
    stage, sqs: FakeSqs, collector: Collector, client_error
) -> None:
    stage.enqueue(20)

    def accept_then_fail(fake, request):
        fake.accept(request)
        raise client_error("InternalFailure", 500)

    stage.ses.steps[1] = accept_then_fail
    stage.send()
    assert stage.count() == {Status.IN_DOUBT: 20}
    sqs.put(*(about(each, "Send") for each in stage.ses.accepted[:15]))
    collector.drain()
    assert stage.count() == {Status.SENT: 15, Status.IN_DOUBT: 5}
    sqs.put(*(about(each) for each in stage.ses.accepted))
    collector.drain()
    assert stage.count() == {Status.DELIVERED: 20}
    assert stage.finish() is State.COMPLETED


def test_bounces_halt_the_campaign_from_the_collector(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(500)
    work = stage.work()
    stage.send(work, 200)
    sqs.put(*(about(each, "Bounce") for each in stage.ses.accepted[:9]))
    collector.drain()
    assert stage.stored().state is State.RUNNING
    sqs.put(about(stage.ses.accepted[9], "Bounce"))
    collector.drain()
    stored = stage.stored()
    assert stored.state is State.HALTED
    assert stored.halt is not None
    assert {key: stored.halt[key] for key in ("rule", "k", "n", "by")} == {
        "rule": "literal",
        "k": 10,
        "n": 200,
        "by": "gate",
    }
    assert stage.send(work).ended == State.HALTED
    assert stage.count() == {Status.HARD_BOUNCED: 10, Status.SENT: 190, Status.QUEUED: 300}
    # The bad addresses are never written to again, by any campaign.
    assert set(stage.suppressed().values()) == {"hard_bounce"}
    assert len(stage.suppressed()) == 10


def test_after_a_resume_the_new_epoch_is_counted_alone(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(800)
    stage.send(recipients=200)
    sqs.put(*(about(each, "Bounce") for each in stage.ses.accepted[:10]))
    collector.drain()
    assert controls.resume(stage.ledger, "spring-offer", by="Ada", reason="list mended") == 2
    stage.send(recipients=300)
    # 14 of 500 in all, but 4 of 300 in this epoch.
    sqs.put(*(about(each, "Bounce") for each in stage.ses.accepted[200:204]))
    collector.drain()
    assert stage.stored().state is State.RUNNING
    sqs.put(*(about(each, "Bounce") for each in stage.ses.accepted[204:215]))
    collector.drain()
    halt = stage.stored().halt
    assert halt is not None
    assert (stage.stored().state, halt["k"], halt["n"]) == (State.HALTED, 15, 300)


def test_late_bounces_breach_a_completed_campaign(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(40)
    stage.send()
    sqs.put(*(about(each) for each in stage.ses.accepted))
    collector.drain()
    assert stage.finish() is State.COMPLETED
    sqs.put(about(stage.ses.accepted[0], "Bounce"))
    collector.drain()
    assert stage.stored().state is State.COMPLETED
    sqs.put(about(stage.ses.accepted[1], "Bounce"))
    collector.drain()
    stored = stage.stored()
    assert stored.state is State.COMPLETED_BREACHED
    assert stored.halt is not None
    assert (stored.halt["k"], stored.halt["n"]) == (2, 40)


def test_a_breach_with_nothing_left_to_claim_waits_for_the_end(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(40)
    stage.send()
    sqs.put(*(about(each, "Bounce") for each in stage.ses.accepted[:2]))
    collector.drain()
    assert stage.stored().state is State.RUNNING
    assert stage.finish() is State.COMPLETED_BREACHED


def test_complaints_halt_and_suppress(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(100)
    stage.send(recipients=50)
    sqs.put(*(about(each, "Complaint") for each in stage.ses.accepted[:3]))
    collector.drain()
    halt = stage.stored().halt
    assert halt is not None
    assert halt["rule"] == "complaints"
    assert set(stage.suppressed().values()) == {"complaint"}


def test_what_the_account_suppression_list_stops_is_on_neither_side_of_the_rate(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(40)
    stage.send()
    listed = {"bounceSubType": "OnAccountSuppressionList"}
    sqs.put(*(about(each, "Bounce", **listed) for each in stage.ses.accepted[:5]))
    sqs.put(about(stage.ses.accepted[5], "Complaint", complaintSubType="OnAccountSuppressionList"))
    collector.drain()
    assert stage.count() == {Status.SUPPRESSED: 6, Status.SENT: 34}
    with stage.ledger.reading() as connection:
        totals = tallies.read(connection, stage.stored().id)
    assert (totals.accepted, totals.bounce_rate, totals.complaint_rate) == (34, 0.0, 0.0)
    assert totals.counts[Count.HARD_BOUNCED] == 0
    assert stage.stored().state is State.RUNNING


@pytest.mark.parametrize("settled", [False, True], ids=["while it sends", "after the last"])
def test_a_list_of_which_ses_withholds_eight_of_a_hundred_and_one_bounces_completes(
    stage, sqs: FakeSqs, collector: Collector, settled: bool
) -> None:
    stage.enqueue(400)
    for part in range(4):
        stage.send(recipients=100)
        taken = stage.ses.accepted[100 * part :][:100]
        words = ("EmailValidationSuppressed", "OnTenantSuppressionList", "UnsubscribedRecipient")
        sqs.put(*(about(each, "Bounce", bounceSubType=words[n % 3]) for n, each in enumerate(taken[:8])))
        sqs.put(about(taken[8], "Bounce"), *(about(each, "Delivery") for each in taken[9:]))
        if not settled:
            collector.drain()
            assert stage.stored().state is State.RUNNING
    collector.drain()
    assert stage.finish() is State.COMPLETED
    assert stage.count() == {Status.SUPPRESSED: 32, Status.HARD_BOUNCED: 4, Status.DELIVERED: 364}
    with stage.ledger.reading() as connection:
        found = status.of(connection, stage.stored().name)
    assert (found.totals.accepted, found.totals.bounce_rate) == (368, 4 / 368)
    assert found.withheld.headline == "8 % withheld by SES"
    assert found.withheld.by_reason == {
        WithheldReason.TENANT_LIST: 12, WithheldReason.VALIDATION: 12, WithheldReason.CONTACT_OPT_OUT: 8,
    }  # fmt: skip
    assert set(stage.suppressed().values()) == {"hard_bounce"}
    assert len(stage.suppressed()) == 4


def test_a_list_that_ses_withholds_whole_is_no_bad_one_and_no_silence(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(60)
    stage.send()
    word = {"bounceSubType": "EmailValidationSuppressed"}
    sqs.put(*(about(each, "Bounce", **word) for each in stage.ses.accepted))
    collector.drain()
    assert stage.finish() is State.COMPLETED
    assert stage.count() == {Status.SUPPRESSED: 60}
    assert stage.suppressed() == {}


def test_reports_that_are_no_complaints_are_told_and_neither_halt_nor_suppress(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(30)
    stage.send()
    kinds = ("not-spam", "auth-failure", "not-spam")
    sqs.put(
        *(
            about(each, "Complaint", complaintFeedbackType=kind)
            for each, kind in zip(stage.ses.accepted, kinds, strict=False)
        ),
        about(stage.ses.accepted[3], "Bounce", bounceType="Transient", bounceSubType="Novelty"),
    )
    collector.drain()
    assert stage.suppressed() == {}
    with stage.ledger.reading() as connection:
        found = status.of(connection, stage.stored().name)
    assert found.totals.counts[Count.COMPLAINED] == 0
    assert found.as_json()["notices"] == {
        "Complaint/not-spam": 2, "Bounce/Transient/Novelty": 1, "Complaint/auth-failure": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "suppressed"),
    [
        (MxVerdict(MxStatus.NO_MX, "no_such_domain"), {"reader.0@reader.example": "hard_bounce"}),
        (MxVerdict(MxStatus.UNKNOWN, "time-out"), {}),
        (MxVerdict(MxStatus.DELIVERABLE), {}),
    ],
    ids=["gone", "unknown", "deliverable"],
)
def test_an_unknown_domain_bounces_hard_and_suppresses_only_where_the_dns_agrees(
    stage, sqs: FakeSqs, ledger, frozen, verdict: MxVerdict, suppressed: Mapping[str, str]
) -> None:
    asked: list[list[str]] = []

    def lookup(domains):
        asked.append(list(domains))
        return dict.fromkeys(domains, verdict)

    collector = Collector(ledger, EventQueue(sqs, "https://sqs.example/queue"), lookup, frozen.read)
    stage.enqueue(100)
    stage.send()
    address, send_id = stage.ses.accepted[0]
    sqs.put(
        about(
            (address.replace("reader.example", "Reader.EXAMPLE"), send_id),
            "Bounce",
            status="5.4.4",
            **UNKNOWN_DOMAIN,
        )
    )
    sqs.put(about(stage.ses.accepted[1], "Bounce", status="4.4.1", **UNKNOWN_DOMAIN))
    collector.drain()
    assert asked == [["reader.example"]]
    assert stage.count() == {Status.HARD_BOUNCED: 1, Status.SOFT_BOUNCED: 1, Status.SENT: 98}
    assert stage.suppressed() == suppressed


def test_a_suppression_is_for_the_address_that_was_written_to(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(100)
    stage.send()
    event = about(stage.ses.accepted[0], "Bounce")
    event["bounce"]["bouncedRecipients"][0]["emailAddress"] = "forwarded@example.net"
    sqs.put(event)
    collector.drain()
    assert stage.suppressed() == {"reader.0@reader.example": "hard_bounce"}


def test_a_crash_before_the_commit_leaves_the_events_on_the_queue(
    stage, sqs: FakeSqs, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.enqueue(3)
    stage.send()
    sqs.put(*(about(each) for each in stage.ses.accepted))

    def crash(*arguments):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("mail.gatekeeping.review", crash)
        with pytest.raises(MemoryError):
            collector.drain()
    assert stage.count() == {Status.SENT: 3}
    assert len(sqs.taken) == 3
    sqs.redeliver()
    assert collector.drain().new == 3
    assert stage.count() == {Status.DELIVERED: 3}


def test_a_queue_that_cannot_be_read_is_one_sentence(ledger, frozen) -> None:
    class Broken(FakeSqs):
        def receive_message(self, **request: Any) -> Mapping[str, Any]:
            raise boto.EndpointConnectionError(endpoint_url="https://sqs.example")

    queue = EventQueue(Broken(frozen.tick), "https://sqs.example/queue")
    with pytest.raises(
        QueueError, match=r"^the event queue https://sqs\.example/queue cannot be read \(.*\): "
    ) as found:
        Collector(ledger, queue, lambda domains: {}).drain()
    assert "CAMPAIGN_EVENT_QUEUE_URL" in str(found.value)
    assert "\n" not in str(found.value)


def test_collecting_goes_on_while_the_campaign_sends(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(120)
    work = stage.work()
    progress: list[int] = []

    def send_some(collected: Collected) -> None:
        progress.append(collected.new)
        done = len(stage.ses.accepted)
        stage.send(work, 50)
        sqs.put(*(about(each) for each in stage.ses.accepted[done:]))

    found = collecting.collect_during(
        collector, "spring-offer", 120, on_progress=send_some, clock=stage.clock.read
    )
    assert found.new == 120
    assert progress == [0, 50, 100, 120]
    assert stage.count() == {Status.DELIVERED: 120}


def test_after_the_last_message_outcomes_are_waited_for_and_no_longer_than_allowed(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(10)
    stage.send()
    sqs.put(*(about(each) for each in stage.ses.accepted[:9]))
    started = stage.clock.now
    collecting.collect_during(collector, "spring-offer", 30, clock=stage.clock.read)
    assert 30 <= stage.clock.now - started <= 32
    assert stage.count() == {Status.DELIVERED: 9, Status.SENT: 1}


def test_with_every_outcome_known_nothing_is_waited_for(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(10)
    stage.send()
    sqs.put(*(about(each) for each in stage.ses.accepted))
    started = stage.clock.now
    collecting.collect_during(collector, "spring-offer", 30, clock=stage.clock.read)
    assert stage.clock.now == started


@pytest.mark.parametrize("doubtful", [True, False])
def test_who_is_in_doubt_is_waited_for_as_well(
    stage, sqs: FakeSqs, collector: Collector, client_error, raising, doubtful: bool
) -> None:
    stage.enqueue(10)
    stage.ses.steps[1] = raising(client_error("X", 500 if doubtful else 403))
    stage.send()
    started = stage.clock.now
    collecting.collect_during(collector, "spring-offer", 30, clock=stage.clock.read)
    # A paused campaign has to be looked at by a person, who need not wait.
    assert (stage.clock.now - started >= 30) is doubtful


def test_against_the_sandbox_the_figures_are_those_that_it_recorded(unfrozen_stage, world) -> None:
    stage = unfrozen_stage
    stage.enqueue(400, halt={"minimum_bounces": 1_000})
    rule = {
        "hard_bounce": 0.1,
        "soft_bounce": 0.1,
        "complaint": 0.05,
        "delayed_then_delivered": 0.05,
        "reject": 0.05,
        "auto_reply": 0.05,
        "bounce_after_delivery": 0.05,
        "unknown_domain": 0.05,
    }
    publishing = {
        "delay_seconds": [0.0, 0.3],
        "duplicate_probability": 0.3,
        "reorder_probability": 0.5,
        "reorder_seconds": 0.3,
    }
    world.control(outcomes=[rule], events=publishing)
    # SES takes as many in a call as it likes; complaints would halt a second claim.
    work = working.open_work(stage.ledger, Settings(), "spring-offer")
    assert stage.send(work).answers == {"accepted": 400}
    collector = working.open_collector(stage.ledger, Settings())
    found = collecting.collect_during(collector, "spring-offer", 30)
    while world.summary()["pending_events"]:
        found += collector.drain(wait_seconds=1)
    found += collector.drain()
    assert (found.unmatched, found.repeated > 0) == (0, True)
    outcomes = world.summary()["outcomes"]
    expected = {
        Status.HARD_BOUNCED: ["hard_bounce", "bounce_after_delivery", "unknown_domain"],
        Status.SOFT_BOUNCED: ["soft_bounce"],
        Status.COMPLAINED: ["complaint"],
        Status.REJECTED: ["reject"],
        Status.DELIVERED: ["delivered", "delayed_then_delivered", "auto_reply"],
    }
    assert stage.count() == {
        status: sum(outcomes.get(kind, 0) for kind in kinds) for status, kinds in expected.items()
    }
    # The sandbox's DNS knows the domain: its bounces of an unknown domain suppress nobody.
    hard = outcomes["hard_bounce"] + outcomes["bounce_after_delivery"]
    found_reasons = Counter(stage.suppressed().values())
    # Some of the soft bounces are deliveries that SES gave up after hours (4.4.7).
    assert found_reasons.pop("expired", 0) <= outcomes["soft_bounce"]
    assert found_reasons == {"hard_bounce": hard, "complaint": outcomes["complaint"]}


def test_a_halted_campaign_waits_for_the_outcomes_of_what_went_out(
    stage, sqs: FakeSqs, collector: Collector
) -> None:
    stage.enqueue(100)
    stage.send(recipients=50)
    controls.halt(stage.ledger, "spring-offer", by="Ada", reason="wrong offer")
    started = stage.clock.now
    collecting.collect_during(collector, "spring-offer", 30, clock=stage.clock.read)
    assert stage.clock.now - started >= 30


def test_collecting_that_breaks_off_is_tried_again(
    stage,
    sqs: FakeSqs,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage.enqueue(2)
    stage.send()
    sqs.put(*(about(each) for each in stage.ses.accepted))
    real, tries = collecting.drains.note, []

    def note(connection):
        tries.append(1)
        if len(tries) < 3:
            raise OSError("reader.0@reader.example")
        real(connection)

    monkeypatch.setattr(collecting.drains, "note", note)
    collecting.collect_during(collector, "spring-offer", 30, clock=stage.clock.read, pause_seconds=(0, 0))
    assert stage.count() == {Status.DELIVERED: 2}
    assert caplog.text.count("collecting breaks off and is tried again in 0 s: OSError") == 2
    assert "reader.0" not in caplog.text


def test_collecting_that_goes_on_breaking_off_is_raised(stage, sqs: FakeSqs, collector: Collector) -> None:
    stage.enqueue(1)

    def broken(**_: Any) -> Any:
        raise ZeroDivisionError

    sqs.receive_message = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        collecting.collect_during(collector, "spring-offer", 30, pause_seconds=(0, 0))
