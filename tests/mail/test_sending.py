"""Sending: whatever SES and the network do, nobody gets two mails and nobody is lost."""

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore import exceptions as boto
from sqlalchemy import select, update

from ledger import breaker, campaigns, claims, subscribers, suppressions
from ledger.attempts import ClaimLost
from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS
from ledger.schema import attempt, claim, limiter, message
from ledger.statuses import Fact, Status
from ledger.suppressions import Suppression, SuppressionReason
from ledger.transitions import read_states, save
from mail import claiming, controls, outages, sending, ses_client
from mail.calling import Work
from mail.errors import Uncomposable
from mail.rate import ACCOUNT, Rate
from mail.ses_requests import Envelope

MINUTE = 60.0


def entry(status: str, error: str = "So it is.") -> Mapping[str, str]:
    return {"Status": status, "Error": error}


def before(action: Callable[[], object]) -> Callable[..., Any]:
    """Return a step that does something and then takes the call."""

    def step(fake, request):
        action()
        return fake.accept(request)

    return step


def test_a_whole_campaign_balances_with_what_ses_accepted(stage) -> None:
    stage.enqueue(123)
    sent = stage.send()
    assert (sent.answers, sent.ended) == ({"accepted": 123}, "nothing_left")
    assert stage.count() == {Status.SENT: 123}
    assert stage.ses.addresses == [f"reader.{number}@reader.example" for number in range(123)]
    with stage.ledger.reading() as connection:
        kept = connection.execute(select(attempt.c.send_id, attempt.c.ses_message_id)).all()
    assert {row.send_id for row in kept} == {send_id for _, send_id in stage.ses.accepted}
    assert {row.ses_message_id for row in kept} == {f"ses-of-{send_id}" for _, send_id in stage.ses.accepted}
    assert stage.finish() is State.COMPLETED


def test_sending_again_after_the_end_sends_nothing(stage) -> None:
    stage.enqueue(5)
    stage.send()
    assert stage.send().ended == "nothing_left"
    assert len(stage.ses.calls) == 1


def test_a_chunk_ends_where_it_is_full_and_the_next_one_goes_on(stage) -> None:
    stage.enqueue(30)
    work = stage.work()
    assert sending.send_chunk(work, 20).ended == "chunk"
    assert stage.count() == {Status.SENT: 20, Status.QUEUED: 10}
    assert sending.send_chunk(work, 20).ended == "nothing_left"
    assert len(set(stage.ses.addresses)) == 30


@pytest.mark.parametrize(
    ("per_second", "size"), [(500, 50), (5_000, 50), (200, 20), (100, 10), (29, 2), (20, 2)]
)
def test_a_call_holds_a_tenth_of_the_rate(stage, per_second: float, size: int) -> None:
    stage.enqueue(60)
    stage.send(stage.work(per_second))
    assert stage.ses.sizes() == [size] * (60 // size) + ([60 % size] if 60 % size else [])
    assert {operation for operation, _ in stage.ses.calls} == {"send_bulk_email"}


@pytest.mark.parametrize("per_second", [1, 10, 14])
def test_a_slow_account_sends_single_mails(stage, per_second: float) -> None:
    stage.enqueue(3)
    stage.send(stage.work(per_second))
    assert [operation for operation, _ in stage.ses.calls] == ["send_email"] * 3
    assert stage.count() == {Status.SENT: 3}


def test_the_rate_is_waited_for_before_each_call(stage) -> None:
    stage.enqueue(200)
    stage.send(stage.work(100.0))
    assert stage.ses.sizes() == [10] * 20
    # The first call goes at once, the other nineteen wait a tenth of a second each.
    assert sum(stage.clock.slept) == pytest.approx(1.9)


def test_the_campaigns_own_rate_is_kept_where_it_is_the_lower_one(stage) -> None:
    stage.enqueue(100)
    stage.send(stage.work(rate=Rate(500.0, 50.0, "spring-offer")))
    assert stage.ses.sizes() == [5] * 20
    assert sum(stage.clock.slept) == pytest.approx(1.9)


def test_a_call_never_holds_more_bytes_than_ses_takes(stage) -> None:
    stage.enqueue(30, html="<html><body>" + "x" * 100_000 + "</body></html>")
    stage.send()
    sizes = [len(json.dumps(request)) for _, request in stage.ses.calls]
    assert len(sizes) > 3
    assert max(sizes) < 1_000_000
    assert stage.count() == {Status.SENT: 30}


def test_a_throttled_call_is_queued_again_and_waited_for(stage, raising, client_error) -> None:
    stage.enqueue(50)
    stage.ses.steps[1] = raising(client_error("TooManyRequestsException", 429))
    assert stage.send().answers == {"not_sent": 50, "accepted": 50}
    assert stage.count() == {Status.SENT: 50}
    assert len(set(stage.ses.addresses)) == 50
    assert sum(stage.clock.slept) >= 0.5
    assert {row["failures"] for row in stage.rows()} == {0}


def test_throttles_in_a_row_wait_longer_each_time(stage, raising, client_error) -> None:
    stage.enqueue(200)
    for call in range(1, 5):
        stage.ses.steps[call] = raising(client_error("TooManyRequestsException", 429))
    stage.send(stage.work())
    assert stage.count() == {Status.SENT: 200}
    # 0.5, 1, 2 and 4 seconds.
    assert sum(stage.clock.slept) >= 7.5


def test_after_a_call_that_was_taken_a_throttle_waits_as_short_as_the_first(
    stage, raising, client_error
) -> None:
    stage.enqueue(300)
    for call in (1, 3, 5, 7):
        stage.ses.steps[call] = raising(client_error("TooManyRequestsException", 429))
    stage.send(stage.work())
    assert stage.count() == {Status.SENT: 300}
    # Four times half a second, and the rate's own tenth of a second a call.
    assert sum(stage.clock.slept) < 4 * 0.5 + 1.5


def test_throttled_entries_alone_are_queued_again(stage) -> None:
    stage.enqueue(50)
    throttled = {place: entry("ACCOUNT_THROTTLED") for place in (0, 7, 49)}
    stage.ses.steps[1] = lambda fake, request: fake.accept(request, but=throttled)
    stage.send()
    assert stage.count() == {Status.SENT: 50}
    assert Counter(stage.ses.addresses).most_common(1)[0][1] == 1
    assert stage.ses.addresses[-3:] == [f"reader.{number}@reader.example" for number in (0, 7, 49)]
    assert [row["attempts"] for row in stage.rows() if row["attempts"] > 1] == [2, 2, 2]


def test_a_transient_failure_is_tried_five_times_and_then_failed(stage) -> None:
    stage.enqueue(3)
    refused = {1: entry("TRANSIENT_FAILURE", "Try again.")}
    stage.ses.steps[1] = lambda fake, request: fake.accept(request, but=refused)
    stage.ses.always = lambda fake, request: fake.accept(request, but={0: refused[1]})
    stage.send()
    assert stage.count() == {Status.SENT: 2, Status.FAILED: 1}
    failed = stage.rows()[1]
    assert (failed["attempts"], failed["failures"]) == (5, 5)
    assert failed["detail"] == "TRANSIENT_FAILURE: Try again."
    assert len(stage.ses.calls) == 5


def test_a_transient_failure_that_passes_costs_nobody_a_mail(stage) -> None:
    stage.enqueue(3)
    refused = {1: entry("TRANSIENT_FAILURE")}
    stage.ses.steps[1] = lambda fake, request: fake.accept(request, but=refused)
    stage.send()
    assert stage.count() == {Status.SENT: 3}
    assert len(stage.ses.accepted) == 3


def test_an_entry_that_ses_rejects_is_rejected_with_its_text(stage) -> None:
    stage.enqueue(3)
    refused = {
        0: entry("MESSAGE_REJECTED", "Bad content."),
        2: entry("INVALID_PARAMETER", "Illegal <a@b.example>."),
    }
    stage.ses.steps[1] = lambda fake, request: fake.accept(request, but=refused)
    stage.send()
    assert stage.count() == {Status.REJECTED: 2, Status.SENT: 1}
    assert [row["detail"] for row in stage.rows()] == [
        "MESSAGE_REJECTED: Bad content.",
        None,
        "INVALID_PARAMETER: Illegal <(address)>.",
    ]


def test_an_invalid_call_is_halved_until_the_bad_entry_is_alone(stage, client_error) -> None:
    stage.enqueue(50)

    def always(fake, request):
        to = [item["Destination"]["ToAddresses"][0] for item in request["BulkEmailEntries"]]
        if "reader.33@reader.example" in to:
            raise client_error("BadRequestException", 400, "Illegal address.")
        return fake.accept(request)

    stage.ses.always = always
    stage.send()
    assert stage.count() == {Status.SENT: 49, Status.REJECTED: 1}
    rejected = stage.rows()[33]
    assert (rejected["status"], rejected["detail"]) == ("REJECTED", "BadRequestException: Illegal address.")
    assert Counter(stage.ses.addresses).most_common(1)[0][1] == 1
    # 50, and then two calls for each of six halvings at the most.
    assert len(stage.ses.calls) <= 13


def test_a_fault_that_all_messages_share_rejects_three_and_halts(stage, raising, client_error) -> None:
    stage.enqueue(200)
    stage.ses.always = raising(client_error("BadRequestException", 400, "Illegal reply-to address."))
    assert stage.send().ended == State.HALTED
    assert stage.count() == {Status.REJECTED: 3, Status.QUEUED: 197}
    assert stage.stored().change_reason == (
        "Amazon SES rejected 3 of 3 (100 %) messages; the limit is 3 and 1 %. "
        "It says: BadRequestException: Illegal reply-to address."
    )


def test_a_fault_that_begins_late_pauses_before_it_is_one_percent(stage, raising, client_error) -> None:
    stage.enqueue(500)
    for call in range(9, 40):
        stage.ses.steps[call] = raising(client_error("BadRequestException", 400, "Illegal address."))
    assert stage.send().ended == State.PAUSED
    assert stage.count() == {Status.SENT: 400, Status.REJECTED: 3, Status.QUEUED: 97}
    assert stage.stored().change_reason == (
        "SES refused 3 messages in a row, each on its own: BadRequestException: Illegal address."
    )


def test_bad_addresses_here_and_there_do_not_pause(stage, client_error) -> None:
    stage.enqueue(500)
    bad = {f"reader.{number}@reader.example" for number in (10, 60, 360, 410)}

    def always(fake, request):
        if bad & {entry["Destination"]["ToAddresses"][0] for entry in request["BulkEmailEntries"]}:
            raise client_error("BadRequestException", 400, "Illegal address.")
        return fake.accept(request)

    stage.ses.always = always
    assert stage.send().ended == "nothing_left"
    assert stage.count() == {Status.SENT: 496, Status.REJECTED: 4}


def test_an_expired_token_queues_the_whole_call_again_and_pauses(stage, raising, client_error) -> None:
    stage.enqueue(120)
    stage.ses.steps[2] = raising(client_error("ExpiredTokenException", 403, "The token is expired"))
    sent = stage.send()
    assert (sent.answers, sent.ended) == ({"accepted": 50, "not_sent": 50}, State.PAUSED)
    assert stage.count() == {Status.SENT: 50, Status.QUEUED: 70}
    assert stage.stored().change_reason == "ExpiredTokenException: The token is expired"
    assert len(stage.ses.calls) == 2
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="new credentials")
    stage.send()
    assert stage.count() == {Status.SENT: 120}
    assert len(set(stage.ses.addresses)) == len(stage.ses.addresses) == 120


@pytest.mark.parametrize(
    "status",
    [
        "ACCOUNT_SUSPENDED",
        "ACCOUNT_DAILY_QUOTA_EXCEEDED",
        "ACCOUNT_SENDING_PAUSED",
        "CONFIGURATION_SET_SENDING_PAUSED",
        "CONFIGURATION_SET_NOT_FOUND",
        "INVALID_SENDING_POOL_NAME",
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "TEMPLATE_NOT_FOUND",
    ],
)
def test_an_entry_that_blames_the_account_pauses_and_keeps_the_person(stage, status: str) -> None:
    stage.enqueue(120)
    stage.ses.steps[1] = lambda fake, request: fake.accept(
        request, but={4: entry(status, "See the console.")}
    )
    assert stage.send().ended == State.PAUSED
    assert stage.count() == {Status.SENT: 49, Status.QUEUED: 71}
    assert stage.stored().change_reason == f"{status}: See the console."


@pytest.mark.parametrize(
    "answer",
    [
        boto.ReadTimeoutError(endpoint_url="https://email.example"),
        boto.ConnectionClosedError(endpoint_url="https://email.example"),
        "500",
        "missing result",
        "missing id",
    ],
    ids=str,
)
def test_an_unknown_outcome_is_in_doubt_and_never_sent_again(stage, raising, client_error, answer) -> None:
    stage.enqueue(60)
    match answer:
        case "500":
            step = raising(client_error("InternalFailure", 500))
        case "missing result":

            def step(fake, request):
                return {"BulkEmailEntryResults": fake.accept(request)["BulkEmailEntryResults"][1:]}

        case "missing id":

            def step(fake, request):
                results = fake.accept(request)["BulkEmailEntryResults"]
                return {"BulkEmailEntryResults": [{"Status": each["Status"]} for each in results]}

        case _:

            def step(fake, request):
                fake.accept(request)
                raise answer

    stage.ses.steps[1] = step
    stage.send()
    assert stage.count() == {Status.IN_DOUBT: 50, Status.SENT: 10}
    stage.clock.tick(10 * MINUTE)
    stage.send()
    assert stage.count() == {Status.IN_DOUBT: 50, Status.SENT: 10}
    assert Counter(stage.ses.addresses).most_common(1)[0][1] == 1
    assert stage.finish() is State.RUNNING


def silent(fake, request):
    raise boto.ReadTimeoutError(endpoint_url="https://email.example")


def test_after_three_unknown_answers_one_message_at_a_time_probes_at_growing_intervals(stage) -> None:
    stage.enqueue(400)
    at: list[float] = []
    told: list[str] = []

    def step(fake, request):
        at.append(stage.clock.now)
        if len(at) < 10:
            silent(fake, request)
        return fake.accept(request)

    stage.ses.always = step
    assert stage.send(stage.work(tell=told.append)).ended == "nothing_left"
    assert stage.ses.sizes() == [50, 50, 50, 1, 1, 1, 1, 1, 1, 1, 50, 50, 50, 50, 43]
    waits = [later - earlier for earlier, later in itertools.pairwise(at[2:10])]
    assert waits == pytest.approx([5, 10, 20, 40, 80, 160, 300], abs=2)
    assert stage.count() == {Status.IN_DOUBT: 156, Status.SENT: 244}
    assert Counter(stage.ses.addresses).most_common(1)[0][1] == 1
    assert [each.partition(" (")[0] for each in told[:3]] == [
        "SES gave no answer to a call for 50 messages",
        "SES gave no answer to a call for 50 messages",
        "SES gives no answers",
    ]
    assert told[-2:] == [
        "SES gave no answer to probe 6 either: the next one is in 300 s.",
        "SES answers again: sending goes on.",
    ]


def jumping(stage) -> Callable[[float], None]:
    """Return a sleep that lasts until the next probe is due, so that an hour is not looked through."""

    def sleep(seconds: float) -> None:
        with stage.ledger.reading() as connection:
            opened = breaker.look(connection, ACCOUNT)
        stage.clock.sleep(seconds if opened is None else max(seconds, opened.wait_seconds))

    return sleep


def test_an_hour_of_probes_without_an_answer_pauses_for_a_person_and_begins_anew_with_a_resume(stage) -> None:
    stage.enqueue(400)
    stage.ses.always = silent
    assert stage.send(stage.work(sleep=jumping(stage))).ended == State.PAUSED
    assert stage.ses.sizes() == [50] * 3 + [1] * 17
    assert stage.clock.now - stage.stored().created_at == pytest.approx(outages.PAUSE_AFTER_SECONDS, abs=300)
    assert stage.stored().change_reason.startswith("SES has given no answer for 60 minutes: ReadTimeoutError")
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="the network is mended")
    assert stage.send(stage.work(sleep=jumping(stage))).ended == State.PAUSED
    assert stage.ses.sizes()[20:] == [1] * 12
    controls.resume(stage.ledger, "spring-offer", by="Ada", reason="now it is")
    stage.ses.always = type(stage.ses).accept
    assert stage.send(stage.work(sleep=jumping(stage))).ended == "nothing_left"
    assert stage.count() == {Status.IN_DOUBT: 179, Status.SENT: 221}


def test_an_open_breaker_stops_the_calls_of_every_worker(stage) -> None:
    stage.enqueue(400)
    held = claiming.claim(stage.ledger, "spring-offer", "worker-0", 100)
    assert isinstance(held, claims.Claim)
    stage.ses.always = silent

    def sleep(seconds: float) -> None:
        if seconds >= 1:
            raise StopIteration
        stage.clock.sleep(seconds)

    # The first one fails three times and waits for a probe; the other, with its own claim, sends nothing.
    with pytest.raises(StopIteration):
        stage.send(stage.work(sleep=sleep))
    assert len(stage.ses.calls) == 3
    with pytest.raises(ClaimLost):
        stage.send_claim(stage.work(owner=held.owner), held)
    assert len(stage.ses.calls) == 3
    assert claiming.claim(stage.ledger, "spring-offer", "worker-2", 100) == claiming.NoClaim(
        State.RUNNING, held_by_others=False, wait_seconds=pytest.approx(5, abs=0.2)
    )


def test_a_worker_without_a_network_of_its_own_risks_one_message_a_call(stage) -> None:
    """Others are answered all the while, so the breaker closes again and again."""
    stage.enqueue(2_500)
    cut_off = type(stage.ses)()
    cut_off.always = silent

    def others_send(seconds: float) -> None:
        stage.clock.sleep(seconds)
        if len(stage.ses.calls) < 20:
            sending.send_chunk(stage.work(), 50)

    sending.send_chunk(stage.work(ses=cut_off, sleep=others_send), 1_006)
    assert cut_off.sizes()[:3] == [50, 50, 50]
    assert set(cut_off.sizes()[3:]) == {1}
    assert len(stage.ses.accepted) >= 500


def test_two_unknown_answers_and_a_good_one_go_on(stage, raising) -> None:
    stage.enqueue(400)
    for call in (1, 2, 4, 5):
        stage.ses.steps[call] = raising(boto.ReadTimeoutError(endpoint_url="https://email.example"))
    assert stage.send().ended == "nothing_left"
    assert stage.count() == {Status.IN_DOUBT: 200, Status.SENT: 200}


def test_without_a_connection_everybody_is_queued_again(stage, raising) -> None:
    stage.enqueue(100)
    for call in (1, 2):
        stage.ses.steps[call] = raising(boto.EndpointConnectionError(endpoint_url="https://email.example"))
    stage.send()
    assert stage.count() == {Status.SENT: 100}
    assert len(set(stage.ses.addresses)) == len(stage.ses.addresses)


def test_with_no_connection_at_all_the_campaign_pauses_after_an_hour_and_nobody_is_in_doubt(
    stage, raising
) -> None:
    stage.enqueue(300)
    stage.ses.always = raising(boto.NoCredentialsError())
    assert stage.send(stage.work(sleep=jumping(stage))).ended == State.PAUSED
    assert stage.count() == {Status.QUEUED: 300}
    assert stage.ses.sizes() == [50] * 3 + [1] * 17


def test_a_halt_in_the_middle_of_a_claim_lets_nothing_more_out(stage) -> None:
    stage.enqueue(300)
    halting = before(lambda: controls.halt(stage.ledger, "spring-offer", by="Ada", reason="wrong offer"))
    stage.ses.steps[2] = halting
    assert stage.send().ended == State.HALTED
    # The call whose intent was committed before the halt is recorded; the rest of the claim goes back.
    assert stage.count() == {Status.SENT: 100, Status.QUEUED: 200}
    assert len(stage.ses.calls) == 2
    assert {row["claim_id"] for row in stage.rows() if row["status"] == "QUEUED"} == {None}
    assert stage.send().ended == State.HALTED
    assert len(stage.ses.calls) == 2


def test_a_cancelled_campaign_ends_in_the_middle_of_a_claim(stage) -> None:
    stage.enqueue(300)
    stage.ses.steps[1] = before(
        lambda: controls.cancel(stage.ledger, "spring-offer", by="Ada", reason="not needed any more")
    )
    assert stage.send().ended == State.CANCELLED
    assert stage.count() == {Status.SENT: 50, Status.CANCELLED: 250}


def test_a_worker_that_lost_its_lease_sends_nothing_more(stage) -> None:
    stage.enqueue(150)
    work = stage.work()
    late = []

    def sleep_too_long(seconds: float) -> None:
        # The first wait takes longer than the lease: the machine was asleep.
        stage.clock.sleep(seconds if late else 2 * MINUTE)
        if not late:
            late.append(stage.send(stage.work(sleep=stage.clock.sleep)))

    stage.send(stage.work(sleep=sleep_too_long, owner=work.owner))
    assert late[0].answers == {"accepted": 100}
    assert stage.count() == {Status.SENT: 150}
    assert Counter(stage.ses.addresses).most_common(1)[0][1] == 1


def test_a_lease_that_ended_unnoticed_stops_the_worker_at_its_next_intent(stage) -> None:
    stage.enqueue(100)

    def suspended(seconds: float) -> None:
        stage.clock.tick(seconds)
        if len(stage.ses.calls) == 1:
            # The machine was asleep, and its own clock with it.
            stage.clock.tick(2 * MINUTE)

    work = stage.work(sleep=suspended, clock=lambda: 0.0)
    stage.ses.steps[2] = before(lambda: pytest.fail("it sent without a lease"))
    held = claiming.claim(stage.ledger, "spring-offer", work.owner, 100)
    assert isinstance(held, claims.Claim)
    with pytest.raises(ClaimLost):
        stage.send_claim(work, held)
    assert stage.count() == {Status.SENT: 50, Status.CLAIMED: 50}


def test_a_place_that_was_booked_for_a_call_that_may_not_go_out_is_given_back(stage) -> None:
    stage.enqueue(150)
    halt = before(lambda: controls.halt(stage.ledger, "spring-offer", by="Ada", reason="wrong offer"))
    stage.ses.steps[2] = halt
    assert stage.send().answers == {"accepted": 100}
    with stage.ledger.reading() as connection:
        free_at = connection.execute(select(limiter.c.next_at)).scalar_one()
    # Two calls of a tenth of a second went out; the third was never made.
    assert free_at == pytest.approx(stage.clock.now + 0.1)


def test_a_lease_is_renewed_while_the_rate_is_waited_for(stage) -> None:
    stage.enqueue(3)
    # A wait of a hundred seconds outlives the lease.
    assert stage.send(stage.work(1 / 100), recipients=3).answers == {"accepted": 3}
    assert stage.count() == {Status.SENT: 3}
    assert sum(stage.clock.slept) == pytest.approx(200)
    assert max(stage.clock.slept) <= claims.RENEW_AFTER_SECONDS


def test_who_is_suppressed_by_now_is_left_out_with_the_reason(stage) -> None:
    stage.enqueue(5)
    with stage.ledger.writing() as connection:
        suppressions.add(
            connection,
            [
                Suppression("reader.1@reader.example", SuppressionReason.UNSUBSCRIBE, "a test"),
                Suppression("reader.3@reader.example", SuppressionReason.COMPLAINT, "a test"),
            ],
        )
    stage.send()
    assert stage.statuses() == ["SENT", "SUPPRESSED", "SENT", "SUPPRESSED", "SENT"]
    assert [row["detail"] for row in stage.rows()] == [None, "unsubscribe", None, "complaint", None]
    assert stage.finish() is State.COMPLETED


def test_who_is_suppressed_for_this_list_by_now_is_left_out(stage, make_campaign) -> None:
    stage.enqueue(3, list={"source": make_campaign().list.source, "name": "weekly"})
    with stage.ledger.writing() as connection:
        entries = [
            Suppression(f"reader.{number}@reader.example", SuppressionReason.MANUAL, "a test", scope)
            for number, scope in enumerate(["weekly", "monthly"])
        ]
        suppressions.add(connection, entries)
    stage.send()
    assert stage.statuses() == ["SUPPRESSED", "SENT", "SENT"]


def test_who_has_not_confirmed_by_now_is_left_out_where_the_list_wants_it(stage, make_campaign) -> None:
    source = make_campaign().list.source
    stage.enqueue(2, list={"source": source, "consent": "confirmed"})
    with stage.ledger.reading() as connection:
        assert subscribers.confirmed(connection, ["reader.0@reader.example"]) == set()
    stage.send()
    assert stage.statuses() == ["SUPPRESSED"] * 2
    assert {row["detail"] for row in stage.rows()} == {"unconfirmed"}
    assert stage.ses.calls == []


def test_a_message_that_cannot_be_rendered_fails_alone(stage) -> None:
    stage.enqueue(3, subject="{{ 100 // (first_name|length - 3) }} % off")
    with stage.ledger.writing() as connection:
        # Nothing but a fault of ours brings a value that the rehearsal did not see.
        fields = {"email": "x", "first_name": "Bob"}
        connection.execute(update(message).where(message.c.position == 1).values(fields=fields))
    sent = stage.send()
    assert sent.answers == {"accepted": 2, "failed": 1}
    assert stage.statuses() == ["SENT", "FAILED", "SENT"]
    assert "ZeroDivisionError" in stage.rows()[1]["detail"]
    assert "Bob" not in stage.rows()[1]["detail"]


def test_an_interrupted_call_leaves_its_people_in_doubt_and_the_others_queued(stage) -> None:
    stage.enqueue(120)

    def interrupt(fake, request):
        fake.accept(request)
        raise KeyboardInterrupt

    stage.ses.steps[2] = interrupt
    with pytest.raises(KeyboardInterrupt):
        stage.send()
    stage.send()
    assert stage.count() == {Status.SENT: 70, Status.IN_DOUBT: 50}
    assert Counter(stage.ses.addresses).most_common(1)[0][1] == 1
    with stage.ledger.reading() as connection:
        assert connection.execute(select(claim.c.id)).all() == []


def test_two_workers_never_write_to_the_same_person(stage, fake_ses) -> None:
    stage.enqueue(400)
    together = threading.Barrier(2, timeout=30)
    lock = threading.Lock()
    takes = fake_ses.accept

    def one_at_a_time(fake, request):
        with lock:
            return takes(request)

    fake_ses.always = one_at_a_time
    ended = []

    def work() -> None:
        together.wait()
        while True:
            found = sending.send_chunk(stage.work(), 60)
            if found.ended != "chunk":
                ended.append(found.ended)
                return

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert stage.count() == {Status.SENT: 400}
    assert sorted(fake_ses.addresses) == sorted(set(fake_ses.addresses))
    assert len(fake_ses.addresses) == 400
    assert set(ended) <= {"nothing_left", "waiting"}


def test_what_another_worker_still_holds_is_waited_for(stage) -> None:
    stage.enqueue(10)
    with stage.ledger.writing() as connection:
        locked = campaigns.lock(connection, stage.stored().id)
        claims.take(connection, locked, "another", claims.candidates(connection, locked, 10))
    assert stage.send().ended == "waiting"
    stage.clock.tick(MINUTE + 1)
    assert stage.send().ended == "nothing_left"
    assert stage.count() == {Status.SENT: 10}


def test_the_gate_halts_before_the_next_claim(stage) -> None:
    stage.enqueue(600)
    stage.send(recipients=200)
    with stage.ledger.writing() as connection:
        states = read_states(connection, [row["id"] for row in stage.rows()[:10]]).values()
        bounced = {Fact.HARD_BOUNCED: stage.clock.now}
        save(connection, [(state, state.with_facts(bounced)) for state in states])
    assert stage.send().ended == State.HALTED
    assert len(stage.ses.accepted) == 200
    halt = stage.stored().halt
    assert halt is not None
    assert (halt["rule"], halt["k"], halt["n"]) == ("literal", 10, 200)


def _real(stage, per_second: float = 500.0) -> Work:
    return stage.work(per_second, ses=ses_client.client())


def test_against_the_sandbox_everybody_is_written_to_once_with_tags_and_headers(stage, world) -> None:
    stage.enqueue(130)
    stage.send(_real(stage))
    assert stage.count() == {Status.SENT: 130}
    taken = world.messages()
    assert sorted(each["to"][0] for each in taken) == sorted(row["address"] for row in stage.rows())
    assert {each["operation"] for each in taken} == {"SendBulkEmail"}
    first = taken[0]
    assert set(first["tags"]) >= {"campaign", "send_id"}
    headers = {each["name"]: each["value"] for each in first["headers"]}
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<https://mail.brightbooks.example/")


def test_against_the_sandbox_a_slow_account_gets_single_mails(stage, world) -> None:
    stage.enqueue(4)
    stage.send(_real(stage, 10.0))
    assert {each["operation"] for each in world.messages()} == {"SendEmail"}
    assert stage.count() == {Status.SENT: 4}


@pytest.mark.parametrize(
    ("failure", "in_doubt"),
    [
        ({"kind": "accept_then_drop"}, 50),
        ({"kind": "accept_then_500"}, 50),
        ({"kind": "drop"}, 50),
        ({"kind": "refuse_500"}, 50),
        ({"kind": "missing_result"}, 50),
        ({"kind": "extra_result"}, 50),
        ({"kind": "missing_message_id", "entries": [3]}, 1),
        ({"kind": "throttle"}, 0),
        ({"kind": "entry", "entries": [0, 9], "entry_status": "ACCOUNT_THROTTLED"}, 0),
        ({"kind": "entry", "entries": [5], "entry_status": "TRANSIENT_FAILURE"}, 0),
        ({"kind": "entry", "entries": [5], "entry_status": "FAILED"}, 1),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_against_the_sandbox_every_failure_of_a_call_is_survived(
    stage, world, failure: dict[str, Any], in_doubt: int
) -> None:
    stage.enqueue(120)
    world.control(failures=[{**failure, "nth_calls": [2]}])
    stage.send(_real(stage))
    expected = {Status.SENT: 120 - in_doubt, Status.IN_DOUBT: in_doubt}
    assert stage.count() == {status: n for status, n in expected.items() if n}
    addresses = Counter(address for each in world.messages() for address in each["recipients"])
    assert set(addresses.values()) == {1}
    assert len(addresses) >= 120 - in_doubt


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        ({"kind": "expired_token"}, "ExpiredTokenException"),
        ({"kind": "suspend_account"}, "ACCOUNT_SUSPENDED"),
    ],
    ids=["expired_token", "suspend_account"],
)
def test_against_the_sandbox_a_fault_of_the_account_pauses(
    stage, world, failure: dict[str, Any], text: str
) -> None:
    stage.enqueue(120)
    world.control(failures=[{**failure, "nth_calls": [2]}])
    assert stage.send(_real(stage)).ended == State.PAUSED
    assert stage.count() == {Status.SENT: 50, Status.QUEUED: 70}
    assert stage.stored().change_reason.startswith(text)
    assert len(world.messages()) == 50


def test_against_the_sandbox_an_unverified_sender_pauses_and_rejects_nobody(stage, world) -> None:
    stage.enqueue(20)
    work = _real(stage)
    elsewhere = Envelope("news@elsewhere.example", "", "campaign", work.envelope.tags)
    assert stage.send(stage.work(ses=ses_client.client(), envelope=elsewhere)).ended == State.PAUSED
    assert stage.count() == {Status.QUEUED: 20}
    assert "not verified" in stage.stored().change_reason
    assert "@" not in stage.stored().change_reason


def test_against_the_sandbox_a_wrong_configuration_set_pauses(stage, world) -> None:
    stage.enqueue(20)
    work = _real(stage)
    unknown = Envelope(work.envelope.sender, "", "no-such-set", work.envelope.tags)
    assert stage.send(stage.work(ses=ses_client.client(), envelope=unknown)).ended == State.PAUSED
    assert stage.count() == {Status.QUEUED: 20}
    assert stage.stored().change_reason.startswith("CONFIGURATION_SET_NOT_FOUND")


def test_against_the_sandbox_too_long_a_call_never_goes_out(stage, world) -> None:
    stage.enqueue(24, html="<html><body>" + "é" * 60_000 + "</body></html>")
    stage.send(_real(stage))
    assert stage.count() == {Status.SENT: 24}
    assert world.summary()["refused"] == {}
    assert world.summary()["calls"]["SendBulkEmail"] > 3


@pytest.mark.parametrize(
    "error",
    [RecursionError("reader.3@reader.example"), ValueError("reader.3"), Uncomposable("its tags are bad")],
)
def test_a_row_that_breaks_the_rendering_fails_alone(stage, monkeypatch: pytest.MonkeyPatch, error) -> None:
    stage.enqueue(8)
    real = sending.compose

    def compose(templates, fields, context):
        if context.address == "reader.3@reader.example":
            raise error
        return real(templates, fields, context)

    monkeypatch.setattr(sending, "compose", compose)
    assert stage.send().answers == {"accepted": 7, "failed": 1}
    assert stage.count() == {Status.SENT: 7, Status.FAILED: 1}
    detail = stage.rows()[3]["detail"]
    assert "reader.3" not in detail
    assert detail.endswith(".")


def test_what_breaks_every_row_fails_no_row(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.enqueue(30)

    def compose(*_):
        raise ImportError

    monkeypatch.setattr(sending, "compose", compose)
    with pytest.raises(ImportError):
        stage.send()
    assert stage.count() == {Status.QUEUED: 30}


def test_rendering_that_takes_long_keeps_its_lease(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.enqueue(10)
    real = sending.compose

    def compose(templates, fields, context):
        stage.clock.tick(LEASE_SECONDS / 2)
        return real(templates, fields, context)

    monkeypatch.setattr(sending, "compose", compose)
    assert stage.send().answers == {"accepted": 10}
    assert len(set(stage.ses.addresses)) == 10
